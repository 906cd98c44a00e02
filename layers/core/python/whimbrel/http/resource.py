"""A resource declares its operations; an ``Api`` answers for several of them behind one Powertools resolver."""

from __future__ import annotations

import functools
import inspect
import threading
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel

from whimbrel import strict_json
from whimbrel.auth import Caller, Scope
from whimbrel.aws.errors import is_transient
from whimbrel.entity import Entity
from whimbrel.http.admission import admitted
from whimbrel.http.audit import Record, actor_of, audited
from whimbrel.http.cors import cors_headers
from whimbrel.http.dialects import Dialect, authenticated
from whimbrel.http.encodings import inflated
from whimbrel.http.exchange import Exchange, begin, current
from whimbrel.http.repeats import Secret, repeatable
from whimbrel.ids import Id
from whimbrel.logs import log
from whimbrel.problems import (
    FieldError,
    InternalError,
    InvalidRequest,
    NoSuchRoute,
    NotFound,
    PayloadTooLarge,
    Problem,
    Unavailable,
    UnsupportedMediaType,
)
from whimbrel.store.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

F = TypeVar("F", bound="Callable[..., Any]")

MAX_BODY_BYTES = 1_048_576
BODY_METHODS = {"POST", "PUT", "PATCH"}

# Powertools keeps the current event in class state that all resolvers of a process share: two threads inside any two of
# them answer with each other's tenants' data. Lambda runs one request at a time; everything else has to be made to.
_ONE_AT_A_TIME = threading.Lock()

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What the kit knows of an operation before Powertools sees the request."""

    name: str
    method: str
    path: str
    scope: Scope | None
    max_body_bytes: int
    query_names: frozenset[str]
    id_names: frozenset[str]
    outside: bool
    audited: bool
    fresh: bool
    repeatable: bool
    secret: Secret | None
    dialect: Dialect | None

    @property
    def most_bytes(self) -> int:
        """How long its bodies may be."""
        return self.dialect.most_bytes() if self.dialect and self.dialect.most_bytes else self.max_body_bytes


class Resource:
    """The operations of one resource folder.

    ``path`` is where they stand, ``tag`` the heading in the documentation. What callers may do with ``sensitive`` ones
    is looked up at each call, where the gateway's memory of the authorizer's answer would do elsewhere. In a
    ``dialect`` they speak as another platform's.
    """

    def __init__(self, path: str, *, tag: str, sensitive: bool = False, dialect: Dialect | None = None) -> None:
        self.path = path
        self.tag = tag
        self.sensitive = sensitive
        self.dialect = dialect
        self.router = Router()
        self.operations: list[Operation] = []

    def operation(  # noqa: PLR0913 (a declaration: keywords, each said once)
        self,
        method: str,
        path: str = "",
        *,
        scope: Scope | None,
        status: int = 200,
        problems: Sequence[type[Problem]] = (),
        max_body_bytes: int = MAX_BODY_BYTES,
        validate: bool = True,
        request_schema: dict[str, Any] | None = None,
        content_type: str = "application/json",
        or_job: bool = False,
        reads: bool = False,
        audited: bool = True,
        outside: bool = False,
        secret: Secret | None = None,
    ) -> Callable[[F], F]:
        """Declare an operation: the function's name is its id, its docstring the documentation.

        ``scope`` None makes it public. ``problems`` are those beyond the usual ones. ``validate=False`` leaves
        reading the body to the function (270 µs less a call, for ingestion); ``request_schema`` then documents it.
        ``or_job`` tells that it may also answer 202, with a job.

        Every POST is safe to repeat, ``secret`` naming what its answer shows once, and all but GET are recorded in the
        audit log. ``reads`` says that a POST changes nothing, ``audited=False`` that it is no administration, and
        ``outside`` that the caller need not belong to an organization: the function then does both itself.
        """
        changes = method != "GET" and not reads
        inside = scope is not None and not outside

        def register(function: F) -> F:
            summary, _, description = inspect.cleandoc(function.__doc__ or "").partition("\n")
            full_path = self.path + path
            operation = Operation(
                name=function.__name__,
                method=method,
                path=full_path,
                scope=scope,
                max_body_bytes=max_body_bytes,
                query_names=_query_names(function),
                id_names=_id_names(function),
                outside=outside,
                audited=changes and inside and audited,
                fresh=inside and (self.sensitive or method == "DELETE"),
                repeatable=changes and inside and method == "POST",
                secret=secret,
                dialect=self.dialect,
            )
            self.operations.append(operation)
            self.router.route(
                full_path.replace("{", "<").replace("}", ">"),
                method,
                summary=summary.rstrip("."),
                description=description.strip() or summary,
                operation_id=function.__name__,
                tags=[self.tag],
                security=[{scheme: [scope.value]} for scheme in self._schemes] if scope else [],
                status_code=status,
                enable_validation=validate,
                openapi_extensions={
                    "x-problems": sorted({problem.code() for problem in problems}),
                    "x-request-schema": request_schema,
                    "x-content-type": content_type,
                    "x-or-job": or_job,
                    "x-repeatable": operation.repeatable,
                    "x-limited": inside,
                },
            )(_answering(function, None if validate else status))
            return function

        return register

    @property
    def _schemes(self) -> tuple[str, ...]:
        return ("token", "tokenParameter") if self.dialect and self.dialect.credential else ("credential",)


class Api:
    """The handler of one HTTP Lambda: safe to call with any event, never raises, answers problems as RFC 9457."""

    def __init__(self, *resources: Resource) -> None:
        self.resolver = APIGatewayRestResolver(enable_validation=True, json_body_deserializer=strict_json.loads)
        self._operations = {
            (operation.method, operation.path): operation for resource in resources for operation in resource.operations
        }
        for resource in resources:
            self.resolver.include_router(resource.router)
        handle = self.resolver.exception_handler
        handle(RequestValidationError)(_refusal_of_invalid)
        handle(NotFoundError)(_refusal_of_unknown)
        handle(Problem)(_refusal)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one API Gateway proxy event."""
        request = event["requestContext"]
        exchange = Exchange(event, request.get("requestId") or getattr(context, "aws_request_id", ""))
        with _ONE_AT_A_TIME:
            begin(exchange)
            try:
                answer = self._answer(exchange, context)
            except Problem as problem:
                answer = _rendered(problem, exchange)
            except Exception as error:  # noqa: BLE001  # the last line of defence: log all, tell nothing
                log.exception("unhandled", extra={"requestId": exchange.request_id})
                answer = _rendered(_told_of(error), exchange)
        always = SECURITY_HEADERS | {"X-Request-Id": exchange.request_id} | cors_headers(exchange.header("Origin"))
        answer["headers"] = always | exchange.headers
        for name, values in (answer.pop("multiValueHeaders", None) or {}).items():
            answer["headers"][name] = values[0]
        return answer

    def _answer(self, exchange: Exchange, context: Any) -> dict[str, Any]:
        event = exchange.event
        # requestContext.path begins with the stage (or the base path of a custom domain); "path" does not.
        path = event["requestContext"]["path"]
        stage = "/" + event["requestContext"]["stage"]
        operation = self._operations.get((event["httpMethod"], stage + event["resource"]))
        if operation is None:
            raise NoSuchRoute(f"There is no {event['httpMethod']} {path}.")
        exchange.dialect = dialect = operation.dialect
        if dialect and dialect.credential and operation.scope:
            known = authenticated(dialect.credential(exchange), exchange.source_ip)
            exchange.caller = Caller.of_context(known.context(), exchange.header("X-Organization-Id"))
        # Powertools validates before any middleware runs: what a stranger must not learn is decided here.
        asking = admitted(exchange, operation)
        _check_request(exchange, operation)
        if operation.method in BODY_METHODS and event.get("body"):
            exchange.event = inflated(exchange, operation.most_bytes)

        def resolve() -> dict[str, Any]:
            # The gateway takes a path with a slash at its end for the same resource.
            answer = self.resolver.resolve({**exchange.event, "path": path.rstrip("/")}, context)
            if answer["statusCode"] == 204:  # noqa: PLR2004
                answer["body"] = ""
            return answer

        if asking is None:
            return resolve()
        tenant = Tenant(asking.organization_id)

        def record() -> dict[str, Any]:
            exchange.record = Record.of(tenant, actor_of(asking), operation.name, exchange)
            return audited(exchange.record, resolve)

        work = record if operation.audited else resolve
        return repeatable(exchange, tenant, asking, operation.secret, work) if operation.repeatable else work()


