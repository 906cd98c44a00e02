"""What a client says of a sensor profile, and hears of a new version."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from whimbrel.bodies import Body
from whimbrel.domain.profiles import Change, SensorProfile, SensorProfileFields, Small


class SensorProfileBody(SensorProfileFields, Small, Body):
    """A sensor profile; its version is decided by what differs from the newest one of its key."""


class PublishedSensorProfile(SensorProfile):
    """A version, and what it is to the one before."""

    change: Change
    reasons: Annotated[list[str], Field(description="What differs: only what breaks, if anything does.")]
