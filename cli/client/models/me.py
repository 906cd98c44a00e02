from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.me_kind import MeKind
from ..models.role import Role
from ..models.scope import Scope

if TYPE_CHECKING:
    from ..models.organization import Organization


T = TypeVar("T", bound="Me")


@_attrs_define
class Me:
    """The caller: what kind of credential, for whom, of which organization, with which scopes.

    Attributes:
        kind (MeKind):
        subject (str):
        organization (Organization): A tenant; the only thing of its kind in its own partition.
        role (None | Role):
        scopes (list[Scope]):
        credential_id (None | str): Of an API key or access token.
        expires_at (datetime.datetime | None): When the secret sent ends; null for never.
    """

    kind: MeKind
    subject: str
    organization: Organization
    role: None | Role
    scopes: list[Scope]
    credential_id: None | str
    expires_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind.value

        subject = self.subject

        organization = self.organization.to_dict()

        role: None | str
        if isinstance(self.role, Role):
            role = self.role.value
        else:
            role = self.role

        scopes = []
        for scopes_item_data in self.scopes:
            scopes_item = scopes_item_data.value
            scopes.append(scopes_item)

        credential_id: None | str
        credential_id = self.credential_id

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
                "subject": subject,
                "organization": organization,
                "role": role,
                "scopes": scopes,
                "credentialId": credential_id,
                "expiresAt": expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.organization import Organization  # noqa: PLC0415

        d = dict(src_dict)
        kind = MeKind(d.pop("kind"))

        subject = d.pop("subject")

        organization = Organization.from_dict(d.pop("organization"))

        def _parse_role(data: object) -> None | Role:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                role_type_0 = Role(data)

                return role_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Role, data)

        role = _parse_role(d.pop("role"))

        scopes = []
        _scopes = d.pop("scopes")
        for scopes_item_data in _scopes:
            scopes_item = Scope(scopes_item_data)

            scopes.append(scopes_item)

        def _parse_credential_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        credential_id = _parse_credential_id(d.pop("credentialId"))

        def _parse_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        expires_at = _parse_expires_at(d.pop("expiresAt"))

        me = cls(
            kind=kind,
            subject=subject,
            organization=organization,
            role=role,
            scopes=scopes,
            credential_id=credential_id,
            expires_at=expires_at,
        )

        me.additional_properties = d
        return me

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
