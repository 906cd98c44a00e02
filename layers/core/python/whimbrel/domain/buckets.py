"""Where the readings of a device are kept: buckets of an hour, a day or thirty days, by how often it reports.

A full bucket should hold about 250 to 6,000 readings, so that it is a small item: whatever comes, all of it is
rewritten. A device's *layout* says from which timestamp on which span holds; a new span begins at a boundary in the
future, so that a timestamp keeps its bucket. Should two writers ever disagree, nothing is lost: a reader looks into
every span that the layout names, and joins what it finds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from whimbrel.domain.series import Frame, frame_between

EARLIEST_MS = -62_135_596_800_000
"""The first instant of the year 1."""
LATEST_MS = 253_402_300_799_999
"""The last one of the year 9999."""

_MOST = 6_000
_SLACK = 2
_ENOUGH_TO_TELL = 8
_MOST_CHANGES = 24


class Span(Enum):
    """How long a bucket is; the letter begins the keys of its blocks."""

    HOUR = "h"
    DAY = "d"
    MONTH = "m"

    @property
    def length_ms(self) -> int:
        """The milliseconds of a bucket; a "month" has thirty days."""
        return _LENGTHS[self]

    def start_of(self, timestamp: int) -> int:
        """Return where the bucket of *timestamp* begins; buckets are counted from 1970."""
        return timestamp // self.length_ms * self.length_ms


_LENGTHS = {Span.HOUR: 3_600_000, Span.DAY: 86_400_000, Span.MONTH: 30 * 86_400_000}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A stretch of time whose readings are kept together."""

    span: Span
    start_ms: int

    @property
    def end_ms(self) -> int:
        """Where the next one begins."""
        return self.start_ms + self.span.length_ms


@dataclass(frozen=True, slots=True)
class Layout:
    """The spans of a device: the first one holds for all time before ``changes``, which are (from timestamp, span)."""

    first: Span
    changes: tuple[tuple[int, Span], ...] = ()

    @classmethod
    def for_rate(cls, frame: Frame) -> Layout:
        """Return the layout of a device of which *frame* is the first that is known."""
        per_ms = readings_per_ms(frame)
        return cls(Span.DAY if per_ms is None else _widest(per_ms, _MOST))

    @property
    def spans(self) -> set[Span]:
        """Every span that blocks of the device may have."""
        return {self.first, *(span for _, span in self.changes)}

    @property
    def last(self) -> Span:
        """The span that holds after all changes."""
        return self.changes[-1][1] if self.changes else self.first

    def bucket_of(self, timestamp: int) -> Bucket:
        """Return the bucket that *timestamp* falls into."""
        change = bisect_right(self.changes, timestamp, key=lambda change: change[0])
        span = self.changes[change - 1][1] if change else self.first
        return Bucket(span, span.start_of(timestamp))

    def split(self, frame: Frame) -> Iterator[tuple[Bucket, Frame]]:
        """Yield the readings of *frame* bucket by bucket, oldest first."""
        times = sorted({series.timestamps[0] for series in frame.values() if series.timestamps})
        newest = max((series.timestamps[-1] for series in frame.values() if series.timestamps), default=0)
        at = times[0] if times else newest + 1
        while at <= newest:
            bucket = self.bucket_of(at)
            end = min([bucket.end_ms, *(start for start, _ in self.changes if start > at)])
            part = frame_between(frame, at, end)
            if part:
                yield bucket, part
            at = _first_from(frame, end)

    def adapted(self, frame: Frame, now_ms: int) -> Layout:
        """Return the layout with the span that the rate of *frame* asks for, from a boundary after *now_ms*.

        It stays the same while a change is still to come, when the readings are old, when the rate is within a factor
        of two of what suits the span, and after many changes.
        """
        newest = max((series.timestamps[-1] for series in frame.values()), default=now_ms)
        per_ms = readings_per_ms(frame)
        is_pending = bool(self.changes) and self.changes[-1][0] > now_ms
        is_old = newest < now_ms - Span.DAY.length_ms
        if per_ms is None or is_pending or is_old or len(self.changes) >= _MOST_CHANGES:
            return self
        wanted = _widest(per_ms, _MOST // _SLACK)
        if wanted.length_ms <= self.last.length_ms:
            wanted = _widest(per_ms, _MOST * _SLACK)
            if wanted.length_ms >= self.last.length_ms:
                return self
        wider = max(wanted, self.last, key=lambda span: span.length_ms)
        boundary = wider.start_of(max(newest, now_ms)) + wider.length_ms
        return Layout(self.first, (*self.changes, (boundary, wanted)))

    def __str__(self) -> str:
        return ",".join((self.first.value, *(f"{start}:{span.value}" for start, span in self.changes)))

    @classmethod
    def parse(cls, text: str) -> Layout:
        """Return the layout whose `str` is *text*."""
        first, *changes = text.split(",")
        pairs = (change.split(":") for change in changes)
        return cls(Span(first), tuple((int(start), Span(span)) for start, span in pairs))


def readings_per_ms(frame: Frame) -> float | None:
    """Return how often a device reports, all sensors together, by the middle half of *frame*; None: too few to tell."""
    timestamps = sorted(timestamp for series in frame.values() for timestamp in series.timestamps)
    if len(timestamps) < _ENOUGH_TO_TELL:
        return None
    first, last = len(timestamps) // 4, len(timestamps) * 3 // 4
    distance = timestamps[last] - timestamps[first]
    return (last - first) / distance if distance else None


def _widest(per_ms: float, most: int) -> Span:
    """Return the widest span whose bucket holds at most *most* readings, or the narrowest there is."""
    fitting = (span for span in (Span.MONTH, Span.DAY) if per_ms * span.length_ms <= most)
    return next(fitting, Span.HOUR)


def _first_from(frame: Frame, start_ms: int) -> int:
    later = (
        series.timestamps[index]
        for series in frame.values()
        if (index := bisect_right(series.timestamps, start_ms - 1)) < len(series.timestamps)
    )
    return min(later, default=LATEST_MS + 1)
