"""What a query means, and what it is refused for. Importing this loads numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from functions.queries.models import MAX_FUNCTIONS, BatchPoint, Bucket
from whimbrel import instants
from whimbrel.domain import aggregates, calendar
from whimbrel.domain.aggregates import Aggregation, Array, Fill, Function, Values
from whimbrel.domain.downsampling import Changes, Curve
from whimbrel.domain.fleet import Sensor
from whimbrel.domain.series import Value, ValueType
from whimbrel.ids import SensorId
from whimbrel.problems import InvalidRequest
from whimbrel.store.history import HOUR_MS, History, give

MAX_BUCKETS = 10_000
MAX_FIGURES = 140_000
"""Of one answer, the bounds of each bucket counting as two: Lambda's answers end at 6 MB."""
MAX_POINTS = 50_000
MAX_TEXT_OCTETS = 4 * 1024 * 1024

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Bucketing:
    """How readings are put into buckets, and what empty ones say."""

    edges: list[int]
    fill: Fill

    @classmethod
    def of(cls, interval: str, tz: str, fill: Fill, span: Range) -> Bucketing:
        """Return the buckets of that *interval*, in the calendar of the zone *tz*, that cover *span*.

        Raises:
            InvalidRequest: no such interval or zone; too many buckets.
        """
        try:
            length = calendar.parse_interval(interval)
        except ValueError as error:
            raise InvalidRequest.of("interval", str(error)) from error
        try:
            zone = calendar.zone_named(tz)
        except ValueError as error:
            raise InvalidRequest.of("tz", str(error)) from error
        try:
            return cls(calendar.edges(length, zone, *span, most=MAX_BUCKETS), fill)
        except calendar.TooManyWindows as error:
            message = f"the range has more than {MAX_BUCKETS:,} buckets of it; ask for longer ones, or a shorter range"
            raise InvalidRequest.of("interval", message, code="too-many-buckets") from error
        except calendar.OutsideCalendar as error:
            raise InvalidRequest.of("interval", f"{error}; ask for a range further inside") from error


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
    edges = bucketing.edges
    figures = sum((len(edges) - 1) * (2 + len(functions[sensor_id])) for sensor_id in sensors)
    if figures > MAX_FIGURES:
        message = "the answer would be too large; ask for longer buckets, fewer functions, fewer sensors or less time"
        raise InvalidRequest.of("interval", message, code="too-many-buckets")
    borders = np.array(edges)
    takers = {
        sensor_id: Aggregation(borders, aggregates.shares_of(functions[sensor_id]), aggregates.MOST_VALUES)
        for sensor_id in sensors
    }
    give(history, sensors, takers, span, sums=all(edge % HOUR_MS == 0 for edge in edges))
    found = {
        sensor_id: _buckets(history, sensor, functions[sensor_id], takers[sensor_id], bucketing, span)
        for sensor_id, sensor in sensors.items()
    }
    _check_size(
        figure
        for buckets in found.values()
        for bucket in buckets
        for figure in (bucket.__pydantic_extra__ or {}).values()
    )
    return found


def _buckets(
    history: History,
    sensor: Sensor,
    functions: list[Function],
    aggregation: Aggregation,
    bucketing: Bucketing,
    span: Range,
) -> list[Bucket]:
    looks_back = any(function.name in aggregates.LOOKING_BACK for function in functions)
    before = history.before(sensor, span[0]) if looks_back else None
    figures = aggregates.figures(aggregation, functions, *span, before)
    edges, fill = bucketing.edges, bucketing.fill
    aggregates.filled(edges, figures, fill)
    buckets: list[Bucket] = []
    for number, (start, end) in enumerate(pairwise(edges)):
        summary = aggregation.summaries.get(number)
        if summary or fill != "none":
            named: dict[str, Any] = dict(figures[number])
            count = summary.readings if summary else 0
            buckets.append(Bucket(start=instants.from_ms(start), end=instants.from_ms(end), count=count, **named))
    return buckets


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
    _check_size(value for points in found.values() for _, value in points)
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


def _check_size(values: Iterator[Any]) -> None:
    octets = sum(len(value.encode("utf-8", "replace")) for value in values if isinstance(value, str))
    if octets > MAX_TEXT_OCTETS:
        message = "its texts are more than 4 MB together; ask for a shorter range"
        raise InvalidRequest.of("from", message, code="too-many-points")