def _told_of(error: Exception) -> Problem:
    if is_transient(error):
        return Unavailable("What is behind this does not answer; send it again in a moment.")
    return InternalError("Something went wrong here; it has been noted.")


def _check_request(exchange: Exchange, operation: Operation) -> None:
    if operation.method in BODY_METHODS and exchange.event.get("body"):
        if len(exchange.event["body"]) > operation.most_bytes * (1.4 if exchange.event.get("isBase64Encoded") else 1):
            raise PayloadTooLarge(f"The body exceeds {operation.most_bytes} bytes.")
        media_type = exchange.header("Content-Type").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
    unknown = set(exchange.event.get("queryStringParameters") or ()) - operation.query_names
    if unknown and not operation.dialect:
        raise InvalidRequest(
            f"Unknown query parameter {min(unknown)}.",
            errors=tuple(
                FieldError(name, "unknown-parameter", "there is no such parameter") for name in sorted(unknown)
            ),
        )
    for name, value in (exchange.event.get("pathParameters") or {}).items():
        if name in operation.id_names and not Id.is_valid(value):
            raise NotFound(f"{value[:64]!r} is not an identifier, so there is nothing of that name.")


def _answering(function: F, unvalidated: int | None) -> F:
    """Return *function*, with the ``ETag`` of the entity that it answers with, and annotations that are types.

    Powertools renders answers only where it validates; *unvalidated* is the status where it does not.
    """

    @functools.wraps(function)
    def answering(**arguments: Any) -> Any:
        if record := current().record:
            record.begin()
        result = function(**arguments)
        if isinstance(result, Entity):
            current().headers["ETag"] = result.etag
        if unvalidated and isinstance(result, BaseModel):
            return Response(unvalidated, "application/json", result.model_dump_json(by_alias=True))
        return result

    hints = typing.get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    answering.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            parameter.replace(annotation=hints.get(name, parameter.annotation))
            for name, parameter in signature.parameters.items()
        ],
        return_annotation=hints.get("return", signature.return_annotation),
    )
    answering.__annotations__ = hints
    return typing.cast("F", answering)


