"""Values out: the newest, those of a time, and what they amount to. Importing this loads numpy."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from functions.entities.models import ChartPoint, ChartSeries, HistoryItem
from whimbrel import instants
from whimbrel.domain import aggregates
from whimbrel.domain.aggregates import Aggregation, Function
from whimbrel.domain.fleet import Sensor, retained_since
from whimbrel.domain.series import Column, Value, ValueType
from whimbrel.ids import SensorId
from whimbrel.problems import InvalidRequest
from whimbrel.store.bucketed import Bucketing, Range, buckets_of
from whimbrel.store.history import HOUR_MS, History, give

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whimbrel.domain.series import Frame
    from whimbrel.store.readings import ReadingStore

MOST_DEEP = 100_000
"""How far into a history pages go: what is before a page has to be passed over."""
MOST_CHARTED = 50
WORTH_SUMS = 100_000
"""Of more readings, the sums of past days are asked for, and kept; fewer are counted as they are."""
MOST_SUMMED = 20
"""Of more attributes, asking for the sums of each takes more requests than reading them all at once."""
_WIDTH = re.compile(r"(\d{1,9}) *([a-z]+)", re.ASCII)
_ALIASES = {
    "Y": "y year years",
    "MO": "mo mon mons month months",
    "W": "w week weeks",
    "D": "d day days",
    "H": "h hr hrs hour hours",
    "M": "m min mins minute minutes",
    "S": "s sec secs second seconds",
}
_UNITS = {alias: unit for unit, aliases in _ALIASES.items() for alias in aliases.split()}


class Past:
    """The readings of one device's sensors in a range of time."""

    def __init__(self, store: ReadingStore, sensors: Mapping[SensorId, Sensor], span: Range) -> None:
        self._store = store
        self._sensors = sensors
        self._span = span

    def page(self, entity_id: str, number: int, limit: int, direction: Literal["asc", "desc"]) -> list[HistoryItem]:
        """Return a page of the readings in order of time; of one moment, in order of their sensors."""
        return [
            HistoryItem(created_at=instants.from_ms(at_ms), attribute_id=sensor_id, value=value, entity_id=entity_id)
            for at_ms, sensor_id, value in islice(self._rows((number - 1) * limit, direction), limit)
        ]

    def total(self) -> int:
        """Return how many readings there are.

        Raises:
            InvalidRequest: more than one query looks at.
        """
        counted, start_ms = 0, None
        for frame in self._frames("asc"):
            counted += sum(map(len, frame.values()))
            if start_ms is None:
                start_ms = min(series.timestamps[0] for series in frame.values())
            if counted > WORTH_SUMS:
                return self._summed(start_ms)
        return counted

    def _summed(self, start_ms: int) -> int:
        """Return how many readings there are, the first of them at *start_ms*."""
        # To the last reading, as from the first: whole days without any would be summed up in vain.
        newest = next(self._frames("desc"), {})
        end_ms = max((series.timestamps[0] for series in newest.values()), default=start_ms) + 1
        edges = np.array([start_ms // HOUR_MS * HOUR_MS, -(-end_ms // HOUR_MS) * HOUR_MS])
        takers = {sensor_id: Aggregation(edges) for sensor_id in self._sensors}
        by_sums = len(self._sensors) <= MOST_SUMMED
        give(History(self._store), self._sensors, takers, (start_ms, end_ms), sums=by_sums)
        return sum(summary.readings for taker in takers.values() for summary in taker.summaries.values())

    def _rows(self, skipped: int, direction: Literal["asc", "desc"]) -> Iterator[tuple[int, str, Value]]:
        for frame in self._frames(direction):
            count = sum(map(len, frame.values()))
            if count <= skipped:
                skipped -= count
                continue
            rows = [
                (at_ms, column.sensor_id, value)
                for column, series in frame.items()
                for at_ms, value in zip(series.timestamps, series.values, strict=True)
            ]
            rows.sort(key=lambda row: row[:2], reverse=direction == "desc")
            yield from rows[skipped:]
            skipped = 0

    def _frames(self, direction: Literal["asc", "desc"]) -> Iterator[Frame]:
        sensors = list(self._sensors.values())
        if not sensors:
            return
        shown = {Column(sensor.id, sensor.value_type) for sensor in sensors}
        kept_since = retained_since(sensors, instants.now_ms())
        for piece in self._store.read(
            sensors[0].device_id, list(self._sensors), *self._span, order=direction, not_before=kept_since
        ):
            if frame := {column: series for column, series in piece.frame.items() if column in shown and len(series)}:
                yield frame


def chart(
    store: ReadingStore, sensors: Mapping[SensorId, Sensor], function: str, width: str, span: Range
) -> list[ChartSeries]:
    """Return the buckets of each sensor, *width* long, as *function* has them.

    Raises:
        InvalidRequest: no such width, too many buckets or readings, or a type that does not know the function.
    """
    if len(sensors) > MOST_CHARTED:
        message = f"name those that you want: a chart has {MOST_CHARTED} at most, and this would be {len(sensors)}"
        raise InvalidRequest.of("attribute_ids", message)
    functions = {sensor_id: _functions(function, sensor) for sensor_id, sensor in sensors.items()}
    bucketing = Bucketing.of(_interval(width), "UTC", "none", span)
    found = buckets_of(History(store), sensors, functions, bucketing, span)
    return [
        ChartSeries(
            attribute_id=sensor_id,
            data=[
                ChartPoint(
                    time=instants.from_ms(bucket.start_ms),
                    value=bucket.count if function == "count" else bucket.figures[function],
                )
                for bucket in buckets
            ],
        )
        for sensor_id, buckets in found.items()
    ]


def is_numeric(sensor: Sensor) -> bool:
    """Tell whether a sensor's readings are numbers."""
    return sensor.value_type in {ValueType.DOUBLE, ValueType.BIGINT}


def _functions(name: str, sensor: Sensor) -> list[Function]:
    try:
        function = aggregates.function_named(name, sensor.value_type)
    except ValueError as error:
        raise InvalidRequest.of("aggregate_func", f"{sensor.key}: {error}") from error
    # The count is in every bucket anyway.
    return [] if name == "count" else [function]


def _interval(width: str) -> str:
    """Return in ISO 8601 a width that is written as Postgres does, as in ``1 hour 30 minutes``, or short as ``15m``.

    Raises:
        InvalidRequest: it is none.
    """
    text = width.strip().lower()
    found = _WIDTH.findall(text)
    if not found or _WIDTH.sub("", text).strip(" ,") or not all(unit in _UNITS for _, unit in found):
        message = "write it as 15 minutes, 1 hour, 1 day or 1 month, or short as in 15m"
        raise InvalidRequest.of("bucket_width", message)
    counts = Counter[str]()
    for digits, unit in found:
        counts[_UNITS[unit]] += int(digits)
    date = "".join(f"{counts[unit]}{unit[0]}" for unit in ("Y", "MO", "W", "D") if counts[unit])
    clock = "".join(f"{counts[unit]}{unit}" for unit in ("H", "M", "S") if counts[unit])
    return f"P{date}T{clock}" if clock else f"P{date}"
