from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.scope_type import ScopeType

if TYPE_CHECKING:
    from ..models.annotation_field import AnnotationField


T = TypeVar("T", bound="AnnotationClass")


@_attrs_define
class AnnotationClass:
    """What annotations can say, such as *calibration* or *sensor fault*; its key is unique in the organization.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        name (str):
        color (str):  Default: '#64748b'.
        scopes (list[ScopeType]): What it can be said of.
        fields (list[AnnotationField]):
        key (str):
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    name: str
    scopes: list[ScopeType]
    fields: list[AnnotationField]
    key: str
    color: str = "#64748b"
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        name = self.name

        color = self.color

        scopes = []
        for scopes_item_data in self.scopes:
            scopes_item = scopes_item_data.value
            scopes.append(scopes_item)

        fields = []
        for fields_item_data in self.fields:
            fields_item = fields_item_data.to_dict()
            fields.append(fields_item)

        key = self.key

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "name": name,
                "color": color,
                "scopes": scopes,
                "fields": fields,
                "key": key,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.annotation_field import AnnotationField  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        name = d.pop("name")

        color = d.pop("color")

        scopes = []
        _scopes = d.pop("scopes")
        for scopes_item_data in _scopes:
            scopes_item = ScopeType(scopes_item_data)

            scopes.append(scopes_item)

        fields = []
        _fields = d.pop("fields")
        for fields_item_data in _fields:
            fields_item = AnnotationField.from_dict(fields_item_data)

            fields.append(fields_item)

        key = d.pop("key")

        annotation_class = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            name=name,
            color=color,
            scopes=scopes,
            fields=fields,
            key=key,
        )

        annotation_class.additional_properties = d
        return annotation_class

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
