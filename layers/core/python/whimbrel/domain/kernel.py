"""The inner loops of the block codec on plain lists; `whimbrel.domain.kernel_numpy` has the same functions on arrays.

Integers are int64. Both modules give the same bytes for the same numbers, and read each other's.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, groupby, repeat
from operator import add, lt, mul, sub, truediv
from sys import byteorder
from typing import Any

_ITEMS = ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))
_TO_DIGITS = bytes.maketrans(b"\0\1", b"01")
_FROM_DIGITS = bytes.maketrans(b"01", b"\0\1")
_LARGEST_EXACT = 2**53
_WORD = 2**64
_SIGN = 2**63


def integers(numbers: Any) -> list[int]:
    """Return *numbers* in the form that the other functions work on."""
    return listed(numbers)


def listed(numbers: Any) -> list[Any]:
    """Return *numbers* as a list of Python's own, also those of an array that is too short for numpy to be worth it."""
    return numbers.tolist() if hasattr(numbers, "tolist") else list(numbers)


def take(numbers: Sequence[int], positions: Iterable[int]) -> list[int]:
    """Return the numbers at *positions*, of which there may be many."""
    return [int(numbers[position]) for position in positions]


def extremes(numbers: Sequence[int]) -> tuple[int, int]:
    """Return the smallest and the largest."""
    return min(numbers), max(numbers)


def ascends(numbers: Sequence[int]) -> bool:
    """Tell whether each number is larger than the one before it."""
    return all(map(lt, numbers, numbers[1:]))


def deltas(numbers: Sequence[int]) -> list[int]:
    """Return the difference of each number but the first to the one before; no difference may leave int64."""
    return list(map(sub, numbers[1:], numbers))


def sums(first: int, differences: Sequence[int]) -> list[int]:
    """Return *first* and what follows from it: the inverse of `deltas`."""
    return list(accumulate(differences, initial=first))


def planes(numbers: Sequence[int], base: int, width: int) -> list[bytes]:
    """Return the *width* low bytes of each ``number - base``, one plane per byte, lowest first."""
    offsets = map(sub, numbers, repeat(base))
    if width == 1:
        return [bytes(offsets)]
    size, code = next(item for item in _ITEMS if item[0] >= width)
    words = array(code, offsets)
    if byteorder == "big":
        words.byteswap()
    raw = words.tobytes()
    return [raw[plane::size] for plane in range(width)]


def from_planes(count: int, base: int, found: Sequence[bytes]) -> list[int]:
    """Return *count* numbers: the inverse of `planes`."""
    if not found:
        return [base] * count
    if len(found) == 1:
        return list(map(add, found[0], repeat(base)))
    size, code = next(item for item in _ITEMS if item[0] >= len(found))
    raw = bytearray(count * size)
    for plane, content in enumerate(found):
        raw[plane::size] = content
    words = array(code, bytes(raw))
    if byteorder == "big":
        words.byteswap()
    return list(map(add, words, repeat(base)))


def rests(timestamps: Sequence[int], first: int, step: int) -> list[int]:
    """Return how far each timestamp lies after its place, the places beginning with *first* and a *step* apart."""
    return list(map(sub, timestamps, range(first, first + len(timestamps) * step, step)))


def from_rests(found: Sequence[int], first: int, step: int) -> list[int]:
    """Return the timestamps: the inverse of `rests`."""
    return list(map(add, found, range(first, first + len(found) * step, step)))


def even(count: int, first: int, step: int) -> list[int]:
    """Return *count* timestamps that are *step* apart."""
    return list(range(first, first + count * step, step))


def grid(timestamps: Sequence[int], origin: int, step: int) -> tuple[list[int], list[int]]:
    """Return how many steps each timestamp but the first is after the one before, and each one's way into its step."""
    cells = list(map(divmod, map(sub, timestamps, repeat(origin)), repeat(step)))
    index = [cell[0] for cell in cells]
    return list(map(sub, index[1:], index)), [cell[1] for cell in cells]