def _query_names(function: Callable[..., Any]) -> frozenset[str]:
    from aws_lambda_powertools.event_handler.openapi.params import Query

    return frozenset(name for name, mark, _ in _parameters(function) if isinstance(mark, Query))


def _id_names(function: Callable[..., Any]) -> frozenset[str]:
    """Return the names of the parts of the path that are identifiers of ours."""
    from aws_lambda_powertools.event_handler.openapi.params import Path

    return frozenset(
        name
        for name, mark, kind in _parameters(function)
        if isinstance(mark, Path) and isinstance(kind, type) and issubclass(kind, Id)
    )


def _parameters(function: Callable[..., Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name outside, the mark and the type of each parameter that is marked."""
    for name, hint in typing.get_type_hints(function, include_extras=True).items():
        for mark in getattr(hint, "__metadata__", ()):
            yield getattr(mark, "alias", None) or name, mark, typing.get_args(hint)[0]


def _invalid(error: RequestValidationError) -> InvalidRequest:
    errors = tuple(
        FieldError(
            _field(each["loc"], missing=each["type"] == "missing"),
            each["type"].replace("_", "-"),
            each.get("msg", "invalid").removeprefix("Value error, "),
        )
        for each in error.errors()
    )
    # A union reports each of its branches: of one field the first is enough.
    first_of_each = tuple({each.field: each for each in reversed(errors)}.values())[::-1]
    first = first_of_each[0]
    return InvalidRequest(f"{first.field or 'body'}: {first.message}", errors=first_of_each)


def _field(location: Sequence[str | int], *, missing: bool) -> str:
    """Return the path of a field; pydantic's names for the branches of a union, which no client sent, are left out."""
    place, *parts = location
    if place != "body":
        return str(parts[0]) if parts else str(place)
    value = strict_json.loads(current().body or b"null")
    path = ""
    for position, part in enumerate(parts):
        if isinstance(part, int) and isinstance(value, list):
            path += f"[{part}]"
            value = value[part] if part < len(value) else None
        elif isinstance(value, dict) and (part in value or (missing and position == len(parts) - 1)):
            path += f".{part}" if path else str(part)
            value = value.get(part)
    return path


def _refusal_of_invalid(error: RequestValidationError) -> Response[str]:
    return _refusal(_invalid(error))


def _refusal_of_unknown(_error: NotFoundError) -> Response[str]:
    return _refusal(NoSuchRoute("There is no such route."))


def _refusal(problem: Problem) -> Response[str]:
    return Response(*_said(problem, current()))


def _rendered(problem: Problem, exchange: Exchange) -> dict[str, Any]:
    status, content_type, body = _said(problem, exchange)
    return {
        "statusCode": status,
        "multiValueHeaders": {"Content-Type": [content_type]},
        "body": body,
        "isBase64Encoded": False,
    }


def _said(problem: Problem, exchange: Exchange) -> tuple[int, str, str]:
    """Return a refusal's status, media type and body; when the call may succeed is in ``Retry-After``, if known."""
    if after_s := problem.members.get("retryAfterSeconds", problem.retry_after_s):
        exchange.headers["Retry-After"] = str(after_s)
    if dialect := exchange.dialect:
        body = dialect.refusal(problem, exchange.request_id)
        return dialect.status(problem.status), dialect.media_type, strict_json.dumps(body)
    return problem.status, "application/problem+json", strict_json.dumps(problem.document(exchange.request_id))
