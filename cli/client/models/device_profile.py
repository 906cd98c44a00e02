from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.profile_component import ProfileComponent
    from ..models.profile_field import ProfileField


T = TypeVar("T", bound="DeviceProfile")


@_attrs_define
class DeviceProfile:
    """What a kind of device is made of: its components, what is configurable, the commands it understands.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        key (str):
        name (str):
        description (None | str):
        version (str): `major.minor`; the server decides it.
        configurable (list[ProfileField]): What can be configured of the device itself.
        methods (list[str]): The commands that it understands beyond the built-in ones.
        components (list[ProfileComponent]):
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    key: str
    name: str
    description: None | str
    version: str
    configurable: list[ProfileField]
    methods: list[str]
    components: list[ProfileComponent]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        key = self.key

        name = self.name

        description: None | str
        description = self.description

        version = self.version

        configurable = []
        for configurable_item_data in self.configurable:
            configurable_item = configurable_item_data.to_dict()
            configurable.append(configurable_item)

        methods = self.methods

        components = []
        for components_item_data in self.components:
            components_item = components_item_data.to_dict()
            components.append(components_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "key": key,
                "name": name,
                "description": description,
                "version": version,
                "configurable": configurable,
                "methods": methods,
                "components": components,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.profile_component import ProfileComponent  # noqa: PLC0415
        from ..models.profile_field import ProfileField  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        key = d.pop("key")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        version = d.pop("version")

        configurable = []
        _configurable = d.pop("configurable")
        for configurable_item_data in _configurable:
            configurable_item = ProfileField.from_dict(configurable_item_data)

            configurable.append(configurable_item)

        methods = cast(list[str], d.pop("methods"))

        components = []
        _components = d.pop("components")
        for components_item_data in _components:
            components_item = ProfileComponent.from_dict(components_item_data)

            components.append(components_item)

        device_profile = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            key=key,
            name=name,
            description=description,
            version=version,
            configurable=configurable,
            methods=methods,
            components=components,
        )

        device_profile.additional_properties = d
        return device_profile

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
