"""The request being answered, and what its answer carries besides the body."""

from __future__ import annotations

import base64
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aws_lambda_powertools.event_handler import Depends

from whimbrel.auth import Caller, Scope, refuse_guessing
from whimbrel.problems import MissingScope, Unauthenticated
from whimbrel.store.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whimbrel.http.audit import Record
    from whimbrel.http.dialects import Dialect


@dataclass(slots=True)
class Exchange:
    """One request and its answer's headers."""

    event: Mapping[str, Any]
    request_id: str
    headers: dict[str, str] = field(default_factory=dict)
    caller: Caller | None = None
    dialect: Dialect | None = None
    """The form of its answer's refusals, where it is not ours."""
    record: Record | None = None
    """The entry of the audit log in the making, if there is to be one."""
    begun_ms: int = 0
    """When the first of the calls began that this one repeats, if it may be repeated; that may be itself."""
    is_complete: bool = True
    """Whether the answer is the last word on the call: if not, whoever repeats it has the work gone on with."""

    def header(self, name: str) -> str:
        """Return a request header, whatever the case of its name; empty when absent."""
        wanted = name.lower()
        return next((value for key, value in (self.event.get("headers") or {}).items() if key.lower() == wanted), "")

    @property
    def body(self) -> bytes:
        """The request's body as it was sent."""
        text = self.event.get("body") or ""
        return base64.b64decode(text) if self.event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")

    @property
    def base_url(self) -> str:
        """Where the client reached this API: scheme, host and the stage, as in ``https://host/api``."""
        stage = self.event["requestContext"]["stage"]
        return f"{self.header('X-Forwarded-Proto') or 'https'}://{self.header('Host')}/{stage}"

    @property
    def source_ip(self) -> str:
        """The address that the request came from, as the gateway saw it."""
        return (self.event["requestContext"].get("identity") or {}).get("sourceIp") or ""

    @property
    def received_ms(self) -> int:
        """When the gateway took the request, in ms since 1970: the same however often the work on it is repeated."""
        return self.begun_ms or int(self.event["requestContext"]["requestTimeEpoch"])


_CURRENT: ContextVar[Exchange] = ContextVar("exchange")


def begin(exchange: Exchange) -> None:
    """Make *exchange* the current one of this context."""
    _CURRENT.set(exchange)


def current() -> Exchange:
    """Return the exchange being answered."""
    return _CURRENT.get()


def caller() -> Caller:
    """Return who is calling.

    Raises:
        Unauthenticated: nobody known. NotAMember: somebody, but not of the organization asked for.
    """
    exchange = current()
    if exchange.caller is None:
        context = exchange.event["requestContext"].get("authorizer") or {}
        exchange.caller = Caller.of_context(context, exchange.header("X-Organization-Id"))
    return exchange.caller


class User(NamedTuple):
    """A person, of whichever organization: the issuer's subject, and the e-mail address that the issuer tells of.

    ``email_verified`` is None where the issuer does not say; ``email`` is then its word all the same.
    """

    subject: str
    email: str
    email_verified: bool | None


def user() -> User:
    """Return whose session this is.

    Raises:
        MissingScope: it is no person's session. Unauthenticated: it has ended. TooManyRequests: somebody guesses.
    """
    context = current().event["requestContext"].get("authorizer") or {}
    refuse_guessing(context)
    ends_s = context.get("validUntil")
    if ends_s and int(ends_s) <= time.time():
        raise Unauthenticated("This session has expired; get another.")
    if context.get("kind") != "USER":
        raise MissingScope("Only a person's own session can do this.", requiredScope=Scope.SESSION.value)
    verified = {"": None, "true": True}.get(context.get("emailVerified", ""), False)
    return User(context["subject"], context.get("email", ""), verified)


def tenant() -> Tenant:
    """Return the data of the caller's organization."""
    return Tenant(caller().organization_id)


CurrentExchange = Annotated[Exchange, Depends(current)]
CurrentCaller = Annotated[Caller, Depends(caller)]
CurrentUser = Annotated[User, Depends(user)]
CurrentTenant = Annotated[Tenant, Depends(tenant)]
