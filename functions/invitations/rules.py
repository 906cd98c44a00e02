"""How an invitation is made, and how it becomes a membership."""

from __future__ import annotations

from whimbrel import instants
from whimbrel.domain.members import Invitation, InvitationId, InvitationStatus, Invitee, Member, same_address
from whimbrel.domain.organizations import Organization
from whimbrel.http.exchange import User
from whimbrel.problems import Conflict, Gone, NotFound
from whimbrel.store.members import Members
from whimbrel.store.memberships import memberships
from whimbrel.store.tenant import Tenant


class AlreadyInvited(Conflict):
    """There is an invitation of that address which can still be accepted."""

    title = "Already invited"


class AlreadyMember(Conflict):
    """Whoever has that address belongs to the organization."""

    title = "Already a member"


class InvitationSpent(Gone):
    """The invitation was accepted, revoked, or has expired."""

    title = "Invitation spent"


def invite(tenant: Tenant, invitation: Invitation) -> Invitation:
    """Store a new invitation; the same one again does nothing.

    Raises:
        AlreadyInvited: another one of that address is pending. AlreadyMember: it is a member's.
    """
    invitations, invitees = tenant.things(Invitation), tenant.things(Invitee)
    invitee = Invitee.named(tenant.organization_id, invitation)
    before = invitees.find(invitee.id)
    last = invitations.find(before.invitation_id) if before else None
    if last and last.id == invitation.id:
        return last
    if last and last.seen_at(instants.now()).status is InvitationStatus.PENDING:
        raise AlreadyInvited("This address has been invited: pass that on, or revoke it.", id=last.id)
    for member in tenant.things(Member).all():
        if same_address(member.email or "", invitation.email):
            raise AlreadyMember("This is a member's address.", userId=member.user_id)
    # First, since one that nothing follows does no harm.
    memberships().announce(invitation.id, tenant.organization_id)
    noting = (
        invitees.replacing(before.next_version(invitation_id=invitation.id)) if before else invitees.adding(invitee)
    )
    if tenant.commit([noting, invitations.adding(invitation)]):
        raise AlreadyInvited("Somebody else has invited this address just now.")
    return invitation


def inviting(invitation_id: InvitationId, user: User) -> Tenant:
    """Return the organization that invites *user*.

    Raises:
        NotFound: there is no such invitation, or not for this user.
    """
    organization_id = memberships().inviting(invitation_id)
    if organization_id is None or user.email_verified is False:
        raise _not_found(invitation_id)
    tenant = Tenant(organization_id)
    invitation = tenant.things(Invitation).find(invitation_id)
    if invitation is None or not same_address(invitation.email, user.email):
        raise _not_found(invitation_id)
    organization = tenant.things(Organization).find(organization_id)
    if organization is None or organization.deletion_job_id:
        raise _not_found(invitation_id)
    return tenant


def accept(tenant: Tenant, invitation_id: InvitationId, user: User) -> Member:
    """Make *user* a member of the organization that invites them, or find that they are.

    A member keeps their role. Accepting again changes nothing: who has been removed since stays so.

    Raises:
        NotFound: the invitation is gone. InvitationSpent: it cannot be accepted any more.
    """
    members = Members(tenant, memberships())
    invitations = tenant.things(Invitation)
    while True:
        invitation = invitations.get(invitation_id)
        member = members.find(user.subject)
        if member and invitation.status is InvitationStatus.ACCEPTED and invitation.accepted_by == user.subject:
            # An earlier call may have come so far and no further.
            members.follow(user.subject)
            return member
        status = invitation.seen_at(instants.now()).status
        if status is not InvitationStatus.PENDING:
            raise InvitationSpent(f"This invitation is {status}; ask for another.")
        accepting = invitations.replacing(
            invitation.next_version(status=InvitationStatus.ACCEPTED, accepted_by=user.subject)
        )
        # Where these fail, the invitation has been decided on meanwhile, or the user has come or gone another way.
        if member and not tenant.commit([accepting, tenant.things(Member).requiring(member.id)]):
            return member
        joining = Member.named(tenant.organization_id, user.subject, invitation.role, invitation.email)
        if not member and members.add(joining, beside=(accepting,)):
            return joining


def _not_found(invitation_id: InvitationId) -> NotFound:
    return NotFound(f"There is no invitation {invitation_id}.")
