from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.value_type import ValueType

if TYPE_CHECKING:
    from ..models.bucket import Bucket


T = TypeVar("T", bound="SensorBuckets")


@_attrs_define
class SensorBuckets:
    """A sensor's readings by bucket, oldest first.

    Attributes:
        sensor_id (str):
        value_type (ValueType): What a sensor measures in: an IEEE double, a signed 64-bit integer, a truth value or
            text.
        unit (None | str):
        interval (str):
        tz (str):
        buckets (list[Bucket]):
    """

    sensor_id: str
    value_type: ValueType
    unit: None | str
    interval: str
    tz: str
    buckets: list[Bucket]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        sensor_id = self.sensor_id

        value_type = self.value_type.value

        unit: None | str
        unit = self.unit

        interval = self.interval

        tz = self.tz

        buckets = []
        for buckets_item_data in self.buckets:
            buckets_item = buckets_item_data.to_dict()
            buckets.append(buckets_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "sensorId": sensor_id,
                "valueType": value_type,
                "unit": unit,
                "interval": interval,
                "tz": tz,
                "buckets": buckets,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bucket import Bucket  # noqa: PLC0415

        d = dict(src_dict)
        sensor_id = d.pop("sensorId")

        value_type = ValueType(d.pop("valueType"))

        def _parse_unit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        unit = _parse_unit(d.pop("unit"))

        interval = d.pop("interval")

        tz = d.pop("tz")

        buckets = []
        _buckets = d.pop("buckets")
        for buckets_item_data in _buckets:
            buckets_item = Bucket.from_dict(buckets_item_data)

            buckets.append(buckets_item)

        sensor_buckets = cls(
            sensor_id=sensor_id,
            value_type=value_type,
            unit=unit,
            interval=interval,
            tz=tz,
            buckets=buckets,
        )

        sensor_buckets.additional_properties = d
        return sensor_buckets

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
