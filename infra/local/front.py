"""The one HTTP port: the deployed API at ``/api/...``, the development issuer's keys, and AWS everywhere else."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import ministack.app as gateway
from ministack.services import apigateway_v1

from infra.local.patching import require

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_LIMIT = 10 * 1024 * 1024
"""What API Gateway takes, and here also what it may inflate to."""
STAGES = {"/api/": "api", "/v1/": "v1"}
"""The stage that serves a path, and that its first segment names."""
OPEN_NAMES = ("127.0.0.1", "localhost", "[::1]")
HIDDEN = ("/_ministack/reset", "/_ministack/config")
"""What would wipe or change the emulator past the log of changes."""


class Refusal(Exception):
    """What the gateway itself answers, as problem details."""

    def __init__(self, status: HTTPStatus, code: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.document = {
            "type": f"https://whimbrel.dev/problems/{code}",
            "title": title,
            "status": status.value,
            "detail": detail,
            "code": code,
            "requestId": str(uuid4()),
        }


class Front:
    """The ASGI application. The API answers 503 until ``serving`` is set, and again after ``drain``."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        require(apigateway_v1, "handle_execute", "_rest_apis", "_stages_v1")
        require(gateway, "app", "_send_response")
        self._documents = documents
        self._under_way = 0
        self._idle = asyncio.Event()
        self.serving = False

    async def drain(self, seconds: float) -> None:
        """Take no more API requests, and return when those under way are answered, at most *seconds* later.

        Their handlers need the emulator behind this same port, so it must go on listening meanwhile.
        """
        self.serving = False
        if self._under_way:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _no_lifespan(receive, send)
        elif scope["type"] == "http":
            try:
                await self._serve(scope, receive, send)
            except Refusal as refusal:
                headers = {
                    "Content-Type": "application/problem+json",
                    "Cache-Control": "no-store",
                    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
                    "X-Content-Type-Options": "nosniff",
                    "X-Request-Id": refusal.document["requestId"],
                    "Connection": "close",  # the rest of the body is not read
                }
                body = json.dumps(refusal.document).encode()
                await gateway._send_response(send, refusal.status.value, headers, body)
        else:  # MQTT over WebSocket would let devices in without a certificate
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path in self._documents:
            body = json.dumps(self._documents[path]).encode()
            await gateway._send_response(send, 200, {"Content-Type": "application/json"}, body)
        elif stage := next((STAGES[prefix] for prefix in STAGES if path.startswith(prefix)), None):
            self._under_way += 1
            self._idle.clear()
            try:
                await self._serve_api(stage, scope, receive, send)
            finally:
                self._under_way -= 1
                if not self._under_way:
                    self._idle.set()
        else:
            _refuse_strangers(scope)
            await gateway.app(scope, receive, send)

    async def _serve_api(self, stage: str, scope: Scope, receive: Receive, send: Send) -> None:
        api = _api_with(stage)
        if not self.serving or api is None:
            detail = "The platform is starting." if not self.serving else f"There is no stage {stage}."
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "starting", "Starting", detail)
        headers = _headers(scope)
        body = await _body(receive, headers)
        client = (scope.get("client") or ("127.0.0.1",))[0]
        headers |= {"x-forwarded-proto": "http", "x-forwarded-for": client}
        status, answered, content = await apigateway_v1.handle_execute(
            api,
            stage,
            scope["method"],
            scope["path"].removeprefix(f"/{stage}"),
            headers,
            body,
            parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True),
        )
        if scope["method"] == "OPTIONS":
            # The emulator does not run the template of a preflight, which names all origins but the first.
            origin = headers.get("origin", "")
            if origin and f'"{origin}"' in content.decode():
                answered = {**answered, "Access-Control-Allow-Origin": origin}
        if status == HTTPStatus.NO_CONTENT:
            content = b""
        await gateway._send_response(send, status, answered, content, head=scope["method"] == "HEAD")


def _api_with(stage: str) -> str | None:
    """Return the id of the REST API that has *stage*."""
    for (_, _, api), stages in apigateway_v1._stages_v1.all_items():
        if stage in stages:
            return api
    return None


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _body(receive: Receive, headers: dict[str, str]) -> bytes:
    """Read the body, inflated if it came as gzip, as API Gateway does; then *headers* no longer say so.

    Raises:
        Refusal: it is too large, or not gzip.
    """
    body = bytearray()
    more = True
    while more and len(body) <= BODY_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        more = message.get("more_body", False)
        body += message.get("body", b"")
    if headers.get("content-encoding", "").lower() in {"gzip", "x-gzip"}:
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as members:
                body = members.read(BODY_LIMIT + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, "bad-request", "Bad request", "The body is damaged gzip.") from error
        del headers["content-encoding"]
        headers["content-length"] = str(len(body))
    if len(body) > BODY_LIMIT:
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "payload-too-large",
            "Payload too large",
            "A body may have 10 MB at most, also after inflating.",
        )
    return bytes(body)


def _refuse_strangers(scope: Scope) -> None:
    """Refuse AWS to pages of other sites: whoever may create a Lambda here runs code on this machine.

    A browser names the page's origin in what it sends elsewhere, and by its name the host it believes to talk to;
    AWS clients send no origin. Presigned links stay open to all: they are made to be clicked.

    Raises:
        Refusal: the request comes from another site, or under a foreign host name.
    """
    headers = _headers(scope)
    host = headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    foreign_name = name not in OPEN_NAMES and not name.endswith(".localhost")
    origin = headers.get("origin")
    foreign_page = origin not in {None, f"http://{host}"} or headers.get("sec-fetch-site") == "cross-site"
    presigned = b"X-Amz-Signature=" in scope["query_string"]
    if foreign_name or (foreign_page and not presigned) or scope["path"] in HIDDEN:
        raise Refusal(HTTPStatus.FORBIDDEN, "forbidden", "Forbidden", "The emulator serves this machine's tools only.")


async def _no_lifespan(receive: Receive, send: Send) -> None:
    """Leave the emulator's own start and stop out: they run init scripts, and reap containers of other instances."""
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})
