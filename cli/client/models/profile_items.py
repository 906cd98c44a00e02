from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.value_type import ValueType

T = TypeVar("T", bound="ProfileItems")


@_attrs_define
class ProfileItems:
    """What an ARRAY holds: how many items of which type.

    Attributes:
        type_ (ValueType): What a sensor measures in: an IEEE double, a signed 64-bit integer, a truth value or text.
        min_items (int):  Default: 0.
        max_items (int):
    """

    type_: ValueType
    max_items: int
    min_items: int = 0

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_.value

        min_items = self.min_items

        max_items = self.max_items

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "minItems": min_items,
                "maxItems": max_items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = ValueType(d.pop("type"))

        min_items = d.pop("minItems")

        max_items = d.pop("maxItems")

        profile_items = cls(
            type_=type_,
            min_items=min_items,
            max_items=max_items,
        )

        return profile_items
