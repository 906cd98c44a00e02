from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.pack_source import PackSource

if TYPE_CHECKING:
    from ..models.pack_manifest import PackManifest
    from ..models.pack_part import PackPart


T = TypeVar("T", bound="PackDetails")


@_attrs_define
class PackDetails:
    """A pack, what its newest version holds, and what it has made here.

    Attributes:
        key (str):
        version (str): The newest there is.
        name (str):
        description (None | str):
        source (PackSource): Where a pack comes from: with the product, or from the organization itself.
        installed_version (None | str):
        installed_at (datetime.datetime | None):
        manifest (PackManifest): A pack as its author writes it.
        parts (list[PackPart]):
    """

    key: str
    version: str
    name: str
    description: None | str
    source: PackSource
    installed_version: None | str
    installed_at: datetime.datetime | None
    manifest: PackManifest
    parts: list[PackPart]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        version = self.version

        name = self.name

        description: None | str
        description = self.description

        source = self.source.value

        installed_version: None | str
        installed_version = self.installed_version

        installed_at: None | str
        if isinstance(self.installed_at, datetime.datetime):
            installed_at = self.installed_at.isoformat()
        else:
            installed_at = self.installed_at

        manifest = self.manifest.to_dict()

        parts = []
        for parts_item_data in self.parts:
            parts_item = parts_item_data.to_dict()
            parts.append(parts_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "key": key,
                "version": version,
                "name": name,
                "description": description,
                "source": source,
                "installedVersion": installed_version,
                "installedAt": installed_at,
                "manifest": manifest,
                "parts": parts,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.pack_manifest import PackManifest  # noqa: PLC0415
        from ..models.pack_part import PackPart  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        version = d.pop("version")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        source = PackSource(d.pop("source"))

        def _parse_installed_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        installed_version = _parse_installed_version(d.pop("installedVersion"))

        def _parse_installed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                installed_at_type_0 = datetime.datetime.fromisoformat(data)

                return installed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        installed_at = _parse_installed_at(d.pop("installedAt"))

        manifest = PackManifest.from_dict(d.pop("manifest"))

        parts = []
        _parts = d.pop("parts")
        for parts_item_data in _parts:
            parts_item = PackPart.from_dict(parts_item_data)

            parts.append(parts_item)

        pack_details = cls(
            key=key,
            version=version,
            name=name,
            description=description,
            source=source,
            installed_version=installed_version,
            installed_at=installed_at,
            manifest=manifest,
            parts=parts,
        )

        pack_details.additional_properties = d
        return pack_details

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
