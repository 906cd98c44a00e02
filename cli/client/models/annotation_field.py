from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.annotation_field_type import AnnotationFieldType

T = TypeVar("T", bound="AnnotationField")


@_attrs_define
class AnnotationField:
    """One field of a class: an ENUM has options, a number may have bounds (both inclusive).

    Attributes:
        key (str):
        label (str):
        type_ (AnnotationFieldType): What a field of an annotation holds.
        required (bool):  Default: False.
        options (list[str]):
        min_ (float | int | None):
        max_ (float | int | None):
    """

    key: str
    label: str
    type_: AnnotationFieldType
    options: list[str]
    min_: float | int | None
    max_: float | int | None
    required: bool = False

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        label = self.label

        type_ = self.type_.value

        required = self.required

        options = self.options

        min_: float | int | None
        min_ = self.min_

        max_: float | int | None
        max_ = self.max_

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "label": label,
                "type": type_,
                "required": required,
                "options": options,
                "min": min_,
                "max": max_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        key = d.pop("key")

        label = d.pop("label")

        type_ = AnnotationFieldType(d.pop("type"))

        required = d.pop("required")

        options = cast(list[str], d.pop("options"))

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

        annotation_field = cls(
            key=key,
            label=label,
            type_=type_,
            required=required,
            options=options,
            min_=min_,
            max_=max_,
        )

        return annotation_field
