"""The readings of sensors in arrays, oldest first, a stretch at a time. Importing this loads numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from whimbrel.domain import aggregates, codec
from whimbrel.domain.aggregates import Aggregation, Array, Summary, Values
from whimbrel.domain.fleet import Sensor, retained_since
from whimbrel.domain.series import Column, Series, ValueType
from whimbrel.ids import DeviceId, SensorId
from whimbrel.instants import now_ms
from whimbrel.problems import InvalidRequest
from whimbrel.store.readings import ReadingStore

MOST_READINGS = 20_000_000
"""Of one query: what is decoded well within the time that the gateway gives."""

LOOK_BACK_MS = 366 * 86_400_000
"""How far before a range its last reading before is looked for."""

DAY_MS, HOUR_MS = 86_400_000, 3_600_000

_DTYPES: dict[ValueType, Any] = {ValueType.DOUBLE: np.float64, ValueType.BIGINT: np.int64, ValueType.BOOLEAN: np.bool_}


class TooManyReadings(ValueError):
    """A query would have to look at more readings than it can in its time."""


class Taker(Protocol):
    """What takes in a sensor's readings in order, chunk by chunk."""

    def add(self, timestamps: Array, values: Any) -> None:
        """Take in the next readings."""
        ...


@dataclass(slots=True)
class History:
    """What a store has, for one query: no more than `MOST_READINGS` together."""

    store: ReadingStore
    _taken: int = field(default=0, init=False)

    def give(
        self, sensors: Mapping[SensorId, Sensor], takers: Mapping[SensorId, Taker], start_ms: int, end_ms: int
    ) -> None:
        """Give each sensor's readings in ``start_ms <= timestamp < end_ms`` to its taker; a device is read once.

        Raises:
            TooManyReadings: there are too many.
        """
        by_device: dict[DeviceId, dict[Column, Taker]] = {}
        kept_since = retained_since(sensors.values(), now_ms())
        for sensor_id, sensor in sensors.items():
            column = Column(sensor_id, sensor.value_type)
            by_device.setdefault(sensor.device_id, {})[column] = takers[sensor_id]
        for device_id, columns in by_device.items():
            self._give(device_id, columns, start_ms, end_ms, kept_since)

    def give_sums(self, sensor: Sensor, taker: Aggregation, start_ms: int, end_ms: int) -> None:
        """Do as `give` for a taker whose buckets are whole hours in UTC, by the sums of past days where they are kept.

        The sums of days that had to be read are kept for the next time.

        Raises:
            TooManyReadings: there are too many to read.
        """
        column = Column(sensor.id, sensor.value_type)
        kept_since = retained_since([sensor], now_ms())
        start_ms = max(start_ms, kept_since.get(sensor.id, start_ms))
        rollup = self.store.rollup(sensor.device_id, column, start_ms, end_ms)
        left = start_ms
        for days in _runs(rollup.wanted, rollup.kept):
            run_start, run_end = days.start * DAY_MS, days.stop * DAY_MS
            self._give(sensor.device_id, {column: taker}, left, run_start, kept_since)
            sums = {day: rollup.kept.get(day, []) for day in days}
            if days.start not in rollup.kept:
                hours = Aggregation(np.arange(run_start, run_end + 1, HOUR_MS))
                self._give(sensor.device_id, {column: hours}, run_start, run_end, kept_since)
                hours.finish()
                for hour, summary in hours.summaries.items():
                    sums[days.start + hour * HOUR_MS // DAY_MS].append(tuple(summary))
                for day in days:
                    rollup.keep(day, sums[day])
            for day in days:
                for figures in sums[day]:
                    taker.absorb(Summary._make(figures))
            left = run_end
        self._give(sensor.device_id, {column: taker}, left, end_ms, kept_since)

    def _give(
        self,
        device_id: DeviceId,
        columns: Mapping[Column, Taker],
        start_ms: int,
        end_ms: int,
        kept_since: Mapping[str, int],
    ) -> None:
        for column, timestamps, values in self._chunks(device_id, columns, start_ms, end_ms, kept_since):
            self._taken += len(timestamps)
            if self._taken > MOST_READINGS:
                raise TooManyReadings(f"it has more than the {MOST_READINGS:,} readings that one query looks at")
            columns[column].add(timestamps, values)

    def before(self, sensor: Sensor, start_ms: int) -> Summary | None:
        """Return the last reading of *sensor* before *start_ms*, if there is one in the year before."""
        column = Column(sensor.id, sensor.value_type)
        kept_since = retained_since([sensor], now_ms())
        first_ms = start_ms - LOOK_BACK_MS
        for piece in self.store.read(
            sensor.device_id, [sensor.id], first_ms, start_ms, order="desc", not_before=kept_since
        ):
            if series := piece.frame.get(column):
                reading = series.at(0)
                return Summary.of(reading.timestamp, reading.value)
        return None

    def _chunks(
        self,
        device_id: DeviceId,
        columns: Mapping[Column, Taker],
        start_ms: int,
        end_ms: int,
        kept_since: Mapping[str, int],
    ) -> Iterator[tuple[Column, Array, Values]]:
        if start_ms >= end_ms:
            return
        codec.vectorise()
        sensor_ids = [column.sensor_id for column in columns]
        for piece in self.store.read(device_id, sensor_ids, start_ms, end_ms, not_before=kept_since, arrays=True):
            for column, series in piece.frame.items():
                if column in columns:
                    yield column, np.asarray(series.timestamps, np.int64), _values(column.value_type, series)


def give(
    history: History,
    sensors: Mapping[SensorId, Sensor],
    takers: Mapping[SensorId, Any],
    span: tuple[int, int],
    *,
    sums: bool = False,
) -> None:
    """Give all readings of *span* to the takers, and tell those that want to know that it is all.

    Where *sums* of whole hours will do, those that need no single values get them instead.

    Raises:
        InvalidRequest: there are too many.
    """
    try:
        by_sums = {
            sensor_id: sensor
            for sensor_id, sensor in sensors.items()
            if sums and not takers[sensor_id].shares and sensor.value_type is not ValueType.TEXT
        }
        for sensor_id, sensor in by_sums.items():
            history.give_sums(sensor, takers[sensor_id], *span)
        history.give(
            {sensor_id: sensor for sensor_id, sensor in sensors.items() if sensor_id not in by_sums}, takers, *span
        )
        for taker in takers.values():
            if hasattr(taker, "finish"):
                taker.finish()
    except TooManyReadings as error:
        raise InvalidRequest.of("from", f"{error}; ask for a shorter range", code="too-many-readings") from error
    except aggregates.TooManyValues as error:
        raise InvalidRequest.of("fn", f"{error}; ask for shorter buckets", code="too-many-readings") from error


def _values(value_type: ValueType, series: Series) -> Values:
    if value_type is ValueType.TEXT:
        return [str(text) for text in series.values]
    return np.asarray(series.values, _DTYPES[value_type])


def _runs(wanted: Iterable[int], kept: Iterable[int]) -> Iterator[range]:
    """Yield the days in order, in runs without a gap of those that are kept, or of those that are not."""
    known = set(kept)
    run: range | None = None
    for day in sorted({*wanted, *known}):
        if run and day == run.stop and (day in known) == (run.start in known):
            run = range(run.start, day + 1)
            continue
        if run:
            yield run
        run = range(day, day + 1)
    if run:
        yield run
