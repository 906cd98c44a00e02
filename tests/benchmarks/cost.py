"""What a million readings cost in DynamoDB, by an accountant that sees the real calls of the real store.

Three workloads, as they arrive at the ingestion function: what several pollers gather for the batching window.

* A: 1,000 devices of one sensor at 1 Hz, one MQTT message a reading: each with its own time of acceptance.
* B: 10,000 devices of ten sensors every 60 s, one message a device and minute.
* backfill: days of a sensor at 1 Hz, 50,000 readings a request.

Each is the store's code against an exact in-memory DynamoDB, on a simulated clock; a first part, until the lanes have
adapted, is not counted, and what is left in the log at the end is compacted and counted. Sizes and units are as AWS
counts them: 1 KB a write unit, 4 KB a read unit, names and values and 100 bytes of index for each item stored.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from tests.models.dynamodb import DynamoDB
from whimbrel.domain import codec
from whimbrel.domain.series import Column, Series, Value, ValueType
from whimbrel.ids import DeviceId, SensorId
from whimbrel.store.readings import ReadingStore

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
START = 1_790_000_000_000 // DAY * DAY
WRITE_USD, READ_USD = 0.625e-6, 0.125e-6
"""A write and a read unit on demand, us-east-1, November 2026: https://aws.amazon.com/dynamodb/pricing/on-demand/."""
STORAGE_INDEX = 100
"""Bytes that AWS adds to each item stored: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html."""


