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
from collections.abc import Callable, Iterable, Mapping
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

        *metadata* is sparse, by position in the lists.
        """
        notes = metadata or {}
        series = cls(timestamps, values, [version] * len(timestamps))
        winners: Iterable[int] = range(len(timestamps))
        if not all(map(lt, timestamps, timestamps[1:])):
            winners = _winners(series, notes.get)
            series = _picked(series, winners)
        if notes:
            series.metadata = {timestamps[position]: notes[position] for position in winners if position in notes}
        return series

    def __len__(self) -> int:
        return len(self.timestamps)

    def between(self, start_ms: int, end_ms: int) -> Series:
        """Return the readings with ``start_ms <= timestamp < end_ms``."""
        first, last = bisect_left(self.timestamps, start_ms), bisect_left(self.timestamps, end_ms)
        if (first, last) == (0, len(self.timestamps)):
            return self
        kept = {at: text for at, text in self.metadata.items() if start_ms <= at < end_ms} if self.metadata else {}
        return Series(self.timestamps[first:last], self.values[first:last], self.versions[first:last], kept)

    def backwards(self) -> Series:
        """Return the same readings in the opposite order, to be shown."""
        return Series(self.timestamps[::-1], self.values[::-1], self.versions[::-1], self.metadata)

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
    if right.timestamps[0] < left.timestamps[0]:
        left, right = right, left
    # What lies before the other series begins is settled; usually that is nearly everything.
    overlap = bisect_left(left.timestamps, right.timestamps[0])
    settled = Series(left.timestamps[:overlap], left.values[:overlap], left.versions[:overlap], left.metadata)
    rest = Series(left.timestamps[overlap:], left.values[overlap:], left.versions[overlap:], left.metadata)
    return _concatenated(settled, _merged(rest, right) if rest.timestamps else right)


def join_frames(frames: Iterable[Frame]) -> Frame:
    """Return the frame that joins *frames* column by column."""
    parts: dict[Column, list[Series]] = {}
    for frame in frames:
        for column, series in frame.items():
            parts.setdefault(column, []).append(series)
    return {column: _joined(found) for column, found in parts.items()}


def _joined(parts: list[Series]) -> Series:
    """Join in pairs of about the same length: one after the other would copy the first ones again and again."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return join(_joined(parts[:middle]), _joined(parts[middle:]))


def frame_between(frame: Frame, start_ms: int, end_ms: int) -> Frame:
    """Return the readings of *frame* with ``start_ms <= timestamp < end_ms``; empty columns are left out."""
    cut = {column: series.between(start_ms, end_ms) for column, series in frame.items()}
    return {column: series for column, series in cut.items() if len(series)}


def without(column: Column, series: Series, tombstones: Iterable[Tombstone]) -> Series:
    """Return what *tombstones* leave of a column."""
    for stone in tombstones:
        if stone.sensor_id == column.sensor_id:
            series = _outside(series, stone)
    return series


def _outside(series: Series, stone: Tombstone) -> Series:
    first = bisect_left(series.timestamps, stone.start_ms)
    last = max(first, bisect_left(series.timestamps, stone.end_ms))
    kept = [index for index in range(first, last) if series.versions[index] > stone.version]
    if len(kept) == last - first:
        return series
    return _picked(series, [*range(first), *kept, *range(last, len(series))])


def _picked(series: Series, positions: list[int]) -> Series:
    timestamps = [series.timestamps[position] for position in positions]
    return Series(
        timestamps,
        [series.values[position] for position in positions],
        [series.versions[position] for position in positions],
        {at: series.metadata[at] for at in timestamps if at in series.metadata} if series.metadata else {},
    )


def _concatenated(left: Series, right: Series) -> Series:
    """Return *left* and then *right*, which begins later; metadata that *left* has from there on is dropped."""
    metadata = right.metadata
    if left.metadata:
        metadata = {at: text for at, text in left.metadata.items() if at < right.timestamps[0]} | right.metadata
    return Series(
        left.timestamps + right.timestamps, left.values + right.values, left.versions + right.versions, metadata
    )


def _merged(left: Series, right: Series) -> Series:
    """Return the join of two series whose times overlap."""
    boundary = len(left)
    both = Series(left.timestamps + right.timestamps, left.values + right.values, left.versions + right.versions)

    def metadata_at(position: int) -> str | None:
        return (left if position < boundary else right).metadata.get(both.timestamps[position])

    winners = _winners(both, metadata_at)
    merged = _picked(both, winners)
    if left.metadata or right.metadata:
        noted = ((both.timestamps[position], metadata_at(position)) for position in winners)
        merged.metadata = {at: text for at, text in noted if text is not None}
    return merged


def _winners(series: Series, metadata_at: Callable[[int], str | None]) -> list[int]:
    """Return, in the order of time, where the larger entry of each timestamp is."""
    timestamps = series.timestamps
    winners: list[int] = []
    last: int | None = None

    def rank(position: int) -> tuple[int, bytes, bytes]:
        text = metadata_at(position)
        note = b"" if text is None else b"+" + text.encode("utf-8", "surrogatepass")
        return series.versions[position], _value_bytes(series.values[position]), note

    for position in sorted(range(len(timestamps)), key=timestamps.__getitem__):
        if timestamps[position] != last:
            last = timestamps[position]
            winners.append(position)
        elif series.versions[position] != series.versions[winners[-1]]:
            if series.versions[position] > series.versions[winners[-1]]:
                winners[-1] = position
        elif rank(position) > rank(winners[-1]):
            winners[-1] = position
    return winners


def _value_bytes(value: Value) -> bytes:
    """Return bytes that differ when values do, to the bit."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return struct.pack(">d", value) if isinstance(value, float) else struct.pack(">q", value)
