"""The readings store against a plain dictionary, under crashes, redelivery, reordering and concurrency.

Operations run as actors, one AWS call at a time, interleaved as hypothesis likes. What is known to be stored is what
was acknowledged; what was attempted may be stored. A reader must see at least what was acknowledged before it began,
and nothing that was never attempted.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, precondition, rule

from tests.models.actors import Actor, Crash, Luck
from tests.models.dynamodb import DynamoDB
from whimbrel.domain import buckets, segments
from whimbrel.domain.series import Column, Frame, Reading, Series, Tombstone, ValueType, join
from whimbrel.store import readings, readings_blocks, readings_lanes
from whimbrel.store.readings import Order, ReadingStore
from whimbrel.store.readings_blocks import BlockContention
from whimbrel.store.readings_lanes import LAG_MS

START = 1_790_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
DEVICES = ("0190abcd-1234-7abc-8def-0000000000d1", "0190abcd-1234-7abc-8def-0000000000d2")
COLUMNS = (
    Column("0190abcd-1234-7abc-8def-000000000001", ValueType.DOUBLE),
    Column("0190abcd-1234-7abc-8def-000000000002", ValueType.TEXT),
)
VALUES = {ValueType.DOUBLE: [1.5, -0.0, 0.0], ValueType.TEXT: ["on", "off", "x" * 90]}
TIMES = [START + offset for offset in (-40 * DAY, -DAY, -2000, -1000, 0, 1000, 59 * 60_000, 61 * 60_000)]
ALL_TIME = (TIMES[0] - 50 * DAY, TIMES[-1] + 50 * DAY)
LANES = ("0", "1")
MOST_ACTORS = 5


@dataclass(frozen=True)
class Message:
    """One reading on its way."""

    device_id: str
    column: Column
    reading: Reading

    @property
    def key(self) -> tuple[str, Column, int]:
        return self.device_id, self.column, self.reading.timestamp


@st.composite
def messages(draw: st.DrawFn, devices: Sequence[str], columns: Sequence[Column], times: Sequence[int]) -> Message:
    column = draw(st.sampled_from(columns))
    value = draw(st.sampled_from(VALUES[column.value_type]))
    metadata = draw(st.sampled_from([None, None, '{"a":1}']))
    reading = Reading(draw(st.sampled_from(times)), draw(st.integers(1, 4)), value, metadata)
    return Message(draw(st.sampled_from(devices)), column, reading)


def single(reading: Reading) -> Series:
    noted = {} if reading.metadata is None else {reading.timestamp: reading.metadata}
    return Series([reading.timestamp], [reading.value], [reading.version], noted)


def rank(reading: Reading) -> tuple[int, bytes, str]:
    """Return what decides between two readings of one moment, told here once more, apart from the code under test."""
    value = reading.value
    octets = struct.pack(">d", value) if isinstance(value, float) else str(value).encode()
    return reading.version, octets, reading.metadata or ""


def larger(left: Reading | None, right: Reading) -> Reading:
    return right if left is None else max(left, right, key=rank)


def is_same(left: Reading, right: Reading) -> bool:
    return rank(left) == rank(right)


def covers(stone: Tombstone, column: Column, reading: Reading) -> bool:
    in_range = stone.start_ms <= reading.timestamp < stone.end_ms
    return stone.sensor_id == column.sensor_id and in_range and reading.version <= stone.version


@dataclass
class Delivery:
    """An append under way."""

    actor: Actor
    messages: list[Message]


@dataclass
class Deletion:
    """A deletion: it may hide things from the moment it began, and must from the moment it is acknowledged."""

    actor: Actor
    device_id: str
    stone: Tombstone
    is_acknowledged: bool = False


@dataclass
class Look:
    """A read, or a look at the latest readings, under way, and what it must see at least."""

    actor: Actor
    device_id: str
    order: Order | None
    acknowledged: dict[tuple[str, Column, int], Reading]
    deleted: list[Deletion] = field(default_factory=list)


@contextmanager
def small_limits(worth_merging: int, enough_to_tell: int) -> Generator[None]:
    """Make a few readings enough for every path: merging past the log, parts, cut segments, pages, changes of span."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readings, "_WORTH_MERGING", worth_merging)
        patch.setattr(readings, "_MOST_READINGS_A_RUN", 3)
        patch.setattr(readings_lanes, "_REST_MS", 0)
        patch.setattr(readings_lanes, "_MOST_LANES", len(LANES))
        patch.setattr(readings_blocks, "_UNSETTLED", dict.fromkeys(buckets.Span, 1))
        patch.setattr(readings_blocks, "_MOST_OCTETS", 220)
        patch.setattr(readings_blocks, "_FIRST_PAGE", 1)
        patch.setattr(segments, "_MOST_OCTETS", 260)
        patch.setattr(buckets, "_ENOUGH_TO_TELL", enough_to_tell)
        yield