def octets(value: Any) -> int:
    """Return the bytes that DynamoDB counts for an attribute's value."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return ceil(len(content.lstrip("-")) / 2) + 1 + content.startswith("-")
        case "M":
            return 3 + sum(1 + len(name) + octets(inner) for name, inner in content.items())
        case "L":
            return 3 + sum(1 + octets(inner) for inner in content)
        case _:
            return 1


def item_octets(item: dict[str, Any]) -> int:
    return sum(len(name) + octets(value) for name, value in item.items())


@dataclass
class Bill:
    """What has been used, by who used it."""

    writes: Counter[str] = field(default_factory=Counter[str])
    reads: Counter[str] = field(default_factory=Counter[str])


class Accountant(DynamoDB):
    """A DynamoDB that charges each call to ``purpose``, by kind of item."""

    def __init__(self) -> None:
        super().__init__()
        self.bill = Bill()

    def get_item(self, **request: Any) -> dict[str, Any]:
        answer = super().get_item(**request)
        self.bill.reads["get"] += ceil(max(1, item_octets(answer.get("Item", {}))) / 4096)
        return answer

    def query(self, **request: Any) -> dict[str, Any]:
        answer = super().query(**request)
        self.bill.reads["query"] += ceil(max(1, sum(map(item_octets, answer["Items"]))) / 4096)
        return answer

    def put_item(self, **request: Any) -> dict[str, Any]:
        self._charge(request["TableName"], request["Item"])
        return super().put_item(**request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        answer = super().update_item(**request)
        key = request["Key"]["pk"]["S"], request["Key"]["sk"]["S"]
        self._charge(request["TableName"], self.items(request["TableName"])[key])
        return answer

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        for table, puts in request["RequestItems"].items():
            for put in puts:
                self._charge(table, put["PutRequest"]["Item"])
        return super().batch_write_item(**request)

    def _charge(self, table: str, item: dict[str, Any]) -> None:
        old = self.items(table).get((item["pk"]["S"], item["sk"]["S"]), {})
        units = ceil(max(item_octets(item), item_octets(old)) / 1024)
        kind = ("segments" if "ttl" in item else "lanes") if table == "log" else "blocks" if "n" in item else "heads"
        self.bill.writes[kind] += units


class World:
    """A store on a simulated clock, whose compactions run as they are asked for."""

    def __init__(self) -> None:
        self.client = Partitioned()
        self.now = START
        self.asked: list[str] = []
        self.store = ReadingStore(
            self.client,
            "log",
            "blocks",
            "0190abcd-1234-7abc-8def-00000000000f",
            clock=lambda: self.now,
            sleep=lambda _s: None,
            chance=random.Random(5),
            request_compaction=self.asked.append,
        )

    def compact(self) -> None:
        for lane in dict.fromkeys(self.asked):
            while not self.store.compact(lane).finished:
                pass
        self.asked.clear()

    def compact_all(self) -> None:
        self.now += 5 * MINUTE
        lanes = self.store._lanes.find()
        self.asked += lanes.marks if lanes else []
        self.compact()


class Partitioned(Accountant):
    """The same, with a sorted index by partition: the plain one looks at every item of the table for each query."""

    def __init__(self) -> None:
        super().__init__()
        self._partitions: dict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]] = {}

    def items(self, table: str) -> Any:
        return self.tables.setdefault(table, _Indexed(table, self._partitions))

    def query(self, **request: Any) -> dict[str, Any]:
        table, whole = request["TableName"], self.items(request["TableName"])
        pk = request["ExpressionAttributeValues"][":pk"]["S"]
        self.tables[table] = self._partitions.get((table, pk), {})
        try:
            return super().query(**request)
        finally:
            self.tables[table] = whole


class _Indexed(dict[tuple[str, str], dict[str, Any]]):
    """Items of a table, which also go into their partition."""

    def __init__(self, table: str, partitions: dict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]]) -> None:
        super().__init__()
        self._table = table
        self._partitions = partitions

    def __setitem__(self, key: tuple[str, str], item: dict[str, Any]) -> None:
        super().__setitem__(key, item)
        self._partitions.setdefault((self._table, key[0]), {})[key] = item


@dataclass
class Fleet:
    """Devices with sensors that walk in steps of 0.1, reporting at an interval with some jitter."""

    devices: int
    sensors: int
    interval_ms: int
    dice: random.Random
    names: dict[str, str] = field(default_factory=dict[str, str])
    columns: dict[str, list[Column]] = field(default_factory=dict[str, list[Column]])

    def __post_init__(self) -> None:
        keys = [f"main/sensor{number}" for number in range(self.sensors)]
        self.values: dict[str, list[int]] = {}
        self.phases: dict[str, int] = {}
        for number in range(self.devices):
            device = DeviceId(f"0190abcd-1234-7abc-8def-{self.dice.getrandbits(48):012x}")
            ids = [str(SensorId.named(device, *key.split("/"))) for key in keys]
            self.names |= dict(zip(ids, keys, strict=True))
            self.columns[device] = [Column(sensor, ValueType.DOUBLE) for sensor in ids]
            self.values[device] = [200 + 10 * (number % 7) for _ in ids]
            self.phases[device] = self.dice.randrange(self.interval_ms)

    def report(self, device: str, tick: int) -> tuple[int, int, list[float]]:
        """Return what a device says: when, when it was accepted, and its values."""
        at = START + tick * self.interval_ms + self.phases[device] + self.dice.randrange(8)
        values = self.values[device]
        for place in range(self.sensors):
            values[place] += self.dice.choice((-1, 0, 0, 1))
        return at, at + 40 + int(self.dice.expovariate(1 / 15)), [value / 10 for value in values]


def arrivals(fleet: Fleet, ticks: range, batch_ticks: int, pollers: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield batches as pollers gather them: each message goes to one of them, whatever its device."""
    for first in range(ticks.start, ticks.stop, batch_ticks):
        rows: list[dict[str, list[tuple[int, int, list[float]]]]] = [{} for _ in range(pollers)]
        for tick in range(first, min(first + batch_ticks, ticks.stop)):
            for device in fleet.columns:
                rows[fleet.dice.randrange(pollers)].setdefault(device, []).append(fleet.report(device, tick))
        for gathered in rows:
            yield (
                START + (first + batch_ticks) * fleet.interval_ms,
                {device: frame(fleet.columns[device], found) for device, found in gathered.items()},
            )


