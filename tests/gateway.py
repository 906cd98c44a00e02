"""API Gateway in a few lines: the operations of ``openapi.json``, the real authorizer, the real handlers, no
network."""

from __future__ import annotations

import base64
import importlib
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from functions import entry
from functions.authorizer.authorize import Unauthorized
from functions.authorizer.authorize import handler as authorize
from tests.gating import HANDLERS, gate

ROOT = Path(__file__).parent.parent
DOCUMENT: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())


@dataclass(frozen=True)
class Answer:
    status_code: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)

    def ok(self) -> Any:
        """Return the JSON of a 2xx; anything else fails the test with the whole answer."""
        assert 200 <= self.status_code < 300, f"{self.status_code}: {self.body}"
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    pattern: re.Pattern[str]
    function: str
    public: bool
    authenticates: bool
    """Whether the function looks at the credential by itself."""

    @property
    def literal_parts(self) -> int:
        return sum(not part.startswith("{") for part in self.path.split("/"))


def routes() -> list[Route]:
    found = [
        Route(
            method.upper(),
            path,
            re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)) + r"\Z"),
            operation["x-function"],
            not operation["security"],
            operation.get("x-authenticates", False),
        )
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    ]
    # A literal segment wins over a parameter, as in API Gateway.
    return sorted(found, key=lambda route: -route.literal_parts)


ROUTES = routes()
AUTHORIZER_CACHE_S = 60


@dataclass
class Client:
    """A client with one credential; its ``headers`` go with every request.

    Only with an ``address`` are its failures to authenticate counted. The answers of the authorizer are kept for a
    minute, as the gateway does in AWS, only if ``cached``.
    """

    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    address: str = ""
    cached: bool = False
    kept: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    """By credential, until when which answer of the authorizer serves."""

    def get(self, url: str, **options: Any) -> Answer:
        return self.request("GET", url, **options)

    def post(self, url: str, json: Any = None, **options: Any) -> Answer:
        return self.request("POST", url, json=json, **options)

    def put(self, url: str, json: Any = None, **options: Any) -> Answer:
        return self.request("PUT", url, json=json, **options)

    def patch(self, url: str, json: Any = None, **options: Any) -> Answer:
        return self.request("PATCH", url, json=json, **options)

    def delete(self, url: str, **options: Any) -> Answer:
        return self.request("DELETE", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
        at_ms: int | None = None,
    ) -> Answer:
        """Send a request; *at_ms* is when the gateway takes it. A body of bytes reaches the handler in Base64."""
        split = urlsplit(url)
        sent = {"Host": "whimbrel.test", "X-Forwarded-Proto": "https"} | self.headers
        if json is not None:
            body = globals()["json"].dumps(json)
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        for route in ROUTES:
            # API Gateway finds the same resource for a path with a slash at its end.
            match = route.pattern.match(split.path.rstrip("/"))
            if match and route.method == method:
                break
        else:
            return refusal(404, "no-such-route")
        if self.token and route.authenticates:
            sent["X-Auth-Token"] = sent["X-Ubidots-ApiKey"] = self.token
        elif self.token:
            sent = {"Authorization": f"Bearer {self.token}"} | sent
        context: dict[str, Any] = {}
        if not (route.public or route.authenticates):
            try:
                context = self._authorized(sent)
            except Unauthorized:
                return refusal(401, "unauthenticated")
            except Exception:  # noqa: BLE001 (as the gateway answers when its authorizer fails)
                return refusal(503, "unavailable")
        stage = route.path.split("/")[1]
        query = parse_qsl(split.query, keep_blank_values=True)
        event = {
            "httpMethod": method,
            "resource": route.path.removeprefix(f"/{stage}"),
            "path": split.path.removeprefix(f"/{stage}"),
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "queryStringParameters": dict(query) or None,
            "multiValueQueryStringParameters": {
                name: [value for other, value in query if other == name] for name, _ in query
            }
            or None,
            "pathParameters": match.groupdict() or None,
            "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
            "isBase64Encoded": isinstance(body, bytes),
            "requestContext": {
                "stage": stage,
                "path": split.path,
                "requestId": str(uuid.uuid4()),
                "requestTimeEpoch": at_ms or time.time_ns() // 1_000_000,
                "authorizer": context,
                "identity": {"sourceIp": self.address or ("" if route.authenticates else "192.0.2.1")},
            },
        }
        with gate().acting_as(HANDLERS[route.function]):
            answer = getattr(entry, route.function)(event, None)
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def _authorized(self, sent: dict[str, str]) -> dict[str, Any]:
        credential = sent.get("Authorization", "")
        until, context = self.kept.get(credential, (0, {}))
        if time.time() >= until:
            context = authorized(sent, self.address)
            if self.cached:
                self.kept[credential] = (time.time() + AUTHORIZER_CACHE_S, context)
        return context


def authorized(headers: dict[str, str], address: str = "") -> dict[str, Any]:
    if "Authorization" not in headers:
        raise Unauthorized
    arn = "arn:aws:execute-api:eu-central-1:123456789012:abc/api/GET/"
    identity = {"sourceIp": address}
    event = {"type": "REQUEST", "headers": headers, "methodArn": arn, "requestContext": {"identity": identity}}
    answer = authorize(event, None)
    return {**answer["context"], "principalId": answer["principalId"]}


def refusal(status: int, code: str) -> Answer:
    document = {
        "type": f"https://whimbrel.dev/problems/{code}",
        "title": code,
        "status": status,
        "code": code,
    }
    document |= {"detail": code, "requestId": "test"}
    return Answer(status, {"Content-Type": "application/problem+json"}, json.dumps(document))


def import_all() -> None:
    """Import every HTTP function, so that a missing one fails at once."""
    for name in {route.function for route in ROUTES}:
        getattr(importlib.import_module("functions.entry"), name)
