"""``/api/v1/invitations``: how people come in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.invitations.models import InvitationBody, Welcome
from functions.invitations.rules import AlreadyInvited, AlreadyMember, InvitationSpent, accept, invite, inviting
from whimbrel import instants
from whimbrel.auth import ROLE_SCOPES, Scope
from whimbrel.domain.audit import Actor
from whimbrel.domain.members import Invitation, InvitationId, InvitationStatus
from whimbrel.domain.organizations import Organization
from whimbrel.http.audit import recorded
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant, CurrentUser
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import require_match
from whimbrel.pages import Page
from whimbrel.problems import Conflict, NotFound, StaleVersion

resource = Resource("/api/v1/invitations", tag="Invitations", sensitive=True)

ThisInvitation = Annotated[InvitationId, Path(alias="invitationId")]


class InvitationAccepted(Conflict):
    """The invitation has been accepted, and cannot be revoked any more."""

    title = "Invitation accepted"


@resource.operation("GET", scope=Scope.ADMIN)
def list_invitations(
    tenant: CurrentTenant,
    status: Annotated[InvitationStatus | SkipJsonSchema[None], Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Invitation]:
    """List invitations, oldest first, of every status or of one."""
    now = instants.now()
    page = tenant.things(Invitation).page(
        limit,
        cursor,
        where=(lambda invitation: invitation.seen_at(now).status is status) if status else None,
        filters=(status,),
    )
    return Page(items=[invitation.seen_at(now) for invitation in page.items], next_cursor=page.next_cursor)


@resource.operation("POST", scope=Scope.ADMIN, status=201, problems=[AlreadyInvited, AlreadyMember])
def create_invitation(body: InvitationBody, tenant: CurrentTenant, caller: CurrentCaller) -> Invitation:
    """Invite somebody by e-mail address.

    Nothing is sent: pass the `id` on, or a link that contains it. It is no secret, since only a session with that
    address can accept. Nobody invites to a role with rights that they do not have.
    """
    caller.require_all(ROLE_SCOPES[body.role])
    invitation = Invitation(
        id=InvitationId.new(),
        email=body.email,
        role=body.role,
        expires_at=instants.now() + timedelta(seconds=body.expires_in_seconds),
        invited_by=caller.subject,
    )
    return invite(tenant, invitation)


@resource.operation(
    "DELETE", "/{invitationId}", scope=Scope.ADMIN, status=204, problems=[NotFound, StaleVersion, InvitationAccepted]
)
def revoke_invitation(invitation_id: ThisInvitation, tenant: CurrentTenant, if_match: IfMatch = None) -> None:
    """Revoke an invitation.

    It stays in the list. Revoking it again, or when it has expired, changes nothing.
    """
    invitations = tenant.things(Invitation)
    invitation = invitations.get(invitation_id)
    require_match(invitation, if_match)
    status = invitation.seen_at(instants.now()).status
    if status is InvitationStatus.ACCEPTED:
        raise InvitationAccepted("It has been accepted: remove the member instead.")
    if status is InvitationStatus.PENDING:
        invitations.replace(invitation.next_version(status=InvitationStatus.REVOKED))


@resource.operation(
    "POST", "/{invitationId}/accept", scope=Scope.SESSION, problems=[NotFound, InvitationSpent], outside=True
)
def accept_invitation(invitation_id: ThisInvitation, user: CurrentUser, exchange: CurrentExchange) -> Welcome:
    """Accept an invitation.

    By a person's own session, of the address that was invited; no organization is needed. Who is a member already keeps
    their role. Accepting again answers the same.
    """
    tenant = inviting(invitation_id, user)
    with recorded(tenant, Actor(kind="USER", id=user.subject), "accept_invitation", exchange):
        member = accept(tenant, invitation_id, user)
    organization = tenant.things(Organization).get(tenant.organization_id)
    return Welcome(organization_id=organization.id, organization_name=organization.name, member=member)
