"""``/api/v1/members``: the people of an organization."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import MISSING, AfterValidator

from functions.members.models import MemberPatch
from whimbrel.auth import ROLE_SCOPES, Role, Scope
from whimbrel.domain.members import LastOwner, Member
from whimbrel.http.exchange import CurrentCaller, CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import require_match
from whimbrel.pages import Page
from whimbrel.problems import MissingScope, NotFound, StaleVersion
from whimbrel.store.members import Members
from whimbrel.store.memberships import memberships

resource = Resource("/api/v1/members", tag="Members", sensitive=True)

# The gateway leaves the path as it was sent, and a subject such as auth0|17 is sent encoded.
ThisUser = Annotated[
    str,
    Path(alias="userId", description="The `userId` of a member: the issuer's subject, percent-encoded."),
    AfterValidator(unquote),
]


@resource.operation("GET", scope=Scope.ACCESS_READ)
def list_members(tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None) -> Page[Member]:
    """List the members of the organization."""
    return tenant.things(Member).page(limit, cursor)


@resource.operation("PATCH", "/{userId}", scope=Scope.ADMIN, problems=[NotFound, StaleVersion, LastOwner])
def update_member(
    user_id: ThisUser, body: MemberPatch, tenant: CurrentTenant, caller: CurrentCaller, if_match: IfMatch = None
) -> Member:
    """Give a member another role.

    Nobody gives a role with rights that they do not have, and only owners act on owners. An organization keeps one
    owner. A new role holds everywhere within a minute.
    """
    members = Members(tenant, memberships())
    # A repeated call may come with the ETag from before: what an earlier one left half done is done first.
    members.follow(user_id)
    member = members.get(user_id)
    require_match(member, if_match)
    role = member.role if body.role is MISSING else body.role
    if role is not member.role:
        if member.role is Role.OWNER:
            caller.require(Scope.ALL)
        caller.require_all(ROLE_SCOPES[role])
    return members.change_role(member, role)


@resource.operation(
    "DELETE",
    "/{userId}",
    scope=Scope.ANY,
    status=204,
    problems=[NotFound, StaleVersion, MissingScope, LastOwner],
)
def remove_member(user_id: ThisUser, tenant: CurrentTenant, caller: CurrentCaller, if_match: IfMatch = None) -> None:
    """Remove a member, or leave.

    People may leave by their own session; to remove others takes the scope `admin`, and only owners remove owners.
    The last owner can do neither. Access ends within a minute, at once where members and credentials are managed.
    """
    members = Members(tenant, memberships())
    member = members.find(user_id)
    if member is None:
        # An earlier call may have come so far and no further.
        members.follow(user_id)
        raise members.not_found(user_id)
    if not (caller.kind == "USER" and caller.subject == user_id):
        caller.require(Scope.ADMIN)
        if member.role is Role.OWNER:
            caller.require(Scope.ALL)
    require_match(member, if_match)
    members.remove(member)
