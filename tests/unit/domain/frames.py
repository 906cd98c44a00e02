"""Frames for tests: arbitrary ones, to the bit, and the series that sizes are promised for."""

from __future__ import annotations

import math
import random
import struct
from collections import Counter
from collections.abc import Sequence

from hypothesis import strategies as st

from whimbrel.domain.series import Column, Frame, Series, Value, ValueType

START = 1_790_000_000_000


def sensor_id(number: int) -> str:
    return f"0190abcd-1234-7abc-8def-{number:012x}"


def bits(value: Value) -> tuple[str, object]:
    """Return what tells values apart that ``==`` does not, or does without reason."""
    return type(value).__name__, struct.pack(">d", value) if isinstance(value, float) else value


def exact(frame: Frame) -> dict[Column, tuple[list[int], list[object], list[int], dict[int, str]]]:
    return {
        column: (series.timestamps, list(map(bits, series.values)), series.versions, series.metadata)
        for column, series in frame.items()
    }


int64 = st.integers(-(2**63), 2**63 - 1)
any_double = st.binary(min_size=8, max_size=8).map(lambda octets: struct.unpack(">d", octets)[0])
odd_doubles = st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1.7976931348623157e308, 1e-5])
decimals = st.builds(lambda number, places: number / 10**places, st.integers(-(10**7), 10**7), st.integers(0, 6))
VALUES = {
    ValueType.DOUBLE: st.one_of(decimals, odd_doubles, any_double, st.floats(width=32)),
    ValueType.BIGINT: st.one_of(st.integers(-100, 100), int64),
    ValueType.BOOLEAN: st.booleans(),
    ValueType.TEXT: st.one_of(st.sampled_from(["on", "off", ""]), st.text(max_size=12)),
}
value_types = st.sampled_from(list(ValueType))
steps = st.sampled_from([1, 250, 1000, 60_000, 900_000])
times = st.integers(START, START + 10**6)


@st.composite
def timestamps(draw: st.DrawFn, *, ordered: bool) -> list[int]:
    """Draw timestamps: anything at all, or a rhythm with jitter and gaps."""
    if draw(st.booleans()):
        found = draw(st.lists(st.one_of(times, int64), min_size=1, max_size=30))
    else:
        step, count = draw(steps), draw(st.integers(1, 400))
        dice = random.Random(draw(st.integers(0, 2**32)))
        jitter = draw(st.sampled_from([0, 0, 8, 300]))
        gap = draw(st.sampled_from([0.0, 0.1]))
        origin = draw(times)
        found = [origin + row * step + dice.randint(-jitter, jitter) for row in range(count) if dice.random() >= gap]
        found = found or [origin]
    return sorted(set(found)) if ordered else found


@st.composite
def columns(draw: st.DrawFn, value_type: ValueType, count: int) -> list[Value]:
    """Draw *count* values: of a few that repeat, or a walk, or each by itself."""
    if count > 30 or draw(st.booleans()):
        few = draw(st.lists(VALUES[value_type], min_size=1, max_size=5))
        dice = random.Random(draw(st.integers(0, 2**32)))
        if value_type is ValueType.DOUBLE and draw(st.booleans()):
            at = 0
            return [few[0] if dice.random() < 0.02 else (at := at + dice.randint(-3, 3)) / 10 for _ in range(count)]
        return [dice.choice(few) for _ in range(count)]
    return draw(st.lists(VALUES[value_type], min_size=count, max_size=count))


