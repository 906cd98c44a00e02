"""How the columns of a block become bytes: integers, timestamps, doubles, flags, texts and versions.

Each ``write_…`` has its ``read_…``. Integers are reduced to offsets from a base, or to differences first where that
helps; the offsets are cut into byte planes, and each plane is deflated by itself. Everything else is reduced to
integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from whimbrel.domain.octets import CorruptBlock, Reader, Writer

Numbers = Any
"""A list or a numpy array of int64, as the kernel makes them."""

_INT64 = range(-(2**63), 2**63)
_GRID_RANGE = range(-(2**61), 2**61)
_SAMPLES = 24
_NO_GRID = 0
_ROUND_STEPS = (60_000, 1000, 100, 10)
_RAW_BITS = 31
_MOST_DECIMALS = 15


class Kernel(Protocol):
    """The inner loops: `whimbrel.domain.kernel` says what each does."""

    integers: Callable[[Any], Numbers]
    listed: Callable[[Any], list[Any]]
    pick: Callable[[Any, Any], list[int]]
    take: Callable[[Any, Any], Numbers]
    extremes: Callable[[Any], tuple[int, int]]
    ascends: Callable[[Any], bool]
    deltas: Callable[[Any], Numbers]
    sums: Callable[[int, Any], Numbers]
    planes: Callable[[Any, int, int], list[bytes]]
    from_planes: Callable[[int, int, Sequence[bytes]], Numbers]
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
    if high != low and len(numbers) > 3:  # noqa: PLR2004 (fewer have no rhythm)
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
    """Write timestamps as places on a grid and the rests, or, when no grid fits, as they are."""
    step = _grid_step(kernel, timestamps)
    to.unsigned(step)
    if step == _NO_GRID:
        write_integers(to, kernel, timestamps)
        return
    origin = int(timestamps[0]) - step // 2
    steps, rests = kernel.grid(timestamps, origin, step)
    to.signed(origin)
    write_integers(to, kernel, steps)
    write_integers(to, kernel, rests)


def read_timestamps(source: Reader, kernel: Kernel, count: int) -> Numbers:
    """Read *count* timestamps."""
    step = source.unsigned()
    if step == _NO_GRID:
        return read_integers(source, kernel, count)
    origin = source.signed()
    steps = read_integers(source, kernel, count - 1)
    return kernel.from_grid(steps, read_integers(source, kernel, count), origin, step)


def write_doubles(to: Writer, kernel: Kernel, values: Numbers) -> None:
    """Write doubles as decimals if nearly all of them are short ones, else as their bits."""
    exponent, numbers, failed = _decimals(kernel, values)
    to.unsigned(exponent)
    if exponent == _RAW_BITS:
        write_integers(to, kernel, kernel.double_bits(values))
        return
    write_integers(to, kernel, numbers)
    to.unsigned(len(failed))
    write_integers(to, kernel, failed)
    write_integers(to, kernel, kernel.double_bits([float(values[position]) for position in failed]))


def read_doubles(source: Reader, kernel: Kernel, count: int) -> Any:
    """Read *count* doubles."""
    exponent = source.unsigned()
    if exponent == _RAW_BITS:
        return kernel.from_double_bits(read_integers(source, kernel, count))
    if exponent > _MOST_DECIMALS:
        raise CorruptBlock("a decimal has too many places")
    values = kernel.from_decimal(read_integers(source, kernel, count), exponent)
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
    codes: dict[str, int] = {}
    numbers = [codes.setdefault(text, len(codes)) for text in texts]
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
    write_integers(to, kernel, lengths[:-1])
    write_integers(to, kernel, kernel.lags(kernel.take(versions, starts), kernel.take(timestamps, starts)))


def read_versions(source: Reader, kernel: Kernel, timestamps: Numbers) -> Numbers:
    """Read a version for each of *timestamps*."""
    count = len(timestamps)
    runs = source.unsigned()
    if not 1 <= runs <= count:
        raise CorruptBlock("its versions do not fit its timestamps")
    lengths = read_integers(source, kernel, runs - 1)
    starts = kernel.sums(0, lengths)
    lengths = kernel.deltas([*kernel.listed(starts), count])
    if kernel.extremes(lengths)[0] < 1:
        raise CorruptBlock("a run of versions is empty")
    found = kernel.from_lags(read_integers(source, kernel, runs), kernel.take(timestamps, starts))
    return kernel.from_runs(found, lengths)


def _neighbours(kernel: Kernel, numbers: Numbers) -> tuple[list[int], list[int]]:
    """Return a sample of the numbers, and of each the one after it."""
    last = len(numbers) - 1
    positions = range(0, last, max(1, last // _SAMPLES))
    return kernel.pick(numbers, positions), kernel.pick(numbers, [position + 1 for position in positions])


def _usual(kernel: Kernel, numbers: Numbers, spread: int) -> tuple[int, bool]:
    """Return what the numbers usually are, or what their differences are where those are shorter; and which."""
    left, right = _neighbours(kernel, numbers)
    middle = sorted(left)[len(left) // 2]
    if spread not in _INT64:
        return middle, False
    differences = [after - before for before, after in zip(left, right, strict=True)]
    change = sorted(differences)[len(differences) // 2]
    plain = sum((number - middle).bit_length() for number in left)
    changing = sum((number - change).bit_length() for number in differences)
    return (change, True) if changing < plain else (middle, False)


def _grid_step(kernel: Kernel, timestamps: Numbers) -> int:
    """Return the interval at which the timestamps tick, if saying so makes them shorter, in a sample of them."""
    if len(timestamps) < 3:  # noqa: PLR2004 (no rhythm in one interval)
        return _NO_GRID
    low, high = kernel.extremes(timestamps)
    if low not in _GRID_RANGE or high not in _GRID_RANGE:
        return _NO_GRID
    left, right = _neighbours(kernel, timestamps)
    intervals = sorted(after - before for before, after in zip(left, right, strict=True))
    median = intervals[len(intervals) // 2]
    if median <= 0:
        return _NO_GRID
    # Jitter hides the true interval: offer the median, the mean, and round numbers close to the median.
    rounded = (round(median / unit) * unit for unit in _ROUND_STEPS)
    candidates = [step for step in rounded if abs(step - median) <= median >> 4]
    candidates += [median, (high - low) // (len(timestamps) - 1)]
    without = sum((interval - median).bit_length() for interval in intervals)
    origin = int(timestamps[0])
    for step in dict.fromkeys(candidates):
        if step and _grid_length(left, right, origin, step) <= without:
            return step
    return _NO_GRID


def _grid_length(left: list[int], right: list[int], origin: int, step: int) -> int:
    """Return how many bits the sample needs on a grid with a line through *origin*."""
    half = step // 2 - origin
    cells = [divmod(before + half, step) for before in left]
    usual = sorted(rest for _, rest in cells)[len(cells) // 2]
    return sum(
        (rest - usual).bit_length() + ((after + half) // step - cell - 1).bit_length()
        for (cell, rest), after in zip(cells, right, strict=True)
    )


def _decimals(kernel: Kernel, values: Numbers) -> tuple[int, Numbers, list[int]]:
    """Return the exponent that makes integers of nearly all values, those integers, and where it does not."""
    count = len(values)
    exponent = _places([float(values[position]) for position in range(0, count, max(1, count // _SAMPLES))])
    while exponent <= _MOST_DECIMALS:
        numbers, failed = kernel.decimal(values, exponent)
        if len(failed) * 16 <= count:
            return exponent, numbers, failed
        exponent = max(exponent + 1, _places([float(values[position]) for position in failed[:_SAMPLES]]))
    return _RAW_BITS, [], []


def _places(values: list[float]) -> int:
    """Return how many decimal places the values need, or more than `_MOST_DECIMALS`; the odd one out is not heard."""
    needed = sorted(_places_of(value) for value in values)
    return needed[-1 - len(needed) // 16]


def _places_of(value: float) -> int:
    mantissa, _, exponent = repr(value).partition("e")
    fraction = mantissa.partition(".")[2]
    return max(0, len(fraction if fraction != "0" else "") - int(exponent or 0))
