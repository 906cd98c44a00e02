"""Windows of time as people count them: steps of a clock below a day; days, weeks and months of a zone's calendar.

A *day* of a zone begins when its midnight first strikes, or where clocks skip midnight, when they skip it. A day that
a zone leaves out altogether (the date line moved) has no window. Weeks begin on Monday. Several days are counted from
1970-01-01, several weeks from Monday 1970-01-05, several months from January of the year 0, so that three make a
quarter and twelve a year.

Steps below a day are of one length and stand on the local clock as it was at midnight: a step of 15 minutes begins at
the quarters of Kathmandu's hours too, and a day of 25 hours has 25 steps of one. Where one day's midnight has another
offset from UTC than the last, the steps begin anew, and those that this cuts are shorter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from whimbrel.instants import END_OF_TIME_MS, EPOCH, from_ms, to_ms

_DAY_S = 86_400
_BEGINNING_MS = to_ms(datetime(1, 1, 1, tzinfo=UTC))
_LONGEST_DAYS = 36_525
_LONGEST_MONTHS = 1_200
_THURSDAY, _MONDAY = date(1970, 1, 1).toordinal(), date(1970, 1, 5).toordinal()
_SHORT = re.compile(r"([1-9]\d{0,8})(s|m|h|d|w|mo|y)\Z", re.ASCII)
_ISO_8601 = re.compile(
    r"P(?=.)(?:(?P<y>\d{1,4})Y)?(?:(?P<mo>\d{1,5})M)?(?:(?P<w>\d{1,5})W)?(?:(?P<d>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<h>\d{1,6})H)?(?:(?P<m>\d{1,8})M)?(?:(?P<s>\d{1,9})S)?)?\Z",
    re.ASCII,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": _DAY_S, "w": 7 * _DAY_S}
_MONTHS = {"mo": 1, "y": 12}
_HOW = "write it as 10s, 15m, 1h, 1d, 1w or 1mo, or in ISO 8601 as PT15M or P1M"


class TooManyWindows(ValueError):
    """A range has more windows than were allowed."""


class OutsideCalendar(ValueError):
    """A window begins before the year 1 or ends after 9999."""


class Unit(Enum):
    """What the length of windows is counted in."""

    SECOND = "SECOND"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True)
class Interval:
    """The length of windows: so many of a unit; of seconds, fewer than a day has."""

    count: int
    unit: Unit


def parse_interval(text: str) -> Interval:
    """Return the interval of ``10s``, ``15m``, ``1h``, ``1d``, ``2w``, ``3mo``, ``1y``, or ISO 8601 as in ``PT15M``.

    Whole days are days of the calendar however they are written: ``24h`` is ``1d``. ``7d`` is not ``1w``.

    Raises:
        ValueError: none of these; zero; months mixed with days; above a day and not whole days; above a hundred years.
    """
    short, long = _SHORT.match(text), _ISO_8601.match(text)
    if short:
        parts = {short[2]: int(short[1])}
    elif long:
        parts = {name: int(digits) for name, digits in long.groupdict().items() if digits}
    else:
        raise ValueError(_HOW)
    months = sum(_MONTHS[name] * count for name, count in parts.items() if name in _MONTHS)
    seconds = sum(_SECONDS[name] * count for name, count in parts.items() if name in _SECONDS)
    if months and seconds:
        raise ValueError("months have no fixed length: do not mix them with days or hours")
    if not months and not seconds:
        raise ValueError("it must be above zero")
    if months > _LONGEST_MONTHS or seconds > _LONGEST_DAYS * _DAY_S:
        raise ValueError("a hundred years are the limit")
    if months:
        return Interval(months, Unit.MONTH)
    if seconds < _DAY_S:
        return Interval(seconds, Unit.SECOND)
    if seconds % _DAY_S:
        raise ValueError("above a day it must be whole days")
    if parts.keys() == {"w"}:
        return Interval(seconds // (7 * _DAY_S), Unit.WEEK)
    return Interval(seconds // _DAY_S, Unit.DAY)


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo:
    """Return the zone of the IANA *name*.

    Raises:
        ValueError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError) as error:
        raise ValueError("there is no such zone; name one of IANA's, such as Europe/Berlin") from error


