"""API keys and access tokens as their organization sees them: all but the secret."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, WithJsonSchema

from whimbrel import chance, instants
from whimbrel.auth import Scope
from whimbrel.bodies import Instant, Name, Wire
from whimbrel.domain.credentials import Mode, new_public_part
from whimbrel.entity import Entity
from whimbrel.ids import Id
from whimbrel.problems import Forbidden

VALIDITY = timedelta(days=365)
MAX_REQUESTS_PER_SECOND = 10_000


class OwnersOnly(Forbidden):
    """Only an owner of the organization decides this."""

    title = "Owners only"


class OwnScopes(Forbidden):
    """A key may not change what itself is allowed."""

    title = "Own scopes"


class ApiKeyId(Id):
    """An API key."""

    __slots__ = ()


class AccessTokenId(Id):
    """A personal access token."""

    __slots__ = ()


def _grantable(scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
    for scope in scopes:
        if not scope.is_grantable:
            raise ValueError(f"{scope.value} cannot be given")
    return tuple(sorted(set(scopes)))


def _to_come(instant: datetime) -> datetime:
    if instant <= instants.now():
        raise ValueError("it must be in the future")
    return instant


_GRANTABLE_SCHEMA = {"type": "string", "enum": [scope.value for scope in Scope if scope.is_grantable]}

Scopes = Annotated[
    tuple[Annotated[Scope, WithJsonSchema(_GRANTABLE_SCHEMA)], ...],
    Field(min_length=1, max_length=20),
    AfterValidator(_grantable),
]
"""What a key or token may do: a set, in alphabetical order."""

End = Annotated[Instant, AfterValidator(_to_come)]
"""When a credential is to end: some time from now."""

RequestsPerSecond = Annotated[int, Field(ge=1, le=MAX_REQUESTS_PER_SECOND)]


class Listed(Wire):
    """What is shown of every credential that an organization gave out."""

    name: Name
    prefix: Annotated[str, Field(description="How its text begins: the public part, to recognize it by.")]
    expires_at: Instant | None
    last_used_at: Annotated[Instant | None, Field(description="To the hour.")] = None


class ApiKey(Listed, Entity[ApiKeyId]):
    """What machines call with. ``last_used_at`` is known to the auth table alone, and filled in for answers."""

    kind: ClassVar[str] = "api_key"

    scopes: Scopes
    requests_per_second: RequestsPerSecond | None = None
    created_by: str
    previous_valid_until: Annotated[
        Instant | None, Field(description="Until when the secret before the last rotation works, too.")
    ] = None

    @classmethod
    def new(cls, *, mode: Mode = "live", **fields: Any) -> Self:
        """Return a new key with *fields*; it lives for a year unless they say otherwise."""
        return cls(**_newborn(ApiKeyId.new(), f"sk_{mode}_") | fields)


class IssuedApiKey(ApiKey):
    """An API key with its text, for the one answer that shows it."""

    key: Annotated[
        str, Field(description="The secret. Shown once; it cannot be had again.", examples=["sk_live_3f9aZm9yeW91…"])
    ]


class AccessToken(Listed, Entity[AccessTokenId]):
    """What a person's scripts call with: it acts as its user. Listed under them."""

    kind: ClassVar[str] = "access_token"
    parent: ClassVar[str | None] = "user_id"

    user_id: str
    scopes: Annotated[Scopes | None, Field(description="null: all that its user may.")] = None

    @classmethod
    def new(cls, **fields: Any) -> Self:
        """Return a new token with *fields*; it lives for a year unless they say otherwise."""
        return cls(**_newborn(AccessTokenId.new(), "pat_") | fields)


class IssuedAccessToken(AccessToken):
    """An access token with its text, for the one answer that shows it."""

    token: Annotated[
        str, Field(description="The secret. Shown once; it cannot be had again.", examples=["pat_3f9aZm9yeW91…"])
    ]


def _newborn(identifier: Id, prefix: str) -> dict[str, Any]:
    # Of the time that identifiers carry: a repeated call makes the same credential, to the millisecond.
    at = instants.from_ms(chance.now_ms())
    return {
        "id": identifier,
        "prefix": new_public_part(prefix),
        "created_at": at,
        "updated_at": at,
        "expires_at": at + VALIDITY,
    }
