"""From blocks and the log's tail to what a reader is given: slices that do not overlap, in the order asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from whimbrel.domain.buckets import Bucket
from whimbrel.domain.series import Frame, Tombstone, frame_between, join_frames, without
from whimbrel.store.readings_blocks import Block

Order = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Slice:
    """What a device has in ``start_ms <= timestamp < end_ms``.

    Lists run in the order that was asked for: oldest first, or newest first. Columns without readings are left out.
    """

    start_ms: int
    end_ms: int
    frame: Frame


def cut(window: tuple[int, int], at: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return *window* in two, before and from *at*; either may be empty."""
    start, end = window
    at = min(max(start, at), end)
    return (start, at), (at, end)


def sliced(
    frames: list[Frame],
    window: tuple[int, int],
    stones: Collection[Tombstone],
    not_before: Mapping[str, int],
    order: Order,
) -> Iterator[Slice]:
    """Yield the slice of *window*, if there is anything in it."""
    start_ms, end_ms = window
    frame: Frame = {}
    for column, joined in join_frames(frame_between(frame, start_ms, end_ms) for frame in frames).items():
        series = without(column, joined, stones)
        if column.sensor_id in not_before:
            series = series.between(max(start_ms, not_before[column.sensor_id]), end_ms)
        if len(series):
            frame[column] = series if order == "asc" else series.backwards()
    if frame:
        yield Slice(start_ms, end_ms, frame)


def position(*, ascending: bool) -> Callable[[tuple[Bucket, list[Block]]], int]:
    """Return what buckets of several spans are merged by, to come in order."""
    return lambda found: found[0].start_ms if ascending else -found[0].end_ms


def together(found: Iterable[tuple[Bucket, list[Block]]], *, ascending: bool) -> Iterator[list[Block]]:
    """Yield the blocks of buckets that overlap, as those of two spans may where writers disagreed about the layout."""
    joint: list[Block] = []
    edge = 0
    for bucket, blocks in found:
        is_beyond = bucket.start_ms >= edge if ascending else bucket.end_ms <= edge
        if joint and is_beyond:
            yield joint
            joint = []
        far = bucket.end_ms if ascending else bucket.start_ms
        edge = far if not joint else max(edge, far) if ascending else min(edge, far)
        joint = joint + blocks
    if joint:
        yield joint


def clusters(blocks: list[Block], *, ascending: bool) -> Iterator[list[Block]]:
    """Yield the blocks in groups whose times do not overlap, in order."""
    groups: list[list[Block]] = []
    newest = 0
    for block in sorted(blocks, key=lambda block: block.oldest_ms):
        if groups and block.oldest_ms <= newest:
            groups[-1].append(block)
            newest = max(newest, block.newest_ms)
        else:
            groups.append([block])
            newest = block.newest_ms
    return iter(groups if ascending else groups[::-1])
