"""What queries cost: 30 days at 1 Hz by the hour, with every function. ``python -m tests.benchmarks.queries``.

CPU times of one core, each the best and the median of several runs; readings come from arrays, from hour blocks, and
from the store with DynamoDB in memory. The answer is rendered as the API does.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from functions.queries import rules
from functions.queries.models import SensorBuckets
from tests.benchmarks.cost import Accountant, Bill
from whimbrel.domain import codec
from whimbrel.domain.aggregates import Aggregation, figures, function_named, shares_of
from whimbrel.domain.downsampling import Curve
from whimbrel.domain.fleet import Sensor
from whimbrel.domain.series import Column, Series, ValueType
from whimbrel.ids import ComponentId, DeviceId, SensorId
from whimbrel.instants import now_ms
from whimbrel.store.history import History
from whimbrel.store.readings import ReadingStore

SEED = 20261122
READINGS = 30 * 86_400
HOUR = 3_600
START = now_ms() // 3_600_000 * 3_600_000 - READINGS * 1000
NAMES = ("avg", "min", "max", "sum", "stddev", "p50", "p95", "delta", "timeWeightedAvg")
SUMMED = ("avg", "min", "max", "sum", "stddev")
FUNCTIONS = [function_named(name, ValueType.DOUBLE) for name in NAMES]
SPAN = START, START + READINGS * 1000
EDGES = np.arange(START, START + READINGS * 1000 + 1, HOUR * 1000)
RUNS = 7


def measured(name: str, call: Callable[[], object], runs: int = RUNS) -> None:
    """Print the CPU time of *call*."""
    taken: list[float] = []
    for _ in range(runs):
        begun = time.process_time()
        call()
        taken.append(1000 * (time.process_time() - begun))
    best, median = min(taken), statistics.median(taken)
    print(f"{name:<46}{best:>8.0f}{median:>8.0f}{best / READINGS * 1e6:>9.1f}")


def chunks() -> list[tuple[Any, Any]]:
    """Return the hours of a walk of resolution 0.1 with 8 ms of jitter."""
    dice = np.random.default_rng(SEED)
    at = START + np.arange(READINGS) * 1000 + dice.integers(0, 8, READINGS)
    values = np.round(200 + np.cumsum(dice.integers(-1, 2, READINGS)) / 10, 1)
    return [(at[start : start + HOUR], values[start : start + HOUR]) for start in range(0, READINGS, HOUR)]


def from_store(sensor: Sensor, hours: list[tuple[Any, Any]]) -> dict[SensorId, Any]:
    """Print what the whole query takes of the processor and in read units, and return what it found."""
    column = Column(sensor.id, ValueType.DOUBLE)
    client = Accountant()
    store = ReadingStore(client, "log", "blocks", "o")
    for at, values in hours:
        store.append({sensor.device_id: {column: Series.of(at.tolist(), values.tolist(), int(at[0]))}})
    bucketing = rules.Bucketing.of("1h", "UTC", "none", SPAN)
    found: dict[SensorId, Any] = {}

    def query() -> None:
        found.update(rules.buckets_of(History(store), {sensor.id: sensor}, {sensor.id: FUNCTIONS}, bucketing, SPAN))

    client.bill = Bill()
    query()
    units = sum(client.bill.reads.values()) // 2
    measured("all of it, from the store", query, runs=3)
    summed = [function for function in FUNCTIONS if function.name in SUMMED]

    def query_sums() -> None:
        rules.buckets_of(History(store), {sensor.id: sensor}, {sensor.id: summed}, bucketing, SPAN)

    query_sums()
    client.bill = Bill()
    query_sums()
    from_sums = sum(client.bill.reads.values()) // 2
    measured(f"from sums: {', '.join(SUMMED)}", query_sums, runs=3)
    print(f"read units: {units:,} for all of it, {from_sums:,} from sums, once they are kept")
    return found


def main() -> None:
    """Print a line for each way."""
    codec.vectorise()
    hours = chunks()
    device_id = DeviceId.new()
    sensor = Sensor(
        id=SensorId.new(),
        device_id=device_id,
        component_id=ComponentId.named(device_id, "main"),
        key="temperature",
        name="Temperature",
        value_type=ValueType.DOUBLE,
    )
    column = Column(sensor.id, ValueType.DOUBLE)
    blocks = [codec.encode({column: Series(at, values, np.full(HOUR, START))}) for at, values in hours]  # pyright: ignore[reportArgumentType]

    def aggregate(given: Any) -> list[Any]:
        aggregation = Aggregation(EDGES, shares_of(FUNCTIONS))
        for at, values in given:
            aggregation.add(at, values)
        aggregation.finish()
        return figures(aggregation, FUNCTIONS, *SPAN, None)

    def decoded() -> Any:
        for block in blocks:
            series = codec.decode_arrays(block, {sensor.id})[column]
            yield series.timestamps, series.values

    def thin() -> None:
        curve = Curve(1000)
        for at, values in hours:
            curve.add(at, values)
        curve.points()

    print(f"seed {SEED}, {READINGS:,} readings, {len(EDGES) - 1} buckets, {len(NAMES)} functions: {', '.join(NAMES)}")
    print(f"{'':<46}{'best ms':>8}{'median':>8}{'ns each':>9}")
    measured("decode hour blocks", lambda: sum(len(at) for at, _ in decoded()))
    measured("aggregate arrays", lambda: aggregate(hours))
    measured("decode and aggregate", lambda: aggregate(decoded()))
    measured("1,000 points out of arrays", thin)

    found = from_store(sensor, hours)

    def render() -> None:
        SensorBuckets(
            sensor_id=sensor.id,
            value_type=sensor.value_type,
            unit=None,
            interval="1h",
            tz="UTC",
            buckets=found[sensor.id],
        ).model_dump_json(by_alias=True)

    measured("render the answer", render)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, blocks and arrays included")


if __name__ == "__main__":
    main()
