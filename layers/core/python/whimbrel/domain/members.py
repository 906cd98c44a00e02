"""The people of an organization, and how they come in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field

from whimbrel.auth import Role
from whimbrel.bodies import Instant
from whimbrel.entity import Entity
from whimbrel.ids import Id, OrganizationId
from whimbrel.problems import Conflict

Email = Annotated[
    str, Field(max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+$", examples=["ada@example.com"], description="ASCII.")
]
"""An e-mail address. Letters beyond ASCII are refused: some become others when their case is changed."""


class LastOwner(Conflict):
    """An organization cannot be left without an owner."""

    title = "Last owner"


class MemberId(Id):
    """A member, named by organization and user."""

    __slots__ = ()


class Member(Entity[MemberId]):
    """A user's place in an organization; ``user_id`` is the issuer's subject."""

    kind: ClassVar[str] = "member"

    user_id: str
    email: Email | None = None
    role: Role

    @classmethod
    def named(cls, organization_id: OrganizationId, user_id: str, role: Role, email: str | None = None) -> Self:
        """Return the member that a user is, or may become."""
        return cls(id=MemberId.named(organization_id, user_id), user_id=user_id, email=email, role=role)


class OwnerCount(Entity[OrganizationId]):
    """How many owners an organization has: written with whoever becomes one or ceases to be, so that one remains."""

    kind: ClassVar[str] = "owner_count"

    owners: int = 0

    def after(self, before: Role | None, role: Role | None) -> Self:
        """Return the count when somebody's role *before* has become *role*; None is nobody's.

        Raises:
            LastOwner: none would be left.
        """
        owners = self.owners + (role is Role.OWNER) - (before is Role.OWNER)
        if owners == 0:
            raise LastOwner("This is the last owner: make somebody else an owner first.")
        return self.next_version(owners=owners)


class InvitationId(Id):
    """An invitation."""

    __slots__ = ()


class InvitationStatus(StrEnum):
    """What became of an invitation."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class Invitation(Entity[InvitationId]):
    """A place in an organization, held for whoever has the e-mail address."""

    kind: ClassVar[str] = "invitation"

    email: Email
    role: Role
    status: InvitationStatus = InvitationStatus.PENDING
    expires_at: Instant
    invited_by: str
    accepted_by: str | None = None

    def seen_at(self, now: datetime) -> Self:
        """Return this invitation as it stands at *now*."""
        if self.status is InvitationStatus.PENDING and now >= self.expires_at:
            return self.model_copy(update={"status": InvitationStatus.EXPIRED})
        return self


class InviteeId(Id):
    """Whoever has an e-mail address, named by organization and address."""

    __slots__ = ()


class Invitee(Entity[InviteeId]):
    """The last invitation of an e-mail address: of one address only one can be pending."""

    kind: ClassVar[str] = "invitee"

    invitation_id: InvitationId

    @classmethod
    def named(cls, organization_id: OrganizationId, invitation: Invitation) -> Self:
        """Return whom *invitation* invites."""
        identifier = InviteeId.named(organization_id, invitation.email.lower())
        return cls(id=identifier, invitation_id=invitation.id)


def same_address(one: str, other: str) -> bool:
    """Tell whether two e-mail addresses are the same but for the case of ASCII letters."""
    return one.isascii() and other.isascii() and one.lower() == other.lower()
