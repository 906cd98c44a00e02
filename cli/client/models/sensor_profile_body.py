from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.profile_field_input import ProfileFieldInput


T = TypeVar("T", bound="SensorProfileBody")


@_attrs_define
class SensorProfileBody:
    """A sensor profile; its version is decided by what differs from the newest one of its key.

    Attributes:
        key (str):
        name (str):
        fields (list[ProfileFieldInput]):
        description (None | str | Unset):
    """

    key: str
    name: str
    fields: list[ProfileFieldInput]
    description: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        fields = []
        for fields_item_data in self.fields:
            fields_item = fields_item_data.to_dict()
            fields.append(fields_item)

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "fields": fields,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.profile_field_input import ProfileFieldInput  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        fields = []
        _fields = d.pop("fields")
        for fields_item_data in _fields:
            fields_item = ProfileFieldInput.from_dict(fields_item_data)

            fields.append(fields_item)

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        sensor_profile_body = cls(
            key=key,
            name=name,
            fields=fields,
            description=description,
        )

        return sensor_profile_body
