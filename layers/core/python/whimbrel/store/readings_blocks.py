"""The blocks of one tenant's readings: a bucket of a device in few bytes, changed only by compare-and-set.

Keys of the table; the organization is in front::

    pk                  sk                              what
    B#<org>#<device>    <span>#<bucket start>#<part>    block (B), n, lo, hi, v, ttl (N)
    B#<org>#<device>    latest                          block (B): the newest reading of each column; v (N)
    B#<org>#<device>    deleted                         stones (L of S: sensor,start,end,version); v (N)

A block only ever grows: to a superset of what it held, but for what tombstones hide for good. When a part is full, the
next one takes what comes, whatever its time: parts may overlap, and a reader joins them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from whimbrel.domain import codec
from whimbrel.domain.buckets import Bucket, Span
from whimbrel.domain.segments import blocks_of
from whimbrel.domain.series import Frame, Series, Tombstone, join, join_frames, without

_MOST_OCTETS = 256 * 1024
_MOST_READINGS = 200_000
"""Of a part, and so roughly of what a reader holds at once."""
_ATTEMPTS = 12
_BACKOFF_S = 0.02
_FIRST_PAGE, _LARGEST_PAGE = 4, 64
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

    def frame(self, sensor_ids: Collection[str] | None = None) -> Frame:
        """Return what is inside.

        Raises:
            CorruptBlock: it is not one of ours.
        """
        return codec.decode(self.content, sensor_ids)


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

    def latest(self, device_id: str) -> Frame:
        """Return the newest merged reading of each column, tombstones not considered."""
        item = self._get(device_id, "latest")
        return codec.decode(item["block"]["B"]) if item else {}

    def note_latest(self, device_id: str, frame: Frame) -> None:
        """Keep the newest of *frame* and of what is noted, for each column."""
        for _ in self._attempts():
            item = self._get(device_id, "latest")
            held = codec.decode(item["block"]["B"]) if item else {}
            content = codec.encode(newest_of([held, frame]))
            if item and content == item["block"]["B"]:
                return
            if self._put(device_id, "latest", item, {"block": {"B": content}}):
                return
        raise BlockContention(f"{device_id} latest")

    def tombstones(self, device_id: str) -> list[Tombstone]:
        """Return what was deleted of a device."""
        item = self._get(device_id, "deleted")
        return _stones(item) if item else []

    def bury(self, device_id: str, stone: Tombstone) -> None:
        """Add a tombstone; it stays for ever."""
        for _ in self._attempts():
            item = self._get(device_id, "deleted")
            held = _stones(item) if item else []
            if stone in held:
                return
            texts = [
                {"S": f"{stone.sensor_id},{stone.start_ms},{stone.end_ms},{stone.version}"} for stone in [*held, stone]
            ]
            if self._put(device_id, "deleted", item, {"stones": {"L": texts}}):
                return
        raise BlockContention(f"{device_id} deleted")

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
        return f"B#{self._organization_id}#{device_id}"


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


def _stones(item: Mapping[str, Any]) -> list[Tombstone]:
    parts = (text["S"].split(",") for text in item["stones"]["L"])
    return [Tombstone(sensor_id, int(start), int(end), int(version)) for sensor_id, start, end, version in parts]


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
