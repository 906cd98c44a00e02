from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Subject")


@_attrs_define
class Subject:
    """What a template is about: a field of whatever component has the sensor profile.

    Attributes:
        sensor_profile (str):
        field (str): Its key; `key.0` for an item of an array.
    """

    sensor_profile: str
    field: str

    def to_dict(self) -> dict[str, Any]:
        sensor_profile = self.sensor_profile

        field = self.field

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "sensorProfile": sensor_profile,
                "field": field,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        sensor_profile = d.pop("sensorProfile")

        field = d.pop("field")

        subject = cls(
            sensor_profile=sensor_profile,
            field=field,
        )

        return subject
