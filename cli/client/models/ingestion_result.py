from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.verdict import Verdict


T = TypeVar("T", bound="IngestionResult")


@_attrs_define
class IngestionResult:
    """What became of the readings of a request: ``accepted + quarantined`` is what was sent.

    Attributes:
        accepted (int):
        quarantined (int):
        errors (list[Verdict]):
    """

    accepted: int
    quarantined: int
    errors: list[Verdict]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        accepted = self.accepted

        quarantined = self.quarantined

        errors = []
        for errors_item_data in self.errors:
            errors_item = errors_item_data.to_dict()
            errors.append(errors_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "accepted": accepted,
                "quarantined": quarantined,
                "errors": errors,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.verdict import Verdict  # noqa: PLC0415

        d = dict(src_dict)
        accepted = d.pop("accepted")

        quarantined = d.pop("quarantined")

        errors = []
        _errors = d.pop("errors")
        for errors_item_data in _errors:
            errors_item = Verdict.from_dict(errors_item_data)

            errors.append(errors_item)

        ingestion_result = cls(
            accepted=accepted,
            quarantined=quarantined,
            errors=errors,
        )

        ingestion_result.additional_properties = d
        return ingestion_result

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
