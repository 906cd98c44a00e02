"""The readings of sensors in arrays, oldest first, a stretch at a time. Importing this loads numpy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from whimbrel.domain import codec
from whimbrel.domain.aggregates import Array, Summary, Values
from whimbrel.domain.fleet import Sensor
from whimbrel.domain.series import Column, Series, ValueType
from whimbrel.ids import DeviceId, SensorId
from whimbrel.store.readings import ReadingStore

MOST_READINGS = 20_000_000
"""Of one query: what is decoded well within the time that the gateway gives."""

LOOK_BACK_MS = 366 * 86_400_000
"""How far before a range its last reading before is looked for."""

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
        for sensor_id, sensor in sensors.items():
            column = Column(sensor_id, sensor.value_type)
            by_device.setdefault(sensor.device_id, {})[column] = takers[sensor_id]
        for device_id, columns in by_device.items():
            for column, timestamps, values in self._chunks(device_id, columns, start_ms, end_ms):
                self._taken += len(timestamps)
                if self._taken > MOST_READINGS:
                    raise TooManyReadings(f"it has more than the {MOST_READINGS:,} readings that one query looks at")
                columns[column].add(timestamps, values)

    def before(self, sensor: Sensor, start_ms: int) -> Summary | None:
        """Return the last reading of *sensor* before *start_ms*, if there is one in the year before."""
        column = Column(sensor.id, sensor.value_type)
        found = self.store.read(sensor.device_id, [sensor.id], start_ms - LOOK_BACK_MS, start_ms, order="desc")
        for piece in found:
            if series := piece.frame.get(column):
                reading = series.at(0)
                return Summary.of(reading.timestamp, reading.value)
        return None

    def _chunks(
        self, device_id: DeviceId, columns: Mapping[Column, Taker], start_ms: int, end_ms: int
    ) -> Iterator[tuple[Column, Array, Values]]:
        codec.vectorise()
        sensor_ids = [column.sensor_id for column in columns]
        for piece in self.store.read(device_id, sensor_ids, start_ms, end_ms, arrays=True):
            for column, series in piece.frame.items():
                if column in columns:
                    yield column, np.asarray(series.timestamps, np.int64), _values(column.value_type, series)


def _values(value_type: ValueType, series: Series) -> Values:
    if value_type is ValueType.TEXT:
        return [str(text) for text in series.values]
    return np.asarray(series.values, _DTYPES[value_type])
