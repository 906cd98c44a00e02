"""Readings that were refused, kept until somebody looks: nothing that a device sends goes away in silence."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from whimbrel.bodies import Instant
from whimbrel.domain.readings import Reason
from whimbrel.entity import Entity
from whimbrel.ids import DeviceId, Id


class QuarantineId(Id):
    """A reading in quarantine."""

    __slots__ = ()


class Source(StrEnum):
    """How a reading came."""

    MQTT = "MQTT"
    HTTP = "HTTP"


class QuarantinedReading(Entity[QuarantineId]):
    """A refused reading: what it was, why, and when the platform took it.

    ``payload`` is the reading as it was sent; one that was no JSON, or that is too large to keep, is a text: its
    beginning.
    """

    kind: ClassVar[str] = "quarantine"
    parent: ClassVar[str | None] = "device_id"

    device_id: DeviceId | None
    reason: Reason
    detail: str
    payload: Any
    source: Source
    received_at: Instant
