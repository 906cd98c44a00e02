"""What a client says of somebody to invite, and what they are told who come."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from whimbrel.auth import Role
from whimbrel.bodies import Body, Wire
from whimbrel.domain.members import Email, Member
from whimbrel.ids import OrganizationId

DAY_S = 86_400


class InvitationBody(Body):
    """Whom to invite, and as what."""

    email: Email
    role: Role
    expires_in_seconds: Annotated[int, Field(ge=60, le=30 * DAY_S)] = 7 * DAY_S


class Welcome(Wire):
    """What somebody needs who has accepted: the organization, for `X-Organization-Id`, and who they are in it."""

    organization_id: OrganizationId
    organization_name: str
    member: Member
