from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

T = TypeVar("T", bound="OfflineCondition")


@_attrs_define
class OfflineCondition:
    """The device was away for a time.

    Attributes:
        kind (Literal['DEVICE_OFFLINE']):
        for_seconds (int):
    """

    kind: Literal["DEVICE_OFFLINE"]
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
        kind = cast(Literal["DEVICE_OFFLINE"], d.pop("kind"))
        if kind != "DEVICE_OFFLINE":
            raise ValueError(f"kind must match const 'DEVICE_OFFLINE', got '{kind}'")

        for_seconds = d.pop("forSeconds")

        offline_condition = cls(
            kind=kind,
            for_seconds=for_seconds,
        )

        return offline_condition
