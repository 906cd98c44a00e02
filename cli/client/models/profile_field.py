from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.field_type import FieldType

if TYPE_CHECKING:
    from ..models.profile_items import ProfileItems


T = TypeVar("T", bound="ProfileField")


@_attrs_define
class ProfileField:
    """One field: an ENUM has options, an ARRAY items, a number may have bounds.

    Both bounds belong to the range; those of an array of numbers are for each of its items.

        Attributes:
            key (str):
            label (None | str):
            description (None | str):
            type_ (FieldType): What a field of a profile holds.
            unit (None | str):
            min_ (float | int | None):
            max_ (float | int | None):
            required (bool): A structured reading without it is refused. Default: False.
            writable (bool): It can be configured. Default: False.
            options (list[str]):
            items (None | ProfileItems):
    """

    key: str
    label: None | str
    description: None | str
    type_: FieldType
    unit: None | str
    min_: float | int | None
    max_: float | int | None
    options: list[str]
    items: None | ProfileItems
    required: bool = False
    writable: bool = False

    def to_dict(self) -> dict[str, Any]:
        from ..models.profile_items import ProfileItems  # noqa: PLC0415

        key = self.key

        label: None | str
        label = self.label

        description: None | str
        description = self.description

        type_ = self.type_.value

        unit: None | str
        unit = self.unit

        min_: float | int | None
        min_ = self.min_

        max_: float | int | None
        max_ = self.max_

        required = self.required

        writable = self.writable

        options = self.options

        items: dict[str, Any] | None
        if isinstance(self.items, ProfileItems):
            items = self.items.to_dict()
        else:
            items = self.items

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "label": label,
                "description": description,
                "type": type_,
                "unit": unit,
                "min": min_,
                "max": max_,
                "required": required,
                "writable": writable,
                "options": options,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.profile_items import ProfileItems  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        def _parse_label(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        label = _parse_label(d.pop("label"))

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        type_ = FieldType(d.pop("type"))

        def _parse_unit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        unit = _parse_unit(d.pop("unit"))

        def _parse_min_(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        min_ = _parse_min_(d.pop("min"))

        def _parse_max_(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        max_ = _parse_max_(d.pop("max"))

        required = d.pop("required")

        writable = d.pop("writable")

        options = cast(list[str], d.pop("options"))

        def _parse_items(data: object) -> None | ProfileItems:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                items_type_0 = ProfileItems.from_dict(data)

                return items_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ProfileItems, data)

        items = _parse_items(d.pop("items"))

        profile_field = cls(
            key=key,
            label=label,
            description=description,
            type_=type_,
            unit=unit,
            min_=min_,
            max_=max_,
            required=required,
            writable=writable,
            options=options,
            items=items,
        )

        return profile_field
