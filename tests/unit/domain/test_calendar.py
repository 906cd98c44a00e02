"""Windows of every zone, against what zoneinfo says of single instants."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain.calendar import (
    Interval,
    OutsideCalendar,
    TooManyWindows,
    Unit,
    edges,
    parse_interval,
    zone_named,
)
from whimbrel.instants import from_ms, parse_ms, to_ms

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
FIRST, LAST = 2015, 2035
SEED = 20261122
# Aliases of a zone, and what is no zone of a place, would say the same again.
ZONES = sorted(name for name in available_timezones() if not name.startswith(("posix", "right", "SystemV")))


NO_INTERVALS = ["", "1", "h", "-1h", "1.5h", "1 h", "1h\n", "1M", "1H", "10x", "P", "PT", "P1DT", "P-1D", "\u0661d"]
ABSURD_INTERVALS = ["0s", "PT0S", "P1M1D", "25h", "36h", "999999999d", "101y", "1201mo", "PT99999999H"]


def ms(text: str) -> int:
    return parse_ms(text if "T" in text else f"{text}T00:00:00Z")


def windows(interval: str, zone: str, start: str, end: str) -> list[int]:
    return edges(parse_interval(interval), zone_named(zone), ms(start), ms(end), 10_000)


def texts(found: list[int]) -> list[str]:
    return [from_ms(edge).strftime("%Y-%m-%dT%H:%M") for edge in found]


def begins(day: date, zone: ZoneInfo) -> int:
    """Return when a day begins: looked for minute by minute from the day before, where its midnight is not plain."""
    midnight = datetime.combine(day, datetime.min.time(), zone)
    at = to_ms(midnight)
    if from_ms(at).astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return at
    minute = at - 30 * HOUR_MS
    while from_ms(minute).astimezone(zone).date() < day:
        minute += 60_000
    return minute


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        ("10s", 10, Unit.SECOND),
        ("1m", 60, Unit.SECOND),
        ("15m", 900, Unit.SECOND),
        ("PT15M", 900, Unit.SECOND),
        ("PT1H30M", 5400, Unit.SECOND),
        ("23h", 82_800, Unit.SECOND),
        ("24h", 1, Unit.DAY),
        ("PT48H", 2, Unit.DAY),
        ("1d", 1, Unit.DAY),
        ("P1D", 1, Unit.DAY),
        ("7d", 7, Unit.DAY),
        ("1w", 1, Unit.WEEK),
        ("P2W", 2, Unit.WEEK),
        ("1mo", 1, Unit.MONTH),
        ("P1M", 1, Unit.MONTH),
        ("3mo", 3, Unit.MONTH),
        ("1y", 12, Unit.MONTH),
        ("P1Y6M", 18, Unit.MONTH),
    ],
)
def test_an_interval_is_read(text: str, count: int, unit: Unit) -> None:
    assert parse_interval(text) == Interval(count, unit)


@pytest.mark.parametrize(
    "text",
    [*NO_INTERVALS, *ABSURD_INTERVALS],
    ids=repr,
)
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as|above zero|limit|whole days|do not mix"):
        parse_interval(text)


@pytest.mark.parametrize("name", ["", "Europe/Atlantis", "../../etc/passwd", "/etc/passwd", "Europe", "\0", "x" * 300])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no such zone"):
        zone_named(name)


@pytest.mark.parametrize("name", ZONES)
def test_days_of_every_zone_begin_where_zoneinfo_says(name: str) -> None:
    """A year of each, drawn anew for each zone, and its months and weeks."""
    zone = ZoneInfo(name)
    dice = random.Random(f"{SEED} {name}")
    year = dice.randint(FIRST, LAST - 1)
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    start, end = begins(first, zone), begins(after, zone)

    days = edges(Interval(1, Unit.DAY), zone, start, end, 400)
    weeks = edges(Interval(1, Unit.WEEK), zone, start, end, 60)
    months = edges(Interval(1, Unit.MONTH), zone, start, end, 12)

    assert days == [begins(date.fromordinal(day), zone) for day in range(first.toordinal(), after.toordinal() + 1)]
    assert [days.index(edge) for edge in months] == [
        (date(year + month // 12, month % 12 + 1, 1) - first).days for month in range(13)
    ]
    mondays = [edge for edge in days[:-1] if (from_ms(edge) + timedelta(hours=3)).astimezone(zone).weekday() == 0]
    assert [edge for edge in weeks if start <= edge < end] == mondays


@pytest.mark.parametrize("name", ZONES)
def test_steps_of_every_zone_tile_the_range_on_the_local_clock(name: str) -> None:
    zone = ZoneInfo(name)
    dice = random.Random(f"{SEED} {name}")
    for _ in range(3):
        step = dice.choice([1, 15, 60, 900, 1800, 3600, 7200, 6 * 3600, 12 * 3600])
        start = ms(f"{dice.randint(FIRST, LAST - 1)}-01-01") + dice.randrange(365 * DAY_MS)
        end = start + dice.randint(1, 1000 * step * 300)

        found = edges(Interval(step, Unit.SECOND), zone, start, end, 400)

        assert found[0] <= start < found[1]
        assert found[-2] < end <= found[-1]
        midnights = {begins(from_ms(edge).astimezone(zone).date(), zone) for edge in (found[0], found[-1], end, start)}
        midnights |= {begins(from_ms(edge).astimezone(zone).date(), zone) for edge in found if step >= 3600}
        for left, right in pairwise(found):
            cut = any(left <= midnight <= right for midnight in midnights)
            assert right - left == 1000 * step or (cut and right - left < 1000 * step)
            midnight = max(at for at in midnights | {0} if at <= left) or begins(
                from_ms(left).astimezone(zone).date(), zone
            )
            offset = from_ms(midnight).astimezone(zone).utcoffset() or timedelta(0)
            assert left in midnights or (left + offset // timedelta(milliseconds=1)) % (1000 * step) == 0


@given(
    st.sampled_from(ZONES),
    st.builds(Interval, st.integers(1, 40), st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH]))
    | st.builds(Interval, st.integers(1, 86_399), st.just(Unit.SECOND)),
    st.integers(ms(f"{FIRST}-01-01"), ms(f"{LAST}-01-01")),
    st.integers(1, 400 * DAY_MS),
    st.floats(0, 1),
)
def test_windows_do_not_depend_on_where_one_begins_to_look(
    name: str, interval: Interval, start: int, width: int, share: float
) -> None:
    zone = ZoneInfo(name)
    width = min(width, 500_000 * interval.count) if interval.unit is Unit.SECOND else width
    later = start + int(share * (width - 1))

    found = edges(interval, zone, start, start + width, 1_000)

    assert found == sorted(set(found))
    assert found[0] <= start < found[1]
    assert found[-2] < start + width <= found[-1]
    assert edges(interval, zone, later, start + width, 1_000) == [
        edge
        for edge, following in zip(found, [*found[1:], None], strict=True)
        if following is None or following > later
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "buckets"),
    [
        ("Europe/Berlin", "2026-03-29", 23, 23),
        ("Europe/Berlin", "2026-10-25", 25, 25),
        ("America/New_York", "2026-03-08", 23, 23),
        ("Australia/Lord_Howe", "2026-10-04", 23.5, 24),
        ("Australia/Lord_Howe", "2026-04-05", 24.5, 25),
        ("America/Santiago", "2026-09-06", 23, 23),
        ("America/Havana", "2026-11-01", 25, 25),
        ("Asia/Beirut", "2026-03-29", 23, 23),
        ("Asia/Kathmandu", "2026-03-29", 24, 24),
        ("UTC", "2026-03-29", 24, 24),
    ],
)
def test_a_day_has_the_hours_that_its_clock_shows(zone: str, day: str, hours: float, buckets: int) -> None:
    start, end = windows("1d", zone, f"{day}T12:00:00Z", f"{day}T12:00:01Z")

    found = edges(Interval(3600, Unit.SECOND), zone_named(zone), start, end, 10_000)

    assert (end - start) / HOUR_MS == hours
    assert len(found) - 1 == buckets
    assert (found[0], found[-1]) == (start, end)


@pytest.mark.parametrize(
    ("interval", "zone", "start", "end", "expected"),
    [
        # Clocks skip midnight: the day begins at one.
        ("1d", "Asia/Beirut", "2026-03-28T22:00:00Z", "2026-03-29T22:00:00Z", ["2026-03-28T22:00", "2026-03-29T21:00"]),
        # Midnight strikes twice: the day begins with the first.
        ("1d", "America/Havana", "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", ["2026-11-01T04:00"]),
        # Toronto's clocks went from half past eleven to half past midnight.
        ("1d", "America/Toronto", "1919-03-31T04:30:00Z", "1919-03-31T05:00:00Z", ["1919-03-31T04:30"]),
        # A minute after midnight they were set back before it: the day goes on.
        ("1d", "America/St_Johns", "2010-11-07T03:00:00Z", "2010-11-07T03:30:00Z", ["2010-11-07T02:30"]),
        # Steps of a day that begins at one do not begin at midnight.
        ("6h", "America/Santiago", "2026-09-06T04:30:00Z", "2026-09-06T05:00:00Z", ["2026-09-06T04:00"]),
        # Samoa had no 30 December 2011.
        (
            "1d",
            "Pacific/Apia",
            "2011-12-29T12:00:00Z",
            "2011-12-31T10:00:00Z",
            ["2011-12-29T10:00", "2011-12-30T10:00"],
        ),
        (
            "15m",
            "Asia/Kathmandu",
            "2026-01-01T00:05:00Z",
            "2026-01-01T00:16:00Z",
            ["2026-01-01T00:00", "2026-01-01T00:15"],
        ),
        (
            "1h",
            "Asia/Kathmandu",
            "2026-01-01T00:05:00Z",
            "2026-01-01T00:16:00Z",
            ["2025-12-31T23:15", "2026-01-01T00:15"],
        ),
        (
            "7h",
            "UTC",
            "1970-01-01T13:00:00Z",
            "1970-01-02T00:00:00Z",
            ["1970-01-01T07:00", "1970-01-01T14:00", "1970-01-01T21:00"],
        ),
        ("1w", "Europe/Berlin", "2026-01-01", "2026-01-05T00:00:00Z", ["2025-12-28T23:00", "2026-01-04T23:00"]),
        ("2d", "UTC", "1970-01-02", "1970-01-04", ["1970-01-01T00:00", "1970-01-03T00:00"]),
        ("3mo", "UTC", "2026-02-01", "2026-05-01", ["2026-01-01T00:00", "2026-04-01T00:00"]),
        ("1y", "UTC", "2026-02-01", "2026-05-01", ["2026-01-01T00:00"]),
    ],
    ids=[
        "skipped",
        "twice",
        "half skipped",
        "back",
        "steps",
        "date line",
        "quarters",
        "hours",
        "seven hours",
        "week",
        "two days",
        "quarter",
        "year",
    ],
)
def test_windows_begin_where_people_expect(interval: str, zone: str, start: str, end: str, expected: list[str]) -> None:
    assert texts(windows(interval, zone, start, end)[:-1]) == expected


def test_too_many_windows_are_refused_at_once() -> None:
    for interval in ("1s", "1h", "1d"):
        with pytest.raises(TooManyWindows, match="more than 10,000"):
            windows(interval, "America/New_York", "0100-01-01", "9900-01-01")
    assert len(windows("1s", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T02:46:40Z")) == 10_001


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_the_ends_of_the_calendar_are_refused_where_windows_leave_them(zone: str) -> None:
    for interval in ("1s", "23h", "1d", "1w", "1mo", "100y"):
        for start, end in (
            ("9999-12-31T23:59:59.998Z", "9999-12-31T23:59:59.999Z"),
            ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"),
        ):
            with pytest.raises((OutsideCalendar, TooManyWindows)):
                windows(interval, zone, start, end)
    for interval in ("1s", "1d", "1mo"):
        with pytest.raises(OutsideCalendar):
            windows(interval, "Asia/Tokyo", "0001-01-01T00:00:00Z", "0001-01-01T00:01:00Z")
    assert len(windows("1d", zone, "0001-01-05T20:00:00Z", "0001-01-05T20:00:00.001Z")) == 2
