from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.scope_type import ScopeType

if TYPE_CHECKING:
    from ..models.annotation_field import AnnotationField


T = TypeVar("T", bound="PackAnnotationClass")


@_attrs_define
class PackAnnotationClass:
    """An annotation class of a pack.

    Attributes:
        name (str):
        color (str):  Default: '#64748b'.
        scopes (list[ScopeType]): What it can be said of.
        fields (list[AnnotationField]):
        key (str):
    """

    name: str
    scopes: list[ScopeType]
    fields: list[AnnotationField]
    key: str
    color: str = "#64748b"

    def to_dict(self) -> dict[str, Any]:
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

        field_dict.update(
            {
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

        pack_annotation_class = cls(
            name=name,
            color=color,
            scopes=scopes,
            fields=fields,
            key=key,
        )

        return pack_annotation_class
