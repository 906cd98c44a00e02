"""Who is calling, and what they may do: scopes, roles and the caller that the authorizer resolved."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from whimbrel.ids import OrganizationId
from whimbrel.problems import Forbidden, MissingScope, TooManyRequests, Unauthenticated

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

THROTTLED = "THROTTLED"
"""What the authorizer calls an address that has sent too many credentials that are none."""

CredentialKind = Literal["API_KEY", "USER", "ACCESS_TOKEN"]


def within(bound: frozenset[Scope], scopes: frozenset[Scope]) -> frozenset[Scope]:
    """Return those of *scopes* that are in *bound*; ``*`` stands for all there are."""
    if Scope.ALL in scopes:
        return bound
    return scopes if Scope.ALL in bound else scopes & bound


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

    def has(self, scope: Scope) -> bool:
        """Tell whether this caller has *scope*."""
        if scope is Scope.SESSION:
            return self.kind == "USER"
        includes_it = {scope, Scope.ALL} | ({Scope.ADMIN} if scope is Scope.ACCESS_READ else set())
        return scope is Scope.ANY or not self.scopes.isdisjoint(includes_it)

    def require(self, scope: Scope) -> None:
        """Do nothing if this caller has *scope*.

        Raises:
            MissingScope: it has not.
        """
        if not self.has(scope):
            raise MissingScope(f"This call needs the scope {scope.value}.", requiredScope=scope.value)

    def require_all(self, scopes: Iterable[Scope]) -> None:
        """Do nothing if this caller has all of *scopes*, and so may give them.

        Raises:
            MissingScope: it has not, and which one.
        """
        for scope in sorted(scopes):
            if not self.has(scope):
                raise MissingScope(
                    f"You cannot give, or hand on, what you do not have: the scope {scope.value}.",
                    requiredScope=scope.value,
                )

    def context(self) -> dict[str, str]:
        """Return the authorizer's context of an API key or access token: strings only, as API Gateway demands."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "organizationId": self.organization_id,
            "scopes": json.dumps(sorted(self.scopes)),
            "role": self.role or "",
            "credentialId": self.credential_id,
            "validUntil": _text(self.valid_until_s),
            "requestsPerSecond": _text(self.requests_per_second),
        }

    @classmethod
    def of_context(cls, context: Mapping[str, Any], wanted_organization: str = "") -> Caller:
        """Return the caller that an authorizer's *context* tells of.

        A user of several organizations says which one is meant by *wanted_organization*, the header
        ``X-Organization-Id``. It is read here and not by the authorizer, whose answer the gateway keeps per token,
        whatever the other headers; and so is whether the credential is still good.

        Raises:
            TooManyRequests: it tells of an address from which somebody guesses.
            Unauthenticated: the context tells of nobody, or of a credential that has ended.
            NotAMember: a user, but not of that organization; or a key or token of another one.
        """
        refuse_guessing(context)
        if context.get("kind") not in {"API_KEY", "ACCESS_TOKEN", "USER"}:
            raise Unauthenticated("Send an API key or a session token as Authorization: Bearer …")
        valid_until_s = _number(context, "validUntil")
        if valid_until_s is not None and valid_until_s <= time.time():
            raise Unauthenticated("This credential has expired; get another.")
        if context["kind"] == "USER":
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
                valid_until_s=valid_until_s,
            )
        organization = context["organizationId"]
        if wanted_organization not in {"", organization}:
            raise NotAMember("This credential is of another organization than the header X-Organization-Id names.")
        return cls(
            kind=context["kind"],
            organization_id=OrganizationId(organization),
            subject=context["subject"],
            scopes=known_scopes(json.loads(context["scopes"])),
            role=Role(context["role"]) if context.get("role") else None,
            credential_id=context["credentialId"],
            valid_until_s=valid_until_s,
            requests_per_second=_number(context, "requestsPerSecond"),
        )


def refuse_guessing(context: Mapping[str, Any]) -> None:
    """Do nothing, unless an authorizer's *context* tells of an address from which somebody guesses.

    Raises:
        TooManyRequests: it does.
    """
    if context.get("kind") == THROTTLED:
        raise TooManyRequests(
            "Too many credentials from your address were none; wait, and send a valid one.",
            retryAfterSeconds=int(context["retryAfter"]),
        )


def known_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of that *names*; those of another version of the platform grant nothing."""
    known = {scope.value: scope for scope in Scope}
    return frozenset(known[name] for name in names if name in known)


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(context: Mapping[str, Any], name: str) -> int | None:
    return int(context[name]) if context.get(name) else None
