"""Lines of text from numpy's arrays: the same bytes as `whimbrel.domain.tabular` makes of lists, several times as fast.

A line is a template with two holes: a timestamp, and a value that is one of a few texts or a number. Lines of equal
length are a matrix of bytes, whose columns are filled at once; matrices are then dealt out to where their lines belong.
Importing this loads numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from whimbrel.instants import from_ms

Array = np.ndarray[Any, Any]

DAY_MS = 86_400_000
MOST_DECIMALS = 9
MOST_DIGITS = 10**15
"""Doubles tell decimals of fewer digits than this has apart: the shortest text that reads back is the decimal."""

SMALLEST_PLAIN = 1e-4
"""Python's shortest text of anything nearer to zero has an exponent."""

MOST_KINDS = 64
"""So many lengths or texts of a batch are worth a matrix each."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What stands in some lines: *texts* is one text for all of them, or a matrix with a row for each.

    *lines* are their numbers, None if they are all lines.
    """

    lines: Array | None
    texts: bytes | Array

    @property
    def width(self) -> int:
        """How many bytes each has."""
        return len(self.texts) if isinstance(self.texts, bytes) else self.texts.shape[1]


@dataclass(frozen=True, slots=True)
class Template:
    """A line: what stands before, between and behind a timestamp and a value."""

    before: bytes
    between: bytes
    after: bytes

    def lines(self, timestamps: Array, values: Sequence[Cells]) -> memoryview:
        """Return all lines, one behind the other: *timestamps* as `times` makes them, *values* for every line."""
        if values[0].lines is None:
            return self._matrix(timestamps, values[0].texts).reshape(-1).data
        fixed = len(self.before) + timestamps.shape[1] + len(self.between) + len(self.after)
        lengths = np.empty(len(timestamps), np.int64)
        for cells in values:
            lengths[cells.lines] = fixed + cells.width
        ends = lengths.cumsum()
        starts = ends - lengths
        written = np.empty(int(ends[-1]), np.uint8)
        for cells in values:
            matrix = self._matrix(timestamps[cells.lines], cells.texts)
            width = matrix.shape[1]
            # Windows that overlap: wherever a line may begin there is an element as long as the line.
            places = np.ndarray((len(written) - width + 1,), f"V{width}", written, strides=(1,))
            places[starts[cells.lines]] = matrix.view(f"V{width}")[:, 0]
        return written.data

    def _matrix(self, timestamps: Array, values: bytes | Array) -> Array:
        value = values if isinstance(values, bytes) else bytes(values.shape[1])
        start, end = len(self.before), len(self.before) + timestamps.shape[1]
        line = b"".join((self.before, bytes(end - start), self.between, value, self.after))
        matrix = np.empty((len(timestamps), len(line)), np.uint8)
        matrix[:] = np.frombuffer(line, np.uint8)
        matrix[:, start:end] = timestamps
        if not isinstance(values, bytes):
            start = end + len(self.between)
            matrix[:, start : start + len(value)] = values
        return matrix


def times(timestamps: Sequence[int] | Array) -> Array:
    """Return a matrix of the wire form, ``2026-01-31T12:00:00.000Z``, of milliseconds since 1970."""
    timestamps = np.asarray(timestamps, np.int64)
    clock, fractions = _clock()
    # A division and a multiplication are several times as fast as numpy's divmod.
    days = timestamps // DAY_MS
    rests = (timestamps - days * DAY_MS).astype(np.uint32)
    seconds = rests // np.uint32(1000)
    milliseconds = rests - seconds * np.uint32(1000)
    written = np.empty((len(timestamps), 24), np.uint8)
    starts = np.concatenate(([0], np.flatnonzero(days[1:] != days[:-1]) + 1, [len(days)]))
    if len(starts) > len(days) // 2 + 2:
        several, where = np.unique(days, return_inverse=True)
        written[:, :11] = _dates(several)[where]
    else:
        for (start, end), date in zip(_pairs(starts), _dates(days[starts[:-1]]), strict=True):
            written[start:end, :11] = date
    written[:, 11:20] = _looked_up(clock, seconds)
    written[:, 20:] = _looked_up(fractions, milliseconds)
    return written


def _looked_up(table: Array, numbers: Array) -> Array:
    """Return the rows *numbers* of a matrix: each copied as one thing, which is faster than as bytes."""
    width = table.shape[1]
    return table.view(f"V{width}")[:, 0].take(numbers).view(np.uint8).reshape(-1, width)


def _pairs(edges: Array) -> Iterator[tuple[int, int]]:
    return zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _dates(days: Array) -> Array:
    texts = b"".join(from_ms(day * DAY_MS).isoformat()[:11].encode() for day in days.tolist())
    return np.frombuffer(texts, np.uint8).reshape(-1, 11)


@cache
def _clock() -> tuple[Array, Array]:
    """Return how each second of a day and each millisecond of a second is written."""
    seconds = "".join(f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}." for at in range(86_400))
    fractions = "".join(f"{at:03d}Z" for at in range(1_000))
    return _table(seconds, 9), _table(fractions, 4)


@cache
def _fours() -> Array:
    """Return how each number of four digits is written."""
    return _table("".join(f"{number:04d}" for number in range(10_000)), 4)


def _table(text: str, width: int) -> Array:
    return np.frombuffer(text.encode(), np.uint8).reshape(-1, width)


