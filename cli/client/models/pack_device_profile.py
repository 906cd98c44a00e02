from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.pack_component import PackComponent
    from ..models.profile_field import ProfileField


T = TypeVar("T", bound="PackDeviceProfile")


@_attrs_define
class PackDeviceProfile:
    """A device profile of a pack.

    Attributes:
        key (str):
        name (str):
        description (None | str):
        configurable (list[ProfileField]): What can be configured of the device itself.
        methods (list[str]): The commands that it understands beyond the built-in ones.
        components (list[PackComponent]):
    """

    key: str
    name: str
    description: None | str
    configurable: list[ProfileField]
    methods: list[str]
    components: list[PackComponent]

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        description: None | str
        description = self.description

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

        field_dict.update(
            {
                "key": key,
                "name": name,
                "description": description,
                "configurable": configurable,
                "methods": methods,
                "components": components,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.pack_component import PackComponent  # noqa: PLC0415
        from ..models.profile_field import ProfileField  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        configurable = []
        _configurable = d.pop("configurable")
        for configurable_item_data in _configurable:
            configurable_item = ProfileField.from_dict(configurable_item_data)

            configurable.append(configurable_item)

        methods = cast(list[str], d.pop("methods"))

        components = []
        _components = d.pop("components")
        for components_item_data in _components:
            components_item = PackComponent.from_dict(components_item_data)

            components.append(components_item)

        pack_device_profile = cls(
            key=key,
            name=name,
            description=description,
            configurable=configurable,
            methods=methods,
            components=components,
        )

        return pack_device_profile
