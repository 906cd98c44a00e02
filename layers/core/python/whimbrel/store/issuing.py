"""Giving out credentials: the entry in an organization's registry that lists one, and the item that makes it work.

Two stores, two principals, two writes. Nothing works that is not listed: what is made is listed first, and what is
ended stops to work first. Each step finds what it did in an earlier attempt, so that the repeated call completes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from whimbrel import chance, instants
from whimbrel.auth import Scope
from whimbrel.domain.api_keys import AccessToken, ApiKey, ApiKeyId, IssuedAccessToken, IssuedApiKey
from whimbrel.domain.credentials import whole
from whimbrel.store.credentials import Credential, credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whimbrel.store.tenant import Tenant

T = TypeVar("T", ApiKey, AccessToken)


def issue_api_key(tenant: Tenant, key: ApiKey) -> IssuedApiKey:
    """Make a new API key work; its text is in what this returns and nowhere else."""
    return IssuedApiKey(**dict(key), key=_issued(tenant, key))


def issue_access_token(tenant: Tenant, token: AccessToken) -> IssuedAccessToken:
    """Make a new access token work; its text is in what this returns and nowhere else."""
    return IssuedAccessToken(**dict(token), token=_issued(tenant, token))


def revise(tenant: Tenant, before: ApiKey, after: ApiKey) -> ApiKey:
    """Store the next version of an API key.

    What is the same already is written once more where it takes effect: an earlier attempt may have ended before that.

    Raises:
        StaleVersion: somebody else was faster. NotFound: it has been ended.
    """
    if after is not before:
        tenant.things(ApiKey).replace(after)
    credentials().revise(after.prefix, _credential(tenant, after), after.version)
    return after


def rotate(tenant: Tenant, key_id: ApiKeyId, overlap: timedelta) -> IssuedApiKey:
    """Give an API key another secret; the one before works for *overlap* longer, those before that no more.

    Raises:
        NotFound: there is no such key.
    """
    until = instants.from_ms(chance.now_ms()) + overlap

    def rotated(found: ApiKey) -> ApiKey:
        # An earlier attempt of this call may have come so far.
        return found if found.previous_valid_until == until else found.next_version(previous_valid_until=until)

    key = tenant.things(ApiKey).change(key_id, rotated)
    text = whole(key.prefix)
    credentials().rotate(text, _seconds(until))
    return IssuedApiKey(**dict(key), key=text)


def end(tenant: Tenant, thing: T) -> None:
    """End a credential: it stops to work, and then it is no longer listed.

    Raises:
        StaleVersion: its entry has changed meanwhile.
    """
    credentials().end(thing.prefix)
    tenant.things(type(thing)).remove(thing)


def with_last_use(things: Sequence[T]) -> list[T]:
    """Return *things* with the time when each was last used."""
    used = credentials().last_used([thing.prefix for thing in things])
    return [
        thing.model_copy(update={"last_used_at": instants.from_ms(used[thing.prefix] * 1000)})
        if thing.prefix in used
        else thing
        for thing in things
    ]


def _issued(tenant: Tenant, thing: T) -> str:
    tenant.things(type(thing)).add(thing)
    text = whole(thing.prefix)
    credentials().add(text, _credential(tenant, thing))
    return text


def _credential(tenant: Tenant, thing: ApiKey | AccessToken) -> Credential:
    return Credential(
        id=thing.id,
        organization_id=tenant.organization_id,
        scopes=frozenset(thing.scopes or {Scope.ALL}),
        expires_at_s=_seconds(thing.expires_at) if thing.expires_at else None,
        requests_per_second=thing.requests_per_second if isinstance(thing, ApiKey) else None,
        user_id=thing.user_id if isinstance(thing, AccessToken) else "",
    )


def _seconds(instant: datetime) -> int:
    return instants.to_ms(instant) // 1000
