"""Readings in memory: a series per sensor, frames of a device, and the join that makes the last write win.

A *series* is a map timestamp → (version, value, metadata), kept as parallel columns ordered by timestamp. The *version*
is the moment of acceptance in milliseconds, fixed once at the edge, so that a redelivery carries the same one. The
join of two series keeps, for each timestamp, the entry with the larger (version, value bytes, metadata bytes). It is
associative, commutative and idempotent: what a store holds is the join of everything acknowledged, whatever the
order, the duplicates or the batching.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import lt
from typing import NamedTuple

Value = float | int | bool | str


class ValueType(StrEnum):
    """What a sensor measures in: an IEEE double, a signed 64-bit integer, a truth value or text."""

    DOUBLE = "DOUBLE"
    BIGINT = "BIGINT"
    BOOLEAN = "BOOLEAN"
    TEXT = "TEXT"


class Column(NamedTuple):
    """Whose readings a series holds, and in which type: ``float``, ``int``, ``bool`` or ``str`` in Python.

    A sensor that was made again under the same name with another type has two columns; neither hides the other.
    """

    sensor_id: str
    value_type: ValueType


class Reading(NamedTuple):
    """One reading by itself, where a series would be too much."""

    timestamp: int
    version: int
    value: Value
    metadata: str | None


@dataclass(slots=True)
class Series:
    """The readings of one column, oldest first, each timestamp once (unless it was built by hand and says otherwise).

    ``timestamps`` and ``versions`` are milliseconds since 1970; ``metadata`` is sparse, timestamp → JSON text. The
    columns are shared between series freely: treat them as frozen.
    """

    timestamps: list[int]
    values: list[Value]
    versions: list[int]
    metadata: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        timestamps: list[int],
        values: list[Value],
        version: int,
        metadata: Mapping[int, str] | None = None,
    ) -> Series:
        """Return the series of readings accepted together, in any order; of a timestamp given twice the larger wins.

        *metadata* is by timestamp; it belongs to the reading that wins.
        """
        series = cls(timestamps, values, [version] * len(timestamps), dict(metadata or {}))
        return series if all(map(lt, timestamps, timestamps[1:])) else _sorted(series)

    def __len__(self) -> int:
        return len(self.timestamps)

    def between(self, start_ms: int, end_ms: int) -> Series:
        """Return the readings with ``start_ms <= timestamp < end_ms``."""
        first, last = bisect_left(self.timestamps, start_ms), bisect_left(self.timestamps, end_ms)
        if (first, last) == (0, len(self.timestamps)):
            return self
        kept = {at: text for at, text in self.metadata.items() if start_ms <= at < end_ms} if self.metadata else {}
        return Series(self.timestamps[first:last], self.values[first:last], self.versions[first:last], kept)

    def at(self, index: int) -> Reading:
        """Return one reading by its position; negative positions count from the newest."""
        timestamp = self.timestamps[index]
        return Reading(timestamp, self.versions[index], self.values[index], self.metadata.get(timestamp))


Frame = dict[Column, Series]
"""The readings of one device."""

Batch = Mapping[str, Frame]
"""Readings of many devices, by device id."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Everything of a sensor in ``start_ms <= timestamp < end_ms`` whose version is at most ``version`` is deleted."""

    sensor_id: str
    start_ms: int
    end_ms: int
    version: int


def join(left: Series, right: Series) -> Series:
    """Return the series that holds, of each timestamp in either, the larger entry."""
    if not left.timestamps or not right.timestamps:
        return left if left.timestamps else right
    if right.timestamps[-1] < left.timestamps[0]:
        left, right = right, left
    joined = Series(
        left.timestamps + right.timestamps,
        left.values + right.values,
        left.versions + right.versions,
        {**left.metadata, **right.metadata} if left.metadata or right.metadata else {},
    )
    return joined if left.timestamps[-1] < right.timestamps[0] else _merged(left, right)


def join_frames(frames: Iterable[Frame]) -> Frame:
    """Return the frame that joins *frames* column by column."""
    joined: Frame = {}
    for frame in frames:
        for column, series in frame.items():
            joined[column] = join(joined[column], series) if column in joined else series
    return joined


def without(column: Column, series: Series, tombstones: Iterable[Tombstone]) -> Series:
    """Return what *tombstones* leave of a column."""
    raise NotImplementedError
