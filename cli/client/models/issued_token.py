from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="IssuedToken")


@_attrs_define
class IssuedToken:
    """A registration token in clear; it is not shown again.

    Attributes:
        token (str): `<token id>.<device id>.<secret>`
        device_id (str):
        device_name (str):
        provision_endpoint (str):
        expires_at (datetime.datetime):
    """

    token: str
    device_id: str
    device_name: str
    provision_endpoint: str
    expires_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        token = self.token

        device_id = self.device_id

        device_name = self.device_name

        provision_endpoint = self.provision_endpoint

        expires_at = self.expires_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "token": token,
                "deviceId": device_id,
                "deviceName": device_name,
                "provisionEndpoint": provision_endpoint,
                "expiresAt": expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        token = d.pop("token")

        device_id = d.pop("deviceId")

        device_name = d.pop("deviceName")

        provision_endpoint = d.pop("provisionEndpoint")

        expires_at = datetime.datetime.fromisoformat(d.pop("expiresAt"))

        issued_token = cls(
            token=token,
            device_id=device_id,
            device_name=device_name,
            provision_endpoint=provision_endpoint,
            expires_at=expires_at,
        )

        issued_token.additional_properties = d
        return issued_token

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
