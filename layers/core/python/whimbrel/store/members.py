"""Who belongs to an organization.

The registry decides: the members, their roles, and how many are owners. The auth table, which the authorizer reads,
follows it. The two are never in one transaction: whoever changes the registry has the auth table follow, and whoever
repeats the call after an interruption does so again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whimbrel.auth import Role
from whimbrel.domain.members import Member, MemberId, OwnerCount
from whimbrel.problems import NotFound, StaleVersion

if TYPE_CHECKING:
    from whimbrel.store.memberships import Memberships
    from whimbrel.store.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one tenant, in both tables."""

    tenant: Tenant
    memberships: Memberships

    def find(self, user_id: str) -> Member | None:
        """Return the member that a user is, or None."""
        return self.tenant.things(Member).find(MemberId.named(self.tenant.organization_id, user_id))

    def get(self, user_id: str) -> Member:
        """Return the member that a user is.

        Raises:
            NotFound: they are none of this organization.
        """
        member = self.find(user_id)
        if member is None:
            raise self.not_found(user_id)
        return member

    def not_found(self, user_id: str) -> NotFound:
        """Return the problem that a user is no member."""
        return NotFound(f"There is no member {user_id[:64]!r}.")

    def add(self, member: Member, *, beside: tuple[dict[str, Any], ...] = ()) -> bool:
        """Store a new member, together with the writes *beside*; tell whether nobody had changed what they stand on."""
        is_written = self._write((*beside, self.tenant.things(Member).adding(member)), None, member.role)
        if is_written:
            self.follow(member.user_id)
        return is_written

    def change_role(self, member: Member, role: Role) -> Member:
        """Give a member another role.

        Raises:
            LastOwner: they are the last owner. StaleVersion: they have been changed meanwhile.
        """
        after = member if role is member.role else member.next_version(role=role)
        if after is not member and not self._write((self.tenant.things(Member).replacing(after),), member.role, role):
            raise StaleVersion("This member has changed meanwhile; get it again and repeat the change.")
        self.follow(member.user_id)
        return after

    def remove(self, member: Member) -> None:
        """Remove a member.

        Raises:
            LastOwner: they are the last owner. StaleVersion: they have been changed meanwhile.
        """
        if member.role is not Role.OWNER:
            # Access ends first: should the rest fail, they are still listed, and somebody will try again. Whether
            # an owner may go, only the registry can say.
            self.memberships.remove(member.user_id, self.tenant.organization_id)
        removing: dict[str, Any] = self.tenant.things(Member).removing(member.id)
        removing["Delete"] |= {
            "ConditionExpression": "version = :before",
            "ExpressionAttributeValues": {":before": {"N": str(member.version)}},
        }
        is_written = self._write((removing,), member.role, None)
        self.follow(member.user_id)
        if not is_written:
            raise StaleVersion("This member has changed meanwhile; get it again and repeat.")

    def follow(self, user_id: str) -> None:
        """Make the auth table say of a user what the registry says.

        It looks again after it has written. So whoever writes last has seen what the registry says last.
        """
        organization_id = self.tenant.organization_id
        while True:
            member = self.find(user_id)
            role = member.role if member else None
            if self.memberships.of(user_id).get(organization_id) == role:
                return
            if role:
                self.memberships.set(user_id, organization_id, role)
            else:
                self.memberships.remove(user_id, organization_id)

    def _write(self, parts: tuple[dict[str, Any], ...], before: Role | None, role: Role | None) -> bool:
        """Commit *parts*, which turn somebody's role *before* into *role*; tell whether their conditions held."""
        counts = self.tenant.things(OwnerCount)
        while True:
            counted: tuple[dict[str, Any], ...] = ()
            if (before is Role.OWNER) != (role is Role.OWNER):
                counted = (counts.replacing(counts.get(self.tenant.organization_id).after(before, role)),)
            failed = self.tenant.commit([*parts, *counted])
            # Only another owner came or went: count again.
            if failed != frozenset({len(parts)}):
                return not failed
