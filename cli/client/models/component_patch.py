from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.component_patch_metadata import ComponentPatchMetadata


T = TypeVar("T", bound="ComponentPatch")


@_attrs_define
class ComponentPatch:
    """
    Attributes:
        name (str | Unset):
        sensor_profile_id (None | str | Unset):
        sensor_profile_version (None | str | Unset):
        metadata (ComponentPatchMetadata | Unset):
    """

    name: str | Unset = UNSET
    sensor_profile_id: None | str | Unset = UNSET
    sensor_profile_version: None | str | Unset = UNSET
    metadata: ComponentPatchMetadata | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        sensor_profile_id: None | str | Unset
        if isinstance(self.sensor_profile_id, Unset):
            sensor_profile_id = UNSET
        else:
            sensor_profile_id = self.sensor_profile_id

        sensor_profile_version: None | str | Unset
        if isinstance(self.sensor_profile_version, Unset):
            sensor_profile_version = UNSET
        else:
            sensor_profile_version = self.sensor_profile_version

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if name is not UNSET:
            field_dict["name"] = name
        if sensor_profile_id is not UNSET:
            field_dict["sensorProfileId"] = sensor_profile_id
        if sensor_profile_version is not UNSET:
            field_dict["sensorProfileVersion"] = sensor_profile_version
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.component_patch_metadata import ComponentPatchMetadata  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name", UNSET)

        def _parse_sensor_profile_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sensor_profile_id = _parse_sensor_profile_id(d.pop("sensorProfileId", UNSET))

        def _parse_sensor_profile_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sensor_profile_version = _parse_sensor_profile_version(d.pop("sensorProfileVersion", UNSET))

        _metadata = d.pop("metadata", UNSET)
        metadata: ComponentPatchMetadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = ComponentPatchMetadata.from_dict(_metadata)

        component_patch = cls(
            name=name,
            sensor_profile_id=sensor_profile_id,
            sensor_profile_version=sensor_profile_version,
            metadata=metadata,
        )

        return component_patch