def from_grid(steps: Sequence[int], rests: Sequence[int], origin: int, step: int) -> list[int]:
    """Return the timestamps: the inverse of `grid` for an *origin* whose step holds the first one."""
    if not steps or min(steps) == max(steps):
        stride = step * (steps[0] if steps else 0)
        return list(map(add, rests, accumulate(repeat(stride, len(steps)), initial=origin)))
    return list(map(add, rests, accumulate(map(mul, steps, repeat(step)), initial=origin)))


def decimal(values: Sequence[float], exponent: int) -> tuple[list[int], list[int]]:
    """Return each value times ten to *exponent* as an integer, and the positions where dividing does not give it back.

    There the integer is the one before it (0 at first). Back means to the bit: -0.0 and NaN never come back.
    """
    values = listed(values)
    scale = 10.0**exponent
    try:
        numbers = list(map(float.__round__, map(mul, values, repeat(scale))))
        low, high = min(numbers), max(numbers)
        if low >= -_LARGEST_EXACT and high <= _LARGEST_EXACT:
            back = list(map(truediv, numbers, repeat(scale)))
            # Equal is equal to the bit, but for zeros of either sign.
            if back == values and (low > 0 or high < 0 or double_bits(back) == double_bits(values)):
                return numbers, []
    except (ValueError, OverflowError):
        pass
    numbers, failed, last = [], [], 0
    for position, (value, bits) in enumerate(zip(values, double_bits(values), strict=True)):
        scaled = value * scale
        number = round(scaled) if -_LARGEST_EXACT <= scaled <= _LARGEST_EXACT else None
        if number is None or double_bits([number / scale]) != [bits]:
            failed.append(position)
        else:
            last = number
        numbers.append(last)
    return numbers, failed


def from_decimal(numbers: Sequence[int], exponent: int) -> list[float]:
    """Return each number divided by ten to *exponent*, rounded once: the double nearest to the decimal."""
    return list(map(truediv, numbers, repeat(10.0**exponent)))


def double_bits(values: Sequence[float]) -> list[int]:
    """Return the 64 bits of each double, read as a signed integer."""
    return array("q", array("d", values).tobytes()).tolist()


def from_double_bits(numbers: Sequence[int]) -> list[float]:
    """Return the doubles with these bits: the inverse of `double_bits`."""
    return array("d", array("q", numbers).tobytes()).tolist()


def pack(flags: Sequence[bool]) -> bytes:
    """Return eight flags a byte, the first one in the lowest bit."""
    digits = bytes(flags)[::-1].translate(_TO_DIGITS)
    return int(digits, 2).to_bytes(-(-len(flags) // 8), "little") if digits else b""


def unpack(packed: bytes, count: int) -> list[bool]:
    """Return *count* flags: the inverse of `pack`."""
    digits = f"{int.from_bytes(packed, 'little'):0{count}b}"[::-1][:count]
    return list(map(bool, digits.encode().translate(_FROM_DIGITS)))


def present(rows: Sequence[int], some: Sequence[int]) -> list[bool]:
    """Tell of each row whether it is among *some*."""
    return list(map(set(some).__contains__, rows))


def select(rows: Sequence[int], flags: Sequence[bool]) -> list[int]:
    """Return the rows whose flag is set."""
    return [row for row, flag in zip(rows, flags, strict=True) if flag]


def runs(numbers: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return where a run of equal numbers begins, and how long each is."""
    numbers = integers(numbers)
    if numbers == [numbers[0]] * len(numbers):
        return [0], [len(numbers)]
    lengths = [len(list(run)) for _, run in groupby(numbers)]
    return list(accumulate(lengths[:-1], initial=0)), lengths


def from_runs(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Return each number as often as its run is long."""
    return list(chain.from_iterable(map(repeat, numbers, lengths)))


def lags(versions: Sequence[int], timestamps: Sequence[int]) -> list[int]:
    """Return how far each version lies after its timestamp, modulo 2 to 64."""
    return [(lag + _SIGN) % _WORD - _SIGN for lag in map(sub, versions, timestamps)]


def from_lags(found: Sequence[int], timestamps: Sequence[int]) -> list[int]:
    """Return the versions: the inverse of `lags`."""
    return [(version + _SIGN) % _WORD - _SIGN for version in map(add, found, timestamps)]
