from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.reason import Reason

T = TypeVar("T", bound="Verdict")


@_attrs_define
class Verdict:
    """Why one reading of a request was not accepted, and where it is kept.

    Attributes:
        index (int):
        reason (Reason): Why a reading is in quarantine.
        detail (str):
        quarantine_id (str):
    """

    index: int
    reason: Reason
    detail: str
    quarantine_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        index = self.index

        reason = self.reason.value

        detail = self.detail

        quarantine_id = self.quarantine_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "index": index,
                "reason": reason,
                "detail": detail,
                "quarantineId": quarantine_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        index = d.pop("index")

        reason = Reason(d.pop("reason"))

        detail = d.pop("detail")

        quarantine_id = d.pop("quarantineId")

        verdict = cls(
            index=index,
            reason=reason,
            detail=detail,
            quarantine_id=quarantine_id,
        )

        verdict.additional_properties = d
        return verdict

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
