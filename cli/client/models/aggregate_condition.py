from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..models.aggregate_condition_fn import AggregateConditionFn
from ..models.aggregate_condition_operator import AggregateConditionOperator

T = TypeVar("T", bound="AggregateCondition")


@_attrs_define
class AggregateCondition:
    """An aggregate over the last seconds compares so.

    Attributes:
        kind (Literal['AGGREGATE']):
        fn (AggregateConditionFn):
        window_seconds (int):
        operator (AggregateConditionOperator):
        threshold (float | int):
    """

    kind: Literal["AGGREGATE"]
    fn: AggregateConditionFn
    window_seconds: int
    operator: AggregateConditionOperator
    threshold: float | int

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind

        fn = self.fn.value

        window_seconds = self.window_seconds

        operator = self.operator.value

        threshold: float | int
        threshold = self.threshold

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "kind": kind,
                "fn": fn,
                "windowSeconds": window_seconds,
                "operator": operator,
                "threshold": threshold,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = cast(Literal["AGGREGATE"], d.pop("kind"))
        if kind != "AGGREGATE":
            raise ValueError(f"kind must match const 'AGGREGATE', got '{kind}'")

        fn = AggregateConditionFn(d.pop("fn"))

        window_seconds = d.pop("windowSeconds")

        operator = AggregateConditionOperator(d.pop("operator"))

        def _parse_threshold(data: object) -> float | int:
            return cast(float | int, data)

        threshold = _parse_threshold(d.pop("threshold"))

        aggregate_condition = cls(
            kind=kind,
            fn=fn,
            window_seconds=window_seconds,
            operator=operator,
            threshold=threshold,
        )

        return aggregate_condition
