from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="BooleanStats")


@_attrs_define
class BooleanStats:
    """What truth values amount to.

    Attributes:
        sensor_id (str):
        unit (None | str):
        count (int):
        first_at (datetime.datetime | None):
        last_at (datetime.datetime | None):
        value_type (Literal['BOOLEAN']):
        true_count (int):
        false_count (int):
        duty (float | None): The share of readings that are true.
        first (bool | None):
        last (bool | None):
    """

    sensor_id: str
    unit: None | str
    count: int
    first_at: datetime.datetime | None
    last_at: datetime.datetime | None
    value_type: Literal["BOOLEAN"]
    true_count: int
    false_count: int
    duty: float | None
    first: bool | None
    last: bool | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        sensor_id = self.sensor_id

        unit: None | str
        unit = self.unit

        count = self.count

        first_at: None | str
        if isinstance(self.first_at, datetime.datetime):
            first_at = self.first_at.isoformat()
        else:
            first_at = self.first_at

        last_at: None | str
        if isinstance(self.last_at, datetime.datetime):
            last_at = self.last_at.isoformat()
        else:
            last_at = self.last_at

        value_type = self.value_type

        true_count = self.true_count

        false_count = self.false_count

        duty: float | None
        duty = self.duty

        first: bool | None
        first = self.first

        last: bool | None
        last = self.last

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "sensorId": sensor_id,
                "unit": unit,
                "count": count,
                "firstAt": first_at,
                "lastAt": last_at,
                "valueType": value_type,
                "trueCount": true_count,
                "falseCount": false_count,
                "duty": duty,
                "first": first,
                "last": last,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        sensor_id = d.pop("sensorId")

        def _parse_unit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        unit = _parse_unit(d.pop("unit"))

        count = d.pop("count")

        def _parse_first_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                first_at_type_0 = datetime.datetime.fromisoformat(data)

                return first_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        first_at = _parse_first_at(d.pop("firstAt"))

        def _parse_last_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_at = _parse_last_at(d.pop("lastAt"))

        value_type = cast(Literal["BOOLEAN"], d.pop("valueType"))
        if value_type != "BOOLEAN":
            raise ValueError(f"valueType must match const 'BOOLEAN', got '{value_type}'")

        true_count = d.pop("trueCount")

        false_count = d.pop("falseCount")

        def _parse_duty(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        duty = _parse_duty(d.pop("duty"))

        def _parse_first(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        first = _parse_first(d.pop("first"))

        def _parse_last(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        last = _parse_last(d.pop("last"))

        boolean_stats = cls(
            sensor_id=sensor_id,
            unit=unit,
            count=count,
            first_at=first_at,
            last_at=last_at,
            value_type=value_type,
            true_count=true_count,
            false_count=false_count,
            duty=duty,
            first=first,
            last=last,
        )

        boolean_stats.additional_properties = d
        return boolean_stats

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
