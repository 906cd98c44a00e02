from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ProfileComponent")


@_attrs_define
class ProfileComponent:
    """A component that every device of a profile has, and the version of the sensor profile that it reports by.

    Attributes:
        key (str):
        name (str):
        sensor_profile_id (str):
        sensor_profile_key (str):
        sensor_profile_version (str):
    """

    key: str
    name: str
    sensor_profile_id: str
    sensor_profile_key: str
    sensor_profile_version: str

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        sensor_profile_id = self.sensor_profile_id

        sensor_profile_key = self.sensor_profile_key

        sensor_profile_version = self.sensor_profile_version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "sensorProfileId": sensor_profile_id,
                "sensorProfileKey": sensor_profile_key,
                "sensorProfileVersion": sensor_profile_version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        sensor_profile_id = d.pop("sensorProfileId")

        sensor_profile_key = d.pop("sensorProfileKey")

        sensor_profile_version = d.pop("sensorProfileVersion")

        profile_component = cls(
            key=key,
            name=name,
            sensor_profile_id=sensor_profile_id,
            sensor_profile_key=sensor_profile_key,
            sensor_profile_version=sensor_profile_version,
        )

        return profile_component
