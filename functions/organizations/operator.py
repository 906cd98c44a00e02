"""What the platform's operator does, by invoking this Lambda directly: it has no route and no trigger.

``{"action": "create-organization", "name": …, "owner": {"userId", "email"}?, "members": [{"userId", "email",
"role"}]?}``
    makes an organization with its first API key → ``{"organizationId", "apiKey"}``
``{"action": "create-api-key", "organizationId": …, "name": …, "scopes": ["*"], "mode": "live" | "test"}``
    → ``{"id", "apiKey"}``

Keys are in the answer and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from whimbrel.auth import Role, Scope
from whimbrel.aws.clients import client
from whimbrel.aws.secret import derived_key
from whimbrel.bodies import Body, Name
from whimbrel.domain.credentials import Mode
from whimbrel.domain.organizations import Organization
from whimbrel.ids import OrganizationId
from whimbrel.settings import settings
from whimbrel.store.credentials import Credentials
from whimbrel.store.tenant import Tenant


class Person(Body):
    """A user, as the issuer of sessions names them."""

    user_id: Annotated[str, Field(min_length=1, max_length=256)]
    email: str = ""
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
    scopes: tuple[Scope, ...] = (Scope.ALL,)
    mode: Mode = "live"


REQUEST: TypeAdapter[CreateOrganization | CreateApiKey] = TypeAdapter(
    Annotated[CreateOrganization | CreateApiKey, Field(discriminator="action")]
)


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Do what *event* asks."""
    request = REQUEST.validate_python(event)
    credentials = Credentials(client("dynamodb"), settings().auth_table, derived_key("credentials"))
    if isinstance(request, CreateApiKey):
        Tenant(request.organization_id).things(Organization).get(request.organization_id)
        key = credentials.add_api_key(request.organization_id, request.name, request.scopes, request.mode)
        return {"id": key.id, "apiKey": key.text}
    organization = Organization(id=OrganizationId.new(), name=request.name)
    Tenant(organization.id).things(Organization).add(organization)
    for person in (*([request.owner] if request.owner else []), *request.members):
        credentials.set_membership(person.user_id, organization.id, person.role)
    key = credentials.add_api_key(organization.id, "First key", [Scope.ALL])
    return {"organizationId": organization.id, "apiKey": key.text}