def edges(interval: Interval, zone: tzinfo, start_ms: int, end_ms: int, most: int) -> list[int]:
    """Return where the windows that cover ``start_ms <= t < end_ms`` begin, and at last where the last one ends.

    They ascend, in milliseconds since 1970. The first is at or before *start_ms*, the last at or after *end_ms*: a
    window is as long as the calendar makes it, whatever part of it the range has.

    Raises:
        TooManyWindows: there are more than *most*.
        OutsideCalendar: one of them leaves the years 1 to 9999.
    """
    found: list[int] = []
    try:
        for edge in (_steps if interval.unit is Unit.SECOND else _dates)(interval, zone, start_ms):
            if found and edge == found[-1]:
                continue
            if not _BEGINNING_MS <= edge < END_OF_TIME_MS:
                break
            if len(found) > most:
                raise TooManyWindows(f"the range has more than {most:,} of them")  # noqa: TRY301 (said where it is seen)
            found.append(edge)
            if edge >= end_ms:
                return found
    except TooManyWindows:
        raise
    except (OverflowError, ValueError):
        pass
    raise OutsideCalendar("its windows leave the years 1 to 9999")


def _begins(ordinal: int, zone: tzinfo) -> int:
    midnight = datetime.fromordinal(ordinal).replace(tzinfo=zone)
    before, after = to_ms(midnight), to_ms(midnight.replace(fold=1))
    if before <= after:
        return before
    # Clocks skip this midnight: `after` is before they do, `before` is not; between them is the moment.
    naive = midnight.replace(tzinfo=None)
    low, high = after // 1000, before // 1000
    while high - low > 1:
        middle = (low + high) // 2
        local = (EPOCH + timedelta(seconds=middle)).astimezone(zone).replace(tzinfo=None)
        low, high = (low, middle) if local >= naive else (middle, high)
    return 1000 * high


def _day_of(at_ms: int, zone: tzinfo) -> int:
    """Return the ordinal of the day whose beginning is the last at or before *at_ms*."""
    ordinal = from_ms(at_ms).astimezone(zone).toordinal()
    # A clock set back across midnight shows the day before once more.
    while _begins(ordinal + 1, zone) <= at_ms:
        ordinal += 1
    while _begins(ordinal, zone) > at_ms:
        ordinal -= 1
    return ordinal


def _dates(interval: Interval, zone: tzinfo, start_ms: int) -> Iterator[int]:
    """Yield the edges of days, weeks or months without end, from the last at or before *start_ms*."""
    ordinal = _day_of(start_ms, zone)
    if interval.unit is Unit.MONTH:
        day = date.fromordinal(ordinal)
        month = (12 * day.year + day.month - 1) // interval.count * interval.count
        while True:
            yield _begins(date(month // 12, month % 12 + 1, 1).toordinal(), zone)
            month += interval.count
    anchor, days = (_MONDAY, 7 * interval.count) if interval.unit is Unit.WEEK else (_THURSDAY, interval.count)
    ordinal -= (ordinal - anchor) % days
    while True:
        yield _begins(ordinal, zone)
        ordinal += days


def _steps(interval: Interval, zone: tzinfo, start_ms: int) -> Iterator[int]:
    """Yield the edges of steps below a day without end, from the last at or before *start_ms*."""
    step = 1000 * interval.count
    ordinal = _day_of(start_ms, zone)
    offset = _offset(ordinal, zone)
    edge = start_ms - (start_ms + offset) % step
    # A step is shorter than a day: what may cut it is the midnight of this day or of the one before.
    for earlier in (ordinal - 1, ordinal):
        if _offset(earlier, zone) != _offset(earlier - 1, zone):
            edge = max(edge, _begins(earlier, zone))
    while True:
        ordinal += 1
        border = _begins(ordinal, zone)
        while edge < border:
            yield edge
            edge += step - (edge + offset) % step
        if (changed := _offset(ordinal, zone)) != offset:
            offset, edge = changed, border


def _offset(ordinal: int, zone: tzinfo) -> int:
    """Return by how many milliseconds the clocks of *zone* are ahead of UTC when a day begins."""
    local = from_ms(_begins(ordinal, zone)).astimezone(zone)
    return (local.utcoffset() or timedelta(0)) // timedelta(milliseconds=1)
