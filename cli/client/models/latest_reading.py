from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.value_type import ValueType

if TYPE_CHECKING:
    from ..models.latest_reading_metadata_type_0 import LatestReadingMetadataType0


T = TypeVar("T", bound="LatestReading")


@_attrs_define
class LatestReading:
    """The newest reading of a sensor.

    Attributes:
        sensor_id (str):
        device_id (str):
        key (str):
        value_type (ValueType): What a sensor measures in: an IEEE double, a signed 64-bit integer, a truth value or
            text.
        unit (None | str):
        timestamp (datetime.datetime):
        value (bool | float | int | str):
        metadata (LatestReadingMetadataType0 | None):
    """

    sensor_id: str
    device_id: str
    key: str
    value_type: ValueType
    unit: None | str
    timestamp: datetime.datetime
    value: bool | float | int | str
    metadata: LatestReadingMetadataType0 | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.latest_reading_metadata_type_0 import LatestReadingMetadataType0  # noqa: PLC0415

        sensor_id = self.sensor_id

        device_id = self.device_id

        key = self.key

        value_type = self.value_type.value

        unit: None | str
        unit = self.unit

        timestamp = self.timestamp.isoformat()

        value: bool | float | int | str
        value = self.value

        metadata: dict[str, Any] | None
        if isinstance(self.metadata, LatestReadingMetadataType0):
            metadata = self.metadata.to_dict()
        else:
            metadata = self.metadata

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "sensorId": sensor_id,
                "deviceId": device_id,
                "key": key,
                "valueType": value_type,
                "unit": unit,
                "timestamp": timestamp,
                "value": value,
                "metadata": metadata,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.latest_reading_metadata_type_0 import LatestReadingMetadataType0  # noqa: PLC0415

        d = dict(src_dict)
        sensor_id = d.pop("sensorId")

        device_id = d.pop("deviceId")

        key = d.pop("key")

        value_type = ValueType(d.pop("valueType"))

        def _parse_unit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        unit = _parse_unit(d.pop("unit"))

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        def _parse_value(data: object) -> bool | float | int | str:
            return cast(bool | float | int | str, data)

        value = _parse_value(d.pop("value"))

        def _parse_metadata(data: object) -> LatestReadingMetadataType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metadata_type_0 = LatestReadingMetadataType0.from_dict(data)

                return metadata_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LatestReadingMetadataType0 | None, data)

        metadata = _parse_metadata(d.pop("metadata"))

        latest_reading = cls(
            sensor_id=sensor_id,
            device_id=device_id,
            key=key,
            value_type=value_type,
            unit=unit,
            timestamp=timestamp,
            value=value,
            metadata=metadata,
        )

        latest_reading.additional_properties = d
        return latest_reading

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
