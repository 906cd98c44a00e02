"""Figures of buckets: against plain computations, however the readings are cut into chunks."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain.aggregates import (
    Aggregation,
    Figure,
    Function,
    Summary,
    TooManyValues,
    figures,
    filled,
    function_named,
    summaries,
)
from whimbrel.domain.series import ValueType

INT64 = (-(2**63), 2**63 - 1)
DTYPES: dict[ValueType, Any] = {ValueType.DOUBLE: np.float64, ValueType.BIGINT: np.int64, ValueType.BOOLEAN: np.bool_}
NAMES = ("avg", "min", "max", "sum", "range", "first", "last", "stddev", "delta", "timeWeightedAvg", "p5", "p50", "p99")

doubles = st.one_of(
    st.integers(-1000, 1000).map(lambda number: number / 10),
    st.floats(-1e9, 1e9),
    st.integers(0, 40).map(lambda number: 1e9 + number / 8),
)
bigints = st.one_of(st.integers(-5, 5), st.integers(*INT64), st.integers(2**60, 2**60 + 20), st.sampled_from(INT64))
VALUES = {
    ValueType.DOUBLE: doubles,
    ValueType.BIGINT: bigints,
    ValueType.BOOLEAN: st.booleans(),
    ValueType.TEXT: st.sampled_from(["", "on", "off"]),
}


@st.composite
def histories(draw: st.DrawFn, value_type: ValueType) -> tuple[list[int], list[Any], list[list[int]]]:
    """Draw timestamps, values, and chunks of their positions."""
    at = sorted(draw(st.sets(st.integers(0, 99), max_size=40)))
    values = [draw(VALUES[value_type]) for _ in at]
    cuts = sorted(draw(st.sets(st.integers(0, len(at)), max_size=4)) | {0, len(at)})
    return at, values, [list(range(left, right)) for left, right in pairwise(cuts)]


def array(value_type: ValueType, values: list[Any]) -> Any:
    return values if value_type is ValueType.TEXT else np.array(values, DTYPES[value_type])


def aggregated(
    value_type: ValueType, history: tuple[list[int], list[Any], list[list[int]]], edges: list[int], shares: Any = ()
) -> Aggregation:
    at, values, chunks = history
    aggregation = Aggregation(np.array(edges), shares)
    for chunk in chunks:
        taken = np.array([at[place] for place in chunk], np.int64), array(value_type, [values[p] for p in chunk])
        aggregation.add(*taken)
        # As if each were as long as what is worth a pass.
        aggregation._flush()
    aggregation.finish()
    return aggregation


def rise(before: Any, after: Any) -> Any:
    return after - before if after >= before else after


def plainly(  # noqa: PLR0911 (a line for each function)
    name: str, inside: list[tuple[int, Any]], before: Any, span: tuple[int, int]
) -> Figure:
    """Compute one figure of one bucket the long way, exactly."""
    numbers = [Fraction(value) for _, value in inside]
    if name == "timeWeightedAvg":
        held = ([(span[0], before[1])] if before else []) + inside
        if not held:
            return None
        ends = [at for at, _ in held[1:]] + [span[1]]
        area = sum(Fraction(value) * (end - at) for (at, value), end in zip(held, ends, strict=True))
        return float(area / (span[1] - held[0][0]))
    if not inside:
        return None
    if name == "stddev":
        return float(statistics.stdev(numbers)) if len(numbers) > 1 else None
    if name == "delta":
        chain = ([Fraction(before[1])] if before else []) + numbers
        return float(sum((rise(left, right) for left, right in pairwise(chain)), Fraction(0)))
    if name[0] == "p":
        spot = Fraction(name[1:]) / 100 * (len(numbers) - 1)
        low, high = (sorted(numbers)[rounded] for rounded in (math.floor(spot), math.ceil(spot)))
        return float(low + (high - low) * (spot % 1))
    plain = {
        "avg": lambda: sum(numbers) / len(numbers),
        "min": lambda: min(numbers),
        "max": lambda: max(numbers),
        "sum": lambda: sum(numbers),
        "range": lambda: max(numbers) - min(numbers),
        "first": lambda: numbers[0],
        "last": lambda: numbers[-1],
    }
    return float(plain[name]())


@pytest.mark.parametrize("value_type", [ValueType.DOUBLE, ValueType.BIGINT], ids=str)
@given(data=st.data())
def test_every_figure_is_what_a_plain_computation_gives(value_type: ValueType, data: st.DataObject) -> None:
    history = data.draw(histories(value_type))
    at, values, _ = history
    edges = [0, *sorted(data.draw(st.sets(st.integers(1, 99), max_size=6))), 100]
    previous: Any = data.draw(st.none() | VALUES[value_type])
    functions = [function_named(name, value_type) for name in NAMES]
    shares = tuple(function.share for function in functions if function.share is not None)

    aggregation = aggregated(value_type, history, edges, shares)
    before = None if previous is None else Summary.of(-50, previous)
    found = figures(aggregation, functions, 0, 100, before)

    last = None if previous is None else (-50, previous)
    size = max(map(abs, [*values, previous or 0, 1]))
    for number, span in enumerate(pairwise(edges)):
        inside = [(a, v) for a, v in zip(at, values, strict=True) if span[0] <= a < span[1]]
        assert (aggregation.summaries[number].readings if inside else 0) == len(inside)
        for name in NAMES:
            expected, figure = plainly(name, inside, last, span), found[number][name]
            # The deviation of n equal values far from zero is lost in the rounding of their mean.
            slack = 1e-7 if name == "stddev" else 1e-12
            assert figure == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=slack * float(size)))
        last = inside[-1] if inside else last


@given(data=st.data())
def test_integers_are_exact(data: st.DataObject) -> None:
    history = data.draw(histories(ValueType.BIGINT))
    _, values, _ = history
    names = ("min", "max", "sum", "range", "first", "last", "delta")

    found = figures(
        aggregated(ValueType.BIGINT, history, [0, 100]), [Function(name) for name in names], 0, 100, Summary.of(-1, 7)
    )[0]

    if values:
        chain = [7, *values]
        assert [found[name] for name in names] == [
            min(values),
            max(values),
            sum(values),
            max(values) - min(values),
            values[0],
            values[-1],
            sum(rise(left, right) for left, right in pairwise(chain)),
        ]
    else:
        assert set(found.values()) == {None}


@pytest.mark.parametrize("value_type", list(ValueType), ids=str)
@given(data=st.data())
def test_merging_adjacent_summaries_in_any_order_gives_that_of_the_whole(
    value_type: ValueType, data: st.DataObject
) -> None:
    at, values, _ = data.draw(histories(value_type).filter(lambda history: len(history[0]) > 2))
    one, two = sorted(data.draw(st.lists(st.integers(1, len(at) - 1), min_size=2, max_size=2, unique=True)))
    times = np.array(at, np.int64)

    parts = list(summaries(times, array(value_type, values), np.array([0, one, two])))
    [whole] = summaries(times, array(value_type, values), np.array([0]))
    left = parts[0].merge(parts[1]).merge(parts[2])
    right = parts[0].merge(parts[1].merge(parts[2]))
    alone = reduce(Summary.merge, (Summary.of(a, v) for a, v in zip(at, values, strict=True)))

    size = float(max([abs(value) for value in values if not isinstance(value, str)], default=1)) or 1
    tolerances = {"m2": 1e-9 * size * size, "total": 1e-12 * size * 40, "increase": 1e-12 * size * 40}
    for summary in (left, right, alone):
        for name, expected in whole._asdict().items():
            got = getattr(summary, name)
            if value_type is ValueType.DOUBLE or name in {"m2", "area"}:
                assert got == pytest.approx(expected, rel=1e-9, abs=tolerances.get(name, 1e-9 * size))
            else:
                assert got == expected
    assert Summary._make(tuple(whole)) == whole


def test_variance_far_from_zero_is_not_lost() -> None:
    values = [1e9 + offset for offset in (4, 7, 13, 16)] * 1000
    chunks = [list(range(start, min(start + 7, 4000))) for start in range(0, 4000, 7)]

    aggregation = aggregated(ValueType.DOUBLE, (list(range(4000)), values, chunks), [0, 4000])

    assert aggregation.summaries[0].m2 / 4000 == pytest.approx(22.5, rel=1e-8)


@pytest.mark.parametrize("value_type", [ValueType.BOOLEAN, ValueType.TEXT], ids=str)
@given(data=st.data())
def test_truth_values_and_texts_are_counted(value_type: ValueType, data: st.DataObject) -> None:
    history = data.draw(histories(value_type))
    at, values, _ = history
    names = ["first", "last", *(["avg"] if value_type is ValueType.BOOLEAN else [])]

    aggregation = aggregated(value_type, history, [0, 50, 100])
    found = figures(aggregation, [function_named(name, value_type) for name in names], 0, 100, None)

    for number, (start, end) in enumerate([(0, 50), (50, 100)]):
        inside = [value for when, value in zip(at, values, strict=True) if start <= when < end]
        expected = dict.fromkeys(names)
        if inside:
            assert aggregation.summaries[number].readings == len(inside)
            expected = {"first": inside[0], "last": inside[-1], "avg": sum(map(bool, inside)) / len(inside)}
        for name in names:
            assert found[number][name] == expected[name]
            assert type(found[number][name]) is type(expected[name])


def test_figures_beyond_a_double_are_null_and_nothing_breaks() -> None:
    values = [1.7e308, -1.7e308, 1.7e308, 1.7e308]
    functions = [function_named(name, ValueType.DOUBLE) for name in NAMES]
    aggregation = aggregated(ValueType.DOUBLE, ([1, 2, 3, 4], values, [[0, 1], [2, 3]]), [0, 10], (0.05, 0.5, 0.99))

    [found] = figures(aggregation, functions, 0, 10, None)

    assert (found["min"], found["max"], found["last"]) == (-1.7e308, 1.7e308, 1.7e308)
    assert found["sum"] is None
    assert found["stddev"] is None
    assert all(figure is None or math.isfinite(float(figure)) for figure in found.values())


def test_readings_on_an_edge_belong_to_the_bucket_that_begins_there() -> None:
    aggregation = aggregated(ValueType.DOUBLE, ([0, 10, 19, 20], [1.0, 2.0, 3.0, 4.0], [[0, 1, 2, 3]]), [0, 10, 20, 30])

    assert [aggregation.summaries[number].total for number in range(3)] == [1.0, 5.0, 4.0]


def test_many_small_chunks_are_worked_on_together_and_come_out_the_same() -> None:
    at = np.arange(200_000)
    values = np.random.default_rng(20261122).normal(size=200_000).round(3)
    chunked, whole = (Aggregation(np.arange(0, 200_001, 1000), (0.5, 0.9)) for _ in range(2))
    for start in range(0, 200_000, 77):
        chunked.add(at[start : start + 77], values[start : start + 77])
    whole.add(at, values)
    chunked.finish()
    whole.finish()

    assert chunked.percentiles == whole.percentiles
    assert len(whole.percentiles) == 200
    assert whole.percentiles[7] == tuple(np.percentile(values[7000:8000], [50, 90]).tolist())
    functions = [Function(name) for name in NAMES[:10]]
    pairs = zip(figures(chunked, functions, 0, 200_000, None), figures(whole, functions, 0, 200_000, None), strict=True)
    for left, right in pairs:
        assert left == pytest.approx(right, rel=1e-9)


def test_a_bucket_with_too_many_values_for_percentiles_is_refused() -> None:
    aggregation = Aggregation(np.array([0, 1000]), (0.5,), most_values=99)
    aggregation.add(np.arange(100), np.zeros(100))

    with pytest.raises(TooManyValues, match="more than the 99 values"):
        aggregation.finish()


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("none", [None, 2.0, None, None, 8.0, None]),
        ("null", [None, 2.0, None, None, 8.0, None]),
        ("previous", [None, 2.0, 2.0, 2.0, 8.0, 8.0]),
        # The buckets are of 10, 10, 20, 10 and 10.
        ("linear", [None, 2.0, 3.5, 6.5, 8.0, None]),
    ],
)
def test_empty_buckets_are_filled(fill: Any, expected: list[float | None]) -> None:
    buckets: list[dict[str, Figure]] = [{"avg": value} for value in (None, 2.0, None, None, 8.0, None)]

    filled([0, 10, 20, 40, 50, 60, 70], buckets, fill)

    assert [bucket["avg"] for bucket in buckets] == expected


@pytest.mark.parametrize(
    ("name", "value_type", "message"),
    [
        ("median", ValueType.DOUBLE, "there is no 'median'; DOUBLE readings know avg, min"),
        ("", ValueType.DOUBLE, "there is no ''"),
        ("p99.9999", ValueType.DOUBLE, "there is no 'p99.9999'"),
        ("p100", ValueType.DOUBLE, "there is no 'p100'"),
        ("AVG", ValueType.DOUBLE, "there is no 'AVG'"),
        ("avg", ValueType.TEXT, "avg means nothing of TEXT readings; they know count, first, last"),
        ("p50", ValueType.BOOLEAN, "p50 means nothing of BOOLEAN readings"),
        ("min", ValueType.BOOLEAN, "min means nothing of BOOLEAN readings; they know count, first, last, avg"),
    ],
)
def test_what_a_type_does_not_know_is_refused(name: str, value_type: ValueType, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function_named(name, value_type)
