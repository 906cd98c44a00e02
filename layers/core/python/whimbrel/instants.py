"""Time: UTC, to the millisecond, from one clock; RFC 3339 with ``Z`` on the wire."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone

END_OF_TIME_MS = 253_402_300_800_000
"""The year 10000: RFC 3339 ends before."""

LEAP_SECOND = 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:([Zz])|([+-])(\d\d):(\d\d))\Z",
    re.ASCII,
)


def now_ms() -> int:
    """Return the milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000


def now() -> datetime:
    """Return this moment, cut to the millisecond."""
    return from_ms(now_ms())


def from_ms(milliseconds: int) -> datetime:
    """Return the instant *milliseconds* after 1970 began."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def to_ms(instant: datetime) -> int:
    """Return the milliseconds since 1970 of an aware *instant*; what is finer is cut."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def parse_ms(text: str) -> int:
    """Return the milliseconds since 1970 of an RFC 3339 *text* with any offset.

    Raises:
        ValueError: it is not one, or it names no zone; the message says which.
    """
    found = _RFC3339.match(text)
    if not found:
        if re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?\Z", text):
            raise ValueError("it names no zone; end it in Z or an offset such as +02:00")
        raise ValueError("it is not an RFC 3339 time such as 2026-01-31T12:00:00.000Z")
    year, month, day, hour, minute, second, fraction, zulu, sign, off_hours, off_minutes = found.groups()
    offset = UTC
    if not zulu:
        distance = timedelta(hours=int(off_hours), minutes=int(off_minutes))
        if distance >= timedelta(days=1):
            raise ValueError("its offset is a day or more")
        offset = timezone(distance if sign == "+" else -distance)
    micros = int((fraction or "0").ljust(6, "0")[:6])
    # A leap second is folded into the second before it, as POSIX clocks do.
    at = (
        datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            min(int(second), 59),
            micros,
            tzinfo=offset,
        )
        if int(second) <= LEAP_SECOND
        else None
    )
    if at is None:
        raise ValueError("its seconds are beyond 60")
    return to_ms(at)


def format_ms(milliseconds: int) -> str:
    """Return the wire form, ``2026-01-31T12:00:00.000Z``, of the milliseconds since 1970."""
    seconds, fraction = divmod(milliseconds, 1000)
    # Not strftime: its year before 1000 has three digits.
    return f"{(EPOCH + timedelta(seconds=seconds)).isoformat()[:19]}.{fraction:03d}Z"


def format_instant(instant: datetime) -> str:
    """Return the wire form of an aware *instant*."""
    return format_ms(to_ms(instant))
