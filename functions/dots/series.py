"""Several variables at once: their values, what these amount to, and by period. Importing this loads numpy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, pairwise
from typing import Any

import numpy as np

from functions.dots.models import Aggregate, RawQuery, ResampleQuery, SeriesQuery
from functions.dots.values import Range, inclusive, newest_first, oldest
from whimbrel.domain import aggregates, calendar
from whimbrel.domain.aggregates import Aggregation, Summary
from whimbrel.domain.fleet import Device, Sensor
from whimbrel.domain.series import Reading
from whimbrel.ids import DeviceId
from whimbrel.problems import InvalidRequest
from whimbrel.store.history import HOUR_MS, History, give
from whimbrel.store.readings import ReadingStore
from whimbrel.store.tenant import Tenant
from whimbrel.strict_json import dumps

DEFAULT_VALUES = 100
MAX_ROWS = 50_000
"""Of one answer, over all variables."""
MAX_OCTETS = 5 * 1024 * 1024
"""Of one answer: Lambda's end at 6 MB."""

_PERIOD = re.compile(r"([1-9]\d{0,5})?([THDWM])\Z", re.ASCII)
_UNITS = {"T": "m", "H": "h", "D": "d", "W": "w", "M": "mo"}
_DAY = calendar.Interval(1, calendar.Unit.DAY)
_NAMES = {"mean": "avg"}
"""What the domain calls an aggregate, where that is another name."""

_FIGURES: dict[str, Callable[[list[Summary]], Any]] = {
    "mean": lambda parts: sum(part.total for part in parts) / sum(part.readings for part in parts),
    "sum": lambda parts: sum(part.total for part in parts),
    "min": lambda parts: min(part.least for part in parts),
    "max": lambda parts: max(part.most for part in parts),
    "count": lambda parts: sum(part.readings for part in parts),
}

Row = list[Any]
Answer = dict[str, Any]


def statistics_of(store: ReadingStore, sensor: Sensor, function: str, span: Range) -> Any:
    """Return what the values of *span* amount to; null where there is none, for a count 0.

    Raises:
        InvalidRequest: the function means nothing of such values, or there are too many.
    """
    _check_function("stddev" if function == "variance" else function, sensor, "fn")
    summary = _summary(History(store), sensor, span)
    if function == "variance":
        return _finite(summary.m2 / (summary.readings - 1)) if summary and summary.readings > 1 else None
    return _figure(function, [summary] if summary else [], None)


def raw(tenant: Tenant, query: RawQuery) -> Answer:
    """Return the values of the variables, newest first.

    Raises:
        NotFound: there is no such variable. InvalidRequest: the range is empty, or the answer too large.
    """
    store, sensors = tenant.readings(), _sensors(tenant, query)
    given = query.start is not None or query.end is not None
    most = query.limit or (MAX_ROWS if given else DEFAULT_VALUES)
    span = inclusive(query.start, query.end)
    found: list[tuple[Sensor, list[Reading]]] = []
    room = MAX_ROWS
    for sensor in sensors:
        readings = list(islice(newest_first(store, sensor, span), min(most, room + 1)))
        room -= len(readings)
        _check_room(room)
        found.append((sensor, readings))
    devices = {device_id: tenant.things(Device).find(device_id) for device_id in {each.device_id for each in sensors}}
    cells = {sensor.id: _cells(sensor, devices, query.columns, query.precision) for sensor in sensors}
    if not query.join_dataframes:
        return _checked(
            [[cells[sensor.id](reading) for reading in readings] for sensor, readings in found],
            [list(query.columns) for _ in found],
        )
    own = [place for place, name in enumerate(query.columns) if name != "timestamp"]
    rows: dict[int, Row] = {}
    for number, (sensor, readings) in enumerate(found):
        for reading in readings:
            joined = rows.setdefault(reading.timestamp, [None] * (len(own) * len(found)))
            cell = cells[sensor.id](reading)
            joined[number * len(own) : (number + 1) * len(own)] = [cell[place] for place in own]
    names = [f"{sensor.id}.{query.columns[place]}" for sensor, _ in found for place in own]
    return _checked([[at, *rows[at]] for at in sorted(rows, reverse=True)], ["timestamp", *names])


