"""The log of one tenant's readings: immutable segments, by lane and day.

Keys of the table, beside those of `whimbrel.store.readings_lanes`::

    pk                        sk                    what
    L#<org>#<lane>#<day>      <writer's ms>#<hex>   a segment: block (B), ttl (N)

A put counts only if its success came back within `LAG_MS` / 2 of the time in its key; the compactor stays `LAG_MS`
behind the clock. So no segment appears where the compactor has already been, as long as clocks differ by less than half
of that.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from botocore.exceptions import BotoCoreError, ClientError

from whimbrel.domain.segments import Segment
from whimbrel.store.queries import queried
from whimbrel.store.readings_lanes import LAG_MS

_DAY_MS = 86_400_000
_TTL_DAYS = 14
_REMOVED_DAYS = 7
_ITEMS_A_CALL = 25
_ATTEMPTS = 6
_BACKOFF_S = 0.05


_MOST_OCTETS_KNOWN = 64 * 2**20


@dataclass(frozen=True, slots=True)
class _Tail:
    """What a process knows of a lane: all segments with ``start_ms <= written_ms < end_ms``."""

    start_ms: int
    end_ms: int
    segments: list[Segment]
    octets: int


_TAILS: WeakKeyDictionary[Any, dict[tuple[str, str, str], _Tail]] = WeakKeyDictionary()
"""By client; then by table, organization and lane."""


class NotStored(Exception):
    """DynamoDB did not take a segment in several attempts, or never quickly enough to be sure of it."""


class Log:
    """The segments of one organization."""

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
        self._tails = _TAILS.setdefault(client, {})

    def segments(self, lane: str, start_ms: int, end_ms: int) -> Iterator[Segment]:
        """Yield the segments with ``start_ms <= written_ms < end_ms``, in this order; expired ones are left out.

        What a process has read once it reads no more: nothing appears, or changes, where it is older than the lag.
        """
        start_ms = max(start_ms, self._clock() - _TTL_DAYS * _DAY_MS)
        complete_ms = min(end_ms, self._complete_until_ms())
        known = self._tails.get((self._table, self._organization_id, lane))
        held: list[Segment] = []
        begin_ms = start_ms
        if known and known.start_ms <= start_ms <= known.end_ms:
            held = [segment for segment in known.segments if segment.written_ms >= start_ms]
            begin_ms = known.end_ms
            yield from (segment for segment in held if segment.written_ms < end_ms)
        for segment in self._fetched(lane, begin_ms, end_ms):
            if segment.written_ms < complete_ms:
                held.append(segment)
            yield segment
        if complete_ms > begin_ms:
            octets = sum(len(segment.content) for segment in held)
            self._tails[self._table, self._organization_id, lane] = _Tail(start_ms, complete_ms, held, octets)
            self._forget_the_longest()

    def _complete_until_ms(self) -> int:
        """Return before which time no segment can appear any more."""
        return self._clock() - LAG_MS

    def _fetched(self, lane: str, start_ms: int, end_ms: int) -> Iterator[Segment]:
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
                yield Segment(item["block"]["B"], int(item["sk"]["S"][:13]))

    def _forget_the_longest(self) -> None:
        while sum(tail.octets for tail in self._tails.values()) > _MOST_OCTETS_KNOWN:
            del self._tails[max(self._tails, key=lambda lane: self._tails[lane].octets)]

    def put(self, segments: Iterable[tuple[str, Segment]], until_ms: int) -> list[tuple[str, Segment, Exception]]:
        """Put segments into their lanes; return those that are not known to be there, and why.

        After *until_ms* nothing is put: by then the lanes may be others.
        """
        waiting = list(segments)
        failed: list[tuple[str, Segment, Exception]] = []
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(self._chance.uniform(0, _BACKOFF_S * 2**attempt))
            again: list[tuple[str, Segment]] = []
            for first in range(0, len(waiting), _ITEMS_A_CALL):
                some = waiting[first : first + _ITEMS_A_CALL]
                try:
                    again += self._put_some(some, until_ms)
                except (ClientError, BotoCoreError, NotStored) as error:
                    failed += [(lane, segment, error) for lane, segment in some]
            waiting = again
            if not waiting:
                break
        return failed + [(lane, segment, NotStored("tried several times")) for lane, segment in waiting]

    def _put_some(self, some: list[tuple[str, Segment]], until_ms: int) -> list[tuple[str, Segment]]:
        """Put segments under fresh keys in one call, and return those that have to be put again."""
        now = self._clock()
        if now > until_ms:
            raise NotStored("the lanes may have changed")
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

    def partitions(self, lane: str) -> Iterator[str]:
        """Yield every partition that may have segments of a lane: DynamoDB removes expired ones within days."""
        today = self._clock() // _DAY_MS
        return (self._day_key(lane, day) for day in range(today - _TTL_DAYS - _REMOVED_DAYS, today + 2))

    def _day_key(self, lane: str, day: int) -> str:
        return f"L#{self._organization_id}#{lane}#{day}"
