from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ComponentDeclaration")


@_attrs_define
class ComponentDeclaration:
    """A component of every such device. Its sensor profile is named by identifier, or by key and version.

    Attributes:
        key (str):
        name (None | str | Unset): The key, if left out.
        sensor_profile_id (None | str | Unset):
        sensor_profile_key (None | str | Unset):
        sensor_profile_version (None | str | Unset): The newest, if left out.
    """

    key: str
    name: None | str | Unset = UNSET
    sensor_profile_id: None | str | Unset = UNSET
    sensor_profile_key: None | str | Unset = UNSET
    sensor_profile_version: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        sensor_profile_id: None | str | Unset
        if isinstance(self.sensor_profile_id, Unset):
            sensor_profile_id = UNSET
        else:
            sensor_profile_id = self.sensor_profile_id

        sensor_profile_key: None | str | Unset
        if isinstance(self.sensor_profile_key, Unset):
            sensor_profile_key = UNSET
        else:
            sensor_profile_key = self.sensor_profile_key

        sensor_profile_version: None | str | Unset
        if isinstance(self.sensor_profile_version, Unset):
            sensor_profile_version = UNSET
        else:
            sensor_profile_version = self.sensor_profile_version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if sensor_profile_id is not UNSET:
            field_dict["sensorProfileId"] = sensor_profile_id
        if sensor_profile_key is not UNSET:
            field_dict["sensorProfileKey"] = sensor_profile_key
        if sensor_profile_version is not UNSET:
            field_dict["sensorProfileVersion"] = sensor_profile_version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        key = d.pop("key")

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        def _parse_sensor_profile_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sensor_profile_id = _parse_sensor_profile_id(d.pop("sensorProfileId", UNSET))

        def _parse_sensor_profile_key(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sensor_profile_key = _parse_sensor_profile_key(d.pop("sensorProfileKey", UNSET))

        def _parse_sensor_profile_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sensor_profile_version = _parse_sensor_profile_version(d.pop("sensorProfileVersion", UNSET))

        component_declaration = cls(
            key=key,
            name=name,
            sensor_profile_id=sensor_profile_id,
            sensor_profile_key=sensor_profile_key,
            sensor_profile_version=sensor_profile_version,
        )

        return component_declaration
