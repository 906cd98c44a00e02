from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.annotation_source import AnnotationSource
from ..models.scope_type import ScopeType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.annotation_create_values import AnnotationCreateValues


T = TypeVar("T", bound="AnnotationCreate")


@_attrs_define
class AnnotationCreate:
    """A new annotation: what it is about, and of what class, for good.

    Attributes:
        scope_type (ScopeType): The kinds of things that readings belong to, the widest first.
        scope_id (str):
        start_at (datetime.datetime):
        class_id (str):
        end_at (datetime.datetime | None | Unset): null: it is about the moment of startAt.
        values (AnnotationCreateValues | Unset):
        confidence (float | int | None | Unset):
        source (AnnotationSource | Unset): Who says it.
    """

    scope_type: ScopeType
    scope_id: str
    start_at: datetime.datetime
    class_id: str
    end_at: datetime.datetime | None | Unset = UNSET
    values: AnnotationCreateValues | Unset = UNSET
    confidence: float | int | None | Unset = UNSET
    source: AnnotationSource | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        scope_type = self.scope_type.value

        scope_id = self.scope_id

        start_at = self.start_at.isoformat()

        class_id = self.class_id

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

        source: str | Unset = UNSET
        if not isinstance(self.source, Unset):
            source = self.source.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "scopeType": scope_type,
                "scopeId": scope_id,
                "startAt": start_at,
                "classId": class_id,
            }
        )
        if end_at is not UNSET:
            field_dict["endAt"] = end_at
        if values is not UNSET:
            field_dict["values"] = values
        if confidence is not UNSET:
            field_dict["confidence"] = confidence
        if source is not UNSET:
            field_dict["source"] = source

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.annotation_create_values import AnnotationCreateValues  # noqa: PLC0415

        d = dict(src_dict)
        scope_type = ScopeType(d.pop("scopeType"))

        scope_id = d.pop("scopeId")

        start_at = datetime.datetime.fromisoformat(d.pop("startAt"))

        class_id = d.pop("classId")

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
        values: AnnotationCreateValues | Unset
        if isinstance(_values, Unset):
            values = UNSET
        else:
            values = AnnotationCreateValues.from_dict(_values)

        def _parse_confidence(data: object) -> float | int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | int | None | Unset, data)

        confidence = _parse_confidence(d.pop("confidence", UNSET))

        _source = d.pop("source", UNSET)
        source: AnnotationSource | Unset
        if isinstance(_source, Unset):
            source = UNSET
        else:
            source = AnnotationSource(_source)

        annotation_create = cls(
            scope_type=scope_type,
            scope_id=scope_id,
            start_at=start_at,
            class_id=class_id,
            end_at=end_at,
            values=values,
            confidence=confidence,
            source=source,
        )

        return annotation_create
