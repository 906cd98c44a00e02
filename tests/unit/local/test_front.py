"""The one HTTP port does with bodies and preflights what API Gateway does."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any, NamedTuple

import pytest

from infra.local import front
from infra.local.front import BODY_LIMIT, Front

PREFLIGHT = b'#if($origin == "http://localhost:3000") ... #end'
"""As the CDK writes it: the first origin is a header, the others are in the template."""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What reaches the emulator's gateway, which answers preflights as it does ours and all else with nothing."""
    reached: list[bytes] = []

    async def execute(_api: str, _stage: str, method: str, _path: str, headers: Any, body: bytes, _query: Any) -> Any:
        assert headers.get("content-encoding", "identity") == "identity"
        reached.append(body)
        return (
            (204, {"Access-Control-Allow-Origin": "https://app"}, PREFLIGHT) if method == "OPTIONS" else (200, {}, b"")
        )

    monkeypatch.setattr(front.apigateway_v1, "handle_execute", execute)
    monkeypatch.setattr(front, "_api_with", lambda _stage: "api")
    return reached


def ask(method: str, body: bytes = b"", *, chunk: int = 1 << 20, **headers: str) -> Answer:
    chunks = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        part = chunks.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(chunks)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "path": "/api/v1/devices",
        "method": method,
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    application = Front({})
    application.serving = True
    asyncio.run(application(scope, receive, send))
    start, *rest = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))


def test_a_gzip_body_is_inflated_with_all_its_members(bodies: list[bytes]) -> None:
    members = gzip.compress(b"[1,") + gzip.compress(b"2]")

    for chunk in (1, 7, 1_000):
        assert ask("POST", members, chunk=chunk, content_encoding="gzip").status == 200
    assert bodies == [b"[1,2]"] * 3


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"x")[:-1], gzip.compress(b"x") + b"junk", b"{}", gzip.compress(b"x")[:-8] + b"\1" * 8],
    ids=["cut", "trailing", "plain", "checksum"],
)
def test_damaged_gzip_is_refused(bodies: list[bytes], body: bytes) -> None:
    refused = ask("POST", body, content_encoding="gzip")

    assert (refused.status, json.loads(refused.body)["code"]) == (400, "bad-request")
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert bodies == []


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_ten_megabytes_are_the_most_whether_inflated_or_not(bodies: list[bytes], encoding: str) -> None:
    for size, status in ((BODY_LIMIT, 200), (BODY_LIMIT + 1, 413)):
        body = bytes(size)
        sent = gzip.compress(body, 1) if encoding == "gzip" else body
        assert ask("POST", sent, content_encoding=encoding).status == status
    assert [len(body) for body in bodies] == [BODY_LIMIT]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app", "https://app"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://evil", "https://app"),
        ("", "https://app"),
    ],
)
@pytest.mark.usefixtures("bodies")
def test_a_preflight_lets_in_the_origins_of_the_stage(origin: str, allowed: str) -> None:
    answer = ask("OPTIONS", origin=origin)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == allowed
