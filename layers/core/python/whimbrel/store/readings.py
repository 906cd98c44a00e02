"""The readings of one tenant: appended to a log, compacted into blocks, read as the join of both.

The invariants, each of which has a test that breaks it: versions decide, not arrival; the mark moves last; blocks
change only by compare-and-set and only to a superset; the compactor stays `LAG_MS` behind; no put lands later than that
after its key; a reader takes the mark before the log, and the log before the blocks.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from whimbrel.domain import codec
from whimbrel.domain.buckets import EARLIEST_MS, LATEST_MS, Bucket, Layout
from whimbrel.domain.segments import Segment, segments_of
from whimbrel.domain.series import (
    Batch,
    Column,
    Frame,
    Reading,
    Series,
    Tombstone,
    frame_between,
    join_frames,
    without,
)
from whimbrel.instants import now_ms
from whimbrel.store.readings_blocks import Block, BlockContention, Blocks, Head, newest_of
from whimbrel.store.readings_lanes import LAG_MS, OVERLAP_MS, Lanes, LaneStore, NotNamed
from whimbrel.store.readings_log import Log
from whimbrel.store.readings_rollups import Rollup, Rollups
from whimbrel.store.readings_slices import Order, Slice, clusters, cut, position, sliced, together

_DAY_MS = 86_400_000
_SWEEP_AFTER_MS = _DAY_MS // 2
_SURELY_OVER_MS = 7_200_000
"""After a day: only then is it summed up; those who merge take it for over an hour earlier, for clocks differ."""
_WORTH_MERGING = 2000
"""So many readings of a device skip the log where they fill a bucket, or are as many in a bucket at their edge.

Fewer cost less as a segment than as a block rewritten.
"""
_WORTH_COMPACTING = 1536
"""Write units of log after which a compaction is asked for, on average.

A block that is rewritten twice as often costs nearly twice as much; a tail that is twice as long takes the first
reader of a process twice as many read units, of which five cost as much as one write unit: docs/benchmarks.md has the
sum.
"""
_WRITE_UNIT = 1024
_CROWD = 16
"""From so many devices on, a segment shows what the traffic is; a full one of a few devices is a backfill."""
_WIDE, _FULL = 1100, 830
"""Bytes of segments of crowds: above the first on average, there should be more lanes, for them to be the second.

