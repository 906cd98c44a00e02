from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ImportColumns")


@_attrs_define
class ImportColumns:
    """What the file calls our columns, where it has names of its own.

    Attributes:
        device_id (str):  Default: 'deviceId'.
        sensor_id (str):  Default: 'sensorId'.
        timestamp (str):  Default: 'timestamp'.
        value (str):  Default: 'value'.
        metadata (str):  Default: 'metadata'.
    """

    device_id: str = "deviceId"
    sensor_id: str = "sensorId"
    timestamp: str = "timestamp"
    value: str = "value"
    metadata: str = "metadata"

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        sensor_id = self.sensor_id

        timestamp = self.timestamp

        value = self.value

        metadata = self.metadata

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "deviceId": device_id,
                "sensorId": sensor_id,
                "timestamp": timestamp,
                "value": value,
                "metadata": metadata,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        device_id = d.pop("deviceId")

        sensor_id = d.pop("sensorId")

        timestamp = d.pop("timestamp")

        value = d.pop("value")

        metadata = d.pop("metadata")

        import_columns = cls(
            device_id=device_id,
            sensor_id=sensor_id,
            timestamp=timestamp,
            value=value,
            metadata=metadata,
        )

        return import_columns
