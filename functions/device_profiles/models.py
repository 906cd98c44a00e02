"""What a client says of a device profile, and hears of a new version."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from whimbrel.bodies import Body, Key, Name
from whimbrel.domain.profiles import (
    MAX_COMPONENTS,
    Change,
    DeviceProfile,
    DeviceProfileTraits,
    SensorProfileId,
    Small,
    VersionText,
)


class ComponentDeclaration(Body):
    """A component of every such device. Its sensor profile is named by identifier, or by key and version."""

    key: Key
    name: Annotated[Name | None, Field(description="The key, if left out.")] = None
    sensor_profile_id: SensorProfileId | None = None
    sensor_profile_key: Key | None = None
    sensor_profile_version: Annotated[VersionText | None, Field(description="The newest, if left out.")] = None

    @model_validator(mode="after")
    def _names_one_profile(self) -> Self:
        if (self.sensor_profile_id is None) == (self.sensor_profile_key is None):
            raise ValueError("name its sensor profile by sensorProfileId or by sensorProfileKey")
        if self.sensor_profile_id and self.sensor_profile_version:
            raise ValueError("sensorProfileId is one version already; leave sensorProfileVersion out")
        return self


class DeviceProfileBody(DeviceProfileTraits, Small, Body):
    """A device profile; its version is decided by what differs from the newest one of its key."""

    components: Annotated[tuple[ComponentDeclaration, ...], Field(max_length=MAX_COMPONENTS)] = ()


class PublishedDeviceProfile(DeviceProfile):
    """A version, and what it is to the one before."""

    change: Change
    reasons: Annotated[list[str], Field(description="What differs: only what breaks, if anything does.")]
