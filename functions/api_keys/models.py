"""What a client may say about an API key."""

from __future__ import annotations

from typing import Annotated

from pydantic import MISSING, Field

from whimbrel.bodies import Body, Name
from whimbrel.domain.api_keys import End, RequestsPerSecond, Scopes
from whimbrel.domain.credentials import Mode

DAY_S = 86_400


class ApiKeyCreate(Body):
    """A new key."""

    name: Name
    scopes: Scopes
    mode: Mode = "live"
    expires_at: Annotated[
        End | MISSING | None, Field(description="A year from now, if left out; null is never, and for owners only.")
    ] = MISSING
    requests_per_second: RequestsPerSecond | None = None


class ApiKeyPatch(Body):
    """The fields of a key to change."""

    name: Name | MISSING = MISSING
    scopes: Scopes | MISSING = MISSING
    expires_at: Annotated[End | MISSING | None, Field(description="null is never, and for owners only.")] = MISSING
    requests_per_second: RequestsPerSecond | MISSING | None = MISSING


class ApiKeyRotate(Body):
    """How long the secret before works beside the new one."""

    overlap_seconds: Annotated[int, Field(ge=0, le=7 * DAY_S)] = DAY_S
