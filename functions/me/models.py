"""Who is calling, as told to them."""

from __future__ import annotations

from whimbrel.auth import CredentialKind, Role, Scope
from whimbrel.bodies import Wire
from whimbrel.domain.organizations import Organization


class Me(Wire):
    """The caller: what kind of credential, for whom, of which organization, with which scopes."""

    kind: CredentialKind
    subject: str
    organization: Organization
    role: Role | None
    scopes: list[Scope]