def aggregated(tenant: Tenant, query: Aggregate, now_ms: int) -> Answer:
    """Return what the values of each variable amount to, or those of all together.

    Raises:
        NotFound: there is no such variable.
        InvalidRequest: the range is empty, the values know no such function, or there are too many.
    """
    store, sensors = tenant.readings(), _sensors(tenant, query)
    history = History(store)
    parts: list[list[Summary]] = []
    for sensor in sensors:
        _check_function(query.aggregation, sensor, "aggregation")
        span = _span(store, sensor, query, now_ms)
        summary = _summary(history, sensor, span) if span else None
        parts.append([summary] if summary else [])
    if query.join_dataframes:
        return {"results": _figure(query.aggregation, [each for part in parts for each in part], query.precision)}
    return {"results": [_figure(query.aggregation, part, query.precision) for part in parts]}


def resampled(tenant: Tenant, query: ResampleQuery, now_ms: int) -> Answer:
    """Return what the values amount to in each period that has any, oldest first.

    Raises:
        NotFound: there is no such variable.
        InvalidRequest: no such period; the range is empty; the values know no such function; too many.
    """
    interval, unit = _interval(query.period)
    zone = calendar.zone_named(query.tz)
    store, sensors = tenant.readings(), _sensors(tenant, query)
    history, room = History(store), MAX_ROWS
    found: list[dict[int, Any]] = []
    for sensor in sensors:
        _check_function(query.aggregation, sensor, "aggregation")
        span = _within(store, sensor, _span(store, sensor, query, now_ms))
        rows: dict[int, Any] = {}
        if span:
            edges = _edges(interval, zone, span)
            taker = Aggregation(np.array(edges))
            _give(history, sensor, taker, span, sums=all(edge % HOUR_MS == 0 for edge in edges))
            for number, (start, end) in enumerate(pairwise(edges)):
                if summary := taker.summaries.get(number):
                    at = calendar.edges(_DAY, zone, end - 1, end, most=2)[0] if unit in {"W", "M"} else start
                    rows[at] = _figure(query.aggregation, [summary], query.precision)
        room -= len(rows)
        _check_room(room)
        found.append(rows)
    if not query.join_dataframes:
        return _checked(
            [[[at, rows[at]] for at in sorted(rows)] for rows in found],
            [["timestamp", f"value.{query.aggregation}"] for _ in found],
        )
    moments = sorted({at for rows in found for at in rows})
    return _checked(
        [[at, *(rows.get(at) for rows in found)] for at in moments],
        ["timestamp", *(f"{sensor.id}.value.{query.aggregation}" for sensor in sensors)],
    )


def _sensors(tenant: Tenant, query: SeriesQuery) -> list[Sensor]:
    things = tenant.things(Sensor)
    return [things.get(identifier) for identifier in dict.fromkeys(query.variables)]


def _span(store: ReadingStore, sensor: Sensor, query: SeriesQuery, now_ms: int) -> Range | None:
    """Return the range that is asked for; without any, that of the last values, None if there are none."""
    if query.start is not None or query.end is not None:
        return inclusive(query.start, now_ms if query.end is None and (query.start or 0) <= now_ms else query.end)
    last = list(islice(newest_first(store, sensor, inclusive(None, None)), DEFAULT_VALUES))
    return (last[-1].timestamp, last[0].timestamp + 1) if last else None


def _within(store: ReadingStore, sensor: Sensor, span: Range | None) -> Range | None:
    """Return the part of *span* from the first value in it to the last."""
    first = oldest(store, sensor, span) if span else None
    last = next(newest_first(store, sensor, span), None) if span and first else None
    return (first.timestamp, last.timestamp + 1) if first and last else None


