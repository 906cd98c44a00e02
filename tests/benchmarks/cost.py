"""What a million readings cost in DynamoDB, by an accountant that sees the real calls of the real store.

``python -m tests.benchmarks.cost [--long] [--seed N]``. Three workloads, as they arrive at the ingestion function:
what several pollers gather for the batching window, each message at one of them by chance.

* A: 1,000 devices of one sensor at 1 Hz, one MQTT message a reading: each with its own time of acceptance.
* B: 10,000 devices of ten sensors every 60 s, one message a device and minute.
* backfill: ten days of a sensor at 1 Hz, 50,000 readings a request.

Each is the store's code against an exact in-memory DynamoDB, on a simulated clock. Of A and B two hours, in which the
lanes adapt, are not counted; the twelve after them are: the head of a device is written once in twelve buckets, so that
each falls into them once. Sizes and units are as AWS counts them: 1 KB a write unit, 4 KB a read unit, names and
values and 100 bytes of index for each item stored.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from math import ceil
from multiprocessing import get_context
from typing import Any

import numpy as np

from tests.benchmarks.tables import SEED, Cell, Table
from tests.models.dynamodb import DynamoDB
from whimbrel.domain import codec
from whimbrel.domain.series import Column, Frame, Series, ValueType
from whimbrel.ids import DeviceId, SensorId
from whimbrel.store import readings_log
from whimbrel.store.readings import ReadingStore

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
START = 1_790_000_000_000 // DAY * DAY
WARM_H, COUNTED_H = 2, 12
SMALL, VARIANTS_H = 0.0625, 1
"""Of the fleets of a quick run; and the hours that are counted of variants, enough for their segments only."""
BACKFILL_DAYS = 10
READINGS_A_REQUEST = 50_000
ORGANIZATION = "0190abcd-1234-7abc-8def-00000000000f"
WRITE_USD, READ_USD, GB_MONTH_USD = 0.625e-6, 0.125e-6, 0.25
"""A write unit, a read unit and a stored GB for a month, on demand, us-east-1, November 2026:
https://aws.amazon.com/dynamodb/pricing/on-demand/."""
STORAGE_INDEX = 100
"""Bytes that AWS adds to each item stored: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html."""
ONE_A_READING: dict[str, Any] = {
    "p": {"B": bytes(16)},
    "s": {"N": str(START)},
    "v": {"N": "21.5"},
    "w": {"N": str(START)},
}
"""The smallest item that says as much: sensor, timestamp, value, time of acceptance."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Devices that report at an interval, and how their messages reach the store.

    ``jitter_ms`` is the mean of what is added, exponentially distributed, to the 40 ms that a message takes;
    ``stamped`` says whether devices tell the time themselves, or the time of acceptance stands for it.
    """

    name: str
    devices: int
    sensors: int
    interval_ms: int
    window_ms: int = 10_000
    pollers: int = 2
    jitter_ms: float = 15
    stamped: bool = True
    scale: float = 1.0
    seed: int = SEED
    hours: int = COUNTED_H


A = Workload("A", 1_000, 1, 1_000)
B = Workload("B", 10_000, 10, 60_000)


