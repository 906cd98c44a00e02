"""``/api/v1/organization``: the caller's organization."""

from __future__ import annotations

from functions.organizations import rules
from functions.organizations.models import OrganizationPatch
from whimbrel.auth import Scope
from whimbrel.domain.jobs import JobAnswer
from whimbrel.domain.organizations import Organization
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant
from whimbrel.http.jobs import told
from whimbrel.http.parameters import IfMatch
from whimbrel.http.resource import Resource
from whimbrel.http.standard import change, require_match
from whimbrel.problems import MissingScope, StaleVersion, Unavailable

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


@resource.operation("DELETE", scope=Scope.SESSION, status=202, problems=[MissingScope, StaleVersion, Unavailable])
def delete_organization(
    tenant: CurrentTenant, caller: CurrentCaller, exchange: CurrentExchange, if_match: IfMatch = None
) -> JobAnswer:
    """Delete the organization, with everything that it has. Nothing brings it back.

    By an owner's own session. All keys, tokens and memberships end, the caller's too, within a minute; devices are cut
    off. A job then removes the rest, some twenty minutes later, and at last itself: nobody is left who could ask for
    it. What devices send meanwhile is dropped.
    """
    caller.require(Scope.ALL)
    organization = tenant.things(Organization).get(tenant.organization_id)
    # A repeated call may come with the ETag from before: what an earlier one left half done is done then.
    if organization.deletion_job_id is None:
        require_match(organization, if_match)
    return told(rules.delete(tenant, organization, caller.subject), exchange)
