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
    ACCESS_READ = "access:read"
    """Who belongs to the organization."""
    ADMIN = "admin"
    """Administration: the organization, its members, keys, audit log and quarantine. Includes ``access:read`` only."""
    ALL = "*"
    ANY = "any"
    """What every valid credential has; cannot be granted."""
    SESSION = "session"
    """A person's own session, of whichever organization; cannot be granted."""

    @property
    def is_grantable(self) -> bool:
        """Whether a key or token can be given this scope."""
        return self not in {Scope.ANY, Scope.SESSION}


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
    Role.ADMIN: frozenset(scope for scope in Scope if scope.is_grantable) - {Scope.ALL},
    Role.MEMBER: frozenset(scope for scope in Scope if scope.endswith(":read")) | {Scope.ANALYTICS_WRITE},
}

CredentialKind = Literal["API_KEY", "USER", "ACCESS_TOKEN"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The authenticated party: exactly one organization, a subject (an API key's or a user's id), and its scopes.

    ``credential_id`` is the API key or access token that it came with, ``valid_until_s`` when that ends, in seconds
    since 1970. ``requests_per_second`` is the key's own limit, if it has one.
    """

    kind: CredentialKind
    organization_id: OrganizationId
    subject: str
    scopes: frozenset[Scope]
    role: Role | None = None
    credential_id: str = ""
    valid_until_s: int | None = None
    requests_per_second: int | None = None

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