@st.composite
def all_versions(draw: st.DrawFn, at: Sequence[int]) -> list[int]:
    """Draw versions: one for all, a few in runs, or the timestamp and a little, or anything."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return [draw(st.one_of(times, int64))] * len(at)
    if kind == 1:
        return [START + row // 7 for row in range(len(at))]
    if kind == 2:
        return [min(time + dice.randint(0, 300), 2**63 - 1) for time in at]
    return [dice.randint(-(2**63), 2**63 - 1) for _ in at]


@st.composite
def frames(draw: st.DrawFn, *, ordered: bool = False) -> Frame:
    """Draw a frame whose sensors share their timestamps, or some of them, or none."""
    shared = draw(timestamps(ordered=ordered))
    versions = draw(all_versions(shared))
    frame: Frame = {}
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.integers(0, 3))
        if kind == 0:
            at = draw(timestamps(ordered=ordered))
            own = draw(all_versions(at))
        else:
            dice = random.Random(draw(st.integers(0, 2**32)))
            kept = [row for row in range(len(shared)) if kind == 1 or dice.random() < 0.7] or [0]
            at = [shared[row] for row in kept]
            own = [versions[row] for row in kept] if draw(st.booleans()) else draw(all_versions(at))
        value_type = draw(value_types)
        noted = draw(st.dictionaries(st.sampled_from(at), st.sampled_from(["", "{}", '{"a":"ü"}']), max_size=3))
        frame[Column(sensor_id(number), value_type)] = Series(at, draw(columns(value_type, len(at))), own, noted)
    return frame


EDGES = [
    *(0, START, -START, 2**63 - 1, 2**63 - 2, -(2**63), 1 - 2**63),
    *(sign * 2**power + near for sign in (1, -1) for power in (31, 53, 61, 62) for near in (-1, 0, 1)),
]
SPECIAL = [
    0.0,
    -0.0,
    math.inf,
    -math.inf,
    5e-324,
    2.0**53,
    2.0**53 + 2,
    -(2.0**63),
    2.0**63,
    1e22,
    0.1 + 0.2,
    1e-5,
    1e-15,
]


def some_times(dice: random.Random, count: int) -> list[int]:
    """Return timestamps of one of the kinds that are written differently, or close to where they would be."""
    kind, step, origin = dice.randrange(6), dice.choice([1, 7, 250, 1000, 60_000, 2**40]), dice.choice(EDGES)
    if kind == 0:
        return [dice.choice(EDGES) for _ in range(count)]
    if kind == 1:
        return [dice.getrandbits(64) - 2**63 for _ in range(count)]
    jitter = dice.choice([0, 1, step // 8, step // 2, 2 * step])
    missing = dice.choice([0, 0.1, 0.5])
    at, found = origin, list[int]()
    for _ in range(count):
        found.append(max(-(2**63), min(2**63 - 1, at + dice.randint(-jitter, jitter))))
        at += step * (1 + (dice.random() < missing) * dice.randrange(5))
    if kind == 2:
        dice.shuffle(found)
    return found


def some_integers(dice: random.Random, count: int) -> list[int]:
    """Return a constant, a walk, a counter, noise of some width, or extremes."""
    kind, width = dice.randrange(4), 2 ** dice.choice([0, 1, 4, 7, 8, 9, 16, 40, 60])
    if kind == 0:
        return [dice.choice(EDGES) for _ in range(count)]
    at, found = dice.choice([0, 215, 10**7, -(10**12)]), list[int]()
    for _ in range(count):
        change = dice.randrange(width) if kind == 1 else dice.randrange(width) - width // 2
        at = at + change if kind < 3 else change
        found.append(max(-(2**63), min(2**63 - 1, at)))
    return found


def some_doubles(dice: random.Random, count: int) -> list[float]:
    """Return decimals of some places, a few or many of them spoilt by values that are none, or any bits at all."""
    if dice.randrange(5) == 0:
        return [struct.unpack("<d", dice.randbytes(8))[0] for _ in range(count)]
    scale, spoilt = 10 ** dice.choice([0, 0, 1, 1, 2, 3, 6, 15]), dice.choice([0, 0, 0.03, 0.3, 1])
    return [dice.choice(SPECIAL) if dice.random() < spoilt else number / scale for number in some_integers(dice, count)]


def generated(dice: random.Random) -> Frame:
    """Return a small frame, made in a fraction of the time that hypothesis takes."""
    rows = dice.choice([1, 2, 3, 4, 12, 13, 25, 26, 60])
    at = some_times(dice, rows)
    frame: Frame = {}
    for number in range(dice.choice([1, 1, 1, 2])):
        kept = at if dice.random() < 0.8 else [time for time in at if dice.random() < 0.7] or at[:1]
        count = len(kept)
        value_type = dice.choice([ValueType.DOUBLE, *ValueType])
        if value_type is ValueType.DOUBLE:
            values: list[Value] = [*some_doubles(dice, count)]
        elif value_type is ValueType.BIGINT:
            values = [*some_integers(dice, count)]
        elif value_type is ValueType.BOOLEAN:
            values = [dice.random() < 0.1 for _ in range(count)]
        else:
            values = [dice.choice(["", "on", "off", "ü\ud800", str(dice.randrange(300))]) for _ in range(count)]
        versions = [dice.choice(EDGES)] * count if dice.random() < 0.7 else some_integers(dice, count)
        frame[Column(sensor_id(number), value_type)] = Series(kept, values, versions)
    return frame


def entropy(numbers: Sequence[int]) -> float:
    """Return how many bytes each number needs at least, by how often each occurs."""
    counts = Counter(numbers).values()
    return -sum(count / len(numbers) * math.log2(count / len(numbers)) for count in counts) / 8


def jittered(dice: random.Random, rows: int, step: int) -> tuple[list[int], float]:
    offsets = [round(dice.gauss(0, 8)) for _ in range(rows)]
    return [START + row * step + offset for row, offset in enumerate(offsets)], entropy(offsets)


def walk(dice: random.Random, rows: int) -> tuple[list[Value], float]:
    """Return a walk in steps of 0.1, such as a temperature's."""
    moves = [round(dice.gauss(0, 0.88)) for _ in range(rows)]
    at, values = 215, []
    for move in moves:
        at += move
        values.append(at / 10)
    return values, entropy(moves)


