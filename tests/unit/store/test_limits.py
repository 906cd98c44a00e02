"""The buckets: never more than they hold, whoever asks and whenever, and nobody refused who keeps to the rate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.conftest import create_tables
from whimbrel.ids import OrganizationId
from whimbrel.store.limits import (
    LEASE_US,
    MOST_FAILURES,
    Allowance,
    FailedAttempts,
    Leases,
    Limits,
    Rate,
    headers,
)

ACME = OrganizationId.new()
START_US = 1_790_000_000_000_000
SECOND = 1_000_000


@dataclass
class Clock:
    now_us: int = START_US

    def __call__(self) -> int:
        return self.now_us


@dataclass
class World:
    """A table, a clock, and processes that each have leases of their own."""

    dynamodb: Any
    clock: Clock = field(default_factory=Clock)
    processes: dict[int, Leases] = field(default_factory=dict[int, Leases])
    updates: int = 0

    def process(self, number: int, organization_id: OrganizationId = ACME) -> Limits:
        leases = self.processes.setdefault(number, Leases())
        return Limits(self.dynamodb, "registry", organization_id, leases, self.clock)

    def count(self, **_: Any) -> None:
        self.updates += 1


@contextmanager
def a_world() -> Generator[World]:
    with mock_aws():
        dynamodb = boto3.client("dynamodb")
        create_tables(dynamodb)
        world = World(dynamodb)
        dynamodb.meta.events.register("before-call.dynamodb.UpdateItem", world.count)
        yield world


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


rates = st.builds(Rate, per_second=st.integers(1, 60), burst=st.integers(1, 60))
schedules = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0, 100, 20_000, 500_000, 1_000_001, 3_000_000])), max_size=120
)


def most_leased(rate: Rate) -> int:
    return max(1, rate.per_second // 10)


@settings(max_examples=25)
@given(rate=rates, schedule=schedules)
@example(rate=Rate(20, 1), schedule=[(n % 4, 0) for n in range(40)])
@example(rate=Rate(60, 5), schedule=[(n % 2, 20_000) for n in range(80)])
@example(rate=Rate(20, 5), schedule=[(n % 4, 5_000) for n in range(160)])
def test_no_more_is_allowed_than_flows_in_and_the_bucket_and_leases_hold(
    rate: Rate, schedule: list[tuple[int, int]]
) -> None:
    with a_world() as world:
        allowed_at: list[int] = []
        for process, pause in schedule:
            world.clock.now_us += pause
            if world.process(process).take("key", rate).allowed:
                allowed_at.append(world.clock.now_us)

    for first, since in enumerate(allowed_at):
        for last in range(first, len(allowed_at)):
            flowed = (allowed_at[last] - since) / rate.interval_us
            assert last - first + 1 <= flowed + rate.burst + 4 * most_leased(rate) + 1


@settings(max_examples=12)
@given(per_second=st.integers(1, 40), slower=st.floats(1, 5), processes=st.integers(1, 12))
@example(per_second=40, slower=1.0, processes=12)
@example(per_second=40, slower=1.0, processes=1)
def test_a_client_that_keeps_to_its_rate_is_never_refused_however_many_processes_serve_it(
    per_second: int, slower: float, processes: int
) -> None:
    rate = Rate.of(per_second)
    with a_world() as world:
        for number in range(90):
            assert world.process(number % processes).take("key", rate).allowed, number
            world.clock.now_us += int(rate.interval_us * slower) + 1


def test_thirty_seconds_at_many_times_the_limit_get_what_the_limit_allows(world: World) -> None:
    rate = Rate.of(100)
    allowed = 0
    for number in range(30 * 700):
        world.clock.now_us = START_US + number * SECOND // 700
        allowed += world.process(number % 3).take("key", rate).allowed

    assert 30 * 100 <= allowed <= 30 * 100 * 1.1
    assert world.updates <= 30 * 3 * 20


def test_a_process_that_knows_the_bucket_to_be_empty_does_not_ask(world: World) -> None:
    rate = Rate(1, 1)
    assert world.process(1).take("key", rate).allowed
    asked = world.updates
    for _ in range(1_000):
        world.clock.now_us += 900
        refused = world.process(1).take("key", rate)
        assert (refused.allowed, refused.retry_after_s) == (False, 1)

    assert world.updates == asked
    world.clock.now_us = START_US + SECOND
    assert world.process(1).take("key", rate).allowed


def test_a_fast_client_costs_ten_updates_a_second(world: World) -> None:
    rate = Rate.of(1_000)
    for number in range(3 * 900):
        world.clock.now_us = START_US + number * SECOND // 900
        assert world.process(1).take("key", rate).allowed

    assert world.updates <= 3 * 11 + 10


def test_a_lease_lapses_after_a_second(world: World) -> None:
    rate = Rate.of(100)
    process = world.process(1)
    for _ in range(20):
        process.take("key", rate)
    [lease] = world.processes[1].by_bucket.values()
    assert lease.left
    asked = world.updates

    world.clock.now_us += LEASE_US
    process.take("key", rate)
    assert world.updates == asked
    world.clock.now_us += 1
    process.take("key", rate)
    assert world.updates == asked + 1
    assert lease.size == 1


def test_what_is_left_comes_back_in_the_time_it_says(world: World) -> None:
    rate = Rate(10, 20)
    told = [world.process(1).take("key", rate) for _ in range(21)]

    assert [each.remaining for each in told] == [*range(19, -1, -1), 0]
    assert [each.allowed for each in told] == [True] * 20 + [False]
    assert {each.limit for each in told} == {20}
    assert told[0].reset_s == 1
    assert (told[-1].reset_s, told[-1].retry_after_s) == (2, 1)
    world.clock.now_us += told[-1].reset_s * SECOND
    assert world.process(1).take("key", rate).remaining == 19


def test_buckets_of_other_subjects_and_organizations_are_other_buckets(world: World) -> None:
    rate = Rate(1, 1)
    assert world.process(1).take("one", rate).allowed
    assert not world.process(1).take("one", rate).allowed
    assert world.process(1).take("other", rate).allowed
    assert world.process(1, OrganizationId.new()).take("one", rate).allowed

    partitions = {item["pk"]["S"] for item in world.dynamodb.scan(TableName="registry")["Items"]}
    assert f"ORG#{ACME}#limit" in partitions
    assert all(partition.startswith("ORG#") and partition.endswith("#limit") for partition in partitions)


def test_a_bucket_is_forgotten_when_it_is_long_full(world: World) -> None:
    world.process(1).take("key", Rate(1, 1))

    [item] = world.dynamodb.scan(TableName="registry")["Items"]
    assert int(item["ttl"]["N"]) * SECOND > int(item["full_at"]["N"])
    assert item.keys() == {"pk", "sk", "full_at", "ttl"}


def test_a_request_takes_of_both_buckets_or_of_none(world: World) -> None:
    key, organization = ("key", Rate.of(10)), ("organization", Rate.of(3))
    told = [world.process(1).take_all([key, organization]) for _ in range(6)]

    assert [each.allowed for each in told] == [True] * 3 + [False] * 3
    assert [each.limit for each in told] == [3] * 6
    alone = [world.process(1).take(*key).allowed for _ in range(8)]
    assert alone == [True] * 7 + [False]


def test_the_limit_of_the_key_is_told_where_it_is_nearer(world: World) -> None:
    told = world.process(1).take_all([("key", Rate.of(2)), ("organization", Rate.of(100))])

    assert told == Allowance(allowed=True, limit=2, remaining=1, reset_s=1, retry_after_s=0)
    assert headers(told) == {"RateLimit-Limit": "2", "RateLimit-Remaining": "1", "RateLimit-Reset": "1"}


def test_a_refusal_says_when_to_come_again(world: World) -> None:
    world.process(1).take("key", Rate(1, 1))

    assert headers(world.process(2).take("key", Rate(1, 1))) == {
        "RateLimit-Limit": "1",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "1",
        "Retry-After": "1",
    }


class Broken:
    """A table that answers every update with *error*."""

    def __init__(self, dynamodb: Any, error: Exception) -> None:
        self.exceptions = dynamodb.exceptions
        self.error = error
        self.asked = 0

    def update_item(self, **_: Any) -> Any:
        self.asked += 1
        raise self.error


def errors(dynamodb: Any) -> list[Exception]:
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")
    contended = dynamodb.exceptions.ConditionalCheckFailedException(
        {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}, "UpdateItem"
    )
    return [throttled, EndpointConnectionError(endpoint_url="https://dynamodb.test"), contended]


@pytest.mark.parametrize("which", [0, 1, 2], ids=["throttled", "unreachable", "contended"])
def test_the_limiter_refuses_nobody_when_it_cannot_know(world: World, which: int) -> None:
    broken: Any = Broken(world.dynamodb, errors(world.dynamodb)[which])
    limits = Limits(broken, "registry", ACME, Leases(), world.clock)

    assert all(limits.take("key", Rate.of(100)).allowed for _ in range(1_000))
    assert broken.asked < 500
    assert FailedAttempts(broken, "auth").note("192.0.2.1") is None


def test_the_twenty_first_failure_in_a_minute_is_one_too_many(world: World) -> None:
    now_s = 1_790_000_000 // 60 * 60 + 10
    processes = [
        FailedAttempts(world.dynamodb, "auth", OrderedDict(), clock_us=lambda: now_s * SECOND) for _ in range(2)
    ]
    told = [processes[number % 2].note("192.0.2.1") for number in range(MOST_FAILURES + 2)]

    assert told == [None] * MOST_FAILURES + [50, 50]
    assert processes[0].note("192.0.2.2") is None
    [item] = [i for i in world.dynamodb.scan(TableName="auth")["Items"] if "#192.0.2.1#" in i["pk"]["S"]]
    assert now_s < int(item["ttl"]["N"]) < now_s + 120
    asked = world.updates
    now_s += 49
    assert processes[0].note("192.0.2.1") == 1
    assert world.updates == asked
    now_s += 1
    assert processes[0].note("192.0.2.1") is None


@pytest.mark.parametrize(
    ("one", "other", "allowed"),
    [
        ("2001:db8::1", "2001:db8:0:0:ffff::1", None),
        ("2001:db8::1", "2001:db8:0:1::1", "still"),
        ("192.0.2.1", "::ffff:192.0.2.1", None),
        ("192.0.2.1", "192.0.2.2", "still"),
        ("odd", "no address", None),
    ],
)
def test_an_address_is_what_one_client_has(world: World, one: str, other: str, allowed: str | None) -> None:
    failures = FailedAttempts(world.dynamodb, "auth", OrderedDict(), clock_us=lambda: START_US)
    for _ in range(MOST_FAILURES):
        failures.note(one)

    assert (failures.note(other) is None) == (allowed == "still")
