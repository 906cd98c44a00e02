"""What a caller may do at this moment: for operations where a minute of the authorizer's memory is too long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whimbrel import instants
from whimbrel.auth import ROLE_SCOPES, Caller, within
from whimbrel.domain.api_keys import AccessToken, AccessTokenId, ApiKey, ApiKeyId
from whimbrel.domain.members import Member, MemberId
from whimbrel.problems import Unauthenticated

if TYPE_CHECKING:
    from whimbrel.store.tenant import Tenant


def as_of_now(caller: Caller, tenant: Tenant) -> Caller:
    """Return *caller* with what they are allowed now, from the organization's own registry.

    Raises:
        Unauthenticated: the key or token has been revoked, or the user is no longer a member.
    """
    if caller.kind == "API_KEY":
        key = tenant.things(ApiKey).find(ApiKeyId(caller.credential_id))
        if key is None or (key.expires_at and key.expires_at <= instants.now()):
            raise Unauthenticated("This API key has been revoked.")
        return replace(caller, scopes=frozenset(key.scopes))
    member = tenant.things(Member).find(MemberId.named(caller.organization_id, caller.subject))
    if member is None:
        raise Unauthenticated("You are no longer a member of this organization.")
    scopes = ROLE_SCOPES[member.role]
    if caller.kind == "ACCESS_TOKEN":
        token = tenant.things(AccessToken).find(AccessTokenId(caller.credential_id))
        if token is None:
            raise Unauthenticated("This access token has been revoked.")
        scopes = within(scopes, frozenset(token.scopes)) if token.scopes else scopes
    return replace(caller, role=member.role, scopes=scopes)
