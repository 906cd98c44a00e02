from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.number_stats_valuetype import NumberStatsValuetype

T = TypeVar("T", bound="NumberStats")


@_attrs_define
class NumberStats:
    """What numbers amount to.

    Attributes:
        sensor_id (str):
        unit (None | str):
        count (int):
        first_at (datetime.datetime | None):
        last_at (datetime.datetime | None):
        value_type (NumberStatsValuetype):
        min_ (float | int | None):
        max_ (float | int | None):
        avg (float | int | None):
        stddev (float | int | None): Of the sample; null below two readings.
        sum_ (float | int | None):
        first (float | int | None):
        last (float | int | None):
        p50 (float | int | None):
        p95 (float | int | None):
        p99 (float | int | None):
    """

    sensor_id: str
    unit: None | str
    count: int
    first_at: datetime.datetime | None
    last_at: datetime.datetime | None
    value_type: NumberStatsValuetype
    min_: float | int | None
    max_: float | int | None
    avg: float | int | None
    stddev: float | int | None
    sum_: float | int | None
    first: float | int | None
    last: float | int | None
    p50: float | int | None
    p95: float | int | None
    p99: float | int | None
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

        value_type = self.value_type.value

        min_: float | int | None
        min_ = self.min_

        max_: float | int | None
        max_ = self.max_

        avg: float | int | None
        avg = self.avg

        stddev: float | int | None
        stddev = self.stddev

        sum_: float | int | None
        sum_ = self.sum_

        first: float | int | None
        first = self.first

        last: float | int | None
        last = self.last

        p50: float | int | None
        p50 = self.p50

        p95: float | int | None
        p95 = self.p95

        p99: float | int | None
        p99 = self.p99

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
                "min": min_,
                "max": max_,
                "avg": avg,
                "stddev": stddev,
                "sum": sum_,
                "first": first,
                "last": last,
                "p50": p50,
                "p95": p95,
                "p99": p99,
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

        value_type = NumberStatsValuetype(d.pop("valueType"))

        def _parse_min_(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        min_ = _parse_min_(d.pop("min"))

        def _parse_max_(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        max_ = _parse_max_(d.pop("max"))

        def _parse_avg(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        avg = _parse_avg(d.pop("avg"))

        def _parse_stddev(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        stddev = _parse_stddev(d.pop("stddev"))

        def _parse_sum_(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        sum_ = _parse_sum_(d.pop("sum"))

        def _parse_first(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        first = _parse_first(d.pop("first"))

        def _parse_last(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        last = _parse_last(d.pop("last"))

        def _parse_p50(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        p50 = _parse_p50(d.pop("p50"))

        def _parse_p95(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        p95 = _parse_p95(d.pop("p95"))

        def _parse_p99(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        p99 = _parse_p99(d.pop("p99"))

        number_stats = cls(
            sensor_id=sensor_id,
            unit=unit,
            count=count,
            first_at=first_at,
            last_at=last_at,
            value_type=value_type,
            min_=min_,
            max_=max_,
            avg=avg,
            stddev=stddev,
            sum_=sum_,
            first=first,
            last=last,
            p50=p50,
            p95=p95,
            p99=p99,
        )

        number_stats.additional_properties = d
        return number_stats

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