class ReadingsMachine(RuleBasedStateMachine):
    """Appends, compactions, reads and deletions, in any order and at the same time."""

    devices: Sequence[str] = DEVICES
    columns: Sequence[Column] = COLUMNS
    times: Sequence[int] = TIMES
    worth_merging = 4
    enough_to_tell = 2
    """So many readings tell the rate of a device, by which its time is cut; without it, buckets are days."""
    orders: Sequence[Order | None] = ("asc", "desc", None)
    """How readers read; None is a look at the latest readings."""
    deletes = True
    """Whether readings are deleted, which makes every check more lenient."""
    fortnights = True
    """Whether long breaks, which end everything that is running, come before the end, too."""
    lucks: Sequence[Luck] = (*[Luck.GOOD] * 30, *Luck)

    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.client = DynamoDB()
        self.now = START
        self.chance = random.Random(7)
        self.attempted: dict[tuple[str, Column, int], list[Reading]] = {}
        self.acknowledged: dict[tuple[str, Column, int], Reading] = {}
        self.deliveries: list[Delivery] = []
        self.deletions: list[Deletion] = []
        self.looks: list[Look] = []
        self.compactions: list[Actor] = []
        self.limits = small_limits(self.worth_merging, self.enough_to_tell)
        self.limits.__enter__()

    @precondition(lambda self: self.has_room)
    @rule()
    def grow(self) -> None:
        """Let there be more lanes, as a compaction would: it may be told late, or twice."""

        def operation(store: ReadingStore) -> None:
            if lanes := store._lanes.find():
                store._lanes.grow(lanes, 2)

        self.compactions.append(self.actor(operation))

    def store(self, client: Any) -> ReadingStore:
        return ReadingStore(
            client, "log", "blocks", "org", clock=lambda: self.now, sleep=lambda _s: None, chance=self.chance
        )

    def actor(self, operation: Callable[[ReadingStore], Any]) -> Actor:
        return Actor(self.client, lambda client: operation(self.store(client)))

    @property
    def running(self) -> list[Actor]:
        every = [*self.compactions, *(each.actor for each in (*self.deliveries, *self.deletions, *self.looks))]
        return [actor for actor in every if not actor.is_done]

    @property
    def has_room(self) -> bool:
        return len(self.running) < MOST_ACTORS

    @precondition(lambda self: self.has_room)
    @rule(target=sent, data=st.data(), stalls=st.booleans())
    def ingest(self, data: st.DataObject, *, stalls: bool) -> Any:
        """Begin to deliver something; it may get stuck on the way to the log."""
        some = messages(self.devices, self.columns, self.times)
        fresh = data.draw(st.lists(some, min_size=1, max_size=6))
        self.deliver(fresh)
        if stalls:
            self.deliveries[-1].actor.run_until("batch_write_item")
        return multiple(*fresh)

    @rule(target=sent, data=st.data())
    def ingest_and_wait(self, data: st.DataObject) -> Any:
        """Deliver something, undisturbed, and let it grow old enough for the compactor."""
        fresh = self.ingest(data=data, stalls=False)
        self.deliveries[-1].actor.finish()
        self.settle()
        self.now += 2 * LAG_MS
        return fresh

    @precondition(lambda self: self.has_room)
    @rule(again=st.lists(sent, min_size=1, max_size=8))
    def redeliver(self, again: list[Message]) -> None:
        """Deliver what was sent before, batched in another way."""
        self.deliver(again)

    def deliver(self, some: list[Message]) -> None:
        batch: dict[str, Frame] = {}
        for message in some:
            frame = batch.setdefault(message.device_id, {})
            known = frame.get(message.column, Series([], [], []))
            frame[message.column] = join(known, single(message.reading))
            self.attempted.setdefault(message.key, []).append(message.reading)
        self.deliveries.append(Delivery(self.actor(lambda store: store.append(batch)), some))

    @precondition(lambda self: self.has_room)
    @rule(data=st.data(), until=st.sampled_from(["begun", "about to put", "done"]))
    def compact(self, data: st.DataObject, until: str) -> None:
        lane = data.draw(st.sampled_from(LANES))
        self.compactions.append(self.actor(lambda store: store.compact(lane)))
        if until == "about to put":
            self.compactions[-1].run_until("put_item")
        if until == "done":
            self.compactions[-1].finish()
        self.settle()

    @precondition(lambda self: self.has_room and self.deletes)
    @rule(
        device_id=st.sampled_from(DEVICES),
        column=st.sampled_from(COLUMNS),
        start=st.sampled_from(TIMES),
        end=st.sampled_from(TIMES),
        version=st.integers(1, 3),
    )
    def delete(self, device_id: str, column: Column, start: int, end: int, version: int) -> None:
        actor = self.actor(lambda store: store.delete_range(device_id, column.sensor_id, start, end, version))
        self.deletions.append(Deletion(actor, device_id, Tombstone(column.sensor_id, start, end, version)))

    @precondition(lambda self: self.has_room)
    @rule(data=st.data(), calls=st.integers(0, 4))
    def look(self, data: st.DataObject, calls: int) -> None:
        """Begin to read, and get as far as some calls."""
        self.begin_look(data.draw(st.sampled_from(self.devices)), data.draw(st.sampled_from(self.orders)))
        for _ in range(calls):
            self.looks[-1].actor.step()
        self.settle()

    def begin_look(self, device_id: str, order: Order | None) -> None:
        def operation(store: ReadingStore) -> Any:
            if order is None:
                return store.latest(device_id)
            return list(store.read(device_id, None, *ALL_TIME, order=order))

        self.settle()
        known = [deletion for deletion in self.deletions if deletion.is_acknowledged]
        self.looks.append(Look(self.actor(operation), device_id, order, dict(self.acknowledged), known))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        actor = data.draw(st.sampled_from(self.running))
        for luck in data.draw(st.lists(st.sampled_from(self.lucks), min_size=1, max_size=4)):
            actor.step(luck)
        self.settle()

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def run_to_the_end(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.running)).finish()
        self.settle()

    @rule(passing_ms=st.sampled_from([1, 1000, 50_000, 70_000, 130_000]))
    def pass_time(self, passing_ms: int) -> None:
        self.now += passing_ms

    @precondition(lambda self: self.fortnights)
    @rule()
    def pass_a_fortnight(self) -> None:
        """End what is running, sweep, and let the log expire."""
        for actor in self.running:
            actor.crash()
        self.settle()
        self.now += DAY
        store = self.store(self.client)
        for lane in list(store.lanes()):
            for _ in range(100):
                if store.compact(lane).finished:
                    break
        self.now += 15 * DAY
        log = self.client.items("log")
        for key in [key for key, item in log.items() if "ttl" in item and int(item["ttl"]["N"]) * 1000 < self.now]:
            del log[key]

    def settle(self) -> None:
        """Take note of what has ended since, and check what readers saw."""
        for delivery in [delivery for delivery in self.deliveries if delivery.actor.is_done]:
            self.deliveries.remove(delivery)
            self.expect(delivery.actor, Crash)
            if delivery.actor.error is None:
                for message in delivery.messages:
                    if message.device_id not in delivery.actor.result:
                        known = self.acknowledged.get(message.key)
                        self.acknowledged[message.key] = larger(known, message.reading)
        for deletion in self.deletions:
            self.expect(deletion.actor, Crash, ClientError, BlockContention)
            deletion.is_acknowledged = deletion.actor.is_done and deletion.actor.error is None
        for actor in [actor for actor in self.compactions if actor.is_done]:
            self.compactions.remove(actor)
            self.expect(actor, Crash, ClientError, BlockContention)
        for look in [look for look in self.looks if look.actor.is_done]:
            self.looks.remove(look)
            self.expect(look.actor, Crash, ClientError)
            if look.actor.error is None:
                self.check_latest(look) if look.order is None else self.check_read(look)

    def expect(self, actor: Actor, *errors: type[BaseException]) -> None:
        if actor.error and not isinstance(actor.error, errors):
            raise actor.error

    def check_read(self, look: Look) -> None:
        seen: dict[Column, list[Reading]] = {}
        edge = None
        for part in look.actor.result:
            if edge is not None:
                assert (part.start_ms >= edge) if look.order == "asc" else (part.end_ms <= edge), "slices overlap"
            edge = part.end_ms if look.order == "asc" else part.start_ms
            for column, series in part.frame.items():
                seen.setdefault(column, []).extend(series.at(index) for index in range(len(series)))
        for found in seen.values():
            times = [reading.timestamp for reading in found]
            assert times == sorted(set(times), reverse=look.order == "desc"), "not in order, or not once"
        for column in self.columns:
            by_time = {reading.timestamp: reading for reading in seen.get(column, [])}
            for timestamp in by_time.keys() | set(self.times):
                self.check_one(look, column, timestamp, by_time.get(timestamp))

    def check_one(self, look: Look, column: Column, timestamp: int, found: Reading | None) -> None:
        key = look.device_id, column, timestamp
        least = look.acknowledged.get(key)
        if found is not None:
            self.check_possible(look, column, found)
            assert least is None or is_same(larger(least, found), found), f"{found} instead of {least}"
        else:
            assert least is None or self.may_be_deleted(look.device_id, column, least), f"{least} is lost"

    def check_possible(self, look: Look, column: Column, found: Reading) -> None:
        """Check that *found* was sent once, and is not deleted."""
        sent = self.attempted.get((look.device_id, column, found.timestamp), [])
        assert any(is_same(found, reading) for reading in sent), f"{found} was never sent"
        hidden = [d for d in look.deleted if d.device_id == look.device_id and covers(d.stone, column, found)]
        assert not hidden, f"{found} was deleted"

    def check_latest(self, look: Look) -> None:
        for column in self.columns:
            found = look.actor.result.get(column)
            living = [
                reading
                for (device_id, its_column, _), reading in look.acknowledged.items()
                if (device_id, its_column) == (look.device_id, column)
                and not self.may_be_deleted(device_id, column, reading)
            ]
            newest = max(living, key=lambda reading: reading.timestamp, default=None)
            if found is not None:
                self.check_possible(look, column, found)
            if newest is not None:
                assert found is not None, f"the latest {newest} is lost"
                assert found.timestamp >= newest.timestamp, f"{found} instead of {newest}"
                if found.timestamp == newest.timestamp:
                    assert is_same(larger(newest, found), found), f"{found} instead of {newest}"

    def may_be_deleted(self, device_id: str, column: Column, reading: Reading) -> bool:
        return any(d.device_id == device_id and covers(d.stone, column, reading) for d in self.deletions)

    def teardown(self) -> None:
        """Let everything end, before and after compaction, and read it all."""
        try:
            for actor in self.running:
                actor.finish()
            self.settle()
            for _ in range(2):
                for device_id in self.devices:
                    for order in ("asc", "desc", None):
                        self.begin_look(device_id, order)
                        self.looks[-1].actor.finish()
                        self.settle()
                self.now += LAG_MS
                self.pass_a_fortnight()
        finally:
            for actor in self.running:
                actor.crash()
            self.limits.__exit__(None, None, None)


class CrowdedMachine(ReadingsMachine):
    """The same in a small world, where operations get into each other's way at once: one sensor, three timestamps."""

    devices = DEVICES[:1]
    columns = COLUMNS[:1]
    times = TIMES[2:5]
    worth_merging = 3
    deletes = False
    fortnights = False
    lucks = (Luck.GOOD,)


class SettlingMachine(ReadingsMachine):
    """The same where buckets follow each other and sensors fall silent, seen by those who want the latest readings."""

    devices = DEVICES[:1]
    times = tuple(START - day * DAY for day in range(4))
    worth_merging = 1
    enough_to_tell = 1000
    deletes = False
    fortnights = False
    orders = (None,)
    lucks = (Luck.GOOD,)
