"""How operations speak where the clients of another platform are to find their way: its credentials, its refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whimbrel.aws.clients import client
from whimbrel.problems import NoCredential, TooManyRequests, Unauthenticated
from whimbrel.settings import settings
from whimbrel.store.callers import caller_with
from whimbrel.store.limits import FailedAttempts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whimbrel.auth import Caller
    from whimbrel.http.exchange import Exchange
    from whimbrel.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The form of one such API. Query parameters that it does not know are passed over.

    ``refusal`` says a problem and the request's id in its words, which ``schema`` describes and ``name`` names in the
    OpenAPI document; ``statuses`` are those that it has in place of ours. ``credential`` finds the caller's credential
    ("" for none) where it is not in the header that the gateway's authorizer looks at: the operations then
    authenticate by themselves, each time. ``most_bytes`` is the deployment's limit of a body.
    """

    name: str
    schema: dict[str, Any]
    refusal: Callable[[Problem, str], dict[str, Any]]
    media_type: str = "application/json"
    statuses: Mapping[int, int] = field(default_factory=dict[int, int])
    credential: Callable[[Exchange], str] | None = None
    most_bytes: Callable[[], int] | None = None

    def status(self, status: int) -> int:
        """Return what stands for one of our statuses."""
        return self.statuses.get(status, status)


def authenticated(credential: str, source_ip: str) -> Caller:
    """Return who calls with an API key or access token, as of now; failures of an address are counted.

    Raises:
        NoCredential: it is empty. Unauthenticated: it stands for nobody. TooManyRequests: somebody guesses.
    """
    if not credential:
        raise NoCredential("Send an API key or an access token.")
    if caller := caller_with(credential):
        return caller
    wait_s = FailedAttempts(client("dynamodb"), settings().auth_table).note(source_ip)
    if wait_s is not None:
        raise TooManyRequests("Too many wrong credentials from this address.", retryAfterSeconds=wait_s)
    raise Unauthenticated("This credential stands for nobody.")
