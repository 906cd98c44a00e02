"""Every way to say no: leaf classes name what is wrong, categories know HTTP, and all are rendered as RFC 9457.

Problem
├── BadRequest 400 ── MalformedJson · InvalidCursor
├── Unauthenticated 401 ── NoCredential
├── Forbidden 403 ── MissingScope
├── NotFound 404 ── NoSuchRoute
├── Conflict 409 ── AlreadyExists
├── Gone 410
├── PreconditionFailed 412 ── StaleVersion
├── PayloadTooLarge 413
├── UnsupportedMediaType 415
├── Unprocessable 422 ── InvalidRequest
├── TooManyRequests 429
├── InternalError 500
└── Unavailable 503
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE_BASE = "https://whimbrel.dev/problems/"


class FieldError(NamedTuple):
    """What is wrong with one field: its path (``location.lat``, ``readings[3].value``), a stable code, a sentence."""

    field: str
    code: str
    message: str


class Problem(Exception):
    """A named refusal. ``detail`` says what would make it right; ``members`` are extra data for the client."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Problem"
    retry_after_s: ClassVar[int] = 0
    """Where the same call may succeed in a while: after how many seconds (``retryAfterSeconds`` knows better)."""

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = (), **members: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.members = members

    @classmethod
    def code(cls) -> str:
        """Return the stable code: the class name in kebab case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", cls.__name__).lower()

    def document(self, request_id: str) -> dict[str, Any]:
        """Return the RFC 9457 document."""
        document: dict[str, Any] = {
            "type": TYPE_BASE + self.code(),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code(),
            "requestId": request_id,
        }
        if self.errors:
            document["errors"] = [error._asdict() for error in self.errors]
        return document | self.members


class BadRequest(Problem):
    status = 400
    title = "Bad request"


class MalformedJson(BadRequest):
    title = "Malformed JSON"


class InvalidCursor(BadRequest):
    title = "Invalid cursor"


class Unauthenticated(Problem):
    status = 401
    title = "Not authenticated"


class NoCredential(Unauthenticated):
    title = "No credential"


class Forbidden(Problem):
    status = 403
    title = "Forbidden"


class MissingScope(Forbidden):
    title = "Scope missing"


class NotFound(Problem):
    status = 404
    title = "Not found"


class NoSuchRoute(NotFound):
    title = "No such route"


class Conflict(Problem):
    status = 409
    title = "Conflict"


class AlreadyExists(Conflict):
    title = "Already exists"


class Gone(Problem):
    status = 410
    title = "Gone"


class PreconditionFailed(Problem):
    status = 412
    title = "Precondition failed"


class StaleVersion(PreconditionFailed):
    title = "Stale version"


class PayloadTooLarge(Problem):
    status = 413
    title = "Payload too large"


class UnsupportedMediaType(Problem):
    status = 415
    title = "Unsupported media type"


class Unprocessable(Problem):
    status = 422
    title = "Unprocessable"


class InvalidRequest(Unprocessable):
    title = "Invalid request"

    @classmethod
    def of(cls, field: str, message: str, *, code: str = "invalid") -> InvalidRequest:
        """Return the refusal of a single *field*."""
        return cls(f"{field}: {message}", errors=(FieldError(field, code, message),))

    def renamed(self, names: Mapping[str, str]) -> InvalidRequest:
        """Return the same refusal, by the *names* that a dialect has for our fields."""
        errors = tuple(error._replace(field=names.get(error.field, error.field)) for error in self.errors)
        return InvalidRequest("; ".join(f"{error.field}: {error.message}" for error in errors), errors=errors)


class TooManyRequests(Problem):
    status = 429
    title = "Too many requests"


class InternalError(Problem):
    status = 500
    title = "Internal error"


class Unavailable(Problem):
    status = 503
    title = "Temporarily unavailable"
    retry_after_s = 1