def octets(value: Any) -> int:
    """Return the bytes that DynamoDB counts for an attribute's value."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return ceil(len(content.lstrip("-").replace(".", "")) / 2) + 1 + content.startswith("-")
        case "M":
            return 3 + sum(1 + len(name) + octets(inner) for name, inner in content.items())
        case "L":
            return 3 + sum(1 + octets(inner) for inner in content)
        case _:
            return 1


def item_octets(item: dict[str, Any]) -> int:
    """Return the bytes of an item that units are counted by."""
    return sum(len(name) + octets(value) for name, value in item.items())


def stored_octets(items: list[dict[str, Any]]) -> int:
    """Return the bytes that storage is billed by."""
    return sum(map(item_octets, items)) + STORAGE_INDEX * len(items)


@dataclass
class Bill:
    """What has been used, by kind of item or call."""

    writes: Counter[str] = field(default_factory=Counter[str])
    reads: Counter[str] = field(default_factory=Counter[str])


class Accountant(DynamoDB):
    """A DynamoDB that charges each call to ``bill``; a query looks at one partition, as the real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.bill = Bill()
        self._partitions: dict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]] = {}

    def items(self, table: str) -> Any:
        return self.tables.setdefault(table, _Indexed(table, self._partitions))

    def get_item(self, **request: Any) -> dict[str, Any]:
        answer = super().get_item(**request)
        self._charge_read("get", [answer.get("Item", {})], request)
        return answer

    def query(self, **request: Any) -> dict[str, Any]:
        table, whole = request["TableName"], self.items(request["TableName"])
        pk = request["ExpressionAttributeValues"][":pk"]["S"]
        self.tables[table] = self._partitions.get((table, pk), {})
        try:
            answer = super().query(**request)
        finally:
            self.tables[table] = whole
        self._charge_read("query", answer["Items"], request)
        return answer

    def put_item(self, **request: Any) -> dict[str, Any]:
        # One that is refused by its condition is charged, too.
        self._charge(request["TableName"], request["Item"])
        return super().put_item(**request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        key = request["Key"]["pk"]["S"], request["Key"]["sk"]["S"]
        old = self.items(request["TableName"]).get(key, request["Key"])
        try:
            return super().update_item(**request)
        finally:
            new = self.items(request["TableName"]).get(key, request["Key"])
            self._charge(request["TableName"], max(old, new, key=item_octets))

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        for table, puts in request["RequestItems"].items():
            for put in puts:
                self._charge(table, put["PutRequest"]["Item"])
        return super().batch_write_item(**request)

    def _charge_read(self, kind: str, items: list[dict[str, Any]], request: dict[str, Any]) -> None:
        units = max(1, ceil(sum(map(item_octets, items)) / 4096))
        self.bill.reads[kind] += units * (2 if request.get("ConsistentRead") else 1)

    def _charge(self, table: str, item: dict[str, Any]) -> None:
        old = self.items(table).get((item["pk"]["S"], item["sk"]["S"]), {})
        self.bill.writes[_kind(table, item)] += ceil(max(item_octets(item), item_octets(old)) / 1024)


class _Indexed(dict[tuple[str, str], dict[str, Any]]):
    """Items of a table, which also go into their partition."""

    def __init__(self, table: str, partitions: dict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]]) -> None:
        super().__init__()
        self._table = table
        self._partitions = partitions

    def __setitem__(self, key: tuple[str, str], item: dict[str, Any]) -> None:
        super().__setitem__(key, item)
        self._partitions.setdefault((self._table, key[0]), {})[key] = item


def _kind(table: str, item: dict[str, Any]) -> str:
    if table == "log":
        return "segments" if "block" in item else "lanes"
    return {"head": "heads", "deleted": "heads"}.get(item["sk"]["S"], "blocks" if "block" in item else "rollups")


class World:
    """A tenant's readings on a simulated clock, whose compactions run as they are asked for."""

    def __init__(self, seed: int) -> None:
        self.client = Accountant()
        self.now = START
        self.asked: list[str] = []
        self._chance = random.Random(seed)

    def store(self) -> ReadingStore:
        """Return a store that knows nothing yet, as each invocation makes one."""
        return ReadingStore(
            self.client,
            "log",
            "blocks",
            ORGANIZATION,
            clock=lambda: self.now,
            sleep=lambda _s: None,
            chance=self._chance,
            request_compaction=self.asked.append,
        )

    def append(self, batch: dict[str, Frame], names: dict[str, str]) -> int:
        """Store a batch, compact what that asks for, and return how many readings it had."""
        if self.store().append(batch, names):
            raise AssertionError("readings were refused")
        self.compact()
        return sum(len(series) for frame in batch.values() for series in frame.values())

    def compact(self) -> None:
        for lane in dict.fromkeys(self.asked):
            while not self.store().compact(lane).finished:
                pass
        self.asked.clear()

    def compact_all(self) -> None:
        """Move everything into blocks, as the daily sweep does."""
        self.now += 5 * MINUTE
        self.asked += self.lanes()
        self.compact()

    def lanes(self) -> list[str]:
        found = self.store()._lanes.find()
        return list(found.marks) if found else []


