from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..models.value_condition_input_operator import ValueConditionInputOperator
from ..types import UNSET, Unset

T = TypeVar("T", bound="ValueConditionInput")


@_attrs_define
class ValueConditionInput:
    """A value compares so, perhaps for a time.

    Attributes:
        kind (Literal['VALUE']):
        operator (ValueConditionInputOperator):
        threshold (float | int | None | str | Unset):
        for_seconds (int | None | Unset):
    """

    kind: Literal["VALUE"]
    operator: ValueConditionInputOperator
    threshold: float | int | None | str | Unset = UNSET
    for_seconds: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind

        operator = self.operator.value

        threshold: float | int | None | str | Unset
        if isinstance(self.threshold, Unset):
            threshold = UNSET
        else:
            threshold = self.threshold

        for_seconds: int | None | Unset
        if isinstance(self.for_seconds, Unset):
            for_seconds = UNSET
        else:
            for_seconds = self.for_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "kind": kind,
                "operator": operator,
            }
        )
        if threshold is not UNSET:
            field_dict["threshold"] = threshold
        if for_seconds is not UNSET:
            field_dict["forSeconds"] = for_seconds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = cast(Literal["VALUE"], d.pop("kind"))
        if kind != "VALUE":
            raise ValueError(f"kind must match const 'VALUE', got '{kind}'")

        operator = ValueConditionInputOperator(d.pop("operator"))

        def _parse_threshold(data: object) -> float | int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | int | None | str | Unset, data)

        threshold = _parse_threshold(d.pop("threshold", UNSET))

        def _parse_for_seconds(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        for_seconds = _parse_for_seconds(d.pop("forSeconds", UNSET))

        value_condition_input = cls(
            kind=kind,
            operator=operator,
            threshold=threshold,
            for_seconds=for_seconds,
        )

        return value_condition_input
