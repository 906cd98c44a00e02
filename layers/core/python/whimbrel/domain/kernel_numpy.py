"""The inner loops of the block codec on numpy arrays: the functions of `whimbrel.domain.kernel`, same bytes, faster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_LARGEST_EXACT = 2.0**53
_WORD = 2**64
_OCTET = 2**8


def integers(numbers: Sequence[int] | Array) -> Array:
    return np.asarray(numbers, dtype=np.int64)


def listed(numbers: Sequence[int] | Array) -> list[int]:
    return numbers.tolist() if isinstance(numbers, np.ndarray) else list(numbers)


def take(numbers: Sequence[int] | Array, positions: Array) -> Array:
    return integers(numbers)[positions]


def extremes(numbers: Sequence[int] | Array) -> tuple[int, int]:
    array = integers(numbers)
    return int(array.min()), int(array.max())


def ascends(numbers: Sequence[int] | Array) -> bool:
    array = integers(numbers)
    return bool((array[1:] > array[:-1]).all())


def deltas(numbers: Sequence[int] | Array) -> Array:
    array = integers(numbers)
    return array[1:] - array[:-1]


def sums(first: int, differences: Sequence[int] | Array) -> Array:
    found = np.empty(len(differences) + 1, np.int64)
    found[0] = first
    found[1:] = differences
    return found.cumsum(out=found)


def planes(numbers: Sequence[int] | Array, base: int, width: int) -> list[bytes]:
    if width == 1:
        return [(integers(numbers).astype(np.uint8) - np.uint8(base % _OCTET)).tobytes()]
    offsets = integers(numbers).view(np.uint64) - np.uint64(base % _WORD)
    octets = offsets.astype("<u8", copy=False).view(np.uint8).reshape(-1, 8)
    return [octets[:, plane].tobytes() for plane in range(width)]


def from_planes(count: int, base: int, found: Sequence[bytes]) -> Array:
    if not found:
        return np.full(count, np.uint64(base % _WORD).astype(np.int64))
    if len(found) == 1:
        numbers = np.frombuffer(found[0], np.uint8).astype(np.uint64)
    else:
        octets = np.zeros((count, 8), np.uint8)
        for plane, content in enumerate(found):
            octets[:, plane] = np.frombuffer(content, np.uint8)
        numbers = octets.view("<u8")[:, 0].astype(np.uint64, copy=False)
    numbers += np.uint64(base % _WORD)
    return numbers.view(np.int64)


def rests(timestamps: Sequence[int] | Array, first: int, step: int) -> Array:
    return integers(timestamps) - even(len(timestamps), first, step)


def from_rests(found: Array, first: int, step: int) -> Array:
    timestamps = even(len(found), first, step)
    timestamps += found
    return timestamps


def even(count: int, first: int, step: int) -> Array:
    return np.arange(first, first + count * step, step, dtype=np.int64)


def grid(timestamps: Sequence[int] | Array, origin: int, step: int) -> tuple[Array, Array]:
    since = integers(timestamps) - origin
    index = since // step
    return index[1:] - index[:-1], since - index * step


def from_grid(steps: Array, rests: Array, origin: int, step: int) -> Array:
    found = np.empty(len(steps) + 1, np.int64)
    found[0] = origin
    np.multiply(steps, step, out=found[1:])
    found.cumsum(out=found)
    found += rests
    return found


def decimal(values: Sequence[float] | Array, exponent: int) -> tuple[Array, list[int]]:
    array = np.asarray(values, dtype=np.float64)
    scale = 10.0**exponent
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(array * scale)
        numbers = scaled.astype(np.int64)
        back = numbers / scale
    fits = (scaled >= -_LARGEST_EXACT) & (scaled <= _LARGEST_EXACT)
    good = fits & (back.view(np.int64) == array.view(np.int64))
    if good.all():
        return numbers, []
    latest_good = np.maximum.accumulate(np.where(good, np.arange(len(array)), -1))
    numbers = np.where(good, scaled, 0.0).astype(np.int64)
    numbers = np.where(latest_good >= 0, numbers[latest_good], 0)
    return numbers, np.flatnonzero(~good).tolist()


def from_decimal(numbers: Array, exponent: int) -> Array:
    return numbers / 10.0**exponent


def double_bits(values: Sequence[float] | Array) -> Array:
    return np.asarray(values, dtype=np.float64).view(np.int64)


def from_double_bits(numbers: Array) -> Array:
    return integers(numbers).view(np.float64)


def pack(flags: Sequence[bool] | Array) -> bytes:
    return np.packbits(np.asarray(flags, dtype=bool), bitorder="little").tobytes()


def unpack(packed: bytes, count: int) -> Array:
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=count, bitorder="little").view(bool)


def present(rows: Sequence[int] | Array, some: Sequence[int] | Array) -> Array:
    return np.isin(integers(rows), integers(some))


def select(rows: Sequence[int] | Array, flags: Array) -> Array:
    return integers(rows)[flags]


def runs(numbers: Sequence[int] | Array) -> tuple[Array, Array]:
    if isinstance(numbers, list) and numbers == [numbers[0]] * len(numbers):
        return np.array([0]), np.array([len(numbers)])
    array = integers(numbers)
    if (array == array[0]).all():
        return np.array([0]), np.array([len(array)])
    starts = np.flatnonzero(np.concatenate(([True], array[1:] != array[:-1])))
    return starts, np.diff(starts, append=len(array))


def from_runs(numbers: Array, lengths: Array) -> Array:
    return np.full(lengths[0], numbers[0]) if len(lengths) == 1 else np.repeat(numbers, lengths)


def lags(versions: Sequence[int] | Array, timestamps: Sequence[int] | Array) -> Array:
    return integers(versions) - integers(timestamps)


def from_lags(found: Array, timestamps: Array) -> Array:
    return found + timestamps