def split_arrivals(fleet: Fleet, ticks: range, parts: int, pollers: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield batches shorter than the interval: in each, a part of the devices report once."""
    order = sorted(fleet.columns, key=fleet.phases.__getitem__)
    for tick in ticks:
        for part in range(parts):
            share = order[len(order) * part // parts : len(order) * (part + 1) // parts]
            gathered: list[dict[str, Any]] = [{} for _ in range(pollers)]
            for device in share:
                found = [fleet.report(device, tick)]
                gathered[fleet.dice.randrange(pollers)][device] = frame(fleet.columns[device], found)
            for batch in gathered:
                yield START + tick * fleet.interval_ms + fleet.interval_ms * (part + 1) // parts, batch


def frame(columns: list[Column], rows: list[tuple[int, int, list[float]]]) -> dict[Column, Series]:
    rows.sort()
    at, versions = [row[0] for row in rows], [row[1] for row in rows]
    return {column: Series(at, [row[2][place] for row in rows], versions) for place, column in enumerate(columns)}


def run(
    name: str, fleet: Fleet, batches: Callable[[range], Iterator[tuple[int, dict[str, Any]]]], warm: int, ticks: int
) -> None:
    world = World()
    feed(world, fleet, batches(range(warm)))
    world.client.bill = Bill()
    readings = feed(world, fleet, batches(range(warm, warm + ticks)))
    world.compact_all()
    report(name, world, readings)


def feed(world: World, fleet: Fleet, batches: Iterator[tuple[int, dict[str, Any]]]) -> int:
    readings = 0
    for now, batch in batches:
        world.now = now
        if world.store.append(batch, fleet.names):
            raise AssertionError("readings were refused")
        readings += sum(len(series) for found in batch.values() for series in found.values())
        world.compact()
    return readings


def report(name: str, world: World, readings: int) -> None:
    million, bill = readings / 1e6, world.client.bill
    lanes = world.store._lanes.find()
    stored = [item for item in world.client.items("blocks").values() if "n" in item]
    kept = sum(int(item["n"]["N"]) for item in stored)
    each = (sum(map(item_octets, stored)) + STORAGE_INDEX * len(stored)) / kept
    writes, reads = sum(bill.writes.values()) / million, sum(bill.reads.values()) / million
    usd = writes * WRITE_USD + reads * READ_USD
    print(
        f"{name:12} {readings:10,} readings {writes:8,.0f} write units a million"
        f" ({', '.join(f'{kind} {units / million:,.0f}' for kind, units in sorted(bill.writes.items()))})"
        f" {reads:7,.0f} read units ${usd:.4f} {each:5.2f} B each stored, lanes: {len(lanes.marks) if lanes else 0}",
        flush=True,
    )


def backfill(days: int, dice: random.Random) -> None:
    fleet = Fleet(1, 1, 1000, dice)
    world = World()
    world.now = START + days * DAY
    (device,) = fleet.columns
    rows = days * 86_400
    for first in range(0, rows, 50_000):
        found = [fleet.report(device, tick) for tick in range(first, min(first + 50_000, rows))]
        at = [row[0] for row in found]
        values: list[Value] = [row[2][0] for row in found]
        column = fleet.columns[device][0]
        if world.store.append({device: {column: Series.of(at, values, world.now)}}, fleet.names):
            raise AssertionError("readings were refused")
        world.now += 1000
        world.compact()
    world.compact_all()
    report("backfill", world, rows)


def main() -> None:
    """Print the bill of each workload; the arguments are a scale (1: the whole fleet) and a seed."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 0.25
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    codec.vectorise()
    print(f"seed {seed}, scale {scale}; one item a reading: 1,000,000 write units a million, $0.6250, 133 B each")
    which = sys.argv[3] if len(sys.argv) > 3 else "backfill A B"
    if "backfill" in which:
        backfill(10, random.Random(seed))
    fleet = Fleet(int(1000 * scale), 1, 1000, random.Random(seed))
    if "A" in which:
        run("A", fleet, lambda ticks: arrivals(fleet, ticks, 10, 2), 5400, 7200)
    other = Fleet(int(10_000 * scale), 10, 60_000, random.Random(seed))
    if "B" in which:
        run("B", other, lambda ticks: split_arrivals(other, ticks, 6, 2), 120, 240)


if __name__ == "__main__":
    main()
