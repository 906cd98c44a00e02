from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..models.value_condition_operator import ValueConditionOperator

T = TypeVar("T", bound="ValueCondition")


@_attrs_define
class ValueCondition:
    """A value compares so, perhaps for a time.

    Attributes:
        kind (Literal['VALUE']):
        operator (ValueConditionOperator):
        threshold (float | int | None | str):
        for_seconds (int | None):
    """

    kind: Literal["VALUE"]
    operator: ValueConditionOperator
    threshold: float | int | None | str
    for_seconds: int | None

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind

        operator = self.operator.value

        threshold: float | int | None | str
        threshold = self.threshold

        for_seconds: int | None
        for_seconds = self.for_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "kind": kind,
                "operator": operator,
                "threshold": threshold,
                "forSeconds": for_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = cast(Literal["VALUE"], d.pop("kind"))
        if kind != "VALUE":
            raise ValueError(f"kind must match const 'VALUE', got '{kind}'")

        operator = ValueConditionOperator(d.pop("operator"))

        def _parse_threshold(data: object) -> float | int | None | str:
            if data is None:
                return data
            return cast(float | int | None | str, data)

        threshold = _parse_threshold(d.pop("threshold"))

        def _parse_for_seconds(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        for_seconds = _parse_for_seconds(d.pop("forSeconds"))

        value_condition = cls(
            kind=kind,
            operator=operator,
            threshold=threshold,
            for_seconds=for_seconds,
        )

        return value_condition
