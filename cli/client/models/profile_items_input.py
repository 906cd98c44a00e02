from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.value_type import ValueType
from ..types import UNSET, Unset

T = TypeVar("T", bound="ProfileItemsInput")


@_attrs_define
class ProfileItemsInput:
    """What an ARRAY holds: how many items of which type.

    Attributes:
        type_ (ValueType): What a sensor measures in: an IEEE double, a signed 64-bit integer, a truth value or text.
        max_items (int):
        min_items (int | Unset):  Default: 0.
    """

    type_: ValueType
    max_items: int
    min_items: int | Unset = 0

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_.value

        max_items = self.max_items

        min_items = self.min_items

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "maxItems": max_items,
            }
        )
        if min_items is not UNSET:
            field_dict["minItems"] = min_items

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = ValueType(d.pop("type"))

        max_items = d.pop("maxItems")

        min_items = d.pop("minItems", UNSET)

        profile_items_input = cls(
            type_=type_,
            max_items=max_items,
            min_items=min_items,
        )

        return profile_items_input
