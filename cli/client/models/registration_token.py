from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RegistrationToken")


@_attrs_define
class RegistrationToken:
    """A registration token that no device has exchanged yet; the secret is not kept.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        device_id (str):
        device_name (str):
        expires_at (datetime.datetime):
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    device_id: str
    device_name: str
    expires_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        device_id = self.device_id

        device_name = self.device_name

        expires_at = self.expires_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "deviceId": device_id,
                "deviceName": device_name,
                "expiresAt": expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        device_id = d.pop("deviceId")

        device_name = d.pop("deviceName")

        expires_at = datetime.datetime.fromisoformat(d.pop("expiresAt"))

        registration_token = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            device_id=device_id,
            device_name=device_name,
            expires_at=expires_at,
        )

        registration_token.additional_properties = d
        return registration_token

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
