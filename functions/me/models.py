"""Who is calling, as told to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from whimbrel.auth import CredentialKind, Role, Scope
from whimbrel.bodies import Instant, Wire
from whimbrel.domain.organizations import Organization


class Me(Wire):
    """The caller: what kind of credential, for whom, of which organization, with which scopes."""

    kind: CredentialKind
    subject: str
    organization: Organization
    role: Role | None
    scopes: list[Scope]
    credential_id: Annotated[str | None, Field(description="Of an API key or access token.")]
    expires_at: Annotated[Instant | None, Field(description="When the secret sent ends; null for never.")]