def cells_of(values: Sequence[Any] | Array, kind: str, cell: Callable[[Any], str]) -> list[Cells] | None:
    """Return the cells of some values; *cell* writes one. None if they are too various for this to be faster."""
    match kind:
        case "DOUBLE":
            return doubles(np.asarray(values, np.float64), cell)
        case "BIGINT":
            return bigints(np.asarray(values, np.int64))
        case "BOOLEAN":
            return booleans(np.asarray(values, np.bool_))
        case _:
            return texts(values, cell)


def booleans(values: Array) -> list[Cells]:
    """Return the cells of truth values."""
    return [
        Cells(lines, text)
        for text, lines in ((b"true", np.flatnonzero(values)), (b"false", np.flatnonzero(~values)))
        if len(lines)
    ]


def texts(values: Sequence[Any] | Array, cell: Callable[[str], str]) -> list[Cells] | None:
    """Return the cells of texts, if there are few different ones; *cell* tells what stands for one."""
    codes: dict[Any, int] = {}
    for value in values[:MOST_KINDS]:
        codes.setdefault(value, len(codes))
    try:
        of_lines = np.fromiter(map(codes.__getitem__, values), np.int64, len(values))
    except KeyError:
        codes |= {value: code for code, value in enumerate(set(values) - codes.keys(), len(codes))}
        if len(codes) > MOST_KINDS:
            return None
        of_lines = np.fromiter(map(codes.__getitem__, values), np.int64, len(values))
    return [Cells(np.flatnonzero(of_lines == code), cell(value).encode()) for value, code in codes.items()]


def bigints(values: Array) -> list[Cells] | None:
    """Return the cells of integers, unless they are of too many lengths."""
    if len(values) and values.min() == np.iinfo(np.int64).min:
        return None
    return _numbers(np.abs(values), values < 0, 0)


def doubles(values: Array, special: Callable[[float], str]) -> list[Cells] | None:
    """Return the cells of doubles that are decimals of a few digits; those few that are not are written by *special*.

    None if there are too many of these, or too many lengths.
    """
    some = values[:MOST_KINDS]
    decimals = next((each for each in range(1, MOST_DECIMALS) if 2 * _decimals(some, each)[1].sum() > len(some)), None)
    if decimals is None:
        return None
    scaled, good = _decimals(values, decimals)
    while len(good) - good.sum() > MOST_KINDS:
        decimals += 1
        if decimals > MOST_DECIMALS:
            return None
        scaled, good = _decimals(values, decimals)
    sizes, negative = np.abs(scaled), values < 0
    if good.all():
        return _numbers(sizes.astype(np.int64), negative, decimals)
    odd, rest = np.flatnonzero(~good), np.flatnonzero(good)
    found = _numbers(sizes[rest].astype(np.int64), negative[rest], decimals)
    if found is None:
        return None
    return [
        *(Cells(rest if cells.lines is None else rest[cells.lines], cells.texts) for cells in found),
        *(Cells(odd[place : place + 1], special(float(values[line])).encode()) for place, line in enumerate(odd)),
    ]


def _decimals(values: Array, decimals: int) -> tuple[Array, Array]:
    """Return values times ``10**decimals``, rounded, and which of them are what `_numbers` writes of these."""
    scale = 10.0**decimals
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(values * scale)
        sizes = np.abs(scaled)
        # What is smaller is written with an exponent; and the sign of a zero is lost to integers.
        plain = (np.abs(values) >= SMALLEST_PLAIN) | ((sizes == 0) & ~np.signbit(values))
        return scaled, (scaled / scale == values) & (sizes < MOST_DIGITS) & plain


def _numbers(sizes: Array, negative: Array, decimals: int) -> list[Cells] | None:
    """Return the cells of ``sizes / 10**decimals``, with the sign where *negative*: at least one decimal if any."""
    largest = int(sizes.max())
    digits = -(-max(len(str(largest)), decimals + 1) // 4) * 4
    written, left = np.empty((len(sizes), digits + 2), np.uint8), sizes
    for place in range(digits - 4, -1, -4):
        rest = left // 10_000
        written[:, 2 + place : 6 + place] = _looked_up(_fours(), left - rest * 10_000)
        left = rest
    whole = sizes // 10**decimals if decimals else sizes
    integers = np.ones(len(sizes), np.int64)
    for power in range(1, len(str(largest // 10**decimals))):
        integers += whole >= 10**power
    # The digits before the point move one to the left, so that there is a place for it, and the sign before them.
    point = digits + 2 - decimals
    trailing = np.zeros(len(sizes), np.int64)
    if decimals:
        written[:, 1 : point - 1] = written[:, 2:point]
        written[:, point - 1] = ord(".")
        is_trailing = np.ones(len(sizes), bool)
        for place in range(digits + 1, point, -1):
            is_trailing &= written[:, place] == ord("0")
            if not is_trailing.any():
                break
            trailing += is_trailing
    first = point - 1 - integers if decimals else point - integers
    if negative.any():
        lines = np.flatnonzero(negative)
        first[lines] -= 1
        written[lines, first[lines]] = ord("-")
    kinds = first * (digits + 2) + trailing
    different = np.flatnonzero(np.bincount(kinds)).tolist()
    if len(different) > MOST_KINDS:
        return None
    found: list[Cells] = []
    for kind in different:
        start, short = divmod(kind, digits + 2)
        lines = None if len(different) == 1 else np.flatnonzero(kinds == kind)
        some = written if lines is None else written[lines]
        found.append(Cells(lines, some[:, start : digits + 2 - short]))
    return found
