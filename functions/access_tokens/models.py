"""What a person may say about an access token."""

from __future__ import annotations

from typing import Annotated

from pydantic import MISSING, Field

from whimbrel.bodies import Body, Name
from whimbrel.domain.api_keys import End, Scopes


class AccessTokenCreate(Body):
    """A new token."""

    name: Name
    scopes: Annotated[Scopes | None, Field(description="null: all that you may, at any time.")] = None
    expires_at: Annotated[End | MISSING, Field(description="A year from now, if left out.")] = MISSING
