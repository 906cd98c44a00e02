from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.invitation_status import InvitationStatus
from ..models.role import Role

T = TypeVar("T", bound="Invitation")


@_attrs_define
class Invitation:
    """A place in an organization, held for whoever has the e-mail address.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        email (str): ASCII.
        role (Role): What a person is to an organization.
        status (InvitationStatus): What became of an invitation.
        expires_at (datetime.datetime):
        invited_by (str):
        accepted_by (None | str):
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    email: str
    role: Role
    status: InvitationStatus
    expires_at: datetime.datetime
    invited_by: str
    accepted_by: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        email = self.email

        role = self.role.value

        status = self.status.value

        expires_at = self.expires_at.isoformat()

        invited_by = self.invited_by

        accepted_by: None | str
        accepted_by = self.accepted_by

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "email": email,
                "role": role,
                "status": status,
                "expiresAt": expires_at,
                "invitedBy": invited_by,
                "acceptedBy": accepted_by,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        email = d.pop("email")

        role = Role(d.pop("role"))

        status = InvitationStatus(d.pop("status"))

        expires_at = datetime.datetime.fromisoformat(d.pop("expiresAt"))

        invited_by = d.pop("invitedBy")

        def _parse_accepted_by(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        accepted_by = _parse_accepted_by(d.pop("acceptedBy"))

        invitation = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            email=email,
            role=role,
            status=status,
            expires_at=expires_at,
            invited_by=invited_by,
            accepted_by=accepted_by,
        )

        invitation.additional_properties = d
        return invitation

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
