from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.field_type import FieldType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.profile_items_input import ProfileItemsInput


T = TypeVar("T", bound="ProfileFieldInput")


@_attrs_define
class ProfileFieldInput:
    """One field: an ENUM has options, an ARRAY items, a number may have bounds.

    Both bounds belong to the range; those of an array of numbers are for each of its items.

        Attributes:
            key (str):
            type_ (FieldType): What a field of a profile holds.
            label (None | str | Unset):
            description (None | str | Unset):
            unit (None | str | Unset):
            min_ (float | int | None | Unset):
            max_ (float | int | None | Unset):
            required (bool | Unset): A structured reading without it is refused. Default: False.
            writable (bool | Unset): It can be configured. Default: False.
            options (list[str] | Unset):
            items (None | ProfileItemsInput | Unset):
    """

    key: str
    type_: FieldType
    label: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    unit: None | str | Unset = UNSET
    min_: float | int | None | Unset = UNSET
    max_: float | int | None | Unset = UNSET
    required: bool | Unset = False
    writable: bool | Unset = False
    options: list[str] | Unset = UNSET
    items: None | ProfileItemsInput | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.profile_items_input import ProfileItemsInput  # noqa: PLC0415

        key = self.key

        type_ = self.type_.value

        label: None | str | Unset
        if isinstance(self.label, Unset):
            label = UNSET
        else:
            label = self.label

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        unit: None | str | Unset
        if isinstance(self.unit, Unset):
            unit = UNSET
        else:
            unit = self.unit

        min_: float | int | None | Unset
        if isinstance(self.min_, Unset):
            min_ = UNSET
        else:
            min_ = self.min_

        max_: float | int | None | Unset
        if isinstance(self.max_, Unset):
            max_ = UNSET
        else:
            max_ = self.max_

        required = self.required

        writable = self.writable

        options: list[str] | Unset = UNSET
        if not isinstance(self.options, Unset):
            options = self.options

        items: dict[str, Any] | None | Unset
        if isinstance(self.items, Unset):
            items = UNSET
        elif isinstance(self.items, ProfileItemsInput):
            items = self.items.to_dict()
        else:
            items = self.items

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "type": type_,
            }
        )
        if label is not UNSET:
            field_dict["label"] = label
        if description is not UNSET:
            field_dict["description"] = description
        if unit is not UNSET:
            field_dict["unit"] = unit
        if min_ is not UNSET:
            field_dict["min"] = min_
        if max_ is not UNSET:
            field_dict["max"] = max_
        if required is not UNSET:
            field_dict["required"] = required
        if writable is not UNSET:
            field_dict["writable"] = writable
        if options is not UNSET:
            field_dict["options"] = options
        if items is not UNSET:
            field_dict["items"] = items

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.profile_items_input import ProfileItemsInput  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        type_ = FieldType(d.pop("type"))

        def _parse_label(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        label = _parse_label(d.pop("label", UNSET))

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        def _parse_unit(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        unit = _parse_unit(d.pop("unit", UNSET))

        def _parse_min_(data: object) -> float | int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | int | None | Unset, data)

        min_ = _parse_min_(d.pop("min", UNSET))

        def _parse_max_(data: object) -> float | int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | int | None | Unset, data)

        max_ = _parse_max_(d.pop("max", UNSET))

        required = d.pop("required", UNSET)

        writable = d.pop("writable", UNSET)

        options = cast(list[str], d.pop("options", UNSET))

        def _parse_items(data: object) -> None | ProfileItemsInput | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                items_type_0 = ProfileItemsInput.from_dict(data)

                return items_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ProfileItemsInput | Unset, data)

        items = _parse_items(d.pop("items", UNSET))

        profile_field_input = cls(
            key=key,
            type_=type_,
            label=label,
            description=description,
            unit=unit,
            min_=min_,
            max_=max_,
            required=required,
            writable=writable,
            options=options,
            items=items,
        )

        return profile_field_input
