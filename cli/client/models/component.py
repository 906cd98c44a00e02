from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.component_metadata import ComponentMetadata


T = TypeVar("T", bound="Component")


@_attrs_define
class Component:
    """An addressable part of a device; its key is unique there.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        name (str):
        sensor_profile_id (None | str): One version of a profile.
        sensor_profile_version (None | str): By itself, in a PATCH: another version of the same profile.
        metadata (ComponentMetadata):
        device_id (str):
        key (str):
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    name: str
    sensor_profile_id: None | str
    sensor_profile_version: None | str
    metadata: ComponentMetadata
    device_id: str
    key: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        name = self.name

        sensor_profile_id: None | str
        sensor_profile_id = self.sensor_profile_id

        sensor_profile_version: None | str
        sensor_profile_version = self.sensor_profile_version

        metadata = self.metadata.to_dict()

        device_id = self.device_id

        key = self.key

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "name": name,
                "sensorProfileId": sensor_profile_id,
                "sensorProfileVersion": sensor_profile_version,
                "metadata": metadata,
                "deviceId": device_id,
                "key": key,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.component_metadata import ComponentMetadata  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        name = d.pop("name")

        def _parse_sensor_profile_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        sensor_profile_id = _parse_sensor_profile_id(d.pop("sensorProfileId"))

        def _parse_sensor_profile_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        sensor_profile_version = _parse_sensor_profile_version(d.pop("sensorProfileVersion"))

        metadata = ComponentMetadata.from_dict(d.pop("metadata"))

        device_id = d.pop("deviceId")

        key = d.pop("key")

        component = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            name=name,
            sensor_profile_id=sensor_profile_id,
            sensor_profile_version=sensor_profile_version,
            metadata=metadata,
            device_id=device_id,
            key=key,
        )

        component.additional_properties = d
        return component

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
