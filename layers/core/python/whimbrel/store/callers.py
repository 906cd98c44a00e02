"""Who calls with a credential that the platform gave out."""

from __future__ import annotations

from whimbrel.auth import ROLE_SCOPES, Caller, within
from whimbrel.store.credentials import credentials
from whimbrel.store.memberships import memberships


def caller_with(text: str) -> Caller | None:
    """Return who calls with an API key or access token, None if nobody; a token's user as what they are now."""
    credential = credentials().authenticate(text)
    if credential is None:
        return None
    role = memberships().of(credential.user_id).get(credential.organization_id) if credential.user_id else None
    if credential.user_id and role is None:
        return None
    return Caller(
        kind="ACCESS_TOKEN" if role else "API_KEY",
        organization_id=credential.organization_id,
        subject=credential.user_id or credential.id,
        scopes=within(ROLE_SCOPES[role], credential.scopes) if role else credential.scopes,
        role=role,
        credential_id=credential.id,
        valid_until_s=credential.expires_at_s,
        requests_per_second=credential.requests_per_second,
    )
