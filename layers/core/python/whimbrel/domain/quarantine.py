"""Readings that were refused, kept until somebody looks: nothing that a device sends goes away in silence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from whimbrel.bodies import Instant, Wire
from whimbrel.domain.readings import Reason
from whimbrel.entity import Entity
from whimbrel.ids import DeviceId, Id
from whimbrel.instants import to_ms


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


class QuarantineFilter(Wire):
    """Which readings in quarantine are meant: those that satisfy all that is given, in ``from <= receivedAt < to``."""

    model_config = ConfigDict(extra="forbid")

    device_id: DeviceId | None = None
    reason: Reason | None = None
    start: Annotated[Instant | None, Field(alias="from")] = None
    end: Annotated[Instant | None, Field(alias="to")] = None

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("start")
        if start and end and end <= start:
            raise ValueError("it must be after from")
        return end

    def matches(self, reading: QuarantinedReading) -> bool:
        """Tell whether *reading* is meant."""
        return (
            (self.device_id is None or reading.device_id == self.device_id)
            and (self.reason is None or reading.reason is self.reason)
            and (self.start is None or reading.received_at >= self.start)
            and (self.end is None or reading.received_at < self.end)
        )

    def after(self) -> str | None:
        """Return what all identifiers of readings received since ``from`` come after, for a list to begin there."""
        if self.start is None:
            return None
        digits = f"{max(0, to_ms(self.start)):012x}"
        return f"{digits[:8]}-{digits[8:]}"
