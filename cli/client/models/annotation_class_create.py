from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.scope_type import ScopeType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.annotation_field_input import AnnotationFieldInput


T = TypeVar("T", bound="AnnotationClassCreate")


@_attrs_define
class AnnotationClassCreate:
    """A new class, under a key for good.

    Attributes:
        name (str):
        key (str):
        color (str | Unset):  Default: '#64748b'.
        scopes (list[ScopeType] | Unset): What it can be said of.
        fields (list[AnnotationFieldInput] | Unset):
    """

    name: str
    key: str
    color: str | Unset = "#64748b"
    scopes: list[ScopeType] | Unset = UNSET
    fields: list[AnnotationFieldInput] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        key = self.key

        color = self.color

        scopes: list[str] | Unset = UNSET
        if not isinstance(self.scopes, Unset):
            scopes = []
            for scopes_item_data in self.scopes:
                scopes_item = scopes_item_data.value
                scopes.append(scopes_item)

        fields: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.fields, Unset):
            fields = []
            for fields_item_data in self.fields:
                fields_item = fields_item_data.to_dict()
                fields.append(fields_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "key": key,
            }
        )
        if color is not UNSET:
            field_dict["color"] = color
        if scopes is not UNSET:
            field_dict["scopes"] = scopes
        if fields is not UNSET:
            field_dict["fields"] = fields

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.annotation_field_input import AnnotationFieldInput  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        key = d.pop("key")

        color = d.pop("color", UNSET)

        _scopes = d.pop("scopes", UNSET)
        scopes: list[ScopeType] | Unset = UNSET
        if _scopes is not UNSET:
            scopes = []
            for scopes_item_data in _scopes:
                scopes_item = ScopeType(scopes_item_data)

                scopes.append(scopes_item)

        _fields = d.pop("fields", UNSET)
        fields: list[AnnotationFieldInput] | Unset = UNSET
        if _fields is not UNSET:
            fields = []
            for fields_item_data in _fields:
                fields_item = AnnotationFieldInput.from_dict(fields_item_data)

                fields.append(fields_item)

        annotation_class_create = cls(
            name=name,
            key=key,
            color=color,
            scopes=scopes,
            fields=fields,
        )

        return annotation_class_create