With its keys such a one is usually within a write unit; lanes are not equally full, and the fullest decides.
"""
_MOST_READINGS_A_RUN = 1_000_000
_WORTH_NUMPY = 1_000_000


@dataclass(frozen=True, slots=True)
class Compaction:
    """What one run of `ReadingStore.compact` did; if not ``finished``, run it again."""

    segments: int
    readings: int
    blocks: int
    finished: bool


class ReadingStore:
    """The readings of one organization.

    Everything acknowledged is kept exactly once, whatever the order, the repetition and the batching
    (`whimbrel.domain.series` has the rule): first in the log of the device's lane, later in blocks.
    """

    def __init__(  # noqa: PLR0913 (the outside world, each part named)
        self,
        client: Any,
        log_table: str,
        blocks_table: str,
        organization_id: str,
        *,
        request_compaction: Callable[[str], None] = lambda _lane: None,
        retention_ms: int | None = None,
        clock: Callable[[], int] = now_ms,
        sleep: Callable[[float], None] = time.sleep,
        chance: random.Random | None = None,
    ) -> None:
        """Bind the store to a tenant.

        *client* is a low-level DynamoDB client. *request_compaction* is called with a lane, after a put, with a
        probability that grows with its size. Readings older than *retention_ms* are not returned (None: kept for
        ever). *clock* tells milliseconds since 1970.
        """
        dice = chance or random.SystemRandom()
        self._request_compaction = request_compaction
        self._retention_ms = retention_ms
        self._clock = clock
        self._chance = dice
        self._lanes = LaneStore(client, log_table, organization_id, clock)
        self._log = Log(client, log_table, organization_id, clock, sleep, dice)
        self._blocks = Blocks(client, blocks_table, organization_id, retention_ms, sleep, dice)
        self._rollups = Rollups(client, blocks_table, organization_id, retention_ms, dice)

    def append(self, batch: Batch, names: Mapping[str, str] | None = None) -> dict[str, Exception]:
        """Store readings durably, and return the devices for which that failed, with the reason: normally none.

        *batch* is ``{device_id: {Column(sensor_id, value_type): Series}}``; *names* says of sensors which component
        and key they have, ``{sensor_id: "component/key"}``: what is named so takes less room in the log. When a device
        is not in the answer, all its readings are stored for good. For one that is, some may be: appending them again
        is harmless, if the versions are the same.

        Raises:
            ValueError: a timestamp is outside the years 1 to 9999, or a value does not fit its type; nothing is stored.
        """
        _check(batch)
        failed: dict[str, Exception] = {}
        for_log: dict[str, Frame] = {}
        for device_id, frame in batch.items():
            try:
                for_log[device_id] = self._merge_large(device_id, frame)
            except (ClientError, BotoCoreError) as error:
                failed[device_id] = error
        failed |= self._append_to_log(for_log, names or {})
        return failed

    def read(
        self,
        device_id: str,
        sensor_ids: Collection[str] | None,
        start_ms: int,
        end_ms: int,
        *,
        order: Order = "asc",
        not_before: Mapping[str, int] | None = None,
        arrays: bool = False,
    ) -> Iterator[Slice]:
        """Yield the readings in ``start_ms <= timestamp < end_ms``, in *order*, in slices that do not overlap.

        *sensor_ids* None means every sensor. *not_before* hides, of a sensor, what is older (its own retention). Each
        slice is about one block. Blocks are fetched as the slices are taken: stop when you have enough, and
        go on later from the last timestamp you used (``start_ms = last + 1``, or ``end_ms = last`` when descending).

        With *arrays*, the columns of a slice are numpy's arrays instead of lists where that is faster: where nothing
        had to be joined, and numpy is in use (`codec.vectorise`).
        """
        start_ms, end_ms = max(start_ms, self._oldest_kept(), EARLIEST_MS), min(end_ms, LATEST_MS + 1)
        lanes = self._lanes.find() if start_ms < end_ms else None
        if lanes is None:
            return
        tail = frame_between(self._tail(lanes, device_id, sensor_ids), start_ms, end_ms)
        head = self._blocks.head(device_id)
        is_ascending = order == "asc"
        left = (start_ms, end_ms)
        for blocks in self._overlapping_blocks(head, device_id, *left, ascending=is_ascending):
            if is_ascending:
                window, left = cut(left, max(block.newest_ms for block in blocks) + 1)
            else:
                left, window = cut(left, min(block.oldest_ms for block in blocks))
            fresh = frame_between(tail, *window)
            is_alone = arrays and len(blocks) == 1 and not fresh
            frames = [fresh, *(block.frame(sensor_ids, arrays=is_alone) for block in blocks)]
            yield from sliced(frames, window, head.stones, not_before or {}, order)
        yield from sliced([tail], left, head.stones, not_before or {}, order)

    def latest(self, device_id: str, sensor_ids: Collection[str] | None = None) -> dict[Column, Reading]:
        """Return the newest reading of each column; columns that have none are left out. Four requests, usually."""
        lanes = self._lanes.find()
        if lanes is None:
            return {}
        tail = self._tail(lanes, device_id, sensor_ids)
        head = self._blocks.head(device_id)
        oldest = self._oldest_kept()
        found: dict[Column, Reading] = {}
        for column, known in newest_of([tail, head.latest, *self._unsettled(head, device_id, sensor_ids)]).items():
            if sensor_ids is not None and column.sensor_id not in sensor_ids:
                continue
            newest = known if without(column, known, head.stones) else self._newest_living(device_id, column)
            if newest and newest.timestamps[-1] >= oldest:
                found[column] = newest.at(-1)
        return found

    def rollup(
        self, device_id: str, column: Column, start_ms: int, end_ms: int, *, not_before_ms: int = EARLIEST_MS
    ) -> Rollup:
        """Return the sums of whole days, in UTC, of a column in ``start_ms <= timestamp < end_ms``, where they hold.

        They do for days that are over, with nothing in the log, deleted or past retention. What is wanted may be kept,
        made of what is read after this.
        """
        lanes = self._lanes.find()
        if lanes is None:
            return self._rollups.of(device_id, column, ())
        tail = self._tail(lanes, device_id, [column.sensor_id])
        stones = [stone for stone in self._blocks.head(device_id).stones if stone.sensor_id == column.sensor_id]
        first_ms = max(start_ms, not_before_ms, self._oldest_kept())
        days = set(range(-(-first_ms // _DAY_MS), min(end_ms, self._clock() - _SURELY_OVER_MS) // _DAY_MS))
        days -= {timestamp // _DAY_MS for series in tail.values() for timestamp in series.timestamps}
        for stone in stones:
            days -= set(range(stone.start_ms // _DAY_MS, -(-stone.end_ms // _DAY_MS)))
        return self._rollups.of(device_id, column, days)

    def delete_range(self, device_id: str, sensor_id: str, start_ms: int, end_ms: int, version: int) -> int:
        """Delete a sensor's readings in ``start_ms <= timestamp < end_ms`` accepted up to *version*; return how many.

        They are gone at once, however late they are delivered again; blocks shrink when they are next rewritten. What
        is accepted later (a larger version) stays.
        """
        hidden = sum(
            sum(map(version.__ge__, series.versions))
            for part in self.read(device_id, {sensor_id}, start_ms, end_ms)
            for series in part.frame.values()
        )
        self._lanes.open()
        self._blocks.bury(device_id, Tombstone(sensor_id, start_ms, end_ms, version))
        return hidden

    def compact(self, lane: str) -> Compaction:
        """Move what is old enough in a lane's log into blocks; safe to run at any time, twice, or to kill."""
        lanes = self._lanes.find()
        if lanes is None or lane not in lanes.marks:
            return Compaction(0, 0, 0, finished=True)
        mark, until = lanes.marks[lane], self._clock() - LAG_MS
        segments, stop = self._old_segments(lane, mark, until)
        parts: dict[str, list[Frame]] = {}
        for segment in segments:
            for device_id, frame in segment.frames(self._lanes.directory(lane)):
                parts.setdefault(device_id, []).append(frame)
        blocks = sum(self._merge(device_id, join_frames(frames)) for device_id, frames in parts.items())
        if segments or stop // _DAY_MS > mark // _DAY_MS:
            self._lanes.move_mark(lane, stop)
        # Only what was written since everybody knows of the lanes there are tells whether they are enough.
        settled_ms = lanes.epochs[-1].since_ms + LAG_MS
        crowded = [
            len(segment.content)
            for segment in segments
            if segment.written_ms >= settled_ms and segment.devices >= _CROWD
        ]
        if len(crowded) >= _CROWD and sum(crowded) > _WIDE * len(crowded):
            self._lanes.grow(lanes, sum(crowded) / _FULL / len(crowded))
        return Compaction(len(segments), sum(segment.readings for segment in segments), blocks, stop >= until)

    def lanes(self) -> Iterator[str]:
        """Yield the lanes of this organization whose log has not been looked at for half a day, for the daily sweep."""
        lanes, before = self._lanes.find(), self._clock() - _SWEEP_AFTER_MS
        yield from (lane for lane, mark in (lanes.marks if lanes else {}).items() if mark < before)

    def log_partitions(self) -> Iterator[str]:
        """Yield all that the log has of this organization, the list of lanes, which leads to the others, last."""
        lanes = self._lanes.find()
        for lane in lanes.marks if lanes else ():
            yield from self._log.partitions(lane)
            yield self._lanes.names_partition(lane)
        yield self._lanes.partition

    def _append_to_log(self, batch: Batch, names: Mapping[str, str]) -> dict[str, Exception]:
        failed: dict[str, Exception] = {}
        try:
            lanes, usable_until_ms = self._lanes.open()
        except (ClientError, BotoCoreError) as error:
            return dict.fromkeys(batch, error)
        by_lane: dict[str, dict[str, Frame]] = {}
        for device_id, frame in batch.items():
            if frame:
                by_lane.setdefault(lanes.lane_of(device_id), {})[device_id] = frame
        segments: list[tuple[str, Segment]] = []
        for lane, frames in by_lane.items():
            try:
                packed = segments_of(frames, self._lanes.directory(lane), names)
                segments += [(lane, segment) for segment in packed]
            except (ClientError, BotoCoreError, NotNamed) as error:
                failed |= dict.fromkeys(frames, error)
        for lane, _, error in self._log.put(segments, usable_until_ms):
            failed |= dict.fromkeys(by_lane[lane], error)
        for lane, segment in segments:
            if self._chance.random() * _WORTH_COMPACTING < -(-len(segment.content) // _WRITE_UNIT):
                self._request_compaction(lane)
        return failed

    def _oldest_kept(self) -> int:
        return EARLIEST_MS if self._retention_ms is None else self._clock() - self._retention_ms

    def _tail(self, lanes: Lanes, device_id: str, sensor_ids: Collection[str] | None) -> Frame:
        """Return what the log has of a device that may not be in blocks yet."""
        until = self._clock() + LAG_MS
        return join_frames(
            frame
            for lane, mark in lanes.to_look_at(device_id).items()
            for segment in self._log.segments(lane, mark - OVERLAP_MS, until)
            for _, frame in segment.frames(self._lanes.directory(lane), device_id, sensor_ids)
        )

    def _old_segments(self, lane: str, start_ms: int, until: int) -> tuple[list[Segment], int]:
        """Return what a compaction takes on at once, and the time up to which it is complete."""
        taken: list[Segment] = []
        readings = 0
        for segment in self._log.segments(lane, start_ms, until):
            if readings >= _MOST_READINGS_A_RUN and segment.written_ms > taken[-1].written_ms:
                return taken, segment.written_ms
            taken.append(segment)
            readings += segment.readings
        return taken, max(until, start_ms)

    def _layout(self, head: Head, device_id: str, frame: Frame) -> Layout:
        newest_ms = max(series.timestamps[-1] for series in frame.values())
        return head.layout or self._blocks.lay_out(device_id, None, Layout.for_rate(frame), newest_ms)

    def _merge(self, device_id: str, frame: Frame) -> int:
        """Merge readings from the log into blocks; return how many were written."""
        head = self._blocks.head(device_id)
        layout = self._layout(head, device_id, frame)
        parts = list(layout.split(frame))
        blocks = sum(self._blocks.merge(device_id, bucket, part, head.stones) for bucket, part in parts)
        self._settle(device_id, parts)
        if (adapted := layout.adapted(frame, self._clock())) != layout:
            self._blocks.lay_out(device_id, layout, adapted, self._clock())
        return blocks

    def _merge_large(self, device_id: str, frame: Frame) -> Frame:
        """Merge the buckets that have many readings straight into blocks; return what is left for the log."""
        if sum(map(len, frame.values())) < _WORTH_MERGING:
            return frame
        left: list[Frame] = []
        merged: list[tuple[Bucket, Frame]] = []
        try:
            parts = list(self._layout(self._blocks.head(device_id), device_id, frame).split(frame))
            for bucket, part in parts:
                is_whole = parts[0][0] != bucket != parts[-1][0]
                if not is_whole and sum(map(len, part.values())) < _WORTH_MERGING:
                    left.append(part)
                    continue
                self._blocks.merge(device_id, bucket, part)
                merged.append((bucket, part))
            if merged:
                self._settle(device_id, merged)
        except (BlockContention, codec.CorruptBlock):
            return frame  # The log takes everything; the compactor will try again, or complain.
        return join_frames(left)

    def _settle(self, device_id: str, merged: list[tuple[Bucket, Frame]]) -> None:
        """Do what has to be done after readings have been merged, and before anybody is told so."""
        self._blocks.settle(device_id, merged)
        over_ms = (self._clock() - _SURELY_OVER_MS // 2) // _DAY_MS * _DAY_MS
        self._rollups.forget(device_id, [frame for _, frame in merged], over_ms)

    def _unsettled(self, head: Head, device_id: str, sensor_ids: Collection[str] | None) -> Iterator[Frame]:
        """Yield the newest of blocks beyond what is settled, newest blocks first, until every sensor has been seen."""
        if head.layout is None:
            return
        start_ms = min(span.start_of(head.settled_ms) for span in head.layout.spans)
        missing = set(sensor_ids) if sensor_ids is not None else None
        for blocks in self._overlapping_blocks(head, device_id, start_ms, LATEST_MS + 1, ascending=False):
            newest = newest_of([block.frame(sensor_ids) for block in blocks])
            yield newest
            if missing is not None:
                missing -= {column.sensor_id for column in newest}
                if not missing:
                    return

    def _overlapping_blocks(
        self, head: Head, device_id: str, start_ms: int, end_ms: int, *, ascending: bool
    ) -> Iterator[list[Block]]:
        """Yield, in order, the blocks of a range that have to be joined with each other: nearly always one."""
        if head.layout is None:
            return
        by_span = [
            self._blocks.of_bucket_range(device_id, span, start_ms, end_ms, ascending=ascending)
            for span in sorted(head.layout.spans, key=lambda span: span.length_ms)
        ]
        readings = 0
        for blocks in together(heapq.merge(*by_span, key=position(ascending=ascending)), ascending=ascending):
            inside = [block for block in blocks if block.oldest_ms < end_ms and block.newest_ms >= start_ms]
            readings += sum(block.readings for block in inside)
            if readings > _WORTH_NUMPY:
                codec.vectorise()
            yield from clusters(inside, ascending=ascending)

    def _newest_living(self, device_id: str, column: Column) -> Series | None:
        for part in self.read(device_id, {column.sensor_id}, EARLIEST_MS, LATEST_MS + 1, order="desc"):
            if column in part.frame:
                return part.frame[column].backwards()
        return None


def _check(batch: Batch) -> None:
    for frame in batch.values():
        for series in frame.values():
            if series.timestamps and not EARLIEST_MS <= series.timestamps[0] <= series.timestamps[-1] <= LATEST_MS:
                raise ValueError("a timestamp is outside the years 1 to 9999")
