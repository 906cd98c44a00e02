"""Segments, in which readings that arrived together are logged, and how much of a frame goes into one item."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from whimbrel.domain import codec
from whimbrel.domain.octets import Allowance, Reader, Writer
from whimbrel.domain.series import Frame, frame_between

_MOST_OCTETS = 350_000
"""An item ends at 400 KB."""
_ID_OCTETS = 16


@dataclass(frozen=True, slots=True)
class Segment:
    """The readings of a lane that arrived together, packed: of each device its id, the size of its block, the block."""

    content: bytes
    readings: int
    oldest_ms: int
    newest_ms: int
    written_ms: int = 0

    def frames(
        self, device_id: str | None = None, sensor_ids: Collection[str] | None = None
    ) -> Iterator[tuple[str, Frame]]:
        """Yield each device, or only *device_id*, with its readings, or only those of *sensor_ids*.

        Raises:
            CorruptBlock: the segment is not one of ours.
        """
        source = Reader(memoryview(self.content), Allowance(0))
        while not source.is_at_end:
            digits = source.raw(_ID_OCTETS).hex()
            device = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
            block = source.raw(source.unsigned())
            if device_id in {None, device}:
                yield device, codec.decode(bytes(block), sensor_ids)


def segments_of(frames: Mapping[str, Frame]) -> Iterator[Segment]:
    """Yield the readings of some devices in as few segments as their sizes allow."""
    content = bytearray()
    inside: list[Frame] = []
    for device_id, frame in frames.items():
        for block, part in blocks_of(frame, _MOST_OCTETS):
            to = Writer(Allowance(0))
            to.raw(bytes.fromhex(device_id.replace("-", "")))
            to.sized(block)
            if content and len(content) + len(to.content) > _MOST_OCTETS:
                yield _segment(content, inside)
                content, inside = bytearray(), []
            content += to.content
            inside.append(part)
    if inside:
        yield _segment(content, inside)


def blocks_of(frame: Frame, most_octets: int) -> Iterator[tuple[bytes, Frame]]:
    """Yield blocks of at most *most_octets* that together hold *frame*, each with what it holds; oldest first.

    One reading that is larger by itself is a block nevertheless.
    """
    count = sum(map(len, frame.values()))
    if not count:
        return
    try:
        block = codec.encode(frame)
    except codec.BlockTooLarge:
        block = None
    if block is not None and (len(block) <= most_octets or count == 1):
        yield block, frame
        return
    for half in halves(frame):
        yield from blocks_of(half, most_octets)


def halves(frame: Frame) -> tuple[Frame, Frame]:
    """Return *frame* in two parts that are not empty: cut in time, or between columns if it is all of one moment."""
    timestamps = sorted({timestamp for series in frame.values() for timestamp in series.timestamps})
    if len(timestamps) > 1:
        middle, end = timestamps[len(timestamps) // 2], timestamps[-1] + 1
        return frame_between(frame, timestamps[0], middle), frame_between(frame, middle, end)
    columns = list(frame.items())
    middle = len(columns) // 2
    return dict(columns[:middle]), dict(columns[middle:])


def _segment(content: bytearray, frames: list[Frame]) -> Segment:
    columns = [series for frame in frames for series in frame.values() if series.timestamps]
    return Segment(
        bytes(content),
        sum(map(len, columns)),
        min(series.timestamps[0] for series in columns),
        max(series.timestamps[-1] for series in columns),
    )
