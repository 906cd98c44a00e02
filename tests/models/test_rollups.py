"""The sums of past days are what the readings amount to, whoever merges what while they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from tests.models.actors import Actor
from tests.models.dynamodb import DynamoDB
from tests.models.machine import DAY, HOUR
from whimbrel.domain.series import Column, Series, ValueType
from whimbrel.store import readings, readings_rollups
from whimbrel.store.readings import ReadingStore
from whimbrel.store.readings_lanes import LAG_MS
from whimbrel.store.readings_rollups import Rollups

START = 1_790_000_000_000 // DAY * DAY
DEVICE = "0190abcd-1234-7abc-8def-0000000000d1"
COLUMN = Column("0190abcd-1234-7abc-8def-000000000001", ValueType.DOUBLE)
DAYS = range(START // DAY, START // DAY + 3)


class World:
    """A store on a clock that the test moves; three days are over."""

    def __init__(self) -> None:
        self.client = DynamoDB()
        self.now = START + 4 * DAY

    def store(self, client: Any = None) -> ReadingStore:
        return ReadingStore(
            client or self.client, "log", "blocks", "org", clock=lambda: self.now, sleep=lambda _s: None
        )

    def append(self, *offsets: int) -> None:
        at = [START + offset for offset in offsets]
        assert self.store().append({DEVICE: {COLUMN: Series.of(at, [1.5] * len(at), self.now)}}) == {}

    def compact(self) -> None:
        self.now += 2 * LAG_MS
        while not self.store().compact("0").finished:
            pass

    def counts(self) -> dict[int, int]:
        """Return how many readings each day has, by reading them."""
        counts = dict.fromkeys(DAYS, 0)
        for part in self.store().read(DEVICE, None, START, START + 3 * DAY):
            for at in part.frame[COLUMN].timestamps:
                counts[at // DAY] += 1
        return counts


def sum_up(store: ReadingStore) -> dict[int, Any]:
    """Do as a query does: take what is kept, read the rest, and keep that."""
    rollup = store.rollup(DEVICE, COLUMN, START, START + 3 * DAY)
    counts = {day: hours[0][0] for day, hours in rollup.kept.items()}
    for day in rollup.wanted:
        parts = store.read(DEVICE, None, day * DAY, (day + 1) * DAY)
        counts[day] = sum(len(part.frame[COLUMN]) for part in parts)
        rollup.keep(day, [(counts[day],)])
    return counts


@pytest.fixture
def world() -> World:
    return World()


def test_days_that_are_over_are_summed_up_once(world: World) -> None:
    world.append(0, HOUR, DAY, 2 * DAY)
    world.compact()

    assert world.store().rollup(DEVICE, COLUMN, START, START + 3 * DAY).kept == {}
    assert sum_up(world.store()) == dict(zip(DAYS, [2, 1, 1], strict=True))

    again = world.store().rollup(DEVICE, COLUMN, START, START + 3 * DAY)
    assert dict(again.kept) == {day: [(count,)] for day, count in world.counts().items()}
    assert list(again.wanted) == []


def test_what_is_not_over_or_only_partly_asked_for_is_not_summed_up(world: World) -> None:
    world.append(0, DAY, 2 * DAY)
    world.compact()
    world.now = START + 3 * DAY + HOUR

    assert list(world.store().rollup(DEVICE, COLUMN, START + 1, START + 4 * DAY).wanted) == [DAYS[1]]


def test_what_is_in_the_log_hides_the_sums_of_its_day(world: World) -> None:
    world.append(0, DAY, 2 * DAY)
    world.compact()
    sum_up(world.store())
    world.append(DAY + HOUR)

    assert set(world.store().rollup(DEVICE, COLUMN, START, START + 3 * DAY).kept) == {DAYS[0], DAYS[2]}
    world.compact()
    assert set(world.store().rollup(DEVICE, COLUMN, START, START + 3 * DAY).kept) == {DAYS[0], DAYS[2]}
    assert sum_up(world.store()) == world.counts()


def test_what_is_deleted_is_in_no_sum(world: World) -> None:
    world.append(0, DAY, 2 * DAY)
    world.compact()
    sum_up(world.store())
    world.store().delete_range(DEVICE, COLUMN.sensor_id, START, START + DAY, world.now)

    assert set(world.store().rollup(DEVICE, COLUMN, START, START + 3 * DAY).kept) == {DAYS[1], DAYS[2]}


def test_what_is_past_retention_is_in_no_sum(world: World) -> None:
    world.append(0, DAY, 2 * DAY)
    world.compact()
    sum_up(world.store())
    store = ReadingStore(world.client, "log", "blocks", "org", retention_ms=3 * DAY, clock=lambda: world.now)

    assert set(store.rollup(DEVICE, COLUMN, START, START + 3 * DAY).kept) == {DAYS[2]}


def merging_directly(world: World, client: Any) -> None:
    at = [START + DAY + HOUR + row for row in range(3)]
    assert world.store(client).append({DEVICE: {COLUMN: Series.of(at, [2.5] * 3, world.now)}}) == {}


def compacting(world: World, client: Any) -> None:
    at = START + DAY + HOUR
    assert world.store(client).append({DEVICE: {COLUMN: Series.of([at], [2.5], world.now)}}) == {}
    world.now += 2 * LAG_MS
    assert world.store(client).compact("0").finished


def interleave(patch: pytest.MonkeyPatch, merge: Callable[[World, Any], None]) -> Iterator[None]:
    """Let one sum up what another merges into, interrupting each after any number of calls."""
    patch.setattr(readings, "_WORTH_MERGING", 3)
    for first, second in product(range(18), range(0, 24, 2)):
        world = World()
        world.append(0, DAY)
        world.compact()
        summing = Actor(world.client, lambda client, world=world: sum_up(world.store(client)))
        merging = Actor(world.client, lambda client, world=world: merge(world, client))
        for _ in range(first):
            summing.step()
        for _ in range(second):
            merging.step()
        if second % 4:
            # Whoever asks in between is told the truth, or nothing.
            known = world.store().rollup(DEVICE, COLUMN, START, START + 3 * DAY).kept
            least = world.counts() if merging.is_done else {}
            assert all(known[day][0][0] >= least.get(day, 0) for day in known), f"after {first} and {second} calls"
        summing.finish()
        merging.finish()
        assert (summing.error, merging.error) == (None, None)
        counts, known = world.counts(), world.store().rollup(DEVICE, COLUMN, START, START + 3 * DAY).kept
        assert all(known[day][0][0] == counts[day] for day in known), f"after {first} and {second} calls"
        yield


@pytest.mark.parametrize("merge", [merging_directly, compacting], ids=["directly", "by compaction"])
def test_sums_are_right_whoever_merges_meanwhile(
    merge: Callable[[World, Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(list(interleave(monkeypatch, merge))) == 216


@pytest.mark.parametrize("merge", [merging_directly, compacting], ids=["directly", "by compaction"])
def test_sums_that_are_not_forgotten_are_caught(
    merge: Callable[[World, Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rollups, "forget", lambda *_given: None)

    with pytest.raises(AssertionError, match="calls"):
        list(interleave(monkeypatch, merge))


def test_sums_that_are_not_announced_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rollups, "_announced", lambda _self, _device, _column, days, _token: set(days))

    def regardless(self: Rollups, device_id: str, column: Column, day: int, token: Any, hours: Any) -> None:
        item = self._item(device_id, column, day, token) | {"hours": {"B": readings_rollups._packed(hours)}}
        self._client.put_item(TableName=self._table, Item=item)

    monkeypatch.setattr(Rollups, "_put", regardless)

    with pytest.raises(AssertionError, match="calls"):
        list(interleave(monkeypatch, merging_directly))
