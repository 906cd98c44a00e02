"""What a query means, and what it is refused for. Importing this loads numpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.queries.models import MAX_FUNCTIONS, BatchPoint, Bucket
from whimbrel import instants
from whimbrel.domain import aggregates
from whimbrel.domain.aggregates import Array, Fill, Function, Values
from whimbrel.domain.downsampling import Changes, Curve
from whimbrel.domain.fleet import Sensor
from whimbrel.domain.series import Value, ValueType
from whimbrel.ids import SensorId
from whimbrel.problems import InvalidRequest
from whimbrel.store import bucketed
from whimbrel.store.bucketed import Bucketing, Range
from whimbrel.store.history import History, give

MAX_POINTS = 50_000


def functions_of(asked: Iterable[str] | None, sensor: Sensor, fill: Fill) -> list[Function]:
    """Return the functions that are *asked* of a sensor beside the count, each one name or several with commas.

    Raises:
        InvalidRequest: there is no such function; too many; the type of the sensor does not know it, or how to fill.
    """
    default = "count" if sensor.value_type is ValueType.TEXT else "avg"
    names = list(dict.fromkeys(name.strip() for given in asked or [default] for name in given.split(",")))
    if len(names) > MAX_FUNCTIONS:
        raise InvalidRequest.of("fn", f"{MAX_FUNCTIONS} functions are the limit")
    try:
        known = [aggregates.function_named(name, sensor.value_type) for name in names]
    except ValueError as error:
        raise InvalidRequest.of("fn", str(error)) from error
    # The count is in every bucket anyway.
    found = [function for function in known if function.name != "count"]
    if fill == "linear":
        for function in found:
            if sensor.value_type is ValueType.TEXT or (
                sensor.value_type is ValueType.BOOLEAN and function.name in {"first", "last"}
            ):
                message = f"there is no line between {sensor.value_type.value} values; use previous or null"
                raise InvalidRequest.of("fill", message)
    return found


def buckets_of(
    history: History,
    sensors: Mapping[SensorId, Sensor],
    functions: Mapping[SensorId, list[Function]],
    bucketing: Bucketing,
    span: Range,
) -> dict[SensorId, list[Bucket]]:
    """Return the buckets of each sensor: with ``fill`` none those that have readings, else all.

    Raises:
        InvalidRequest: more readings, or figures, than one query can have.
    """
    found = bucketed.buckets_of(history, sensors, functions, bucketing, span)
    return {sensor_id: [_bucket(bucket) for bucket in buckets] for sensor_id, buckets in found.items()}


def _bucket(found: bucketed.Bucket) -> Bucket:
    named: dict[str, Any] = dict(found.figures)
    start, end = instants.from_ms(found.start_ms), instants.from_ms(found.end_ms)
    return Bucket(start=start, end=end, count=found.count, **named)


def points_of(
    history: History, sensors: Mapping[SensorId, Sensor], max_points: int | None, span: Range
) -> dict[SensorId, list[BatchPoint]]:
    """Return the readings of each sensor, all of them or *max_points* that look like them.

    Raises:
        InvalidRequest: too many points for one answer, or too many readings for one query.
    """
    if max_points and max_points * len(sensors) > MAX_POINTS:
        message = (
            f"an answer holds {MAX_POINTS:,} points; of {len(sensors)} sensors {MAX_POINTS // len(sensors):,} each"
        )
        raise InvalidRequest.of("maxPoints", message, code="too-many-points")
    room = _Room(MAX_POINTS)
    takers: dict[SensorId, Curve | Changes | _Points] = {
        sensor_id: _Points(room) if max_points is None else _reducer(sensor, max_points)
        for sensor_id, sensor in sensors.items()
    }
    give(history, sensors, takers, span)
    found = {sensor_id: taker.points() for sensor_id, taker in takers.items()}
    bucketed.check_size(value for points in found.values() for _, value in points)
    return {
        sensor_id: [BatchPoint(timestamp=instants.from_ms(at_ms), value=value) for at_ms, value in points]
        for sensor_id, points in found.items()
    }


def _reducer(sensor: Sensor, max_points: int) -> Curve | Changes:
    has_steps = sensor.value_type in {ValueType.BOOLEAN, ValueType.TEXT}
    return Changes(max_points) if has_steps else Curve(max_points)


@dataclass(slots=True)
class _Room:
    """How many points still fit into an answer."""

    left: int


@dataclass(slots=True)
class _Points:
    """Readings as they are."""

    room: _Room
    kept: list[tuple[int, Value]] = field(default_factory=list[tuple[int, Value]])

    def add(self, timestamps: Array, values: Values) -> None:
        self.room.left -= len(timestamps)
        if self.room.left < 0:
            message = f"the range has more than the {MAX_POINTS:,} points of an answer; send maxPoints or interval"
            raise InvalidRequest.of("maxPoints", message, code="too-many-points")
        listed: Sequence[Any] = values if isinstance(values, list) else values.tolist()
        self.kept += zip(timestamps.tolist(), listed, strict=True)

    def points(self) -> list[tuple[int, Value]]:
        return self.kept
