from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.certificate_status import CertificateStatus

T = TypeVar("T", bound="Certificate")


@_attrs_define
class Certificate:
    """A certificate by which a device is known to the broker; its identifier follows from device and principal.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        device_id (str):
        principal (str): Its id in IoT Core, as `principal()` and lifecycle events name it.
        public_key_sha_256 (str): Of the DER-encoded SubjectPublicKeyInfo, in hex.
        not_after (datetime.datetime): Renew it before; a renewed certificate keeps a week.
        status (CertificateStatus): A REVOKED certificate stays on record and never comes back.
        revoked_at (datetime.datetime | None):
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    device_id: str
    principal: str
    public_key_sha_256: str
    not_after: datetime.datetime
    status: CertificateStatus
    revoked_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        device_id = self.device_id

        principal = self.principal

        public_key_sha_256 = self.public_key_sha_256

        not_after = self.not_after.isoformat()

        status = self.status.value

        revoked_at: None | str
        if isinstance(self.revoked_at, datetime.datetime):
            revoked_at = self.revoked_at.isoformat()
        else:
            revoked_at = self.revoked_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "deviceId": device_id,
                "principal": principal,
                "publicKeySha256": public_key_sha_256,
                "notAfter": not_after,
                "status": status,
                "revokedAt": revoked_at,
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

        principal = d.pop("principal")

        public_key_sha_256 = d.pop("publicKeySha256")

        not_after = datetime.datetime.fromisoformat(d.pop("notAfter"))

        status = CertificateStatus(d.pop("status"))

        def _parse_revoked_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                revoked_at_type_0 = datetime.datetime.fromisoformat(data)

                return revoked_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        revoked_at = _parse_revoked_at(d.pop("revokedAt"))

        certificate = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            device_id=device_id,
            principal=principal,
            public_key_sha_256=public_key_sha_256,
            not_after=not_after,
            status=status,
            revoked_at=revoked_at,
        )

        certificate.additional_properties = d
        return certificate

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
