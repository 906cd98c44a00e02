from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.reason import Reason
from ..models.source import Source

T = TypeVar("T", bound="QuarantinedReading")


@_attrs_define
class QuarantinedReading:
    """A refused reading: what it was, why, and when the platform took it.

    ``payload`` is the reading as it was sent; one that was no JSON, or that is too large to keep, is a text: its
    beginning.

        Attributes:
            id (str):
            created_at (datetime.datetime):
            updated_at (datetime.datetime):
            device_id (None | str):
            reason (Reason): Why a reading is in quarantine.
            detail (str):
            payload (Any):
            source (Source): How a reading came.
            received_at (datetime.datetime):
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    device_id: None | str
    reason: Reason
    detail: str
    payload: Any
    source: Source
    received_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        device_id: None | str
        device_id = self.device_id

        reason = self.reason.value

        detail = self.detail

        payload = self.payload

        source = self.source.value

        received_at = self.received_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "deviceId": device_id,
                "reason": reason,
                "detail": detail,
                "payload": payload,
                "source": source,
                "receivedAt": received_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        def _parse_device_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        device_id = _parse_device_id(d.pop("deviceId"))

        reason = Reason(d.pop("reason"))

        detail = d.pop("detail")

        payload = d.pop("payload")

        source = Source(d.pop("source"))

        received_at = datetime.datetime.fromisoformat(d.pop("receivedAt"))

        quarantined_reading = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            device_id=device_id,
            reason=reason,
            detail=detail,
            payload=payload,
            source=source,
            received_at=received_at,
        )

        quarantined_reading.additional_properties = d
        return quarantined_reading

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
