from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.component_declaration import ComponentDeclaration
    from ..models.profile_field_input import ProfileFieldInput


T = TypeVar("T", bound="DeviceProfileBody")


@_attrs_define
class DeviceProfileBody:
    """A device profile; its version is decided by what differs from the newest one of its key.

    Attributes:
        key (str):
        name (str):
        description (None | str | Unset):
        configurable (list[ProfileFieldInput] | Unset): What can be configured of the device itself.
        methods (list[str] | Unset): The commands that it understands beyond the built-in ones.
        components (list[ComponentDeclaration] | Unset):
    """

    key: str
    name: str
    description: None | str | Unset = UNSET
    configurable: list[ProfileFieldInput] | Unset = UNSET
    methods: list[str] | Unset = UNSET
    components: list[ComponentDeclaration] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        configurable: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.configurable, Unset):
            configurable = []
            for configurable_item_data in self.configurable:
                configurable_item = configurable_item_data.to_dict()
                configurable.append(configurable_item)

        methods: list[str] | Unset = UNSET
        if not isinstance(self.methods, Unset):
            methods = self.methods

        components: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.components, Unset):
            components = []
            for components_item_data in self.components:
                components_item = components_item_data.to_dict()
                components.append(components_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if configurable is not UNSET:
            field_dict["configurable"] = configurable
        if methods is not UNSET:
            field_dict["methods"] = methods
        if components is not UNSET:
            field_dict["components"] = components

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.component_declaration import ComponentDeclaration  # noqa: PLC0415
        from ..models.profile_field_input import ProfileFieldInput  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        _configurable = d.pop("configurable", UNSET)
        configurable: list[ProfileFieldInput] | Unset = UNSET
        if _configurable is not UNSET:
            configurable = []
            for configurable_item_data in _configurable:
                configurable_item = ProfileFieldInput.from_dict(configurable_item_data)

                configurable.append(configurable_item)

        methods = cast(list[str], d.pop("methods", UNSET))

        _components = d.pop("components", UNSET)
        components: list[ComponentDeclaration] | Unset = UNSET
        if _components is not UNSET:
            components = []
            for components_item_data in _components:
                components_item = ComponentDeclaration.from_dict(components_item_data)

                components.append(components_item)

        device_profile_body = cls(
            key=key,
            name=name,
            description=description,
            configurable=configurable,
            methods=methods,
            components=components,
        )

        return device_profile_body
