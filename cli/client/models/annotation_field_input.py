from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.annotation_field_type import AnnotationFieldType
from ..types import UNSET, Unset

T = TypeVar("T", bound="AnnotationFieldInput")


@_attrs_define
class AnnotationFieldInput:
    """One field of a class: an ENUM has options, a number may have bounds (both inclusive).

    Attributes:
        key (str):
        label (str):
        type_ (AnnotationFieldType): What a field of an annotation holds.
        required (bool | Unset):  Default: False.
        options (list[str] | Unset):
        min_ (float | int | None | Unset):
        max_ (float | int | None | Unset):
    """

    key: str
    label: str
    type_: AnnotationFieldType
    required: bool | Unset = False
    options: list[str] | Unset = UNSET
    min_: float | int | None | Unset = UNSET
    max_: float | int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        label = self.label

        type_ = self.type_.value

        required = self.required

        options: list[str] | Unset = UNSET
        if not isinstance(self.options, Unset):
            options = self.options

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

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "label": label,
                "type": type_,
            }
        )
        if required is not UNSET:
            field_dict["required"] = required
        if options is not UNSET:
            field_dict["options"] = options
        if min_ is not UNSET:
            field_dict["min"] = min_
        if max_ is not UNSET:
            field_dict["max"] = max_

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        key = d.pop("key")

        label = d.pop("label")

        type_ = AnnotationFieldType(d.pop("type"))

        required = d.pop("required", UNSET)

        options = cast(list[str], d.pop("options", UNSET))

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

        annotation_field_input = cls(
            key=key,
            label=label,
            type_=type_,
            required=required,
            options=options,
            min_=min_,
            max_=max_,
        )

        return annotation_field_input
