from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ImportColumnsInput")


@_attrs_define
class ImportColumnsInput:
    """What the file calls our columns, where it has names of its own.

    Attributes:
        device_id (str | Unset):  Default: 'deviceId'.
        sensor_id (str | Unset):  Default: 'sensorId'.
        timestamp (str | Unset):  Default: 'timestamp'.
        value (str | Unset):  Default: 'value'.
        metadata (str | Unset):  Default: 'metadata'.
    """

    device_id: str | Unset = "deviceId"
    sensor_id: str | Unset = "sensorId"
    timestamp: str | Unset = "timestamp"
    value: str | Unset = "value"
    metadata: str | Unset = "metadata"

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        sensor_id = self.sensor_id

        timestamp = self.timestamp

        value = self.value

        metadata = self.metadata

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if device_id is not UNSET:
            field_dict["deviceId"] = device_id
        if sensor_id is not UNSET:
            field_dict["sensorId"] = sensor_id
        if timestamp is not UNSET:
            field_dict["timestamp"] = timestamp
        if value is not UNSET:
            field_dict["value"] = value
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        device_id = d.pop("deviceId", UNSET)

        sensor_id = d.pop("sensorId", UNSET)

        timestamp = d.pop("timestamp", UNSET)

        value = d.pop("value", UNSET)

        metadata = d.pop("metadata", UNSET)

        import_columns_input = cls(
            device_id=device_id,
            sensor_id=sensor_id,
            timestamp=timestamp,
            value=value,
            metadata=metadata,
        )

        return import_columns_input
