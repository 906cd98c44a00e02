"""Readings by bucket: what the windows of a calendar amount to. Importing this loads numpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from whimbrel.domain import aggregates, calendar
from whimbrel.domain.aggregates import Aggregation, Figure, Fill, Function
from whimbrel.domain.fleet import Sensor
from whimbrel.ids import SensorId
from whimbrel.problems import InvalidRequest
from whimbrel.store.history import HOUR_MS, History, give

MAX_BUCKETS = 10_000
MAX_FIGURES = 140_000
"""Of one answer, the bounds of each bucket counting as two: Lambda's answers end at 6 MB."""
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


@dataclass(frozen=True, slots=True)
class Bucket:
    """A window of time, how many readings it has, and each function of them but the count, by its name."""

    start_ms: int
    end_ms: int
    count: int
    figures: dict[str, Figure]


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
    check_size(figure for buckets in found.values() for bucket in buckets for figure in bucket.figures.values())
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
    for number, (start_ms, end_ms) in enumerate(pairwise(edges)):
        summary = aggregation.summaries.get(number)
        if summary or fill != "none":
            buckets.append(Bucket(start_ms, end_ms, summary.readings if summary else 0, figures[number]))
    return buckets


def check_size(values: Iterable[object]) -> None:
    """Do nothing if the texts among *values* fit into an answer.

    Raises:
        InvalidRequest: they do not.
    """
    octets = sum(len(value.encode("utf-8", "replace")) for value in values if isinstance(value, str))
    if octets > MAX_TEXT_OCTETS:
        message = "its texts are more than 4 MB together; ask for a shorter range"
        raise InvalidRequest.of("from", message, code="too-many-points")
