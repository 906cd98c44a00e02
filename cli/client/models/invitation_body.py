from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.role import Role
from ..types import UNSET, Unset

T = TypeVar("T", bound="InvitationBody")


@_attrs_define
class InvitationBody:
    """Whom to invite, and as what.

    Attributes:
        email (str): ASCII.
        role (Role): What a person is to an organization.
        expires_in_seconds (int | Unset):  Default: 604800.
    """

    email: str
    role: Role
    expires_in_seconds: int | Unset = 604800

    def to_dict(self) -> dict[str, Any]:
        email = self.email

        role = self.role.value

        expires_in_seconds = self.expires_in_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "email": email,
                "role": role,
            }
        )
        if expires_in_seconds is not UNSET:
            field_dict["expiresInSeconds"] = expires_in_seconds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        email = d.pop("email")

        role = Role(d.pop("role"))

        expires_in_seconds = d.pop("expiresInSeconds", UNSET)

        invitation_body = cls(
            email=email,
            role=role,
            expires_in_seconds=expires_in_seconds,
        )

        return invitation_body