def promised(dice: random.Random) -> dict[str, tuple[Frame, float, float]]:
    """Return the series that sizes are promised for: by name the frame, its entropy a reading, and bytes to spare."""

    def alone(at: list[int], values: list[Value], value_type: ValueType) -> Frame:
        return {Column(sensor_id(1), value_type): Series.of(at, values, START)}

    hour, jitter = jittered(dice, 3600, 1000)
    values, moves = walk(dice, 3600)
    found = {"walk at 1 Hz, jitter": (alone(hour, values, ValueType.DOUBLE), jitter + moves, 0.10)}
    values, moves = walk(dice, 2880)
    month = [START + row * 900_000 for row in range(2880)]
    found["walk every 15 min, exact"] = (alone(month, values, ValueType.DOUBLE), moves, 0.045)
    increments = [max(0, round(dice.gauss(40, 4.5))) for _ in hour]
    total, counts = 10**7, []
    for increment in increments:
        total += increment
        counts.append(total)
    found["counter"] = (alone(hour, counts, ValueType.BIGINT), jitter + entropy(increments), 0.07)
    state, states = 0, []
    for _ in hour:
        state = dice.randrange(4) if dice.random() < 0.005 else state
        states.append(state)
    found["boolean"] = (alone(hour, [state > 1 for state in states], ValueType.BOOLEAN), jitter, 0.07)
    words = ["idle", "running", "fault", "stopped"]
    found["text of 4 states"] = (alone(hour, [words[state] for state in states], ValueType.TEXT), jitter, 0.07)
    day = [START + row * 60_000 for row in range(1440)]
    walks = [walk(dice, 1440) for _ in range(10)]
    frame: Frame = {
        Column(sensor_id(number), ValueType.DOUBLE): Series.of(day, values, START)
        for number, (values, _) in enumerate(walks)
    }
    found["10 sensors every 60 s"] = (frame, sum(moves for _, moves in walks) / 10, 0.06)
    return found
