"""Buckets: every reading has exactly one, a new span moves nobody, and the rate decides."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.domain.frames import START, exact, frames, sensor_id
from whimbrel.domain.buckets import EARLIEST_MS, LATEST_MS, Layout, Span
from whimbrel.domain.series import Column, Frame, Series, ValueType, join_frames

HOUR, DAY = 3_600_000, 86_400_000
spans = st.sampled_from(list(Span))
moments = st.integers(EARLIEST_MS, LATEST_MS)
layouts = st.builds(
    lambda first, starts, following: Layout(first, tuple(zip(sorted(starts), following, strict=True))),
    spans,
    st.sets(moments, min_size=3, max_size=3),
    st.lists(spans, min_size=3, max_size=3),
)


def every(step_ms: int, count: int, start: int = START) -> Frame:
    at = [start + row * step_ms for row in range(count)]
    return {Column(sensor_id(1), ValueType.DOUBLE): Series.of(at, [1.0] * count, start)}


@given(layout=layouts, at=moments)
def test_a_bucket_holds_its_timestamp_and_begins_on_the_grid(layout: Layout, at: int) -> None:
    bucket = layout.bucket_of(at)

    assert bucket.start_ms <= at < bucket.end_ms
    assert bucket.start_ms % bucket.span.length_ms == 0
    assert bucket.span in layout.spans


@given(layout=layouts)
def test_a_layout_survives_its_text(layout: Layout) -> None:
    assert Layout.parse(str(layout)) == layout


@given(layout=layouts, frame=frames(ordered=True))
def test_splitting_a_frame_loses_nothing_and_keeps_to_the_buckets(layout: Layout, frame: Frame) -> None:
    low = min(series.timestamps[0] for series in frame.values())
    high = max(series.timestamps[-1] for series in frame.values())
    assume(low >= EARLIEST_MS and high <= LATEST_MS)

    parts = list(layout.split(frame))

    assert exact(join_frames(part for _, part in parts)) == exact(frame)
    for bucket, part in parts:
        for series in part.values():
            assert all(layout.bucket_of(timestamp) == bucket for timestamp in series.timestamps)


@given(span=spans, at=moments, step=st.sampled_from([1000, 60_000, 900_000]), now=st.integers(START, 2 * START))
def test_a_new_span_leaves_earlier_timestamps_where_they_are(span: Span, at: int, step: int, now: int) -> None:
    layout = Layout(span, ((START - 9 * DAY, span),))
    adapted = layout.adapted(every(step, 50, now), now)
    assume(adapted != layout)

    boundary = adapted.changes[-1][0]
    assert boundary > now
    if at < boundary:
        assert adapted.bucket_of(at) == layout.bucket_of(at)


@pytest.mark.parametrize(
    ("step_ms", "span"),
    [(100, Span.HOUR), (1000, Span.HOUR), (5000, Span.HOUR), (60_000, Span.DAY), (900_000, Span.MONTH)],
)
def test_the_rate_of_a_new_device_decides_its_span(step_ms: int, span: Span) -> None:
    assert Layout.for_rate(every(step_ms, 100)) == Layout(span)
    assert Layout.for_rate(every(step_ms, 2)) == Layout(Span.DAY)


def test_one_late_reading_does_not_slow_the_rate_down() -> None:
    frame = join_frames([every(1000, 100), every(1000, 1, START - 400 * DAY)])

    assert Layout.for_rate(frame) == Layout(Span.HOUR)


def test_a_device_that_speeds_up_gets_a_shorter_span_at_the_next_boundary() -> None:
    now = START + 100_000
    boundary = (now // DAY + 1) * DAY

    adapted = Layout(Span.DAY).adapted(every(1000, 100), now)

    assert adapted == Layout(Span.DAY, ((boundary, Span.HOUR),))
    assert adapted.adapted(every(900_000, 100, now), now) == adapted


def test_a_rate_near_the_limit_changes_nothing() -> None:
    now = START + 100 * 10_000
    assert Layout(Span.DAY).adapted(every(10_000, 100), now) == Layout(Span.DAY)
    assert Layout(Span.HOUR).adapted(every(6000, 100), now) == Layout(Span.HOUR)


def test_old_readings_say_nothing_about_the_rate_to_come() -> None:
    assert Layout(Span.DAY).adapted(every(100, 1000), START + 3 * DAY) == Layout(Span.DAY)
