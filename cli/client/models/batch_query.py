from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.batch_query_fill import BatchQueryFill
from ..types import UNSET, Unset

T = TypeVar("T", bound="BatchQuery")


@_attrs_define
class BatchQuery:
    """Readings of which sensors, of when, and how they are to be reduced: by `interval`, by `maxPoints`, or not.

    Attributes:
        sensor_ids (list[str]):
        from_ (datetime.datetime | Unset): Inclusive.
        to (datetime.datetime | Unset): Exclusive.
        last (str | Unset): Instead of `from` and `to`: how far back from now, as in `15m` or `PT15M`.
        interval (str | Unset): Buckets of that length, as in `1h` or `PT1H`.
        fn (list[str] | str | Unset): With `interval`: functions, in an array or with commas between.
        tz (str | Unset): With `interval`: whose calendar, by its IANA name. Default: 'UTC'.
        fill (BatchQueryFill | Unset): With `interval`: what empty buckets say. Default: BatchQueryFill.NONE.
        max_points (int | Unset): So many points of each sensor at most.
    """

    sensor_ids: list[str]
    from_: datetime.datetime | Unset = UNSET
    to: datetime.datetime | Unset = UNSET
    last: str | Unset = UNSET
    interval: str | Unset = UNSET
    fn: list[str] | str | Unset = UNSET
    tz: str | Unset = "UTC"
    fill: BatchQueryFill | Unset = BatchQueryFill.NONE
    max_points: int | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        sensor_ids = self.sensor_ids

        from_: str | Unset = UNSET
        if not isinstance(self.from_, Unset):
            from_ = self.from_.isoformat()

        to: str | Unset = UNSET
        if not isinstance(self.to, Unset):
            to = self.to.isoformat()

        last = self.last

        interval = self.interval

        fn: list[str] | str | Unset
        if isinstance(self.fn, Unset):
            fn = UNSET
        elif isinstance(self.fn, list):
            fn = self.fn

        else:
            fn = self.fn

        tz = self.tz

        fill: str | Unset = UNSET
        if not isinstance(self.fill, Unset):
            fill = self.fill.value

        max_points = self.max_points

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "sensorIds": sensor_ids,
            }
        )
        if from_ is not UNSET:
            field_dict["from"] = from_
        if to is not UNSET:
            field_dict["to"] = to
        if last is not UNSET:
            field_dict["last"] = last
        if interval is not UNSET:
            field_dict["interval"] = interval
        if fn is not UNSET:
            field_dict["fn"] = fn
        if tz is not UNSET:
            field_dict["tz"] = tz
        if fill is not UNSET:
            field_dict["fill"] = fill
        if max_points is not UNSET:
            field_dict["maxPoints"] = max_points

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        sensor_ids = cast(list[str], d.pop("sensorIds"))

        _from_ = d.pop("from", UNSET)
        from_: datetime.datetime | Unset
        if isinstance(_from_, Unset):
            from_ = UNSET
        else:
            from_ = datetime.datetime.fromisoformat(_from_)

        _to = d.pop("to", UNSET)
        to: datetime.datetime | Unset
        if isinstance(_to, Unset):
            to = UNSET
        else:
            to = datetime.datetime.fromisoformat(_to)

        last = d.pop("last", UNSET)

        interval = d.pop("interval", UNSET)

        def _parse_fn(data: object) -> list[str] | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                fn_type_1 = cast(list[str], data)

                return fn_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | str | Unset, data)

        fn = _parse_fn(d.pop("fn", UNSET))

        tz = d.pop("tz", UNSET)

        _fill = d.pop("fill", UNSET)
        fill: BatchQueryFill | Unset
        if isinstance(_fill, Unset):
            fill = UNSET
        else:
            fill = BatchQueryFill(_fill)

        max_points = d.pop("maxPoints", UNSET)

        batch_query = cls(
            sensor_ids=sensor_ids,
            from_=from_,
            to=to,
            last=last,
            interval=interval,
            fn=fn,
            tz=tz,
            fill=fill,
            max_points=max_points,
        )

        return batch_query
