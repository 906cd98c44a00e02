"""Fewer points: chosen among the readings, with the peaks, in bounded memory."""

from __future__ import annotations

import math
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain.downsampling import Changes, Curve, largest_triangles

SEED = 20261122
numbers = st.one_of(
    st.floats(-1e9, 1e9), st.integers(-3, 3).map(float), st.floats(allow_nan=False, allow_infinity=False)
)
bigints = st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1))


def textbook(at: list[int], values: list[float], most: int) -> list[int]:
    """Choose by the paper's own words, point by point."""
    count = len(at)
    if count <= most:
        return list(range(count))
    kept = [0]
    borders = [math.floor(1 + number * (count - 2) / (most - 2)) for number in range(most - 1)]
    for number, (start, end) in enumerate(pairwise(borders)):
        following = range(end, borders[number + 2]) if number + 2 < len(borders) else [count - 1]
        mean_at = sum(at[place] for place in following) / len(following)
        mean_value = sum(values[place] for place in following) / len(following)

        def area(place: int, x: float = mean_at, y: float = mean_value, before: int = kept[-1]) -> float:
            return abs(
                (at[before] - x) * (values[place] - values[before]) - (at[before] - at[place]) * (y - values[before])
            )

        kept.append(max(range(start, end), key=area))
    return [*kept, count - 1]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=120), st.integers(3, 40))
def test_the_points_are_those_of_the_textbook(values: list[int], most: int) -> None:
    # Small integers: both ways of computing an area are exact but for the mean, and ties are then ties in both.
    at = [place * place + place for place in range(len(values))]

    kept = largest_triangles(np.array(at), np.array(values, np.float64), most).tolist()

    expected = textbook(at, [float(value) for value in values], most)
    assert (kept[0], kept[-1], len(kept)) == (0, len(values) - 1, min(most, len(values)))
    assert kept == sorted(set(kept))
    if kept != expected:
        # Where two triangles are equal but for rounding, either is right: up to there they agree.
        place = next(number for number, pair in enumerate(zip(kept, expected, strict=True)) if pair[0] != pair[1])
        assert kept[:place] == expected[:place]


@pytest.mark.parametrize("dtype", [np.float64, np.int64], ids=["doubles", "integers"])
@given(data=st.data())
def test_points_are_readings_in_order_and_the_ends_are_kept(dtype: Any, data: st.DataObject) -> None:
    values = data.draw(st.lists(numbers if dtype is np.float64 else bigints, max_size=200))
    most, held = data.draw(st.integers(2, 30)), data.draw(st.integers(20, 250))
    at = list(range(0, 7 * len(values), 7))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(values)), max_size=5)) | {0, len(values)})
    curve = Curve(most, most_held=held)

    for start, end in pairwise(cuts):
        curve.add(np.array(at[start:end], np.int64), np.array(values[start:end], dtype))
        assert curve._held <= held
    points = curve.points()

    readings = dict(zip(at, values, strict=True))
    assert all(readings[when] == value for when, value in points)
    assert [when for when, _ in points] == sorted({when for when, _ in points})
    assert len(points) == min(most, len(values)) or (len(values) > held >= len(points))
    if values:
        assert points[0][0] == at[0]
        assert points[-1][0] == at[-1]


@pytest.mark.parametrize("place", [0, 1, 3, 500_000, 999_998, 999_999])
@pytest.mark.parametrize("dtype", [np.float64, np.int64], ids=["doubles", "integers"])
def test_a_single_peak_outlives_a_million_readings(place: int, dtype: Any) -> None:
    noise = np.random.default_rng(SEED).integers(0, 10, 1_000_000).astype(dtype)
    noise[place] = 1_000_000
    curve = Curve(100)

    for start in range(0, 1_000_000, 3600):
        curve.add(np.arange(start, min(start + 3600, 1_000_000)) * 1000, noise[start : start + 3600])
        assert curve._held <= 200_000

    points = curve.points()
    assert len(points) == 100
    assert (place * 1000, 1_000_000) in points


def test_a_peak_far_from_zero_is_seen() -> None:
    noise = 2**62 + np.random.default_rng(SEED).integers(0, 10, 5_000)
    noise[3_300] += 400

    kept = largest_triangles(np.arange(5_000), noise, 50)

    assert 3_300 in kept


@pytest.mark.parametrize("values", [[5.0] * 400, [5.0, 0.0, 9.0, 5.0] * 100], ids=["constant", "waves"])
def test_what_is_thinned_keeps_its_ends_and_repeats_nothing(values: list[float]) -> None:
    curve = Curve(300, most_held=30)
    for start in range(0, 400, 10):
        curve.add(np.arange(start, start + 10), np.array(values[start : start + 10]))

    points = curve.points()

    times = [when for when, _ in points]
    assert (points[0], points[-1]) == ((0, 5.0), (399, 5.0))
    assert times == sorted(set(times))


def test_thinning_treats_all_parts_of_a_series_alike() -> None:
    curve = Curve(100)
    wave = np.sin(np.arange(2_000_000) / 5000)
    for start in range(0, 2_000_000, 10_000):
        curve.add(np.arange(start, start + 10_000), wave[start : start + 10_000])

    quarters = [0, 0, 0, 0]
    for when, _ in curve.points():
        quarters[min(3, when // 500_000)] += 1

    assert all(15 <= quarter <= 35 for quarter in quarters)


@given(st.lists(st.booleans() | st.just(value=True), max_size=60), st.integers(2, 20), st.data())
def test_of_truth_values_the_changes_are_kept(values: list[bool], most: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(values)), max_size=4)) | {0, len(values)})
    truths, texts = Changes(most), Changes(most)

    for start, end in pairwise(cuts):
        at = np.arange(start, end, dtype=np.int64)
        truths.add(at, np.array(values[start:end], np.bool_))
        texts.add(at, [str(value) for value in values[start:end]])

    changes = [next(run)[0] for _, run in groupby(enumerate(values), key=lambda reading: reading[1])]
    wanted = sorted({*changes, len(values) - 1}) if values else []
    points = truths.points()
    assert [(when, str(value)) for when, value in points] == texts.points()
    assert all(values[when] is value for when, value in points)
    assert len(points) <= most
    if len(wanted) <= most:
        assert [when for when, _ in points] == wanted
    else:
        assert points[-1][0] == len(values) - 1


def test_of_a_flapping_switch_both_states_are_seen() -> None:
    changes = Changes(50)
    for start in range(0, 100_000, 1000):
        changes.add(np.arange(start, start + 1000), np.arange(1000) % 2 == 0)

    points = changes.points()

    assert len(points) == 50
    assert 20 <= sum(bool(value) for _, value in points) <= 30
    assert len(changes._kept) <= 150
