"""How the columns of a block become bytes: integers, timestamps, doubles, flags, texts and versions.

Each ``write_…`` has its ``read_…``. Integers are reduced to offsets from a base, or to differences first where that
helps; the offsets are cut into byte planes, and each plane is deflated by itself. Everything else is reduced to
integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import sub
from typing import Any, Protocol

from whimbrel.domain.octets import CorruptBlock, Reader, Writer

Numbers = Any
"""A list or a numpy array of int64, as the kernel makes them."""

_INT64 = range(-(2**63), 2**63)
_GRID_RANGE = range(-(2**61), 2**61)
_SAMPLES = 24
_SAMPLED_DOUBLES = 12
_FEWEST_FOR_A_GRID = 13
_AS_THEY_ARE, _EVEN, _JITTERED, _GAPPED = range(4)
_ROUND_STEPS = (60_000, 1000, 100, 10, 1)
_RAW_BITS = 31
_MOST_DECIMALS = 15
_MOST_DIGITS = 17
"""Longer decimals are not worth a try: they would need more than the 53 bits that a double has."""


class Kernel(Protocol):
    """The inner loops: `whimbrel.domain.kernel` says what each does."""

    integers: Callable[[Any], Numbers]
    listed: Callable[[Any], list[Any]]
    take: Callable[[Any, Any], Numbers]
    extremes: Callable[[Any], tuple[int, int]]
    ascends: Callable[[Any], bool]
    deltas: Callable[[Any], Numbers]
    sums: Callable[[int, Any], Numbers]
    planes: Callable[[Any, int, int], list[bytes]]
    from_planes: Callable[[int, int, Sequence[bytes]], Numbers]
    rests: Callable[[Any, int, int], Numbers]
    from_rests: Callable[[Any, int, int], Numbers]
    even: Callable[[int, int, int], Numbers]
    grid: Callable[[Any, int, int], tuple[Numbers, Numbers]]
    from_grid: Callable[[Any, Any, int, int], Numbers]
    decimal: Callable[[Any, int], tuple[Numbers, list[int]]]
    from_decimal: Callable[[Any, int], Any]
    double_bits: Callable[[Any], Numbers]
    from_double_bits: Callable[[Any], Any]
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes, int], Any]
    present: Callable[[Any, Any], Any]
    select: Callable[[Any, Any], Numbers]
    runs: Callable[[Any], tuple[Numbers, Numbers]]
    from_runs: Callable[[Any, Any], Numbers]
    lags: Callable[[Any, Any], Numbers]
    from_lags: Callable[[Any, Any], Numbers]


def write_integers(to: Writer, kernel: Kernel, numbers: Numbers) -> None:
    """Write integers; how many there are is for the reader to know."""
    if not len(numbers):
        return
    low, high = kernel.extremes(numbers)
    if low not in _INT64 or high not in _INT64:
        raise ValueError("an integer needs more than 64 bits")
    usual, first, is_delta = low, 0, False
    if len(numbers) > _SAMPLES or (high - low > 0xFF and len(numbers) > 3):  # noqa: PLR2004 (fewer have no rhythm)
        usual, is_delta = _usual(kernel, numbers, high - low)
    if is_delta:
        first = int(numbers[0])
        numbers = kernel.deltas(numbers)
        low, high = kernel.extremes(numbers)
    width = (high - low).bit_length() + 7 >> 3
    if width > 1 and high - low < 2**64 - 2**8:
        # Put what is usual in the middle of a low byte: small changes then leave the planes above alone.
        low -= (128 - (usual - low)) % 256
        width = (high - low).bit_length() + 7 >> 3
    to.unsigned(width << 1 | is_delta)
    to.signed(low)
    if is_delta:
        to.signed(first)
    for plane in kernel.planes(numbers, low, width) if width else ():
        to.deflated(plane)


def read_integers(source: Reader, kernel: Kernel, count: int) -> Numbers:
    """Read *count* integers."""
    if not count:
        return kernel.integers([])
    form = source.unsigned()
    width, is_delta = form >> 1, form & 1
    if width > 8:  # noqa: PLR2004 (bytes in an int64)
        raise CorruptBlock("an integer is wider than 64 bits")
    base = source.signed()
    if not is_delta:
        return kernel.from_planes(count, base, [source.deflated(count) for _ in range(width)])
    first = source.signed()
    return kernel.sums(first, kernel.from_planes(count - 1, base, [source.deflated(count - 1) for _ in range(width)]))


def write_timestamps(to: Writer, kernel: Kernel, timestamps: Numbers) -> None:
    """Write timestamps by the interval at which they tick, where there is one.

    Even ones are that interval alone, jittered ones have a rest each, and where some are missing, or the jitter is
    larger than the interval, it is said of each how many intervals it comes after the one before.
    """
    count, first = len(timestamps), int(timestamps[0])
    if step := _even_step(first, int(timestamps[-1]), count):
        rests = kernel.rests(timestamps, first, step)
        low, high = kernel.extremes(rests)
        if high - low < step:
            to.unsigned(step << 2 | (_JITTERED if high > low else _EVEN))
            to.signed(first)
            if high > low:
                write_integers(to, kernel, rests)
            return
    if step := _grid_step(kernel, timestamps):
        origin = first - step // 2
        steps, rests = kernel.grid(timestamps, origin, step)
        to.unsigned(step << 2 | _GAPPED)
        to.signed(origin)
        write_integers(to, kernel, steps)
        write_integers(to, kernel, rests)
        return
    to.unsigned(_AS_THEY_ARE)
    write_integers(to, kernel, timestamps)


def read_timestamps(source: Reader, kernel: Kernel, count: int) -> Numbers:
    """Read *count* timestamps."""
    step, form = divmod(source.unsigned(), 4)
    if form == _AS_THEY_ARE:
        return read_integers(source, kernel, count)
    origin = source.signed()
    if form == _GAPPED:
        steps = read_integers(source, kernel, count - 1)
        return kernel.from_grid(steps, read_integers(source, kernel, count), origin, step)
    if not step or origin not in _INT64 or origin + count * step not in _INT64:
        raise CorruptBlock("its timestamps need more than 64 bits")
    if form == _EVEN:
        return kernel.even(count, origin, step)
    return kernel.from_rests(read_integers(source, kernel, count), origin, step)


def write_doubles(to: Writer, kernel: Kernel, values: Numbers) -> None:
    """Write doubles as decimals if nearly all of them are short ones, else as their bits."""
    exponent, numbers, failed = _decimals(kernel, values)
    to.unsigned(exponent << 1 | bool(failed))
    if exponent == _RAW_BITS:
        write_integers(to, kernel, kernel.double_bits(values))
        return
    write_integers(to, kernel, numbers)
    if failed:
        to.unsigned(len(failed))
        write_integers(to, kernel, failed)
        write_integers(to, kernel, kernel.double_bits([float(values[position]) for position in failed]))


def read_doubles(source: Reader, kernel: Kernel, count: int) -> Any:
    """Read *count* doubles."""
    exponent, some_failed = divmod(source.unsigned(), 2)
    if exponent == _RAW_BITS:
        return kernel.from_double_bits(read_integers(source, kernel, count))
    if exponent > _MOST_DECIMALS:
        raise CorruptBlock("a decimal has too many places")
    values = kernel.from_decimal(read_integers(source, kernel, count), exponent)
    if some_failed:
        failures = source.count(8)
        positions = kernel.listed(read_integers(source, kernel, failures))
        spared = kernel.from_double_bits(read_integers(source, kernel, failures))
        for position, value in zip(positions, spared, strict=True):
            values[position] = value
    return values


def write_flags(to: Writer, kernel: Kernel, flags: Any) -> None:
    """Write truth values, eight a byte."""
    to.deflated(kernel.pack(flags), text=True)


def read_flags(source: Reader, kernel: Kernel, count: int) -> Any:
    """Read *count* truth values."""
    return kernel.unpack(source.deflated(-(-count // 8)), count)


def write_texts(to: Writer, kernel: Kernel, texts: Sequence[str]) -> None:
    """Write texts as codes into a dictionary of those that occur, in the order of their first use."""
    codes = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    numbers = list(map(codes.__getitem__, texts))
    words = [text.encode("utf-8", "surrogatepass") for text in codes]
    to.unsigned(len(words))
    write_integers(to, kernel, [len(word) for word in words])
    content = b"".join(words)
    to.unsigned(len(content))
    to.deflated(content, text=True)
    width = (len(words) - 1).bit_length() + 7 >> 3
    for plane in kernel.planes(kernel.integers(numbers), 0, width) if width else ():
        to.deflated(plane, text=True)


def read_texts(source: Reader, kernel: Kernel, count: int) -> list[str]:
    """Read *count* texts."""
    words = source.count(16)
    lengths = kernel.listed(read_integers(source, kernel, words))
    content = source.deflated(source.unsigned())
    dictionary: list[str] = []
    start = 0
    for length in lengths:
        dictionary.append(content[start : start + length].decode("utf-8", "surrogatepass"))
        start += length
    width = (words - 1).bit_length() + 7 >> 3 if words else 0
    codes = kernel.from_planes(count, 0, [source.deflated(count) for _ in range(width)])
    return [dictionary[code] for code in kernel.listed(codes)]


def write_versions(to: Writer, kernel: Kernel, versions: Numbers, timestamps: Numbers) -> None:
    """Write versions as runs: how long each is, and how far it lies after the timestamp where it begins."""
    starts, lengths = kernel.runs(versions)
    to.unsigned(len(starts))
    if len(starts) == 1:
        to.signed(_checked(int(versions[0])) - int(timestamps[0]))
        return
    write_integers(to, kernel, lengths[:-1])
    write_integers(to, kernel, kernel.lags(kernel.take(versions, starts), kernel.take(timestamps, starts)))


def read_versions(source: Reader, kernel: Kernel, timestamps: Numbers, *, listed: bool) -> Numbers:
    """Read a version for each of *timestamps*; into a list at once if it is to be *listed* and all are the same."""
    count = len(timestamps)
    runs = source.unsigned()
    if not 1 <= runs <= count:
        raise CorruptBlock("its versions do not fit its timestamps")
    if runs == 1:
        version = _checked(source.signed() + int(timestamps[0]))
        return [version] * count if listed else kernel.from_runs([version], [count])
    lengths = read_integers(source, kernel, runs - 1)
    starts = kernel.sums(0, lengths)
    lengths = kernel.deltas([*kernel.listed(starts), count])
    if kernel.extremes(lengths)[0] < 1:
        raise CorruptBlock("a run of versions is empty")
    found = kernel.from_lags(read_integers(source, kernel, runs), kernel.take(timestamps, starts))
    return kernel.from_runs(found, lengths)


def _checked(number: int) -> int:
    if number not in _INT64:
        raise ValueError("an integer needs more than 64 bits")
    return number


def _neighbours(kernel: Kernel, numbers: Numbers) -> tuple[list[int], list[int]]:
    """Return, of a sample in order of size, the numbers, and how far it is from each to the one after it."""
    last = len(numbers) - 1
    every = last // _SAMPLES + 1
    before, after = kernel.listed(numbers[:last:every]), kernel.listed(numbers[1::every])
    moves = list(map(sub, after, before))
    return sorted(before), sorted(moves)


def _spread(ordered: list[int]) -> int:
    """Return how far the middle half of the numbers reaches; a few odd ones do not matter to it."""
    quarter = len(ordered) // 4
    return ordered[-1 - quarter] - ordered[quarter]


def _usual(kernel: Kernel, numbers: Numbers, spread: int) -> tuple[int, bool]:
    """Return what the numbers usually are, or what their differences are where those spread clearly less; and which."""
    plain, moves = _neighbours(kernel, numbers)
    # By a quarter: of noise that is skewed, too, the differences can spread a little less, and say no less.
    is_delta = spread in _INT64 and 4 * _spread(moves) < 3 * _spread(plain)
    return (moves if is_delta else plain)[len(plain) // 2], is_delta


def _even_step(first: int, last: int, count: int) -> int:
    """Return the interval of timestamps of which none is missing, the roundest that ends where they do; or 0."""
    span, intervals = last - first, count - 1
    if not intervals or span <= 0 or first not in _GRID_RANGE or last not in _GRID_RANGE:
        return 0
    for unit in _ROUND_STEPS:
        step = (2 * span + intervals * unit) // (2 * intervals * unit) * unit
        if 2 * abs(span - intervals * step) < step:
            return step
    return 0


def _grid_step(kernel: Kernel, timestamps: Numbers) -> int:
    """Return the interval of timestamps of which some are missing, if a sample of them shows one; or 0."""
    if len(timestamps) < _FEWEST_FOR_A_GRID:
        return 0
    low, high = kernel.extremes(timestamps)
    if low not in _GRID_RANGE or high not in _GRID_RANGE:
        return 0
    _, intervals = _neighbours(kernel, timestamps)
    median = intervals[len(intervals) // 2]
    if median <= 0:
        return 0
    for unit in _ROUND_STEPS:
        # Jitter hides the true interval: try round numbers close to the median.
        step = (2 * median + unit) // (2 * unit) * unit
        if step and 16 * abs(step - median) <= median:
            rests = sorted((interval + step // 2) % step for interval in intervals)
            if _spread(rests) <= min(_spread(intervals), step // 4):
                return step
    return 0


def _decimals(kernel: Kernel, values: Numbers) -> tuple[int, Numbers, list[int]]:
    """Return the exponent that makes integers of nearly all values, those integers, and where it does not."""
    count = len(values)
    exponent = _places(kernel.listed(values[:: count // _SAMPLED_DOUBLES + 1]))
    while exponent <= _MOST_DECIMALS:
        numbers, failed = kernel.decimal(values, exponent)
        if len(failed) * 16 <= count:
            return exponent, numbers, failed
        exponent = max(exponent + 1, _places([float(values[position]) for position in failed[:_SAMPLES]]))
    return _RAW_BITS, [], []


def _places(values: list[float]) -> int:
    """Return how many decimal places the values need, or more than `_MOST_DECIMALS`; the odd one out is not heard."""
    needed = sorted(map(_places_of, values))
    return needed[-1 - len(needed) // _SAMPLED_DOUBLES]


def _places_of(value: float) -> int:
    text = repr(value)
    whole, _, fraction = text.partition(".")
    if len(text) > _MOST_DIGITS:
        return _MOST_DECIMALS + 1
    if fraction.isdecimal() and whole:
        return len(fraction) if fraction != "0" else 0
    mantissa, _, exponent = text.partition("e")
    fraction = mantissa.partition(".")[2]
    return max(0, len(fraction if fraction != "0" else "") - int(exponent or 0))
