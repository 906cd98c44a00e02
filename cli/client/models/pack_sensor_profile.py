from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.profile_field import ProfileField


T = TypeVar("T", bound="PackSensorProfile")


@_attrs_define
class PackSensorProfile:
    """A sensor profile of a pack; its own version is decided when the pack is installed.

    Attributes:
        key (str):
        name (str):
        description (None | str):
        fields (list[ProfileField]):
    """

    key: str
    name: str
    description: None | str
    fields: list[ProfileField]

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        description: None | str
        description = self.description

        fields = []
        for fields_item_data in self.fields:
            fields_item = fields_item_data.to_dict()
            fields.append(fields_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "description": description,
                "fields": fields,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.profile_field import ProfileField  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        fields = []
        _fields = d.pop("fields")
        for fields_item_data in _fields:
            fields_item = ProfileField.from_dict(fields_item_data)

            fields.append(fields_item)

        pack_sensor_profile = cls(
            key=key,
            name=name,
            description=description,
            fields=fields,
        )

        return pack_sensor_profile
