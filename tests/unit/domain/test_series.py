"""The join of readings: the larger version wins, whatever the order and the repetition."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.frames import exact, sensor_id
from whimbrel.domain.series import (
    Column,
    Frame,
    Reading,
    Series,
    Tombstone,
    Value,
    ValueType,
    frame_between,
    join,
    join_frames,
    without,
)

COLUMN = Column(sensor_id(1), ValueType.DOUBLE)

values = st.sampled_from([0.0, -0.0, 1.5, -1.5, math.nan, math.inf])
texts = st.none() | st.sampled_from(["", "{}", '{"a":1}'])
readings = st.builds(Reading, st.integers(0, 12), st.integers(0, 3), values, texts)


def series_of(some: list[Reading]) -> Series:
    """Return the join of single readings, each a series of its own."""
    found = Series([], [], [])
    for reading in some:
        noted = {} if reading.metadata is None else {reading.timestamp: reading.metadata}
        found = join(found, Series([reading.timestamp], [reading.value], [reading.version], noted))
    return found


some_series = st.lists(readings, max_size=12).map(series_of)


def told(series: Series) -> object:
    return exact({COLUMN: series})


@given(left=some_series, right=some_series)
def test_join_is_commutative(left: Series, right: Series) -> None:
    assert told(join(left, right)) == told(join(right, left))


@given(one=some_series, two=some_series, three=some_series)
def test_join_is_associative(one: Series, two: Series, three: Series) -> None:
    assert told(join(join(one, two), three)) == told(join(one, join(two, three)))


@given(series=some_series, more=some_series)
def test_join_is_idempotent(series: Series, more: Series) -> None:
    joined = join(series, more)

    assert told(join(joined, series)) == told(joined)
    assert told(join(joined, joined)) == told(joined)


@given(some=st.lists(readings, min_size=1, max_size=12))
def test_the_larger_version_wins_and_time_is_ordered(some: list[Reading]) -> None:
    series = series_of(some)

    assert series.timestamps == sorted({reading.timestamp for reading in some})
    for index, timestamp in enumerate(series.timestamps):
        assert series.at(index).version == max(r.version for r in some if r.timestamp == timestamp)
        assert any(same(series.at(index), reading) for reading in some)


def same(left: Reading, right: Reading) -> bool:
    return told_reading(left) == told_reading(right)


def told_reading(reading: Reading) -> object:
    noted = {} if reading.metadata is None else {reading.timestamp: reading.metadata}
    return told(Series([reading.timestamp], [reading.value], [reading.version], noted))


@given(
    some=st.lists(st.tuples(st.integers(0, 12), values, st.sampled_from([None, None, "{}", '{"a":1}'])), max_size=12)
)
def test_a_series_is_made_from_readings_in_any_order(some: list[tuple[int, float, str | None]]) -> None:
    given_values: list[Value] = [value for _, value, _ in some]
    notes = {position: note for position, (_, _, note) in enumerate(some) if note is not None}
    made = Series.of([timestamp for timestamp, _, _ in some], given_values, 7, notes)

    assert told(made) == told(series_of([Reading(timestamp, 7, value, note) for timestamp, value, note in some]))


@given(series=some_series, cut=st.integers(0, 13))
def test_two_halves_make_the_whole(series: Series, cut: int) -> None:
    assert told(join(series.between(0, cut), series.between(cut, 99))) == told(series)
    frame: Frame = {COLUMN: series}
    assert exact(join_frames([frame_between(frame, cut, 99), frame_between(frame, 0, cut)])) == exact(
        {COLUMN: series} if series.timestamps else {}
    )


@given(series=some_series, start=st.integers(0, 12), end=st.integers(0, 13), version=st.integers(0, 3))
def test_a_tombstone_hides_what_was_accepted_before_it(series: Series, start: int, end: int, version: int) -> None:
    left = without(COLUMN, series, [Tombstone(COLUMN.sensor_id, start, end, version)])

    every = [series.at(index) for index in range(len(series))]
    kept = [r for r in every if not (start <= r.timestamp < end and r.version <= version)]
    assert told(left) == told(series_of(kept))
    assert without(COLUMN, series, [Tombstone(sensor_id(2), start, end, version)]) is series


@given(left=some_series, right=some_series, start=st.integers(0, 12), end=st.integers(0, 13))
def test_deleting_before_and_after_joining_leaves_the_same(left: Series, right: Series, start: int, end: int) -> None:
    stones = [Tombstone(COLUMN.sensor_id, start, end, 1)]

    after = without(COLUMN, join(left, right), stones)
    before = join(without(COLUMN, left, stones), without(COLUMN, right, stones))

    assert told(after) == told(before)