def _summary(history: History, sensor: Sensor, span: Range) -> Summary | None:
    within = _within(history.store, sensor, span)
    if within is None:
        return None
    taker = Aggregation(np.array(within))
    _give(history, sensor, taker, within, sums=True)
    return taker.summaries.get(0)


def _give(history: History, sensor: Sensor, taker: Aggregation, span: Range, *, sums: bool) -> None:
    try:
        give(history, {sensor.id: sensor}, {sensor.id: taker}, span, sums=sums)
    except InvalidRequest as problem:
        raise problem.renamed({"from": "start"}) from problem


def _edges(interval: calendar.Interval, zone: Any, span: Range) -> list[int]:
    try:
        return calendar.edges(interval, zone, *span, most=MAX_ROWS)
    except calendar.TooManyWindows as error:
        message = f"the range has more than {MAX_ROWS:,} of them; ask for longer ones, or a shorter range"
        raise InvalidRequest.of("period", message, code="too-many-buckets") from error
    except calendar.OutsideCalendar as error:
        raise InvalidRequest.of("period", f"{error}; ask for a range further inside") from error


def _interval(period: str) -> tuple[calendar.Interval, str]:
    found = _PERIOD.match(period)
    if not found:
        raise InvalidRequest.of("period", "write it as 15T (minutes), 1H, 1D, W or M")
    try:
        return calendar.parse_interval(f"{found[1] or 1}{_UNITS[found[2]]}"), found[2]
    except ValueError as error:
        raise InvalidRequest.of("period", str(error)) from error


def _check_function(name: str, sensor: Sensor, field: str) -> None:
    try:
        aggregates.function_named(_NAMES.get(name, name), sensor.value_type)
    except ValueError as error:
        raise InvalidRequest.of(field, f"{sensor.id}: {error}") from error


def _figure(name: str, parts: list[Summary], precision: int | None) -> Any:
    if not parts:
        return 0 if name == "count" else None
    return _rounded(_finite(_FIGURES[name](parts)), precision)


def _finite(figure: Any) -> Any:
    return None if isinstance(figure, float) and not math.isfinite(figure) else figure


def _rounded(figure: Any, precision: int | None) -> Any:
    return round(figure, precision) if precision is not None and isinstance(figure, float) else figure


def _cells(
    sensor: Sensor, devices: Mapping[DeviceId, Device | None], columns: Iterable[str], precision: int | None
) -> Callable[[Reading], Row]:
    """Return what makes a row of a reading."""
    import json

    device = devices[sensor.device_id]
    of_variable: dict[str, Any] = {
        "variable.id": sensor.id,
        "variable.label": sensor.key,
        "variable.name": sensor.name,
        "variable.properties.color": None,
        "device.name": device and device.name,
        "device.label": device and (device.label or device.id),
    }
    of_reading: dict[str, Callable[[Reading], Any]] = {
        "timestamp": lambda reading: reading.timestamp,
        "value.value": lambda reading: _rounded(reading.value, precision),
        "value.context": lambda reading: json.loads(reading.metadata) if reading.metadata else {},
    }
    return lambda reading: [of_reading[name](reading) if name in of_reading else of_variable[name] for name in columns]


def _check_room(room: int) -> None:
    if room < 0:
        message = f"an answer holds {MAX_ROWS:,} values; ask for a shorter range, fewer variables, or send limit"
        raise InvalidRequest.of("start", message, code="too-many-points")


def _checked(results: list[Any], columns: list[Any]) -> Answer:
    answer = {"results": results, "columns": columns}
    if len(dumps(answer).encode()) > MAX_OCTETS:
        message = "the answer would be more than 5 MB; ask for a shorter range or fewer columns, or send limit"
        raise InvalidRequest.of("start", message, code="too-many-points")
    return answer
