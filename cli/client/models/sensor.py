from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.value_type import ValueType

T = TypeVar("T", bound="Sensor")


@_attrs_define
class Sensor:
    """One series of readings; its key is unique in its component.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        name (str):
        unit (None | str):
        retention_days (int | None):
        device_id (str):
        component_id (str):
        key (str):
        value_type (ValueType): What a sensor measures in: an IEEE double, a signed 64-bit integer, a truth value or
            text.
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    name: str
    unit: None | str
    retention_days: int | None
    device_id: str
    component_id: str
    key: str
    value_type: ValueType
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        name = self.name

        unit: None | str
        unit = self.unit

        retention_days: int | None
        retention_days = self.retention_days

        device_id = self.device_id

        component_id = self.component_id

        key = self.key

        value_type = self.value_type.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "name": name,
                "unit": unit,
                "retentionDays": retention_days,
                "deviceId": device_id,
                "componentId": component_id,
                "key": key,
                "valueType": value_type,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        name = d.pop("name")

        def _parse_unit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        unit = _parse_unit(d.pop("unit"))

        def _parse_retention_days(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        retention_days = _parse_retention_days(d.pop("retentionDays"))

        device_id = d.pop("deviceId")

        component_id = d.pop("componentId")

        key = d.pop("key")

        value_type = ValueType(d.pop("valueType"))

        sensor = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            name=name,
            unit=unit,
            retention_days=retention_days,
            device_id=device_id,
            component_id=component_id,
            key=key,
            value_type=value_type,
        )

        sensor.additional_properties = d
        return sensor

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
