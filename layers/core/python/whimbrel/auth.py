"""Who is calling, and what they may do: scopes, roles and the caller that the authorizer resolved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from whimbrel.ids import OrganizationId
from whimbrel.problems import Forbidden, MissingScope, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Scope(StrEnum):
    """What a credential can be allowed: a resource group, read or write."""

    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    PROVISIONING_READ = "provisioning:read"
    PROVISIONING_WRITE = "provisioning:write"
    READINGS_READ = "readings:read"
    READINGS_WRITE = "readings:write"
    EXPORTS_READ = "exports:read"
    EXPORTS_WRITE = "exports:write"
    ANALYTICS_READ = "analytics:read"
    ANALYTICS_WRITE = "analytics:write"
    ADMIN = "admin"
    """Administration: quarantine, members, keys. Does not imply the others."""
    ALL = "*"
    ANY = "any"
    """What every valid credential has; cannot be granted."""


class NotAMember(Forbidden):
    """The user does not belong to the organization that the request is about."""

    title = "Not a member"


class Role(StrEnum):
    """What a person is to an organization."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"


ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.OWNER: frozenset({Scope.ALL}),
    Role.ADMIN: frozenset(Scope) - {Scope.ALL},
    Role.MEMBER: frozenset(scope for scope in Scope if scope.endswith(":read")) | {Scope.ANALYTICS_WRITE},
}

CredentialKind = Literal["API_KEY", "USER"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The authenticated party: exactly one organization, a subject (``key_…`` or a user id), and its scopes."""

    kind: CredentialKind
    organization_id: OrganizationId
    subject: str
    scopes: frozenset[Scope]
    role: Role | None = None

    def require(self, scope: Scope) -> None:
        """Do nothing if this caller has *scope*.

        Raises:
            MissingScope: it has not.
        """
        if scope is not Scope.ANY and Scope.ALL not in self.scopes and scope not in self.scopes:
            raise MissingScope(f"This call needs the scope {scope.value}.", requiredScope=scope.value)

    def context(self) -> dict[str, str]:
        """Return the authorizer's context of an API key: strings only, as API Gateway demands."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "organizationId": self.organization_id,
            "scopes": json.dumps(sorted(self.scopes)),
        }

    @classmethod
    def of_context(cls, context: Mapping[str, Any], wanted_organization: str = "") -> Caller:
        """Return the caller that an authorizer's *context* tells of.

        A user of several organizations says which one is meant by *wanted_organization*, the header
        ``X-Organization-Id``. It is read here and not by the authorizer, whose answer the gateway keeps per token,
        whatever the other headers.

        Raises:
            Unauthenticated: the context tells of nobody.
            NotAMember: a user, but not of that organization.
        """
        kind = context.get("kind")
        if kind == "API_KEY":
            return cls(
                kind="API_KEY",
                organization_id=OrganizationId(context["organizationId"]),
                subject=context["subject"],
                scopes=known_scopes(json.loads(context["scopes"])),
            )
        if kind == "USER":
            memberships: dict[str, str] = json.loads(context["memberships"])
            only_one = next(iter(memberships)) if len(memberships) == 1 else ""
            organization = wanted_organization or context.get("organizationId") or only_one
            if organization not in memberships:
                raise NotAMember("Name one of your organizations in the header X-Organization-Id.")
            role = Role(memberships[organization])
            return cls(
                kind="USER",
                organization_id=OrganizationId(organization),
                subject=context["subject"],
                scopes=ROLE_SCOPES[role],
                role=role,
            )
        raise Unauthenticated("Send an API key or a session token as Authorization: Bearer …")


def known_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of that *names*; those of another version of the platform grant nothing."""
    known = {scope.value: scope for scope in Scope}
    return frozenset(known[name] for name in names if name in known)
