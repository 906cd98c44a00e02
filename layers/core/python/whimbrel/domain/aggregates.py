"""Figures of many readings at once: what a bucket amounts to, in one pass and little memory, however it is cut.

A `Summary` is the part of a bucket that merges: of two stretches that follow each other, the merged summaries are the
summary of both. Variance is merged as Chan, Golub and LeVeque (1979) do, integers are added exactly. Percentiles do
not merge; they are taken of all values of a bucket, by selection.

Timestamps are int64 arrays that ascend, in milliseconds since 1970; values are float64 (DOUBLE), int64 (BIGINT) or
bool arrays, or lists of str. Importing this loads numpy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple, cast

import numpy as np

from whimbrel.domain.series import Value, ValueType

Array = np.ndarray[Any, Any]
Values = Array | list[str]
Number = int | float
Fill = Literal["none", "null", "previous", "linear"]
Figure = Value | None

MOST_VALUES = 10_000_000
"""Of one bucket, where percentiles are asked for: they are in memory together, in 80 MB and as much again to select."""

_SURE_SUM = 2**62
_WORTH_A_PASS = 65_536
_HOUR_MS = 3_600_000


class TooManyValues(ValueError):
    """A bucket has more values than percentiles can be taken of."""


class Summary(NamedTuple):
    """What merges of a bucket's readings; a plain tuple of numbers, but for text, of which all numbers are 0.

    ``m2`` is the sum of squared deviations from the mean. ``increase`` is what the values rose by from the first to
    the last, a drop counting as a reset to zero. ``area`` is the sum of value x milliseconds, each value held until
    the next. Figures that leave the range of a double are infinite or NaN. Those of BIGINT and BOOLEAN are integers,
    and exact, but for ``m2`` and ``area``.
    """

    readings: int
    total: Number
    m2: float
    least: Number
    most: Number
    first_ms: int
    first: Value
    last_ms: int
    last: Value
    increase: Number
    area: float

    @classmethod
    def of(cls, at_ms: int, value: Value) -> Summary:
        """Return the summary of one reading."""
        number = 0 if isinstance(value, str) else int(value) if isinstance(value, bool) else value
        return cls(1, number, 0.0, number, number, at_ms, value, at_ms, value, 0, 0.0)

    def merge(self, later: Summary) -> Summary:
        """Return the summary of both, *later* being of readings that all come after these."""
        count = self.readings + later.readings
        if isinstance(self.last, str):
            return later._replace(readings=count, first_ms=self.first_ms, first=self.first)
        apart = _mean_difference(self, later)
        return Summary(
            count,
            self.total + later.total,
            self.m2 + later.m2 + apart * apart * (self.readings * (later.readings / count)),
            min(self.least, later.least),
            max(self.most, later.most),
            self.first_ms,
            self.first,
            later.last_ms,
            later.last,
            self.increase + later.increase + rise(self.last, cast("Number", later.first)),
            self.area + float(self.last) * (later.first_ms - self.last_ms) + later.area,
        )


def _mean_difference(left: Summary, right: Summary) -> float:
    if isinstance(left.total, int) and isinstance(right.total, int):
        # Exact until the division: far from zero, means that differ are equal as doubles.
        return (right.total * left.readings - left.total * right.readings) / (left.readings * right.readings)
    return right.total / right.readings - left.total / left.readings


def rise(before: Number, after: Number) -> Number:
    """Return what a counter rose by between two readings; lower than before, it began again at zero."""
    return after - before if after >= before else after


def summaries(timestamps: Array, values: Values, starts: Array) -> Iterator[Summary]:
    """Yield the summary of each stretch of readings; *starts* says where each begins, the first at 0, none empty."""
    lasts = np.append(starts[1:], len(timestamps)) - 1
    counts = lasts - starts + 1
    ends = timestamps[starts].tolist(), timestamps[lasts].tolist()
    if isinstance(values, list):
        for start, last, first_ms, last_ms in zip(starts.tolist(), lasts.tolist(), *ends, strict=True):
            yield Summary(last - start + 1, 0, 0.0, 0, 0, first_ms, values[start], last_ms, values[last], 0, 0.0)
        return
    numbers = values.astype(np.int64) if values.dtype == np.bool_ else values
    # What leaves the range of a double becomes infinite or NaN: it is said in the answer, and is nothing to warn of.
    with np.errstate(all="ignore"):
        least, most = np.minimum.reduceat(numbers, starts), np.maximum.reduceat(numbers, starts)
        extremes = least.min().item(), most.max().item()
        columns = (
            counts.tolist(),
            _totals(numbers, starts, max(map(abs, extremes))),
            _squares(numbers, starts, counts, extremes).tolist(),
            least.tolist(),
            most.tolist(),
            ends[0],
            values[starts].tolist(),
            ends[1],
            values[lasts].tolist(),
            _increases(numbers, starts, extremes),
            _areas(timestamps, numbers, starts, lasts).tolist(),
        )
    yield from map(Summary._make, zip(*columns, strict=True))


def _totals(numbers: Array, starts: Array, largest: Number) -> list[Number]:
    if numbers.dtype != np.int64 or largest * len(numbers) < _SURE_SUM:
        return np.add.reduceat(numbers, starts).tolist()
    # In halves, the sum of which no array that fits into memory can overflow.
    high, low = np.add.reduceat(numbers >> 32, starts), np.add.reduceat(numbers & (2**32 - 1), starts)
    return [(upper << 32) + lower for upper, lower in zip(high.tolist(), low.tolist(), strict=True)]


def _squares(numbers: Array, starts: Array, counts: Array, extremes: tuple[Number, Number]) -> Array:
    """Return the sums of squared deviations: from the first value of a stretch, and then from the mean of those."""
    if numbers.dtype == np.int64 and extremes[1] - extremes[0] >= 2**63:
        numbers = numbers.astype(np.float64)
    apart = (numbers - np.repeat(numbers[starts], counts)).astype(np.float64, copy=False)
    apart -= np.repeat(np.add.reduceat(apart, starts) / counts, counts)
    apart *= apart
    return np.add.reduceat(apart, starts)


def _increases(numbers: Array, starts: Array, extremes: tuple[Number, Number]) -> list[Number]:
    if numbers.dtype == np.int64 and len(numbers) * max(extremes[1] - extremes[0], *map(abs, extremes)) >= _SURE_SUM:
        numbers = numbers.astype(object)
    rises = np.empty_like(numbers)
    np.subtract(numbers[1:], numbers[:-1], out=rises[1:])
    dropped = np.flatnonzero(numbers[1:] < numbers[:-1]) + 1
    rises[dropped] = numbers[dropped]
    rises[starts] = 0
    return np.add.reduceat(rises, starts).tolist()


def _areas(timestamps: Array, numbers: Array, starts: Array, lasts: Array) -> Array:
    areas = np.zeros(len(numbers))
    np.multiply(numbers[:-1], np.diff(timestamps), out=areas[:-1], dtype=np.float64, casting="unsafe")
    areas[lasts] = 0
    return np.add.reduceat(areas, starts)


@dataclass(frozen=True, slots=True)
class Function:
    """What is computed of a bucket: its name on the wire; of a percentile, the share of values below it."""

    name: str
    share: float | None = None


_NUMERIC = ("avg", "min", "max", "sum", "range", "count", "first", "last", "stddev", "delta", "timeWeightedAvg")
FUNCTIONS: dict[ValueType, tuple[str, ...]] = {
    ValueType.DOUBLE: _NUMERIC,
    ValueType.BIGINT: _NUMERIC,
    ValueType.BOOLEAN: ("count", "first", "last", "avg"),
    ValueType.TEXT: ("count", "first", "last"),
}
"""What each type of value knows; numbers also know every percentile, ``p50`` or ``p99.9``."""

LOOKING_BACK = frozenset({"delta", "timeWeightedAvg"})
"""Functions that want the reading before the first."""

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?)\Z", re.ASCII)


def function_named(name: str, value_type: ValueType) -> Function:
    """Return the function of that *name*.

    Raises:
        ValueError: there is none, or none for that type of value; the message says which there are.
    """
    percentile = _PERCENTILE.match(name)
    is_numeric = FUNCTIONS[value_type] is _NUMERIC
    if percentile and is_numeric:
        return Function(name, float(percentile[1]) / 100)
    if name in FUNCTIONS[value_type]:
        return Function(name)
    known = ", ".join(FUNCTIONS[value_type]) + (" and percentiles such as p95" if is_numeric else "")
    if percentile or name in _NUMERIC:
        raise ValueError(f"{name} means nothing of {value_type.value} readings; they know {known}")
    raise ValueError(f"there is no {name[:40]!r}; {value_type.value} readings know {known}")


def shares_of(functions: Iterable[Function]) -> tuple[float, ...]:
    """Return the shares of the percentiles among *functions*, each once."""
    return tuple({function.share: None for function in functions if function.share is not None})


@dataclass(slots=True)
class Aggregation:
    """The buckets between *edges*, filled chunk by chunk; ``shares`` are the percentiles that will be asked for.

    Readings are added in order of time, each chunk after the last, and none outside the edges.
    """

    edges: Array
    shares: tuple[float, ...] = ()
    most_values: int = MOST_VALUES
    summaries: dict[int, Summary] = field(default_factory=dict[int, Summary])
    percentiles: dict[int, tuple[Number, ...]] = field(default_factory=dict[int, tuple[Number, ...]])
    _open: int = -1
    _values: list[Array] = field(default_factory=list[Array])
    _waiting: list[tuple[Array, Values]] = field(default_factory=list[tuple[Array, Values]])
    _waiting_count: int = 0

    def add(self, timestamps: Array, values: Values) -> None:
        """Take in the next readings.

        Raises:
            TooManyValues: a bucket has more than percentiles can be taken of.
        """
        self._waiting.append((timestamps, values))
        self._waiting_count += len(timestamps)
        if self._waiting_count >= _WORTH_A_PASS:
            self._flush()

    def absorb(self, summary: Summary) -> None:
        """Take in the summary of the next readings, all those of an hour of a bucket; percentiles ignore them."""
        self._flush(is_last=True)
        self._merge(int(np.searchsorted(self.edges, summary.first_ms, side="right")) - 1, summary)

    def finish(self) -> None:
        """Say that all readings have been added; only now are ``summaries`` and ``percentiles`` complete."""
        self._flush(is_last=True)
        self._close()

    def _flush(self, *, is_last: bool = False) -> None:
        """Take what waits; but for the hour that is still open, unless that was all."""
        if not self._waiting_count:
            return
        timestamps, values = _concatenated(self._waiting)
        hour_ms = int(timestamps[-1]) // _HOUR_MS * _HOUR_MS
        end = len(timestamps) if is_last else int(np.searchsorted(timestamps, hour_ms))
        self._waiting = [(timestamps[end:], values[end:])]
        self._waiting_count = len(timestamps) - end
        if end:
            self._take(timestamps[:end], values[:end])

    def _take(self, timestamps: Array, values: Values) -> None:
        first, last = np.searchsorted(self.edges, timestamps[[0, -1]], side="right") - 1
        cuts = np.searchsorted(timestamps, self.edges[first + 1 : last + 1])
        starts = np.concatenate(([0], cuts))
        filled = np.flatnonzero(starts < np.append(cuts, len(timestamps)))
        starts, buckets = starts[filled], filled + first
        # By the hour even where buckets are longer: sums of doubles then do not depend on how readings came.
        pieces = np.union1d(starts, _hours(timestamps))
        bucket_of = buckets[np.searchsorted(starts, pieces, side="right") - 1].tolist()
        for bucket, summary in zip(bucket_of, summaries(timestamps, values, pieces), strict=True):
            self._merge(bucket, summary)
        if self.shares and not isinstance(values, list):
            self._select(values, starts, buckets.tolist())

    def _merge(self, bucket: int, summary: Summary) -> None:
        before = self.summaries.get(bucket)
        self.summaries[bucket] = before.merge(summary) if before else summary

    def _select(self, values: Array, starts: Array, buckets: list[int]) -> None:
        """Take the percentiles of the buckets that end in this chunk, and keep the values of the last one."""
        if buckets[0] != self._open:
            self._close()
        ends = np.append(starts[1:], len(values))
        if self._open >= 0 and len(buckets) > 1:
            self._keep(values[: ends[0]])
            self._close()
            whole = slice(1, -1)
        else:
            whole = slice(0, -1)
        self._select_whole(values, starts[whole], ends[whole], buckets[whole])
        self._open = buckets[-1]
        self._keep(values[starts[-1] :])

    def _select_whole(self, values: Array, starts: Array, ends: Array, buckets: list[int]) -> None:
        sizes = ends - starts
        for size in np.unique(sizes).tolist():
            places = np.flatnonzero(sizes == size)
            rows = values[starts[places][:, None] + np.arange(size)]
            for place, row in zip(places.tolist(), quantiles(rows, self.shares), strict=True):
                self.percentiles[buckets[place]] = row

    def _keep(self, values: Array) -> None:
        self._values.append(values)
        if sum(map(len, self._values)) > self.most_values:
            raise TooManyValues(f"a bucket has more than the {self.most_values:,} values that percentiles are taken of")

    def _close(self) -> None:
        if self._values:
            [self.percentiles[self._open]] = quantiles(np.concatenate(self._values)[None, :], self.shares)
        self._values = []
        self._open = -1


def _concatenated(chunks: Sequence[tuple[Array, Values]]) -> tuple[Array, Values]:
    if len(chunks) == 1:
        return chunks[0]
    timestamps = np.concatenate([at for at, _ in chunks])
    if isinstance(chunks[0][1], list):
        return timestamps, [text for _, texts in chunks for text in texts]
    return timestamps, np.concatenate([cast("Array", values) for _, values in chunks])


def _hours(timestamps: Array) -> Array:
    """Return where an hour of UTC begins; an hour without readings begins nowhere."""
    first, last = int(timestamps[0]) // _HOUR_MS, int(timestamps[-1]) // _HOUR_MS
    if last - first > len(timestamps):
        return np.flatnonzero(np.diff(timestamps // _HOUR_MS, prepend=first - 1))
    return np.unique(np.searchsorted(timestamps, np.arange(first, last + 1) * _HOUR_MS))


def quantiles(rows: Array, shares: Sequence[float]) -> list[tuple[Number, ...]]:
    """Return, of each row, the values below which the *shares* of its values are, between two values on a line."""
    size = rows.shape[1]
    spots = [share * (size - 1) for share in shares]
    ranks = sorted({rank for spot in spots for rank in (math.floor(spot), math.ceil(spot))})
    ordered = np.partition(rows, ranks, axis=1)[:, ranks].tolist()
    column = {rank: number for number, rank in enumerate(ranks)}
    places = [(column[math.floor(spot)], column[math.ceil(spot)], spot % 1) for spot in spots]
    return [tuple(_between(row[low], row[high], part) for low, high, part in places) for row in ordered]


def _between(low: Number, high: Number, part: float) -> Number:
    # Of integers, the difference is exact; equal ones stay what they are.
    return low if low == high or not part else low + (high - low) * part


def figures(
    aggregation: Aggregation, functions: Sequence[Function], start_ms: int, end_ms: int, before: Summary | None
) -> list[dict[str, Figure]]:
    """Return what each bucket says of each function but the count: null where it has no figure a double could hold.

    *before* is the last reading before *start_ms*, if there is one. The increase from one reading to the next belongs
    to the bucket of the later. A value is held until the next, from bucket to bucket, between *start_ms* and *end_ms*.
    """
    edges = aggregation.edges.tolist()
    found: list[dict[str, Figure]] = []
    for number, (bucket_start, bucket_end) in enumerate(pairwise(edges)):
        summary = aggregation.summaries.get(number)
        span = max(bucket_start, start_ms), min(bucket_end, end_ms)
        bucket: dict[str, Figure] = {}
        for function in functions:
            if function.share is not None:
                shares = aggregation.percentiles.get(number)
                figure = shares[aggregation.shares.index(function.share)] if shares else None
            elif function.name == "timeWeightedAvg":
                figure = _held(summary, before, span)
            else:
                figure = _FIGURES[function.name](summary, before) if summary else None
            bucket[function.name] = None if isinstance(figure, float) and not math.isfinite(figure) else figure
        found.append(bucket)
        before = summary or before
    return found


def _held(summary: Summary | None, before: Summary | None, span: tuple[int, int]) -> Figure:
    start_ms, end_ms = span
    if summary is None:
        return float(before.last) if before else None
    began = start_ms if before else summary.first_ms
    area = summary.area + float(summary.last) * (end_ms - summary.last_ms)
    if before:
        area += float(before.last) * (summary.first_ms - start_ms)
    return area / (end_ms - began)


def _delta(summary: Summary, before: Summary | None) -> Number:
    if before is None:
        return summary.increase
    return summary.increase + rise(cast("Number", before.last), cast("Number", summary.first))


def stddev(summary: Summary) -> float | None:
    """Return the sample standard deviation; null of fewer than two readings."""
    return math.sqrt(summary.m2 / (summary.readings - 1)) if summary.readings > 1 else None


_FIGURES: dict[str, Callable[[Summary, Summary | None], Figure]] = {
    "avg": lambda summary, _: summary.total / summary.readings,
    "min": lambda summary, _: summary.least,
    "max": lambda summary, _: summary.most,
    "sum": lambda summary, _: summary.total,
    "range": lambda summary, _: summary.most - summary.least,
    "first": lambda summary, _: summary.first,
    "last": lambda summary, _: summary.last,
    "stddev": lambda summary, _: stddev(summary),
    "delta": _delta,
}


def filled(starts: Sequence[int], buckets: list[dict[str, Figure]], fill: Fill) -> None:
    """Put figures where *buckets* have null: those of the one before, or on a line between the neighbours' figures.

    Before the first figure, and on a line also after the last, null stays.
    """
    names = buckets[0].keys() if buckets and fill in {"previous", "linear"} else ()
    for name in names:
        known = [number for number, bucket in enumerate(buckets) if bucket[name] is not None]
        for left, right in pairwise([*known, len(buckets)]):
            is_last = right == len(buckets)
            for number in range(left + 1, right):
                if fill == "previous":
                    buckets[number][name] = buckets[left][name]
                elif not is_last:
                    low, high = cast("Number", buckets[left][name]), cast("Number", buckets[right][name])
                    part = (starts[number] - starts[left]) / (starts[right] - starts[left])
                    buckets[number][name] = low + (high - low) * part
