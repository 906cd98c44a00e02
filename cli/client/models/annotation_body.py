from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.annotation_body_values import AnnotationBodyValues


T = TypeVar("T", bound="AnnotationBody")


@_attrs_define
class AnnotationBody:
    """What can be changed of an annotation.

    Attributes:
        start_at (datetime.datetime):
        end_at (datetime.datetime | None | Unset): null: it is about the moment of startAt.
        values (AnnotationBodyValues | Unset):
        confidence (float | int | None | Unset):
    """

    start_at: datetime.datetime
    end_at: datetime.datetime | None | Unset = UNSET
    values: AnnotationBodyValues | Unset = UNSET
    confidence: float | int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        start_at = self.start_at.isoformat()

        end_at: None | str | Unset
        if isinstance(self.end_at, Unset):
            end_at = UNSET
        elif isinstance(self.end_at, datetime.datetime):
            end_at = self.end_at.isoformat()
        else:
            end_at = self.end_at

        values: dict[str, Any] | Unset = UNSET
        if not isinstance(self.values, Unset):
            values = self.values.to_dict()

        confidence: float | int | None | Unset
        if isinstance(self.confidence, Unset):
            confidence = UNSET
        else:
            confidence = self.confidence

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "startAt": start_at,
            }
        )
        if end_at is not UNSET:
            field_dict["endAt"] = end_at
        if values is not UNSET:
            field_dict["values"] = values
        if confidence is not UNSET:
            field_dict["confidence"] = confidence

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.annotation_body_values import AnnotationBodyValues  # noqa: PLC0415

        d = dict(src_dict)
        start_at = datetime.datetime.fromisoformat(d.pop("startAt"))

        def _parse_end_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                end_at_type_0 = datetime.datetime.fromisoformat(data)

                return end_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        end_at = _parse_end_at(d.pop("endAt", UNSET))

        _values = d.pop("values", UNSET)
        values: AnnotationBodyValues | Unset
        if isinstance(_values, Unset):
            values = UNSET
        else:
            values = AnnotationBodyValues.from_dict(_values)

        def _parse_confidence(data: object) -> float | int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | int | None | Unset, data)

        confidence = _parse_confidence(d.pop("confidence", UNSET))

        annotation_body = cls(
            start_at=start_at,
            end_at=end_at,
            values=values,
            confidence=confidence,
        )

        return annotation_body
