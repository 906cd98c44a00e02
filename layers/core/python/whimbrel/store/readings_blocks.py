"""The blocks of one tenant's readings: a bucket of a device in few bytes, changed only by compare-and-set.

Keys of the table; the organization is in front::

    pk                  sk                              what
    B#<org>#<device>    <span>#<bucket start>#<part>    block (B), n, lo, hi, v, ttl (N)
    B#<org>#<device>    head                            what holds for the device (`Head`); v (N)

A block only ever grows: to a superset of what it held, but for what tombstones hide for good. When a part is full, the
next one takes what comes, whatever its time: parts may overlap, and a reader joins them.

The newest reading of a column is in the log, in a block that ends after ``settled``, or in the head. So compaction
need not write the head each time. ``settled`` moves in two steps, first announced, then done; whoever merges looks at
the head after its block is put, and adds to the head what it merged below either.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Self

from whimbrel.domain import codec
from whimbrel.domain.buckets import EARLIEST_MS, Bucket, Layout, Span
from whimbrel.domain.segments import blocks_of
from whimbrel.domain.series import Frame, Series, Tombstone, join, join_frames, without

_MOST_OCTETS = 256 * 1024
_MOST_READINGS = 200_000
"""Of a part, and so roughly of what a reader holds at once."""
_ATTEMPTS = 12
_BACKOFF_S = 0.02
_FIRST_PAGE, _LARGEST_PAGE = 4, 64
_UNSETTLED = {Span.HOUR: 12, Span.DAY: 2, Span.MONTH: 1}
"""So many buckets a reader of the latest readings may have to look at."""
_EPOCH_OF_KEYS = 10**15
"""Added to bucket starts, so that those before 1970 sort as text too."""


class BlockContention(Exception):
    """Others kept changing a block; nothing is lost, the merge has to be done again."""


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a bucket, still packed."""

    content: bytes
    readings: int
    oldest_ms: int
    newest_ms: int
    part: int
    version: int

    def frame(self, sensor_ids: Collection[str] | None = None, *, arrays: bool = False) -> Frame:
        """Return what is inside; with *arrays*, numbers as numpy has them, where numpy is in use.

        Raises:
            CorruptBlock: it is not one of ours.
        """
        return (codec.decode_arrays if arrays else codec.decode)(self.content, sensor_ids)


