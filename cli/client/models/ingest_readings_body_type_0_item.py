from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.ingest_readings_body_type_0_item_fields import (
        IngestReadingsBodyType0ItemFields,
    )
    from ..models.ingest_readings_body_type_0_item_metadata_type_0 import (
        IngestReadingsBodyType0ItemMetadataType0,
    )


T = TypeVar("T", bound="IngestReadingsBodyType0Item")


@_attrs_define
class IngestReadingsBodyType0Item:
    """Simple (`sensorId`, `value`) or structured (`component` or `componentId`, `fields`).

    Attributes:
        device_id (str | Unset): Whose reading; needed unless the request names the device.
        sensor_id (str | Unset): A sensor's id, or `key`, or `componentKey/key`.
        timestamp (int | str | Unset): RFC 3339, or milliseconds since 1970; absent: now.
        value (bool | float | list[bool | float | str] | str | Unset): An array only where the component's profile
            declares one.
        component_id (str | Unset):
        component (str | Unset): The component's key.
        fields (IngestReadingsBodyType0ItemFields | Unset):
        metadata (IngestReadingsBodyType0ItemMetadataType0 | None | Unset):
    """

    device_id: str | Unset = UNSET
    sensor_id: str | Unset = UNSET
    timestamp: int | str | Unset = UNSET
    value: bool | float | list[bool | float | str] | str | Unset = UNSET
    component_id: str | Unset = UNSET
    component: str | Unset = UNSET
    fields: IngestReadingsBodyType0ItemFields | Unset = UNSET
    metadata: IngestReadingsBodyType0ItemMetadataType0 | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.ingest_readings_body_type_0_item_metadata_type_0 import (
            IngestReadingsBodyType0ItemMetadataType0,  # noqa: PLC0415
        )

        device_id = self.device_id

        sensor_id = self.sensor_id

        timestamp: int | str | Unset
        if isinstance(self.timestamp, Unset):
            timestamp = UNSET
        else:
            timestamp = self.timestamp

        value: bool | float | list[bool | float | str] | str | Unset
        if isinstance(self.value, Unset):
            value = UNSET
        elif isinstance(self.value, list):
            value = []
            for value_type_3_item_data in self.value:
                value_type_3_item: bool | float | str
                value_type_3_item = value_type_3_item_data
                value.append(value_type_3_item)

        else:
            value = self.value

        component_id = self.component_id

        component = self.component

        fields: dict[str, Any] | Unset = UNSET
        if not isinstance(self.fields, Unset):
            fields = self.fields.to_dict()

        metadata: dict[str, Any] | None | Unset
        if isinstance(self.metadata, Unset):
            metadata = UNSET
        elif isinstance(self.metadata, IngestReadingsBodyType0ItemMetadataType0):
            metadata = self.metadata.to_dict()
        else:
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
        if component_id is not UNSET:
            field_dict["componentId"] = component_id
        if component is not UNSET:
            field_dict["component"] = component
        if fields is not UNSET:
            field_dict["fields"] = fields
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ingest_readings_body_type_0_item_fields import (
            IngestReadingsBodyType0ItemFields,  # noqa: PLC0415
        )
        from ..models.ingest_readings_body_type_0_item_metadata_type_0 import (
            IngestReadingsBodyType0ItemMetadataType0,  # noqa: PLC0415
        )

        d = dict(src_dict)
        device_id = d.pop("deviceId", UNSET)

        sensor_id = d.pop("sensorId", UNSET)

        def _parse_timestamp(data: object) -> int | str | Unset:
            if isinstance(data, Unset):
                return data
            return cast(int | str | Unset, data)

        timestamp = _parse_timestamp(d.pop("timestamp", UNSET))

        def _parse_value(data: object) -> bool | float | list[bool | float | str] | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                value_type_3 = []
                _value_type_3 = data
                for value_type_3_item_data in _value_type_3:

                    def _parse_value_type_3_item(data: object) -> bool | float | str:
                        return cast(bool | float | str, data)

                    value_type_3_item = _parse_value_type_3_item(value_type_3_item_data)

                    value_type_3.append(value_type_3_item)

                return value_type_3
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(bool | float | list[bool | float | str] | str | Unset, data)

        value = _parse_value(d.pop("value", UNSET))

        component_id = d.pop("componentId", UNSET)

        component = d.pop("component", UNSET)

        _fields = d.pop("fields", UNSET)
        fields: IngestReadingsBodyType0ItemFields | Unset
        if isinstance(_fields, Unset):
            fields = UNSET
        else:
            fields = IngestReadingsBodyType0ItemFields.from_dict(_fields)

        def _parse_metadata(data: object) -> IngestReadingsBodyType0ItemMetadataType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metadata_type_0 = IngestReadingsBodyType0ItemMetadataType0.from_dict(data)

                return metadata_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(IngestReadingsBodyType0ItemMetadataType0 | None | Unset, data)

        metadata = _parse_metadata(d.pop("metadata", UNSET))

        ingest_readings_body_type_0_item = cls(
            device_id=device_id,
            sensor_id=sensor_id,
            timestamp=timestamp,
            value=value,
            component_id=component_id,
            component=component,
            fields=fields,
            metadata=metadata,
        )

        return ingest_readings_body_type_0_item
