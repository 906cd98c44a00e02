from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="PackComponent")


@_attrs_define
class PackComponent:
    """A component of a device profile; its sensor profile is the pack's of that key.

    Attributes:
        key (str):
        name (str):
        sensor_profile (str):
    """

    key: str
    name: str
    sensor_profile: str

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        sensor_profile = self.sensor_profile

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "sensorProfile": sensor_profile,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        sensor_profile = d.pop("sensorProfile")

        pack_component = cls(
            key=key,
            name=name,
            sensor_profile=sensor_profile,
        )

        return pack_component