class Fleet:
    """Devices with sensors that walk in steps of 0.1, reporting at an interval with 8 ms of jitter."""

    def __init__(self, workload: Workload) -> None:
        self.of = workload
        self.count = max(1, round(workload.devices * workload.scale))
        self.names: dict[str, str] = {}
        self.devices: list[str] = []
        self.columns: list[list[Column]] = []
        self._dice = np.random.default_rng(workload.seed)
        identifiers = random.Random(workload.seed)
        keys = [f"main/sensor{number}" for number in range(workload.sensors)]
        for _ in range(self.count):
            device = DeviceId(f"0190abcd-1234-7abc-8def-{identifiers.getrandbits(48):012x}")
            ids = [str(SensorId.named(device, *key.split("/"))) for key in keys]
            self.names |= dict(zip(ids, keys, strict=True))
            self.devices.append(device)
            self.columns.append([Column(sensor, ValueType.DOUBLE) for sensor in ids])
        self._phases = np.sort(self._dice.integers(0, workload.interval_ms, self.count))
        self._values = np.full((self.count, workload.sensors), 200) + 10 * (np.arange(self.count) % 7)[:, None]

    def batches(self, start_ms: int, end_ms: int) -> Iterator[tuple[int, dict[str, Frame]]]:
        """Yield what each poller has gathered by the end of each window, and when that is."""
        width = self.of.window_ms
        for start in range(start_ms, end_ms, width):
            for batch in self._window(start, start + width):
                if batch:
                    yield start + width, batch

    def _window(self, start: int, end: int) -> list[dict[str, Frame]]:
        """Return the messages that are due in a window, shared out among the pollers by chance."""
        step = self.of.interval_ms
        first, last = (-(-(edge - START - self._phases) // step) for edge in (start, end))
        gathered: list[dict[str, Frame]] = [{} for _ in range(self.of.pollers)]
        for number in np.flatnonzero(last > first).tolist():
            count = int(last[number] - first[number])
            at = START + self._phases[number] + step * np.arange(first[number], last[number])
            at += self._dice.integers(0, 8, count)
            lag = 40 + (self._dice.exponential(self.of.jitter_ms, count).astype(np.int64) if self.of.jitter_ms else 0)
            versions = at + lag
            # Of two messages accepted in one millisecond, a device that tells no time would lose one.
            at = at if self.of.stamped else _distinct(versions)
            steps = self._dice.choice((-1, 0, 0, 1), (count, self.of.sensors)).cumsum(axis=0)
            values = self._values[number] + steps
            self._values[number] = values[-1]
            pollers = self._dice.integers(0, self.of.pollers, count)
            for poller, batch in enumerate(gathered):
                mine = pollers == poller
                if mine.any():
                    batch[self.devices[number]] = self._frame(number, at[mine], values[mine] / 10, versions[mine])
        return gathered

    def _frame(self, number: int, at: Any, values: Any, versions: Any) -> Frame:
        times, accepted = at.tolist(), versions.tolist()
        return {
            column: Series(times, values[:, place].tolist(), accepted)
            for place, column in enumerate(self.columns[number])
        }


def _distinct(times: Any) -> Any:
    ordered = np.sort(times)
    places = np.arange(len(ordered))
    return np.maximum.accumulate(ordered - places) + places


@dataclass
class Account:
    """What a workload cost."""

    workload: Workload
    readings: int
    bill: Bill
    stored: float
    """Bytes a reading in blocks, heads included, for as long as they are kept."""
    logged: float
    """Bytes a reading in the log, for 14 days."""
    lanes: int
    latest_units: float = 0.0
    again_units: float = 0.0
    hour_units: float = 0.0
    tail_items: float = 0.0
    segment_octets: float = 0.0
    """Of a segment with its key and attributes, on average."""

    def writes(self, *kinds: str) -> float:
        """Return the write units a million readings, of some kinds or of all."""
        found = self.bill.writes
        return sum(found[kind] for kind in (kinds or found)) / self.readings * 1e6

    @property
    def reads(self) -> float:
        """The read units a million readings, by those who write."""
        return sum(self.bill.reads.values()) / self.readings * 1e6 / 2

    @property
    def usd(self) -> float:
        """The dollars a million readings, reads of those who write included."""
        return self.writes() * WRITE_USD + self.reads * READ_USD


def account(workload: Workload) -> Account:
    """Run a workload and return what it cost."""
    codec.vectorise()
    if workload.name == "backfill":
        return _backfill(workload)
    world, fleet = World(workload.seed), Fleet(workload)
    counted_from = START + WARM_H * HOUR
    until = counted_from + workload.hours * HOUR
    for world.now, batch in fleet.batches(START, counted_from):
        world.append(batch, fleet.names)
    world.client.bill = Bill()
    segments_before = len(_items(world, "log", "segments"))
    readings = looks = 0
    probes: Counter[str] = Counter()
    dice = random.Random(workload.seed)
    for batches, (world.now, batch) in enumerate(fleet.batches(counted_from, until)):
        readings += world.append(batch, fleet.names)
        if batches % 101 == 50:
            looks += 1
            probes += _looked(world, dice.choice(fleet.devices))
    bill, world.client.bill = world.client.bill, Bill()
    segments = _items(world, "log", "segments")[segments_before:]
    world.compact_all()
    return replace(
        _settled(workload, world, readings, bill),
        logged=stored_octets(segments) / readings,
        segment_octets=sum(map(item_octets, segments)) / len(segments),
        latest_units=probes["latest"] / looks,
        again_units=probes["again"] / looks,
        hour_units=probes["hour"] / looks,
        tail_items=probes["segments"] / looks,
    )


def _backfill(workload: Workload) -> Account:
    world, fleet = World(workload.seed), Fleet(workload)
    end = START + BACKFILL_DAYS * DAY
    parts: list[Frame] = [batch[fleet.devices[0]] for _, batch in fleet.batches(START, end)]
    (column,) = fleet.columns[0]
    at = [moment for part in parts for moment in part[column].timestamps]
    values = [value for part in parts for value in part[column].values]
    world.now = end
    world.client.bill = Bill()
    for first in range(0, len(at), READINGS_A_REQUEST):
        request = slice(first, first + READINGS_A_REQUEST)
        world.append({fleet.devices[0]: {column: Series.of(at[request], values[request], world.now)}}, fleet.names)
        world.now += 1_000
    logged = stored_octets(_items(world, "log", "segments")) / len(at)
    world.compact_all()
    return replace(_settled(workload, world, len(at), world.client.bill), logged=logged)


def _settled(workload: Workload, world: World, readings: int, bill: Bill) -> Account:
    blocks = list(world.client.items("blocks").values())
    kept = sum(int(item["n"]["N"]) for item in blocks if "block" in item)
    return Account(workload, readings, bill, stored_octets(blocks) / kept, 0.0, len(world.lanes()))


def _items(world: World, table: str, kind: str) -> list[dict[str, Any]]:
    return [item for item in world.client.items(table).values() if _kind(table, item) == kind]


def _looked(world: World, device: str) -> Counter[str]:
    """Return the read units of a look at a device now: at its newest readings, and at its last hour."""
    found: Counter[str] = Counter()
    bill = world.client.bill
    readings_log._TAILS.pop(world.client, None)
    world.client.bill = Bill()
    world.store().latest(device)
    found["latest"] = sum(world.client.bill.reads.values()) // 2
    world.client.bill = Bill()
    world.store().latest(device)
    found["again"] = sum(world.client.bill.reads.values()) // 2
    world.client.bill = Bill()
    for _ in world.store().read(device, None, world.now - HOUR, world.now):
        pass
    found["hour"] = sum(world.client.bill.reads.values()) // 2
    world.client.bill = bill
    lanes = world.store()._lanes.find()
    if lanes:
        found["segments"] = sum(
            sum(1 for _ in world.store()._log.segments(lane, mark, world.now + HOUR))
            for lane, mark in lanes.to_look_at(device).items()
        )
    world.client.bill = bill
    return found


def workloads(*, long: bool, seed: int) -> list[tuple[str, Workload]]:
    """Return what is counted, by name."""
    scale = 1.0 if long else SMALL
    # Of A a quarter: fewer devices do not fill more than one lane.
    a, b = replace(A, scale=max(scale, 4 * SMALL), seed=seed), replace(B, scale=scale, seed=seed)
    small = replace(A, scale=4 * SMALL, seed=seed, hours=VARIANTS_H)
    found = [
        ("A: 1,000 x 1 sensor at 1 Hz", a),
        ("B: 10,000 x 10 sensors every 60 s", b),
        ("backfill: 10 days at 1 Hz", Workload("backfill", 1, 1, 1_000, window_ms=HOUR, pollers=1, seed=seed)),
        ("A, window of 20 s", replace(small, window_ms=20_000)),
        ("A, one poller", replace(small, pollers=1)),
        ("A, no jitter", replace(small, jitter_ms=0)),
        ("A, devices without a clock", replace(small, stamped=False)),
        ("A, half as many devices", replace(small, scale=2 * SMALL)),
        ("B, window of 20 s", replace(B, scale=SMALL, seed=seed, hours=VARIANTS_H, window_ms=20_000)),
        ("B, one poller", replace(B, scale=SMALL, seed=seed, hours=VARIANTS_H, pollers=1)),
    ]
    return found if long else found[:-2]


def tables(*, long: bool = False, seed: int = SEED) -> list[Table]:
    """Return what each workload costs a million readings, beside one item per reading."""
    scenes = workloads(long=long, seed=seed)
    # A fresh interpreter each: numbers of names are remembered by client for as long as a process lives.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        accounts = list(pool.map(account, [workload for _, workload in scenes]))
    counted = list(zip(scenes, accounts, strict=True))
    whole, variants = counted[:3], counted[3:]
    item = item_octets(ONE_A_READING)
    naive: list[Cell] = ["one item per reading", "-", "-", "-", "-", 1_000_000, 0, f"${1e6 * WRITE_USD:.3f}"]
    writes = Table(
        "Write units and dollars for a million readings",
        ("workload", "segments", "blocks", "heads", "lanes, rollups", "write units", "read units", "dollars"),
        [
            *(
                (
                    name,
                    round(found.writes("segments")),
                    round(found.writes("blocks")),
                    round(found.writes("heads")),
                    round(found.writes("lanes", "rollups")),
                    round(found.writes()),
                    round(found.reads),
                    f"${found.usd:.5f}",
                )
                for (name, _), found in whole
            ),
            naive,
        ],
        note=(
            f"On demand, us-east-1: ${WRITE_USD * 1e6:.3f} a million write units, ${READ_USD * 1e6:.3f} a million read"
            " units (https://aws.amazon.com/dynamodb/pricing/on-demand/). Reads are those of the writer and the"
            " compactor. The queue, Lambda and IoT Core come on top. Windows of 10 s, two pollers, each message at one"
            " of them by chance; messages take 40 ms and, on average, 15 ms more. Fleets of"
            f" {scenes[0][1].scale:g} (A) and {scenes[1][1].scale:g} (B) of the size named, counted for"
            f" {COUNTED_H} hours, since lanes adapt to traffic."
            " Compactions come by chance: with few lanes the blocks' part varies by a quarter from seed to seed."
        ),
    )
    bytes_each = Table(
        "Bytes billed for a reading, and what a reader fetches in the steady state",
        (
            "workload",
            "B kept",
            "B in the log",
            "lanes",
            "B a segment",
            "segments in a tail",
            "RRU latest",
            "… again",
            "RRU last hour",
        ),
        [
            *(
                (
                    name,
                    f"{found.stored:.2f}",
                    f"{found.logged:.2f}",
                    found.lanes,
                    round(found.segment_octets),
                    round(found.tail_items),
                    round(found.latest_units),
                    round(found.again_units),
                    round(found.hour_units),
                )
                for (name, _), found in whole
            ),
            (
                "one item per reading",
                f"{item + STORAGE_INDEX}.00",
                "0.00",
                "-",
                "-",
                "-",
                1,
                1,
                ceil(3600 * item / 4096),
            ),
        ],
        note=(
            "Kept: blocks and heads, with their keys, versions and the 100 bytes that AWS adds to each item. The log"
            f" forgets after 14 days; a GB costs ${GB_MONTH_USD} a month in either. A read unit is 4 KB, strongly"
            " consistent. A process that has read a lane's tail reads of it only what is new: *again*, and the last"
            " hour. Of one item per reading, the last hour is that of a sensor at 1 Hz."
        ),
    )
    log = Table(
        "What the log takes otherwise",
        ("workload", "segments' write units a million", "B a segment", "B a reading", "lanes"),
        [
            (
                name,
                round(found.writes("segments")),
                round(found.segment_octets),
                f"{found.logged:.2f}",
                found.lanes,
            )
            for (name, _), found in [*whole[:2], *variants]
        ],
        note=(
            f"Fleets of {4 * SMALL:g} (A) and {SMALL:g} (B) of the size named, for {VARIANTS_H} hour."
            " A segment above 1,024 B is"
            " two write units. Without jitter every message takes 40 ms; devices without a clock are given the time"
            " of acceptance."
        ),
    )
    return [writes, bytes_each, log]


def main() -> None:
    """Print the bill of each workload."""
    parser = argparse.ArgumentParser(description="Count what a million readings cost.")
    parser.add_argument("--long", action="store_true", help="fleets of full size: many minutes")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    for table in tables(long=arguments.long, seed=arguments.seed):
        print(table)


if __name__ == "__main__":
    main()
