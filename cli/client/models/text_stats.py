from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.text_count import TextCount


T = TypeVar("T", bound="TextStats")


@_attrs_define
class TextStats:
    """What texts amount to.

    Attributes:
        sensor_id (str):
        unit (None | str):
        count (int):
        first_at (datetime.datetime | None):
        last_at (datetime.datetime | None):
        value_type (Literal['TEXT']):
        distinct (int):
        is_exact (bool): False: there are more texts than were told apart, `distinct` is the least there are.
        top (list[TextCount]): The ten most frequent, at most.
        first (None | str):
        last (None | str):
    """

    sensor_id: str
    unit: None | str
    count: int
    first_at: datetime.datetime | None
    last_at: datetime.datetime | None
    value_type: Literal["TEXT"]
    distinct: int
    is_exact: bool
    top: list[TextCount]
    first: None | str
    last: None | str
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

        distinct = self.distinct

        is_exact = self.is_exact

        top = []
        for top_item_data in self.top:
            top_item = top_item_data.to_dict()
            top.append(top_item)

        first: None | str
        first = self.first

        last: None | str
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
                "distinct": distinct,
                "isExact": is_exact,
                "top": top,
                "first": first,
                "last": last,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.text_count import TextCount  # noqa: PLC0415

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

        value_type = cast(Literal["TEXT"], d.pop("valueType"))
        if value_type != "TEXT":
            raise ValueError(f"valueType must match const 'TEXT', got '{value_type}'")

        distinct = d.pop("distinct")

        is_exact = d.pop("isExact")

        top = []
        _top = d.pop("top")
        for top_item_data in _top:
            top_item = TextCount.from_dict(top_item_data)

            top.append(top_item)

        def _parse_first(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        first = _parse_first(d.pop("first"))

        def _parse_last(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last = _parse_last(d.pop("last"))

        text_stats = cls(
            sensor_id=sensor_id,
            unit=unit,
            count=count,
            first_at=first_at,
            last_at=last_at,
            value_type=value_type,
            distinct=distinct,
            is_exact=is_exact,
            top=top,
            first=first,
            last=last,
        )

        text_stats.additional_properties = d
        return text_stats

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
