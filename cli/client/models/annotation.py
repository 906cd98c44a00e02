from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.annotation_source import AnnotationSource
from ..models.scope_type import ScopeType

if TYPE_CHECKING:
    from ..models.annotation_values import AnnotationValues


T = TypeVar("T", bound="Annotation")


@_attrs_define
class Annotation:
    """Something said about a thing of the fleet, at a moment or in ``startAt <= t < endAt``.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        scope_type (ScopeType): The kinds of things that readings belong to, the widest first.
        scope_id (str):
        start_at (datetime.datetime):
        end_at (datetime.datetime | None): null: it is about the moment of startAt.
        values (AnnotationValues):
        confidence (float | int | None):
        class_id (str):
        source (AnnotationSource): Who says it.
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    scope_type: ScopeType
    scope_id: str
    start_at: datetime.datetime
    end_at: datetime.datetime | None
    values: AnnotationValues
    confidence: float | int | None
    class_id: str
    source: AnnotationSource
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        scope_type = self.scope_type.value

        scope_id = self.scope_id

        start_at = self.start_at.isoformat()

        end_at: None | str
        if isinstance(self.end_at, datetime.datetime):
            end_at = self.end_at.isoformat()
        else:
            end_at = self.end_at

        values = self.values.to_dict()

        confidence: float | int | None
        confidence = self.confidence

        class_id = self.class_id

        source = self.source.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "scopeType": scope_type,
                "scopeId": scope_id,
                "startAt": start_at,
                "endAt": end_at,
                "values": values,
                "confidence": confidence,
                "classId": class_id,
                "source": source,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.annotation_values import AnnotationValues  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        scope_type = ScopeType(d.pop("scopeType"))

        scope_id = d.pop("scopeId")

        start_at = datetime.datetime.fromisoformat(d.pop("startAt"))

        def _parse_end_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                end_at_type_0 = datetime.datetime.fromisoformat(data)

                return end_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        end_at = _parse_end_at(d.pop("endAt"))

        values = AnnotationValues.from_dict(d.pop("values"))

        def _parse_confidence(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        confidence = _parse_confidence(d.pop("confidence"))

        class_id = d.pop("classId")

        source = AnnotationSource(d.pop("source"))

        annotation = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            scope_type=scope_type,
            scope_id=scope_id,
            start_at=start_at,
            end_at=end_at,
            values=values,
            confidence=confidence,
            class_id=class_id,
            source=source,
        )

        annotation.additional_properties = d
        return annotation

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
