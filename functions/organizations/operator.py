"""What the platform's operator does, by invoking this Lambda directly: it has no route and no trigger.

``{"action": "create-organization", "name": …, "owner": {"userId", "email"}?, "members": [{"userId", "email",
"role"}]?}``
    makes an organization with its first API key → ``{"organizationId", "apiKey"}``
``{"action": "create-api-key", "organizationId": …, "name": …, "scopes": ["*"], "mode": "live" | "test"}``
    → ``{"id", "apiKey"}``
``{"action": "verify-audit", "organizationId": …}``
    looks whether the audit log is whole → ``{"entries", "fault": null or what is wrong}``, and notes there that it did
``{"action": "delete-organization", "organizationId": …}``
    ends all access to an organization, and has a job remove everything → ``{"jobId"}``, null when there is none (any
    more); to be repeated until then, if its job fails

Keys are in the answer and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from functions.organizations import rules
from whimbrel.auth import Role, Scope
from whimbrel.aws.clients import client
from whimbrel.bodies import Body, Name
from whimbrel.domain.api_keys import ApiKey, Scopes
from whimbrel.domain.audit import Actor
from whimbrel.domain.credentials import Mode
from whimbrel.domain.members import Email, Member, OwnerCount
from whimbrel.domain.organizations import Organization
from whimbrel.http.audit import recorded
from whimbrel.ids import OrganizationId
from whimbrel.logs import log
from whimbrel.settings import settings
from whimbrel.store.audit import AuditLog
from whimbrel.store.directory import enlist
from whimbrel.store.issuing import issue_api_key
from whimbrel.store.members import Members
from whimbrel.store.memberships import memberships
from whimbrel.store.tenant import Tenant

OPERATOR = "operator"
"""Who made what this function makes."""


class Person(Body):
    """A user, as the issuer of sessions names them."""

    user_id: Annotated[str, Field(min_length=1, max_length=256)]
    email: Email | None = None
    role: Role = Role.OWNER


class CreateOrganization(Body):
    """Make an organization."""

    action: Literal["create-organization"]
    name: Name
    owner: Person | None = None
    members: tuple[Person, ...] = ()


class CreateApiKey(Body):
    """Make an API key of an organization."""

    action: Literal["create-api-key"]
    organization_id: OrganizationId
    name: Name
    scopes: Scopes = (Scope.ALL,)
    mode: Mode = "live"


class VerifyAudit(Body):
    """Look whether an organization's audit log is whole."""

    action: Literal["verify-audit"]
    organization_id: OrganizationId


class DeleteOrganization(Body):
    """Delete an organization with everything it has."""

    action: Literal["delete-organization"]
    organization_id: OrganizationId


Request = CreateOrganization | CreateApiKey | VerifyAudit | DeleteOrganization
REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="action")])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Do what *event* asks."""
    request = REQUEST.validate_python(event)
    if isinstance(request, VerifyAudit):
        tenant = Tenant(request.organization_id)
        tenant.things(Organization).get(request.organization_id)
        # The entry of this has the head sealed anew: under the current secret, if that was rotated since.
        with recorded(tenant, Actor(kind="OPERATOR", id=OPERATOR), request.action):
            return AuditLog.of(tenant).verify()._asdict()
    if isinstance(request, CreateApiKey):
        tenant = Tenant(request.organization_id)
        tenant.things(Organization).get(request.organization_id)
        wanted = ApiKey.new(name=request.name, scopes=request.scopes, mode=request.mode, created_by=OPERATOR)
        with recorded(tenant, Actor(kind="OPERATOR", id=OPERATOR), request.action):
            made = issue_api_key(tenant, wanted)
        return {"id": made.id, "apiKey": made.key}
    if isinstance(request, DeleteOrganization):
        return {"jobId": _delete(Tenant(request.organization_id), request.action)}
    organization = Organization(id=OrganizationId.new(), name=request.name)
    tenant = Tenant(organization.id)
    with recorded(tenant, Actor(kind="OPERATOR", id=OPERATOR), request.action):
        return _create(request, organization, tenant)


def _delete(tenant: Tenant, action: str) -> str | None:
    organization = tenant.things(Organization).find(tenant.organization_id)
    if organization is None:
        return None
    # The audit log goes with the organization; this stays.
    log.info("organization to be deleted", extra={"organizationId": tenant.organization_id})
    with recorded(tenant, Actor(kind="OPERATOR", id=OPERATOR), action):
        return rules.delete(tenant, organization, OPERATOR).id


def _create(request: CreateOrganization, organization: Organization, tenant: Tenant) -> dict[str, str]:
    tenant.things(Organization).add(organization)
    tenant.things(OwnerCount).add(OwnerCount(id=organization.id))
    enlist(client("dynamodb"), settings().log_table, organization.id)
    members = Members(tenant, memberships())
    for person in (*([request.owner] if request.owner else []), *request.members):
        members.add(Member.named(organization.id, person.user_id, person.role, person.email))
    first = ApiKey.new(name="First key", scopes=(Scope.ALL,), created_by=OPERATOR)
    return {"organizationId": organization.id, "apiKey": issue_api_key(tenant, first).key}
