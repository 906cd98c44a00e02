"""Sessions for tenants: never another's, rarely made, and good for as long as they last."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from whimbrel.aws import clients
from whimbrel.ids import OrganizationId
from whimbrel.problems import Unavailable

THREADS = 16
GETS = 10_000
SEED = 20_261


class Security:
    """STS, and clients that say whose they are."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.calls = 0
        self.is_down = False

    def assume_role(self, *, Tags: list[dict[str, str]], DurationSeconds: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        if self.is_down:
            raise EndpointConnectionError(endpoint_url="https://sts")
        self.calls += 1
        [tag] = Tags
        expiration = datetime.fromtimestamp(self.now + DurationSeconds, UTC)
        keys = {"AccessKeyId": tag["Value"], "SecretAccessKey": "s", "SessionToken": "t"}
        return {"Credentials": {**keys, "Expiration": expiration}}

    def make(self, service: str, credentials: dict[str, str]) -> Any:
        return (service, credentials["aws_access_key_id"]) if credentials else self

    def time(self) -> float:
        return self.now


@pytest.fixture
def security(monkeypatch: pytest.MonkeyPatch) -> Iterator[Security]:
    security = Security()
    monkeypatch.setattr(clients, "_make", security.make)
    monkeypatch.setattr(clients, "time", SimpleNamespace(time=security.time))
    clients._own.cache_clear()
    clients.forget_sessions()
    yield security
    clients._own.cache_clear()
    clients.forget_sessions()


def test_nobody_is_handed_the_session_of_another(security: Security) -> None:
    """Of more organizations than sessions are kept for, so that they come and go all the while."""
    organizations = [OrganizationId.new() for _ in range(2 * clients.MOST_SESSIONS)]

    def get(thread: int) -> int:
        chance = random.Random(SEED + thread)
        wrong = 0
        for _ in range(GETS):
            organization = chance.choice(organizations)
            made: Any = clients.client("dynamodb", organization)
            wrong += made != ("dynamodb", organization)
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(get, range(THREADS))) == 0
    assert len(clients._sessions) <= clients.MOST_SESSIONS


def test_one_session_serves_many_requests(security: Security) -> None:
    """At a steady state: five organizations, a request of each of them every second for an hour."""
    organizations = [OrganizationId.new() for _ in range(5)]
    requests = 0
    for _ in range(3_600):
        for organization in organizations:
            clients.client("dynamodb", organization)
            clients.client("s3", organization)
            requests += 1
        security.now += 1

    per_thousand = 1000 * security.calls / requests
    print(f"{per_thousand:.2f} calls of STS for a thousand requests")
    assert per_thousand <= 5


def test_a_session_is_used_until_it_ends_while_there_is_no_other(security: Security) -> None:
    organization = OrganizationId.new()
    clients.client("dynamodb", organization)
    security.is_down = True

    for _ in range(clients.SESSION_S - 1):
        security.now += 1
        clients.client("dynamodb", organization)

    security.now += 1
    with pytest.raises(Unavailable):
        clients.client("dynamodb", organization)
    security.is_down = False
    clients.client("dynamodb", organization)
