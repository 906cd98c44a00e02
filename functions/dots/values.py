"""Values back out: variables by their labels, pages of values with a true count, the newest one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from whimbrel import instants
from whimbrel.domain.fleet import Sensor, retained_since
from whimbrel.domain.readings import MAIN_COMPONENT
from whimbrel.domain.series import Reading
from whimbrel.ids import Id, SensorId
from whimbrel.problems import InvalidRequest, NotFound
from whimbrel.store.labels import device_by
from whimbrel.store.readings import ReadingStore
from whimbrel.store.tenant import Tenant

if TYPE_CHECKING:
    import numpy as np

    from whimbrel.domain.aggregates import Summary

NEAR = 10_000
"""So many values are counted by reading them; of more, by hours, most of which are kept."""

HOUR_MS = 3_600_000

Range = tuple[int, int]


class Values(NamedTuple):
    """A page of values, newest first, and how many values there are."""

    total: int
    readings: list[Reading]


def variable_by(tenant: Tenant, device: str, variable: str) -> Sensor:
    """Return a variable of a device, each by its identifier or its label (which may have a ``~`` before it).

    Raises:
        NotFound: there is none.
    """
    device_id = device_by(tenant, device.removeprefix("~")).id
    name = variable.removeprefix("~")
    identifier = SensorId(name) if Id.is_valid(name) else SensorId.named(device_id, MAIN_COMPONENT, name)
    sensor = tenant.things(Sensor).find(identifier) if name.isascii() else None
    if sensor is None or sensor.device_id != device_id:
        raise NotFound(f"The device has no variable {name[:64]!r}.")
    return sensor


def inclusive(start: int | None, end: int | None) -> Range:
    """Return the half-open range of milliseconds that a range of both ends stands for.

    Raises:
        InvalidRequest: it is empty, or outside the years that there are.
    """
    first, last = 0 if start is None else start, instants.END_OF_TIME_MS - 1 if end is None else end
    for name, at in (("start", first), ("end", last)):
        if not 0 <= at < instants.END_OF_TIME_MS:
            raise InvalidRequest.of(name, "it is in milliseconds since 1970, up to the year 9999")
    if first > last:
        raise InvalidRequest.of("start", "it must not be after end", code="empty-range")
    return first, last + 1


def newest_first(store: ReadingStore, sensor: Sensor, span: Range) -> Iterator[Reading]:
    """Yield the readings of *span*, newest first, as they are asked for."""
    return _read(store, sensor, span, "desc")


def oldest(store: ReadingStore, sensor: Sensor, span: Range) -> Reading | None:
    """Return the first reading of *span*, if there is one."""
    return next(_read(store, sensor, span, "asc"), None)


def page_of(store: ReadingStore, sensor: Sensor, span: Range, number: int, size: int) -> Values:
    """Return the page of that *number*, from 1.

    What comes before is not read: the values of each hour are counted, by the sums of past days where they are kept.

    Raises:
        NotFound: there is no such page, and it is not the first.
        InvalidRequest: there are more values than can be counted.
    """
    near = list(islice(newest_first(store, sensor, span), NEAR + 1))
    skipped = (number - 1) * size
    counts = _counts(store, sensor, span) if len(near) > NEAR else {}
    total = sum(counts.values()) if counts else len(near)
    if number > 1 and skipped >= total:
        raise NotFound(f"There is no page {number}: there are {total} values.")
    if skipped + size <= len(near) or total <= NEAR:
        return Values(total, near[skipped : skipped + size])
    until = span[1]
    for hour in sorted(counts, reverse=True):
        if skipped < counts[hour]:
            break
        skipped -= counts[hour]
        until = hour * HOUR_MS
    rest = newest_first(store, sensor, (span[0], min(until, span[1])))
    return Values(total, list(islice(rest, skipped, skipped + size)))


def row(reading: Reading) -> dict[str, Any]:
    """Return a value as it is told."""
    return {
        "timestamp": reading.timestamp,
        "value": reading.value,
        "context": json.loads(reading.metadata) if reading.metadata else {},
        "created_at": reading.version,
    }


def as_csv(readings: list[Reading]) -> str:
    """Return values as a table, its first row the names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("timestamp", "value", "context", "created_at"))
    for each in readings:
        writer.writerow((each.timestamp, plain(each), each.metadata or "{}", each.version))
    return text.getvalue()


def plain(reading: Reading) -> str:
    """Return a value as bare text."""
    return reading.value if isinstance(reading.value, str) else json.dumps(reading.value)


def _counts(store: ReadingStore, sensor: Sensor, span: Range) -> dict[int, int]:
    """Return how many readings each hour has, counted from 1970 in UTC."""
    from whimbrel.store.history import History, give

    first = oldest(store, sensor, span)
    counts = _Hours()
    if first:
        # The sums of days are asked for from where there are any.
        span = (max(span[0], first.timestamp), min(span[1], instants.now_ms() + HOUR_MS))
        try:
            give(History(store), {sensor.id: sensor}, {sensor.id: counts}, span, sums=True)
        except InvalidRequest as problem:
            raise problem.renamed({"from": "start"}) from problem
    return counts.found


class _Hours:
    """Takes readings in, and keeps how many each hour has."""

    shares = ()

    def __init__(self) -> None:
        self.found: dict[int, int] = {}

    def add(self, timestamps: np.ndarray[Any, Any], _values: Any) -> None:
        import numpy as np

        hours, counts = np.unique(timestamps // HOUR_MS, return_counts=True)
        for hour, count in zip(hours.tolist(), counts.tolist(), strict=True):
            self.found[hour] = self.found.get(hour, 0) + count

    def absorb(self, summary: Summary) -> None:
        hour = summary.first_ms // HOUR_MS
        self.found[hour] = self.found.get(hour, 0) + summary.readings


def _read(store: ReadingStore, sensor: Sensor, span: Range, order: Literal["asc", "desc"]) -> Iterator[Reading]:
    kept_since = retained_since([sensor], instants.now_ms())
    for piece in store.read(sensor.device_id, [sensor.id], *span, order=order, not_before=kept_since):
        for column, series in piece.frame.items():
            if column.value_type is sensor.value_type:
                yield from map(series.at, range(len(series)))
