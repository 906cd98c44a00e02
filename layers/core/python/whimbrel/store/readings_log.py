"""The log of one tenant's readings: immutable segments by lane and day, and the marks up to which they are in blocks.

Keys of the table, the organization in front but for the one list that the daily sweep begins with::

    pk                        sk                    what
    L#<org>#<lane>#<day>      <writer's ms>#<hex>   a segment: block (B), n, lo, hi, ttl (N)
    L#<org>#lanes             <lane>                mark (N), spans (M: device → layout), deleted (M: device → true)
    L#organizations           <org>                 nothing

A put counts only if its success came back within `LAG_MS` / 2 of the time in its key; the compactor stays `LAG_MS`
behind the clock. So no segment appears where the compactor has already been, as long as clocks differ by less than half
of that.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from whimbrel.domain.buckets import Layout
from whimbrel.domain.segments import Segment

LAG_MS = 120_000
OVERLAP_MS = 60_000
"""How far before the mark a reader looks again: slack for clocks."""

_DAY_MS = 86_400_000
_TTL_DAYS = 14
_ITEMS_A_CALL = 25
_ATTEMPTS = 6
_BACKOFF_S = 0.05


class NotStored(Exception):
    """DynamoDB did not take a segment in several attempts, or never quickly enough to be sure of it."""


def lane_of(device_id: str) -> str:
    """Return the lane that a device writes to: one of its own."""
    return device_id


@dataclass(frozen=True, slots=True)
class Lane:
    """What a reader and a compactor must know before they look at anything else."""

    mark_ms: int
    """Every segment with an earlier key is in blocks."""
    layouts: Mapping[str, Layout]
    deleted: frozenset[str]
    """The devices with tombstones."""


class Log:
    """The segments and marks of one organization."""

    def __init__(
        self,
        client: Any,
        table: str,
        organization_id: str,
        clock: Callable[[], int],
        sleep: Callable[[float], None],
        chance: random.Random,
    ) -> None:
        self._client = client
        self._table = table
        self._organization_id = organization_id
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._open: dict[str, Lane] = {}

    def open(self, lane: str) -> Lane:
        """Make sure that the lane is known to the sweep before anything is put into it; return what is known of it.

        A layout in the answer may have been extended since: it is still a right one to write by.
        """
        if lane in self._open:
            return self._open[lane]
        known = self.lane(lane)
        if known is None:
            known = Lane(self._clock() - LAG_MS, {}, frozenset())
            self._client.put_item(
                TableName=self._table, Item={"pk": {"S": "L#organizations"}, "sk": {"S": self._organization_id}}
            )
            with suppress(self._client.exceptions.ConditionalCheckFailedException):  # somebody else may be faster
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        **self._lane_key(lane),
                        "mark": {"N": str(known.mark_ms)},
                        "spans": {"M": {}},
                        "deleted": {"M": {}},
                    },
                    ConditionExpression="attribute_not_exists(pk)",
                )
        self._open[lane] = known
        return known

    def lane(self, lane: str) -> Lane | None:
        """Return what is known of a lane; None: nothing was ever put into it."""
        answer = self._client.get_item(TableName=self._table, Key=self._lane_key(lane), ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return None
        layouts = {device: Layout.parse(text["S"]) for device, text in item["spans"]["M"].items()}
        return Lane(int(item["mark"]["N"]), layouts, frozenset(item["deleted"]["M"]))

    def lay_out(self, lane: str, device_id: str, old: Layout | None, new: Layout) -> Layout:
        """Record the layout of a device unless somebody changed it from *old* meanwhile; return the one that holds."""
        names = {"#device": device_id}
        values = {":new": {"S": str(new)}}
        condition = "attribute_not_exists(spans.#device)"
        if old is not None:
            condition = "spans.#device = :old"
            values[":old"] = {"S": str(old)}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._lane_key(lane),
                UpdateExpression="SET spans.#device = :new",
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            known = self.lane(lane)
            return known.layouts[device_id] if known and device_id in known.layouts else new
        return new

    def note_deletion(self, lane: str, device_id: str) -> None:
        """Make readers look for the tombstones of a device from now on."""
        self._client.update_item(
            TableName=self._table,
            Key=self._lane_key(lane),
            UpdateExpression="SET deleted.#device = :true",
            ExpressionAttributeNames={"#device": device_id},
            ExpressionAttributeValues={":true": {"BOOL": True}},
        )

    def move_mark(self, lane: str, to_ms: int) -> None:
        """Say that every segment before *to_ms* is in blocks; never backwards."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):  # another compactor came further
            self._client.update_item(
                TableName=self._table,
                Key=self._lane_key(lane),
                UpdateExpression="SET mark = :to",
                ConditionExpression="mark < :to",
                ExpressionAttributeValues={":to": {"N": str(to_ms)}},
            )

    def lanes_marked_before(self, instant_ms: int) -> Iterator[str]:
        """Yield the lanes whose mark is older than *instant_ms*."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ProjectionExpression": "sk, mark",
            "ExpressionAttributeValues": {":pk": {"S": f"L#{self._organization_id}#lanes"}},
        }
        for item in queried(self._client, request):
            if int(item["mark"]["N"]) < instant_ms:
                yield item["sk"]["S"]

    def segments(self, lane: str, start_ms: int, end_ms: int) -> Iterator[Segment]:
        """Yield the segments with ``start_ms <= written_ms < end_ms``, in this order; expired ones are left out."""
        start_ms = max(start_ms, self._clock() - _TTL_DAYS * _DAY_MS)
        if start_ms >= end_ms:
            return
        for day in range(start_ms // _DAY_MS, (end_ms - 1) // _DAY_MS + 1):
            request: dict[str, Any] = {
                "TableName": self._table,
                "KeyConditionExpression": "pk = :pk AND sk BETWEEN :start AND :end",
                "ExpressionAttributeValues": {
                    ":pk": {"S": self._day_key(lane, day)},
                    ":start": {"S": f"{start_ms:013d}"},
                    ":end": {"S": f"{end_ms:013d}"},
                },
                "ConsistentRead": True,
            }
            for item in queried(self._client, request):
                readings, oldest_ms, newest_ms = (int(item[name]["N"]) for name in ("n", "lo", "hi"))
                yield Segment(item["block"]["B"], readings, oldest_ms, newest_ms, int(item["sk"]["S"][:13]))

    def put(self, segments: Iterable[tuple[str, Segment]]) -> list[tuple[str, Segment, Exception]]:
        """Put segments into their lanes; return those that are not known to be there, and why."""
        waiting = list(segments)
        failed: list[tuple[str, Segment, Exception]] = []
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(self._chance.uniform(0, _BACKOFF_S * 2**attempt))
            again: list[tuple[str, Segment]] = []
            for first in range(0, len(waiting), _ITEMS_A_CALL):
                some = waiting[first : first + _ITEMS_A_CALL]
                try:
                    again += self._put_some(some)
                except (ClientError, BotoCoreError) as error:
                    failed += [(lane, segment, error) for lane, segment in some]
            waiting = again
            if not waiting:
                break
        return failed + [(lane, segment, NotStored("tried several times")) for lane, segment in waiting]

    def _put_some(self, some: list[tuple[str, Segment]]) -> list[tuple[str, Segment]]:
        """Put segments under fresh keys in one call, and return those that have to be put again."""
        now = self._clock()
        keys = [
            (self._day_key(lane, now // _DAY_MS), f"{now:013d}#{self._chance.getrandbits(64):016x}") for lane, _ in some
        ]
        requests = [
            {
                "PutRequest": {
                    "Item": {
                        "pk": {"S": pk},
                        "sk": {"S": sk},
                        "block": {"B": segment.content},
                        "n": {"N": str(segment.readings)},
                        "lo": {"N": str(segment.oldest_ms)},
                        "hi": {"N": str(segment.newest_ms)},
                        "ttl": {"N": str(now // 1000 + _TTL_DAYS * _DAY_MS // 1000)},
                    }
                }
            }
            for (pk, sk), (_, segment) in zip(keys, some, strict=True)
        ]
        answer = self._client.batch_write_item(RequestItems={self._table: requests})
        if self._clock() - now > LAG_MS // 2:
            return some  # The compactor may soon be past these keys: what landed late is lost to it.
        left = answer.get("UnprocessedItems", {}).get(self._table, [])
        unprocessed = {(item["PutRequest"]["Item"]["pk"]["S"], item["PutRequest"]["Item"]["sk"]["S"]) for item in left}
        return [pair for key, pair in zip(keys, some, strict=True) if key in unprocessed]

    def _day_key(self, lane: str, day: int) -> str:
        return f"L#{self._organization_id}#{lane}#{day}"

    def _lane_key(self, lane: str) -> dict[str, dict[str, str]]:
        return {"pk": {"S": f"L#{self._organization_id}#lanes"}, "sk": {"S": lane}}


def queried(client: Any, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the items of a query, page after page, each page fetched when it is reached."""
    start: dict[str, Any] = {}
    while True:
        page = client.query(**request, **start)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
