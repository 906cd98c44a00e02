from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.value_type import ValueType
from ..types import UNSET, Unset

T = TypeVar("T", bound="SensorCreate")


@_attrs_define
class SensorCreate:
    """A new sensor: where it is, how data names it and of what type its values are, for good.

    ``component`` is the key of one of the device's components; ``main`` is made when first needed.

        Attributes:
            name (str):
            device_id (str):
            key (str):
            value_type (ValueType): What a sensor measures in: an IEEE double, a signed 64-bit integer, a truth value or
                text.
            unit (None | str | Unset):
            retention_days (int | None | Unset):
            component (str | Unset):  Default: 'main'.
    """

    name: str
    device_id: str
    key: str
    value_type: ValueType
    unit: None | str | Unset = UNSET
    retention_days: int | None | Unset = UNSET
    component: str | Unset = "main"

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        device_id = self.device_id

        key = self.key

        value_type = self.value_type.value

        unit: None | str | Unset
        if isinstance(self.unit, Unset):
            unit = UNSET
        else:
            unit = self.unit

        retention_days: int | None | Unset
        if isinstance(self.retention_days, Unset):
            retention_days = UNSET
        else:
            retention_days = self.retention_days

        component = self.component

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "deviceId": device_id,
                "key": key,
                "valueType": value_type,
            }
        )
        if unit is not UNSET:
            field_dict["unit"] = unit
        if retention_days is not UNSET:
            field_dict["retentionDays"] = retention_days
        if component is not UNSET:
            field_dict["component"] = component

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        device_id = d.pop("deviceId")

        key = d.pop("key")

        value_type = ValueType(d.pop("valueType"))

        def _parse_unit(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        unit = _parse_unit(d.pop("unit", UNSET))

        def _parse_retention_days(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        retention_days = _parse_retention_days(d.pop("retentionDays", UNSET))

        component = d.pop("component", UNSET)

        sensor_create = cls(
            name=name,
            device_id=device_id,
            key=key,
            value_type=value_type,
            unit=unit,
            retention_days=retention_days,
            component=component,
        )

        return sensor_create
