from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

T = TypeVar("T", bound="NoDataCondition")


@_attrs_define
class NoDataCondition:
    """Nothing came for a time.

    Attributes:
        kind (Literal['NO_DATA']):
        for_seconds (int):
    """

    kind: Literal["NO_DATA"]
    for_seconds: int

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind

        for_seconds = self.for_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "kind": kind,
                "forSeconds": for_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = cast(Literal["NO_DATA"], d.pop("kind"))
        if kind != "NO_DATA":
            raise ValueError(f"kind must match const 'NO_DATA', got '{kind}'")

        for_seconds = d.pop("forSeconds")

        no_data_condition = cls(
            kind=kind,
            for_seconds=for_seconds,
        )

        return no_data_condition
