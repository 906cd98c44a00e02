"""``/api/v1/me``: who am I."""

from __future__ import annotations

from functions.me.models import Me
from whimbrel.auth import Scope
from whimbrel.domain.organizations import Organization
from whimbrel.http.exchange import CurrentCaller, CurrentTenant
from whimbrel.http.resource import Resource
from whimbrel.instants import from_ms

resource = Resource("/api/v1/me", tag="Access")


@resource.operation("GET", scope=Scope.ANY)
def get_me(caller: CurrentCaller, tenant: CurrentTenant) -> Me:
    """Tell who is calling.

    The kind of credential, its organization, role and scopes. Any valid credential may ask.
    """
    return Me(
        kind=caller.kind,
        subject=caller.subject,
        organization=tenant.things(Organization).get(caller.organization_id),
        role=caller.role,
        scopes=sorted(caller.scopes),
        credential_id=caller.credential_id or None,
        expires_at=None if caller.valid_until_s is None else from_ms(caller.valid_until_s * 1000),
    )
