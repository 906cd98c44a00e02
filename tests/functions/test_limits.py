"""How much may be asked, and how often guessed, as clients see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.gateway import Client
from whimbrel.store import limits
from whimbrel.store.limits import MOST_FAILURES

SOMEBODY, SOMEBODY_ELSE = "198.51.100.7", "198.51.100.8"
NONE = "sk_live_" + "0" * 50


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The limiter's clock, which stands still unless a test moves ``now_s``."""
    stopped = SimpleNamespace(now_s=int(time.time()) // 60 * 60 + 20)
    frozen = SimpleNamespace(time_ns=lambda: stopped.now_s * 1_000_000_000)
    monkeypatch.setattr(limits, "time", frozen)
    limits._TOO_MANY.clear()
    yield stopped
    limits._TOO_MANY.clear()


def test_a_guesser_is_told_to_wait_and_a_valid_key_from_the_same_address_is_not(
    clock: SimpleNamespace, organization: Any
) -> None:
    guesser = Client(NONE, address=SOMEBODY)
    for _ in range(MOST_FAILURES):
        assert guesser.get("/api/v1/sites").status_code == 401

    for method, path in (("GET", "/api/v1/sites"), ("POST", "/api/v1/access-tokens"), ("DELETE", "/api/v1/sites/x")):
        refused = guesser.request(method, path)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests"), path
        assert refused.headers["Retry-After"] == "40"
    Client(organization.api_key, address=SOMEBODY).get("/api/v1/sites").ok()
    assert Client(NONE, address=SOMEBODY_ELSE).get("/api/v1/sites").status_code == 401
    clock.now_s += 40
    assert guesser.get("/api/v1/sites").status_code == 401


@pytest.mark.usefixtures("clock")
def test_whatever_is_no_credential_counts(aws: None) -> None:
    kinds = [NONE, "sk_live_x", "pat_" + "0" * 50, "a.b.c", "\u00fc", "x" * 10_000]
    for number in range(MOST_FAILURES):
        Client(kinds[number % len(kinds)], address=SOMEBODY).get("/api/v1/sites")

    assert Client(NONE, address=SOMEBODY).get("/api/v1/sites").status_code == 429


@pytest.fixture
def limited(client: Client) -> Callable[[int], Client]:
    """Return a maker of clients that may send so many requests a second."""

    def make(per_second: int) -> Client:
        body = {"name": "k", "scopes": ["devices:read"], "requestsPerSecond": per_second}
        return Client(client.post("/api/v1/api-keys", body).ok()["key"])

    return make


def test_a_key_is_refused_beyond_its_limit_and_told_when_to_come_again(
    clock: SimpleNamespace, limited: Callable[[int], Client], client: Client
) -> None:
    key = limited(3)
    told = [key.get("/api/v1/sites") for _ in range(5)]

    assert [answer.status_code for answer in told] == [200, 200, 200, 429, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in told] == ["2", "1", "0", "0", "0"]
    assert {answer.headers["RateLimit-Limit"] for answer in told} == {"3"}
    assert told[-1].headers["Retry-After"] == "1"
    assert told[-1].json()["code"] == "too-many-requests"
    assert "Retry-After" not in told[0].headers
    client.get("/api/v1/sites").ok()
    clock.now_s += 1
    key.get("/api/v1/sites").ok()


@pytest.mark.usefixtures("clock")
def test_what_is_refused_for_a_wrong_body_counts_and_what_is_over_the_limit_does_nothing(client: Client) -> None:
    body = {"name": "k", "scopes": ["devices:write", "devices:read"], "requestsPerSecond": 2}
    key = Client(client.post("/api/v1/api-keys", body).ok()["key"])

    assert key.post("/api/v1/sites", {"nosuch": 1}).status_code == 422
    assert key.get("/api/v1/readings/latest").status_code == 403
    assert key.post("/api/v1/sites", {"name": "x"}).status_code == 429
    assert client.get("/api/v1/sites").ok()["items"] == []


@pytest.mark.usefixtures("clock")
def test_the_keys_of_an_organization_share_its_limit_and_others_have_their_own(
    limited: Callable[[int], Client], monkeypatch: pytest.MonkeyPatch, other: Client
) -> None:
    from whimbrel.settings import settings

    one, two = limited(50), limited(50)
    monkeypatch.setenv("ORGANIZATION_REQUESTS_PER_SECOND", "8")
    settings.cache_clear()
    answers = [key.get("/api/v1/sites").status_code for _ in range(6) for key in (one, two)]

    assert 0 < answers.count(200) <= 8
    assert answers[-1] == 429
    other.get("/api/v1/sites").ok()
    settings.cache_clear()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://app.example", True), ("https://app.example.evil", False), ("null", False), ("", False)],
    ids=["app", "lookalike", "null", "none"],
)
def test_answers_are_shown_to_pages_of_the_stages_origins(
    client: Client, monkeypatch: pytest.MonkeyPatch, origin: str, *, allowed: bool
) -> None:
    from whimbrel.settings import settings

    monkeypatch.setenv("CORS_ORIGINS", "https://app.example,https://admin.example")
    settings.cache_clear()
    for path in ("/api/v1/sites", "/api/v1/sites?nosuch=1", "/api/health/live"):
        answer = client.get(path, headers={"Origin": origin} if origin else {})
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert ("RateLimit-Limit" in answer.headers.get("Access-Control-Expose-Headers", "")) == allowed
    settings.cache_clear()


def test_no_page_is_shown_anything_where_no_origin_is_named(client: Client) -> None:
    answer = client.get("/api/v1/sites", headers={"Origin": "https://app.example"})

    assert not any(name.startswith("Access-Control") for name in answer.headers)
