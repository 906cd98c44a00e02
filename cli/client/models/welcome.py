from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.member import Member


T = TypeVar("T", bound="Welcome")


@_attrs_define
class Welcome:
    """What somebody needs who has accepted: the organization, for `X-Organization-Id`, and who they are in it.

    Attributes:
        organization_id (str):
        organization_name (str):
        member (Member): A user's place in an organization; ``user_id`` is the issuer's subject.
    """

    organization_id: str
    organization_name: str
    member: Member
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        organization_id = self.organization_id

        organization_name = self.organization_name

        member = self.member.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "organizationId": organization_id,
                "organizationName": organization_name,
                "member": member,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.member import Member  # noqa: PLC0415

        d = dict(src_dict)
        organization_id = d.pop("organizationId")

        organization_name = d.pop("organizationName")

        member = Member.from_dict(d.pop("member"))

        welcome = cls(
            organization_id=organization_id,
            organization_name=organization_name,
            member=member,
        )

        welcome.additional_properties = d
        return welcome

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
