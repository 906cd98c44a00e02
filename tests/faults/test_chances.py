"""Many operations while AWS loses answers, or has no time, by chance: each takes effect once, and nobody is refused.

What a client was told is kept beside, and compared with what is there. The seeds are pytest-randomly's.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError

from tests.faults.wire import Clock, Kind, Wire
from tests.faults.world import World, begin_warm, put_back
from tests.gateway import Answer
from whimbrel.aws import clients
from whimbrel.domain.fleet import Site, SiteId
from whimbrel.problems import Unavailable
from whimbrel.store.registry import Store
from whimbrel.store.repeats import LEASE_MS

SITES = "/api/v1/sites"
MOST_SENDS = 60


@pytest.fixture(autouse=True)
def as_it_was(world: World, clock: Clock) -> None:
    clock.turn_back()
    put_back(world.before)
    begin_warm()


def told(world: World) -> dict[str, str]:
    """Return the sites that the API shows, by identifier."""
    found: dict[str, str] = {}
    url = f"{SITES}?limit=200"
    cursor = ""
    while True:
        page = world.organization.client.get(url + cursor).ok()
        found |= {site["id"]: site["name"] for site in page["items"]}
        if not page["nextCursor"]:
            return found
        cursor = f"&cursor={page['nextCursor']}"


class Customer:
    """A client that sends each request until it is answered for good, and knows then what must be there."""

    def __init__(self, world: World, clock: Clock, chance: random.Random) -> None:
        self.world, self.clock, self.chance = world, clock, chance
        self.sites = told(world)
        self.sent = 0
        self.refused: list[Answer] = []

    def send(self, method: str, url: str, **options: Any) -> Answer:
        answer = Answer(0, {}, "")
        for _ in range(MOST_SENDS):
            self.sent += 1
            answer = self.world.organization.client.request(method, url, **options)
            if answer.status_code == 503:
                assert int(answer.headers["Retry-After"]) > 0
            elif answer.status_code == 409 and answer.json()["code"] == "still-running":
                self.clock.pass_s(LEASE_MS // 1000 + 1)
            else:
                return answer
        raise AssertionError(f"never answered: {answer}")

    def operate(self, number: int) -> None:
        """Make, rename or remove a site; what is refused is noted."""
        name = f"Site {number}"
        what = self.chance.random()
        if what < 0.4 or len(self.sites) < 2:
            made = self.send("POST", SITES, json={"name": name}, headers={"Idempotency-Key": f"make-{number}"})
            if self.is_right(made, 201):
                self.sites[made.json()["id"]] = name
            return
        identifier = self.chance.choice(sorted(self.sites))
        if what < 0.7:
            if self.is_right(self.send("PATCH", f"{SITES}/{identifier}", json={"name": name}), 200):
                self.sites[identifier] = name
        else:
            # Whoever repeats a DELETE may find the thing gone: 404 is what they wanted.
            before = self.sent
            gone = self.send("DELETE", f"{SITES}/{identifier}")
            if self.is_right(gone, 204, *([404] if self.sent > before + 1 else [])):
                del self.sites[identifier]

    def is_right(self, answer: Answer, *statuses: int) -> bool:
        if answer.status_code not in statuses:
            self.refused.append(answer)
        return answer.status_code in statuses


def a_seed() -> int:
    """Return a seed that pytest-randomly can give again (``-p randomly --randomly-seed``)."""
    return random.randrange(2**32)


def by_chance(kind: Kind, share: float, chance: random.Random) -> Any:
    return lambda _operation: kind if chance.random() < share else None


def test_with_a_third_of_the_answers_lost_every_call_takes_effect_once(world: World, wire: Wire, clock: Clock) -> None:
    takes_effect_once(world, wire, clock, 200)


def takes_effect_once(world: World, wire: Wire, clock: Clock, operations: int) -> None:
    """Send as many *operations*, with 30 % of all answers lost after the work is done."""
    chance = random.Random(a_seed())
    customer = Customer(world, clock, chance)

    with wire.open(chance=by_chance(Kind.LOST, 0.3, chance)):
        for number in range(operations):
            customer.operate(number)
    lost = wire.struck

    assert customer.refused == []
    assert told(world) == customer.sites
    assert lost > operations
    clock.pass_s(61)
    entries = Counter(entry["action"] for entry in world.audited())
    assert entries.total() > operations


def test_with_a_third_of_the_answers_lost_the_store_knows_its_own_writes(
    world: World, wire: Wire, clock: Clock
) -> None:
    knows_its_own_writes(world, wire, 2_000)


def knows_its_own_writes(world: World, wire: Wire, operations: int) -> None:
    """Make as many writes by the store, with 30 % of all answers lost after the work is done."""
    chance = random.Random(a_seed())
    store: Store[Site] = world.tenant.things(Site)
    there = {site.id: site for site in store.all()}
    conflicts = silences = 0

    with wire.open(chance=by_chance(Kind.LOST, 0.3, chance)):
        for number in range(operations):
            what = chance.random()
            try:
                if what < 0.4 or not there:
                    made = Site(id=SiteId.new(), name=f"Site {number}")
                    there[made.id] = made
                    if what < 0.2:
                        store.add(made)
                    else:
                        conflicts += bool(world.tenant.commit([store.adding(made)]))
                elif what < 0.7:
                    site = chance.choice(sorted(there.values(), key=lambda it: it.id))
                    there[site.id] = site.next_version(name=f"Site {number}")
                    store.replace(there[site.id])
                else:
                    store.remove(there.pop(chance.choice(sorted(there))))
            except (Unavailable, ReadTimeoutError):
                # All four answers were lost, and nothing else: it is done.
                silences += 1

    assert conflicts == 0
    assert silences < operations // 20
    assert {site.id: (site.name, site.version) for site in store.all()} == {
        site.id: (site.name, site.version) for site in there.values()
    }


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_whatever_share_of_the_calls_is_throttled_nothing_is_lost(
    world: World, wire: Wire, clock: Clock, share: float
) -> None:
    chance = random.Random(a_seed())
    customer = Customer(world, clock, chance)

    with wire.open(chance=by_chance(Kind.THROTTLE, share, chance)):
        for number in range(40):
            customer.operate(number)

    assert wire.struck > 0
    assert customer.refused == []
    assert told(world) == customer.sites


def test_what_a_batch_leaves_undone_is_sent_again(world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    any_client: Any = BaseClient
    call = any_client._make_api_call
    left: list[int] = []

    def half(self: BaseClient, operation: str, params: dict[str, Any]) -> Any:
        """Do the first half of a batch, as DynamoDB may."""
        batch = params.get("RequestItems", {})
        if operation == "BatchWriteItem":
            [(table, requests)] = batch.items()
            done, undone = requests[: (len(requests) + 1) // 2], requests[(len(requests) + 1) // 2 :]
            answer = call(self, operation, {**params, "RequestItems": {table: done}})
            left.append(len(undone))
            return {**answer, "UnprocessedItems": {table: undone} if undone else {}}
        if operation == "BatchGetItem":
            [(table, request)] = batch.items()
            keys = request["Keys"]
            done, undone = keys[: (len(keys) + 1) // 2], keys[(len(keys) + 1) // 2 :]
            answer = call(self, operation, {**params, "RequestItems": {table: {**request, "Keys": done}}})
            left.append(len(undone))
            return {**answer, "UnprocessedKeys": {table: {**request, "Keys": undone}} if undone else {}}
        return call(self, operation, params)

    monkeypatch.setattr(any_client, "_make_api_call", half)
    client = world.organization.client
    many = [Site(id=SiteId.new(), name=f"Site {number}") for number in range(60)]

    world.tenant.things(Site).put_all(many)

    assert {site.id for site in many} <= {site.id for site in world.tenant.things(Site).all()}
    used = {key["id"] for key in client.get("/api/v1/api-keys").ok()["items"] if key["lastUsedAt"]}
    assert used
    quarantined = len(client.get("/api/v1/admin/quarantine").ok()["items"])
    wrong = [{"deviceId": world.known["deviceId"], "sensorId": "t", "value": {"n": number}} for number in range(30)]
    assert client.post("/api/v1/readings", wrong).ok()["accepted"] == 0
    assert len(client.get("/api/v1/admin/quarantine").ok()["items"]) == quarantined + 30
    world.tenant.things(Site).remove_all([site.id for site in many])
    assert not {site.id for site in many} & {site.id for site in world.tenant.things(Site).all()}
    assert sum(left) > 60


@pytest.mark.parametrize(
    "service", ["dynamodb", "s3", "sts", "sqs", "stepfunctions", "secretsmanager", "iot", "iot-data"]
)
def test_a_call_to_aws_ends_before_the_gateway_gives_up(world: World, service: str) -> None:
    config: Any = clients._make(service, {}).meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": clients.ATTEMPTS}
    assert config.connect_timeout == 1
    assert config.read_timeout == (4 if service == "s3" else 2)
    # Between attempts botocore waits at most 1, 2 and 4 s.
    assert config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout) + 7 < 28
