"""``/api/v1/organization``: the caller's organization."""

from __future__ import annotations

from functions.organizations.models import OrganizationPatch
from whimbrel.auth import Scope
from whimbrel.domain.organizations import Organization
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import IfMatch
from whimbrel.http.resource import Resource
from whimbrel.http.standard import change
from whimbrel.problems import StaleVersion

resource = Resource("/api/v1/organization", tag="Organization", sensitive=True)


@resource.operation("GET", scope=Scope.ANY)
def get_organization(tenant: CurrentTenant) -> Organization:
    """Get the organization of the caller.

    Any valid credential may ask.
    """
    return tenant.things(Organization).get(tenant.organization_id)


@resource.operation("PATCH", scope=Scope.ADMIN, problems=[StaleVersion])
def update_organization(body: OrganizationPatch, tenant: CurrentTenant, if_match: IfMatch = None) -> Organization:
    """Change some fields of the organization.

    Readings older than `retentionDays` are not shown any more, and go.
    """
    return change(tenant, Organization, tenant.organization_id, body, if_match)
