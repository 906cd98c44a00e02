"""Fewer points that still look like all of them, chosen among the readings and never made up.

Numbers: Largest-Triangle-Three-Buckets (S. Steinarsson, "Downsampling Time Series for Visual Representation", 2013).
A series too long to hold is thinned before to the least and the largest of every few readings (J. Van Der Donckt et
al., "MinMaxLTTB", 2023): peaks outlive both. Truth values and texts: the readings at which the value changes.

Importing this loads numpy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from whimbrel.domain.series import Value

Array = np.ndarray[Any, Any]

MOST_HELD = 200_000
"""Readings of one series in memory as they are; above it, they are thinned."""

_FIRST_GROUP = 4
_ENDS = 2
_DAUNTING = 1e100
_STRIDE = 3


def largest_triangles(timestamps: Array, values: Array, most: int) -> Array:
    """Return the positions of *most* points, ascending, or of all if they are no more; *most* is at least 2.

    The first and the last are kept. What is between is cut into stretches of equally many points, and of each the point
    is kept that makes the largest triangle with the one kept before it and the mean of the stretch after it.
    """
    count = len(timestamps)
    if count <= most:
        return np.arange(count)
    kept = np.array([0, *[0] * (most - _ENDS), count - 1])
    if most == _ENDS:
        return kept
    x, y = (timestamps - timestamps[0]).astype(np.float64), _heights(values)
    borders = np.linspace(1, count - 1, most - 1).astype(np.int64)
    sizes = np.diff(borders)
    mean_x, mean_y = (np.append(np.add.reduceat(axis[:-1], borders[:-1]) / sizes, axis[-1]) for axis in (x, y))
    before = 0
    for number, (start, end) in enumerate(zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)):
        across, up = mean_x[number + 1] - x[before], mean_y[number + 1] - y[before]
        doubled = np.abs((x[start:end] - x[before]) * up - (y[start:end] - y[before]) * across)
        before = kept[number + 1] = start + int(doubled.argmax())
    return kept


def _heights(values: Array) -> Array:
    """Return doubles that differ as *values* do, and whose products are finite."""
    if values.dtype == np.int64:
        # From the least on, modulo 2**64: so also integers far from zero keep their differences.
        return (values.view(np.uint64) - values.min().view(np.uint64)).astype(np.float64)
    largest = float(np.abs(values).max())
    return values / largest if largest > _DAUNTING else values


@dataclass(slots=True)
class Curve:
    """A series of numbers in at most ``most`` points, taken in chunk by chunk, oldest first."""

    most: int
    most_held: int = MOST_HELD
    _first: tuple[int, Value] | None = None
    _last: tuple[int, Value] | None = None
    _thinned: list[tuple[Array, Array]] = field(default_factory=list[tuple[Array, Array]])
    _raw: list[tuple[Array, Array]] = field(default_factory=list[tuple[Array, Array]])
    _held: int = 0
    _group: int = _FIRST_GROUP

    def add(self, timestamps: Array, values: Array) -> None:
        """Take in the next readings."""
        if not len(timestamps):
            return
        self._first = self._first or (timestamps[0].item(), values[0].item())
        self._last = (timestamps[-1].item(), values[-1].item())
        self._raw.append((timestamps, values))
        self._held += len(timestamps)
        if self._held > self.most_held:
            self._thin()

    def points(self) -> list[tuple[int, Value]]:
        """Return the points, oldest first."""
        if self._first is None or self._last is None:
            return []
        # What came since the last thinning would else have more points than its time is worth.
        chunks = [*self._thinned, _extremes(*_joined(self._raw), self._group)] if self._thinned else self._raw[:]
        # Thinning may have taken the ends.
        if chunks[0][0][0] != self._first[0]:
            chunks.insert(0, self._point(*self._first))
        timestamps, values = _joined(chunks)
        if timestamps[-1] != self._last[0]:
            timestamps, values = _joined([(timestamps, values), self._point(*self._last)])
        kept = largest_triangles(timestamps, values, self.most)
        return list(zip(timestamps[kept].tolist(), values[kept].tolist(), strict=True))

    def _point(self, at_ms: int, value: Value) -> tuple[Array, Array]:
        return np.array([at_ms]), np.array([value], self._raw[0][1].dtype)

    def _thin(self) -> None:
        """Thin what came since the last time; if little is won, also what was thinned, so that all is alike."""
        timestamps, values = _joined(self._raw)
        while True:
            whole = len(timestamps) // self._group * self._group
            thinned = _extremes(timestamps[:whole], values[:whole], self._group)
            if sum(len(at) for at, _ in self._thinned) + len(thinned[0]) <= self.most_held // 2:
                break
            self._group *= 2
            self._thinned = [_extremes(*_joined(self._thinned), _FIRST_GROUP)] if self._thinned else []
        self._thinned.append(thinned)
        self._raw = [(timestamps[whole:], values[whole:])]
        self._held = sum(len(at) for at, _ in self._thinned) + len(timestamps) - whole


def _joined(chunks: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    return np.concatenate([at for at, _ in chunks]), np.concatenate([values for _, values in chunks])


def _extremes(timestamps: Array, values: Array, group: int) -> tuple[Array, Array]:
    """Return the least and the largest of each *group* of readings, in order of time; what is left over stays."""
    whole = len(values) // group * group
    rows = values[:whole].reshape(-1, group)
    least, most = rows.argmin(axis=1), rows.argmax(axis=1)
    most[least == most] = group - 1
    places = np.sort(np.stack((least, most), axis=1), axis=1) + np.arange(0, whole, group)[:, None]
    kept = np.concatenate((places.ravel(), np.arange(whole, len(values))))
    return timestamps[kept], values[kept]


@dataclass(slots=True)
class Changes:
    """A series of truth values or texts in at most ``most`` points: where the value changes, and the last reading.

    Of more changes than that, pairs are kept that are spread evenly.
    """

    most: int
    _kept: list[tuple[int, Value]] = field(default_factory=list[tuple[int, Value]])
    _last: tuple[int, Value] | None = None
    _stride: int = 1
    _seen: int = 0

    def add(self, timestamps: Array, values: Array | list[str]) -> None:
        """Take in the next readings, oldest first."""
        if not len(timestamps):
            return
        for position in self._changed(values):
            if self._seen % self._stride == 0:
                self._kept.append((timestamps[position].item(), _plain(values[position])))
            self._seen += 1
            if len(self._kept) > _STRIDE * self.most:
                # An odd stride, for of values that take turns an even one would show only one.
                self._kept = self._kept[::_STRIDE]
                self._stride *= _STRIDE
        self._last = (timestamps[-1].item(), _plain(values[-1]))

    def points(self) -> list[tuple[int, Value]]:
        """Return the points, oldest first."""
        if self._last is None:
            return []
        points = self._kept if self._kept[-1] == self._last else [*self._kept, self._last]
        if len(points) <= self.most:
            return points
        if self.most < _ENDS + _ENDS:
            return [points[0], points[-1]]
        # Two that follow each other at each place, for of values that take turns every other one would show only one.
        starts = np.linspace(0, len(points) - _ENDS, self.most // _ENDS).round().astype(int).tolist()
        return [points[place] for start in starts for place in (start, start + 1)]

    def _changed(self, values: Array | list[str]) -> Iterable[int]:
        before = None if self._last is None else self._last[1]
        if isinstance(values, list):
            return [place for place, value in enumerate(values) if value != (values[place - 1] if place else before)]
        changed = (np.flatnonzero(values[1:] != values[:-1]) + 1).tolist()
        return changed if before == values[0].item() else [0, *changed]


def _plain(value: Any) -> Value:
    return cast("Value", value.item() if isinstance(value, np.generic) else value)