@dataclass(frozen=True, slots=True)
class Head:
    """What holds for a device: how its time is cut into buckets, what was deleted, the newest of what is settled."""

    layout: Layout | None = None
    stones: tuple[Tombstone, ...] = ()
    latest: Frame = field(default_factory=Frame)
    """The newest reading of each column in the buckets that end before ``settled_ms``, tombstones not considered."""
    settled_ms: int = EARLIEST_MS
    announced_ms: int = EARLIEST_MS
    """Up to where somebody is about to settle."""
    version: int = 0

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Return the head that an item holds."""
        settled_ms, announced_ms, version = (int(item[name]["N"]) for name in ("settled", "announced", "v"))
        layout = Layout.parse(item["spans"]["S"]) if "spans" in item else None
        stones = tuple(map(_stone, item["stones"]["L"]))
        return cls(layout, stones, codec.decode(item["latest"]["B"]), settled_ms, announced_ms, version)

    def attributes(self) -> dict[str, Any]:
        """Return it as it is stored, but for the version."""
        return {
            **({"spans": {"S": str(self.layout)}} if self.layout else {}),
            "stones": {
                "L": [
                    {"S": f"{stone.sensor_id},{stone.start_ms},{stone.end_ms},{stone.version}"} for stone in self.stones
                ]
            },
            "latest": {"B": codec.encode(self.latest)},
            "settled": {"N": str(self.settled_ms)},
            "announced": {"N": str(self.announced_ms)},
        }


class Blocks:
    """The blocks of one organization."""

    def __init__(
        self,
        client: Any,
        table: str,
        organization_id: str,
        retention_ms: int | None,
        sleep: Callable[[float], None],
        chance: random.Random,
    ) -> None:
        self._client = client
        self._table = table
        self._organization_id = organization_id
        self._retention_ms = retention_ms
        self._sleep = sleep
        self._chance = chance

    def merge(self, device_id: str, bucket: Bucket, frame: Frame, stones: Collection[Tombstone] = ()) -> int:
        """Join *frame*, all of *bucket*, into the bucket's newest part; return how many blocks were written.

        Raises:
            BlockContention: others were faster every time.
            CorruptBlock: what is there is not one of ours.
        """
        for _ in self._attempts():
            newest = self._newest_part(device_id, bucket)
            held = newest.frame() if newest else {}
            joined = _buried(join_frames([held, frame]), stones)
            pieces = list(blocks_of(joined, _MOST_OCTETS))
            if newest and len(pieces) == 1 and pieces[0][0] == newest.content:
                return 0  # By the bytes: to ``==``, -0.0 is no news after 0.0.
            if newest and (len(pieces) > 1 or (pieces and _count(joined) > _MOST_READINGS)):
                newest, pieces = _after(newest), list(blocks_of(_buried(frame, stones), _MOST_OCTETS))
            if len(pieces) > 1:
                return sum(self.merge(device_id, bucket, piece, stones) for _, piece in pieces)
            if not pieces:
                return 0
            if self._put_block(device_id, bucket, newest, *pieces[0]):
                return 1
        raise BlockContention(f"{device_id} {bucket}")

    def of_bucket_range(
        self, device_id: str, span: Span, start_ms: int, end_ms: int, *, ascending: bool
    ) -> Iterator[tuple[Bucket, list[Block]]]:
        """Yield the buckets of a span that overlap ``start_ms <= timestamp < end_ms``, in order, with all their parts.

        Pages grow: a reader who wants little fetches little.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :start AND :end",
            "ExpressionAttributeValues": {
                ":pk": {"S": self._partition(device_id)},
                ":start": {"S": _bucket_key(Bucket(span, span.start_of(start_ms)))},
                ":end": {"S": _bucket_key(Bucket(span, span.start_of(end_ms - 1))) + "~"},
            },
            "ScanIndexForward": ascending,
            "ConsistentRead": True,
        }
        for start, items in groupby(_in_growing_pages(self._client, request), key=_start_in_key):
            yield Bucket(span, start), [_block(item) for item in items]

    def head(self, device_id: str) -> Head:
        """Return what holds for a device."""
        item = self._get(device_id, "head")
        return Head.of(item) if item else Head()

    def lay_out(self, device_id: str, old: Layout | None, new: Layout, newest_ms: int) -> Layout:
        """Record the layout of a device unless somebody changed it from *old* meanwhile; return the one that holds.

        *newest_ms* is a timestamp about to be merged: of a new device, everything before its bucket counts as settled.
        """
        settled_ms = new.bucket_of(newest_ms).start_ms

        def laid_out(head: Head) -> Head:
            if head.layout != old:
                return head
            if head.layout is None:
                return replace(head, layout=new, settled_ms=settled_ms, announced_ms=settled_ms)
            return replace(head, layout=new)

        return self._change(device_id, laid_out).layout or new

    def bury(self, device_id: str, stone: Tombstone) -> None:
        """Add a tombstone; it stays until a larger one covers it."""

        def buried(head: Head) -> Head:
            if any(_covers(other, stone) for other in head.stones):
                return head
            return replace(head, stones=(*(other for other in head.stones if not _covers(stone, other)), stone))

        self._change(device_id, buried)

    def settle(self, device_id: str, merged: Collection[tuple[Bucket, Frame]]) -> None:
        """Do after each merge what keeps the newest readings to be found: *merged* is what went into which bucket."""

        def noted(head: Head) -> Head:
            bound = max(head.settled_ms, head.announced_ms)
            return _with_latest(head, [frame for bucket, frame in merged if bucket.end_ms <= bound])

        head = self._change(device_id, noted)
        newest = max((bucket for bucket, _ in merged), key=lambda bucket: bucket.start_ms)
        if newest.start_ms - head.settled_ms >= _UNSETTLED[newest.span] * newest.span.length_ms:
            self._announce(device_id, newest.start_ms)
            self._settle_up_to(device_id, newest.start_ms)

    def _announce(self, device_id: str, end_ms: int) -> None:
        self._change(device_id, lambda head: replace(head, announced_ms=max(head.announced_ms, end_ms)))

    def _settle_up_to(self, device_id: str, end_ms: int) -> None:
        def settled(head: Head) -> Head:
            if head.settled_ms >= end_ms:
                return head
            frames = [
                block.frame()
                for span in (head.layout.spans if head.layout else ())
                for bucket, blocks in self.of_bucket_range(
                    device_id, span, span.start_of(head.settled_ms), end_ms, ascending=True
                )
                if bucket.end_ms <= end_ms
                for block in blocks
            ]
            return replace(_with_latest(head, frames), settled_ms=end_ms)

        self._change(device_id, settled)

    def _change(self, device_id: str, change: Callable[[Head], Head]) -> Head:
        """Put the head that *change* makes of the one that is there, if it is another; return it."""
        for _ in self._attempts():
            item = self._get(device_id, "head")
            head = Head.of(item) if item else Head()
            changed = change(head)
            if changed is head:
                return head
            attributes = changed.attributes()
            if item and all(item.get(name) == value for name, value in attributes.items()):
                return head
            if self._put(device_id, "head", item, attributes):
                return changed
        raise BlockContention(f"{device_id} head")

    def _attempts(self) -> Iterator[int]:
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(self._chance.uniform(0, _BACKOFF_S * min(2**attempt, 64)))
            yield attempt

    def _newest_part(self, device_id: str, bucket: Bucket) -> Block | None:
        page = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :bucket)",
            ExpressionAttributeValues={
                ":pk": {"S": self._partition(device_id)},
                ":bucket": {"S": _bucket_key(bucket)},
            },
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=1,
        )
        return _block(page["Items"][0]) if page["Items"] else None

    def _put_block(self, device_id: str, bucket: Bucket, over: Block | None, content: bytes, frame: Frame) -> bool:
        """Put a block over what was read, or as a new part; tell whether nobody was faster."""
        attributes = {
            "block": {"B": content},
            "n": {"N": str(_count(frame))},
            "lo": {"N": str(min(series.timestamps[0] for series in frame.values()))},
            "hi": {"N": str(max(series.timestamps[-1] for series in frame.values()))},
        }
        if self._retention_ms is not None:
            attributes["ttl"] = {"N": str((bucket.end_ms + self._retention_ms) // 1000)}
        part = over.part if over else 0
        held = {"v": {"N": str(over.version)}} if over and over.version else None
        return self._put(device_id, f"{_bucket_key(bucket)}{part:04d}", held, attributes)

    def _put(self, device_id: str, sort_key: str, over: Mapping[str, Any] | None, attributes: dict[str, Any]) -> bool:
        """Put an item over the one that was read (None: there was none); tell whether nobody was faster."""
        version = int(over["v"]["N"]) if over else 0
        key = {"pk": {"S": self._partition(device_id)}, "sk": {"S": sort_key}}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if over:
            condition = {
                "ConditionExpression": "v = :read",
                "ExpressionAttributeValues": {":read": {"N": str(version)}},
            }
        try:
            self._client.put_item(
                TableName=self._table, Item={**key, **attributes, "v": {"N": str(version + 1)}}, **condition
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _get(self, device_id: str, sort_key: str) -> Mapping[str, Any] | None:
        key = {"pk": {"S": self._partition(device_id)}, "sk": {"S": sort_key}}
        return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")

    def _partition(self, device_id: str) -> str:
        return partition_of(self._organization_id, device_id)


def newest_of(frames: Collection[Frame]) -> Frame:
    """Return a frame of only the newest reading of each column of *frames*."""
    newest: Frame = {}
    for frame in frames:
        for column, series in frame.items():
            last = _last(series)
            newest[column] = _last(join(newest[column], last)) if column in newest else last
    return newest


def _last(series: Series) -> Series:
    return series if len(series) == 1 else series.between(series.timestamps[-1], series.timestamps[-1] + 1)


def _buried(frame: Frame, stones: Collection[Tombstone]) -> Frame:
    if not stones:
        return frame
    left = {column: without(column, series, stones) for column, series in frame.items()}
    return {column: series for column, series in left.items() if series.timestamps}


def _count(frame: Frame) -> int:
    return sum(map(len, frame.values()))


def _after(block: Block) -> Block:
    """Return the place of the part after *block*, which nobody has put yet."""
    return Block(b"", 0, 0, 0, block.part + 1, 0)


def _block(item: Mapping[str, Any]) -> Block:
    readings, oldest_ms, newest_ms, version = (int(item[name]["N"]) for name in ("n", "lo", "hi", "v"))
    part = int(item["sk"]["S"].split("#")[2])
    return Block(item["block"]["B"], readings, oldest_ms, newest_ms, part, version)


def _stone(text: Mapping[str, str]) -> Tombstone:
    sensor_id, start, end, version = text["S"].split(",")
    return Tombstone(sensor_id, int(start), int(end), int(version))


def _covers(stone: Tombstone, other: Tombstone) -> bool:
    return (
        stone.sensor_id == other.sensor_id
        and stone.start_ms <= other.start_ms
        and stone.end_ms >= other.end_ms
        and stone.version >= other.version
    )


def _with_latest(head: Head, frames: Collection[Frame]) -> Head:
    """Return the head with the newest of *frames* and of what it knows."""
    return replace(head, latest=newest_of([head.latest, *frames])) if frames else head


def _bucket_key(bucket: Bucket) -> str:
    return f"{bucket.span.value}#{bucket.start_ms + _EPOCH_OF_KEYS:016d}#"


def _start_in_key(item: Mapping[str, Any]) -> int:
    return int(item["sk"]["S"].split("#")[1]) - _EPOCH_OF_KEYS


def _in_growing_pages(client: Any, request: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    limit, start = _FIRST_PAGE, {}
    while True:
        page = client.query(**request, **start, Limit=limit)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        limit, start = min(limit * 4, _LARGEST_PAGE), {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def partition_of(organization_id: str, device_id: str) -> str:
    """Return where the readings of a device are, and their sums."""
    return f"B#{organization_id}#{device_id}"
