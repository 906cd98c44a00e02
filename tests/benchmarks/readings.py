"""What readings cost: bytes and time of the codec, write units of the store. ``python -m tests.benchmarks.readings``.

Prints tables and writes ``reports/readings.json``. Times are the best of several runs on this machine; trust their
ratios.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.models.dynamodb import DynamoDB, octets_of
from tests.unit.domain.frames import START, promised, sensor_id
from whimbrel.domain import codec
from whimbrel.domain.series import Batch, Column, Frame, Series, ValueType
from whimbrel.store import readings
from whimbrel.store.readings import ReadingStore
from whimbrel.store.readings_log import lane_of

REPORT = Path("reports/readings.json")
RUNS = 15
UNIT_OCTETS = 1024


def nanoseconds(call: Callable[[], object], count: int) -> float:
    """Return the best time of *call*, over *count* readings each."""
    best = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter_ns()
        call()
        best = min(best, time.perf_counter_ns() - began)
    return round(best / count, 1)


def blocks() -> Iterator[dict[str, Any]]:
    """Yield a row for each series that a size is promised for."""
    for name, (frame, entropy, _) in promised(random.Random(20261122)).items():
        count = sum(map(len, frame.values()))
        codec._vectorised = None
        block = codec.encode(frame)
        row = {
            "series": name,
            "readings": count,
            "bytes a reading": round(len(block) / count, 3),
            "entropy": round(entropy, 3),
            "encode ns": nanoseconds(lambda frame=frame: codec.encode(frame), count),
            "decode ns": nanoseconds(lambda block=block: codec.decode(block), count),
        }
        codec.vectorise()
        arrays = codec.decode_arrays(block)
        row["numpy encode ns"] = nanoseconds(lambda arrays=arrays: codec.encode(arrays), count)
        row["numpy decode ns"] = nanoseconds(lambda block=block: codec.decode_arrays(block), count)
        codec._vectorised = None
        yield row


class Metered(DynamoDB):
    """Counts write units as DynamoDB bills them: of each put or update, every kilobyte begun, keys included."""

    def __init__(self) -> None:
        super().__init__()
        self.units = {"log": 0, "blocks": 0}

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.units[request["TableName"]] += -(-octets_of(request["Item"]) // UNIT_OCTETS)
        return super().put_item(**request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        self.units[request["TableName"]] += 1
        return super().update_item(**request)

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        for table, puts in request["RequestItems"].items():
            self.units[table] += sum(-(-octets_of(put["PutRequest"]["Item"]) // UNIT_OCTETS) for put in puts)
        return super().batch_write_item(**request)


def device(number: int) -> str:
    return f"0190abcd-{number % 65536:04x}-7abc-8def-000000000000"


def fleet(
    devices: int, sensors: int, every_s: int, *, readings_a_message: int = 1, hours: float = 1
) -> Iterator[tuple[int, Batch]]:
    """Yield what arrives in each ten seconds, and when: every device sends a message for each so many readings."""
    dice = random.Random(1)
    level = [[200 + dice.randrange(50) for _ in range(sensors)] for _ in range(devices)]
    period = every_s * readings_a_message
    for second in range(0, int(hours * 3600), 10):
        batch: dict[str, Frame] = {}
        for number in range(devices):
            at: list[int] = []
            for tick in range(second, second + 10):
                if (tick - number) % period == 0:
                    at += [START + (tick - row * every_s) * 1000 for row in range(readings_a_message)][::-1]
            if at:
                frame: Frame = {}
                for sensor in range(sensors):
                    values: list[Any] = []
                    for _ in at:
                        level[number][sensor] += dice.randint(-1, 1)
                        values.append(level[number][sensor] / 10)
                    column = Column(sensor_id(number << 8 | sensor), ValueType.DOUBLE)
                    frame[column] = Series(at, values, [START + second * 1000] * len(at))
                batch[device(number)] = frame
        if batch:
            yield START + (second + 10) * 1000, batch


def backfill() -> Iterator[tuple[int, Batch]]:
    """Yield a year of one sensor, every 15 s, in calls of 50,000 readings."""
    dice, level = random.Random(1), 200
    for call in range(42):
        at = [START - (42 - call) * 750_000_000 + row * 15_000 for row in range(50_000)]
        values: list[Any] = []
        for _ in at:
            level += dice.randint(-1, 1)
            values.append(level / 10)
        yield START + call * 1000, {device(1): {Column(sensor_id(1), ValueType.DOUBLE): Series.of(at, values, START)}}


def shared_lane(device_id: str) -> str:
    """Return one of 2 lanes, as 16 would be for about a thousand devices: the ratio is what counts."""
    return str(sha256(device_id.encode()).digest()[0] % 2)


def write_units(arrivals: Iterator[tuple[int, Batch]]) -> dict[str, Any]:
    """Return what a million readings cost, when every compaction that is asked for happens two minutes later."""
    client, now, asked, total = Metered(), [START], list[tuple[int, str]](), 0
    store = ReadingStore(
        client,
        "log",
        "blocks",
        "0190abcd-0000-7abc-8def-00000000000f",
        clock=lambda: now[0],
        chance=random.Random(1),
        request_compaction=lambda lane: asked.append((now[0] + 125_000, lane)),
    )
    for at, batch in arrivals:
        now[0] = at
        while asked and asked[0][0] <= at:
            store.compact(asked.pop(0)[1])
        assert store.append(batch) == {}
        total += sum(len(series) for frame in batch.values() for series in frame.values())
    now[0] += 86_400_000
    for lane in list(store.lanes()):
        store.compact(lane)
    stored = sum(octets_of(item) + 100 for item in client.items("blocks").values())
    return {
        "readings": total,
        "write units a million, log": round(client.units["log"] * 1e6 / total),
        "write units a million, blocks": round(client.units["blocks"] * 1e6 / total),
        "billed bytes a reading": round(stored / total, 2),
    }


def costs() -> Iterator[dict[str, Any]]:
    scenes: list[tuple[str, Callable[[], Iterator[tuple[int, Batch]]]]] = [
        ("100 sensors at 1 Hz, a message each", lambda: fleet(100, 1, 1, hours=0.5)),
        ("100 devices x 10 sensors every 60 s", lambda: fleet(100, 10, 60, hours=2)),
        ("20 devices x 10 sensors at 1 Hz, a message a minute", lambda: fleet(20, 10, 1, readings_a_message=60)),
        ("one year of one sensor, 50,000 readings a call", backfill),
    ]
    for name, scene in scenes:
        for lanes, rule in (("one a device", lane_of), ("shared by 50", shared_lane)):
            readings.lane_of = rule
            yield {"scene": name, "lanes": lanes, **write_units(scene())}
    readings.lane_of = lane_of


def main() -> None:
    report = {"blocks": list(blocks()), "costs": list(costs())}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2))
    for rows in report.values():
        for row in rows:
            print(" · ".join(f"{name} {value}" if not isinstance(value, str) else value for name, value in row.items()))


if __name__ == "__main__":
    main()
