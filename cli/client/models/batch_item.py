from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.outcome import Outcome

if TYPE_CHECKING:
    from ..models.issued_token import IssuedToken


T = TypeVar("T", bound="BatchItem")


@_attrs_define
class BatchItem:
    """One device of a batch: its token, or why there is none.

    Attributes:
        device_name (str):
        outcome (Outcome): What became of one device of a batch.
        registration (IssuedToken | None):
        detail (None | str):
    """

    device_name: str
    outcome: Outcome
    registration: IssuedToken | None
    detail: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.issued_token import IssuedToken  # noqa: PLC0415

        device_name = self.device_name

        outcome = self.outcome.value

        registration: dict[str, Any] | None
        if isinstance(self.registration, IssuedToken):
            registration = self.registration.to_dict()
        else:
            registration = self.registration

        detail: None | str
        detail = self.detail

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "deviceName": device_name,
                "outcome": outcome,
                "registration": registration,
                "detail": detail,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.issued_token import IssuedToken  # noqa: PLC0415

        d = dict(src_dict)
        device_name = d.pop("deviceName")

        outcome = Outcome(d.pop("outcome"))

        def _parse_registration(data: object) -> IssuedToken | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                registration_type_0 = IssuedToken.from_dict(data)

                return registration_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(IssuedToken | None, data)

        registration = _parse_registration(d.pop("registration"))

        def _parse_detail(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        detail = _parse_detail(d.pop("detail"))

        batch_item = cls(
            device_name=device_name,
            outcome=outcome,
            registration=registration,
            detail=detail,
        )

        batch_item.additional_properties = d
        return batch_item

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
