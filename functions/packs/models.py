"""What a client hears of packs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from whimbrel.bodies import Instant, Key, Wire
from whimbrel.domain.packs import PackManifest, PackPart
from whimbrel.domain.profiles import Change


class PackSource(StrEnum):
    """Where a pack comes from: with the product, or from the organization itself."""

    SHIPPED = "SHIPPED"
    UPLOADED = "UPLOADED"


class PackSummary(Wire):
    """A pack that can be installed."""

    key: Key
    version: Annotated[str, Field(description="The newest there is.")]
    name: str
    description: str | None
    source: PackSource
    installed_version: str | None
    installed_at: Instant | None


class PackDetails(PackSummary):
    """A pack, what its newest version holds, and what it has made here."""

    manifest: PackManifest
    parts: list[PackPart]


class PackChange(Wire):
    """What installing or upgrading did to one thing."""

    kind: Literal["sensor_profile", "device_profile", "annotation_class"]
    key: Key
    version: str | None
    change: Change
    reasons: list[str]


class PackOutcome(PackDetails):
    """A pack after it was installed or upgraded; nothing changed if it was so already."""

    changes: list[PackChange]
