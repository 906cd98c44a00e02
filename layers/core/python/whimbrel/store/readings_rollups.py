"""What the hours of past days amount to, kept so that a query over months need not unpack every reading.

Keys of the blocks' table; the organization is in front::

    pk                  sk                       what
    B#<org>#<device>    r#<sensor>#<type>#<day>  token (S), hours (B) once they are known, ttl (N)

A query fills this as it goes; nothing is written for readings that nobody asks about. It announces what it is about
to sum up, under a token of its own, reads, and puts the sums only if the token is still there. Whoever merges readings
into a day that is over replaces the token after the merge, and before the merge is acknowledged: so sums of a day that
was changed meanwhile, or is changed later, are gone. Readings that are still in the log are for the reader to see.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from whimbrel.domain.series import Column, Frame
from whimbrel.store.queries import queried

DAY_MS = 86_400_000
_EPOCH_OF_KEYS = 10**6
_ITEMS_A_CALL = 25
_MOST_DAYS = 62
"""So many days are summed up in one query; what is left is for the next."""

Sums = tuple[Any, ...]
"""Figures of an hour, as the caller has them: numbers and truth values."""


@dataclass(slots=True)
class Rollup:
    """The sums of some days of a column: those that are ``kept``, and the ``wanted`` ones, which may be (`keep`)."""

    kept: Mapping[int, list[Sums]]
    wanted: Iterable[int]
    _put: Callable[[int, list[Sums]], None] = field(repr=False)

    def keep(self, day: int, hours: list[Sums]) -> None:
        """Keep the sums of the hours of a wanted day, made of what was read after this was asked for."""
        self._put(day, hours)


class Rollups:
    """The sums of one organization. Days are counted from 1970, in UTC."""

    def __init__(
        self, client: Any, table: str, organization_id: str, retention_ms: int | None, chance: random.Random
    ) -> None:
        self._client = client
        self._table = table
        self._organization_id = organization_id
        self._retention_ms = retention_ms
        self._chance = chance

    def of(self, device_id: str, column: Column, days: Iterable[int]) -> Rollup:
        """Return what is kept of *days*, and announce that the others are about to be summed up."""
        asked = sorted(days)
        if not asked:
            return Rollup({}, (), lambda _day, _hours: None)
        kept = {
            day: _unpacked(item["hours"]["B"])
            for day, item in self._items(device_id, column, asked[0], asked[-1])
            if "hours" in item
        }
        wanted = [day for day in asked if day not in kept][-_MOST_DAYS:]
        token = {"S": f"{self._chance.getrandbits(64):016x}"}
        announced = self._announced(device_id, column, wanted, token)

        def put(day: int, hours: list[Sums]) -> None:
            if day in announced:
                self._put(device_id, column, day, token, hours)

        return Rollup({day: kept[day] for day in asked if day in kept}, wanted, put)

    def forget(self, device_id: str, frames: Iterable[Frame], until_ms: int) -> None:
        """Forget the sums of the days before *until_ms* that *frames* have just been merged into."""
        spans: dict[Column, tuple[int, int]] = {}
        for frame in frames:
            for column, series in frame.items():
                first, last = series.timestamps[0], series.timestamps[-1]
                known = spans.get(column, (first, last))
                spans[column] = min(known[0], first), max(known[1], last)
        for column, (first, last) in spans.items():
            for day, _ in self._items(device_id, column, first // DAY_MS, min(last, until_ms - 1) // DAY_MS):
                token = {"S": f"{self._chance.getrandbits(64):016x}"}
                self._client.put_item(TableName=self._table, Item=self._item(device_id, column, day, token))

    def _items(
        self, device_id: str, column: Column, first_day: int, last_day: int
    ) -> Iterable[tuple[int, Mapping[str, Any]]]:
        if first_day > last_day:
            return
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :start AND :end",
            "ExpressionAttributeValues": {
                ":pk": {"S": f"B#{self._organization_id}#{device_id}"},
                ":start": {"S": _sort_key(column, first_day)},
                ":end": {"S": _sort_key(column, last_day)},
            },
            "ConsistentRead": True,
        }
        for item in queried(self._client, request):
            yield int(item["sk"]["S"].rpartition("#")[2]) - _EPOCH_OF_KEYS, item

    def _announced(self, device_id: str, column: Column, days: list[int], token: dict[str, str]) -> set[int]:
        """Announce *days*, and return those that could be: the others will be read, and not kept."""
        announced = set(days)
        for first in range(0, len(days), _ITEMS_A_CALL):
            requests = [
                {"PutRequest": {"Item": self._item(device_id, column, day, token)}}
                for day in days[first : first + _ITEMS_A_CALL]
            ]
            answer = self._client.batch_write_item(RequestItems={self._table: requests})
            for left in answer.get("UnprocessedItems", {}).get(self._table, []):
                announced.discard(int(left["PutRequest"]["Item"]["sk"]["S"].rpartition("#")[2]) - _EPOCH_OF_KEYS)
        return announced

    def _put(self, device_id: str, column: Column, day: int, token: dict[str, str], hours: list[Sums]) -> None:
        item = self._item(device_id, column, day, token) | {"hours": {"B": _packed(hours)}}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):  # the day has changed meanwhile
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="#token = :token",
                ExpressionAttributeNames={"#token": "token"},
                ExpressionAttributeValues={":token": token},
            )

    def _item(self, device_id: str, column: Column, day: int, token: dict[str, str]) -> dict[str, Any]:
        item: dict[str, Any] = {
            "pk": {"S": f"B#{self._organization_id}#{device_id}"},
            "sk": {"S": _sort_key(column, day)},
            "token": token,
        }
        if self._retention_ms is not None:
            item["ttl"] = {"N": str(((day + 1) * DAY_MS + self._retention_ms) // 1000)}
        return item


def _sort_key(column: Column, day: int) -> str:
    return f"r#{column.sensor_id}#{column.value_type[0]}#{day + _EPOCH_OF_KEYS:07d}"


def _packed(hours: list[Sums]) -> bytes:
    """Return the rows as deflated JSON, column by column: doubles come back to the bit, integers of any size."""
    return zlib.compress(json.dumps(list(zip(*hours, strict=True)), separators=(",", ":")).encode(), 9)


def _unpacked(content: bytes) -> list[Sums]:
    return list(zip(*json.loads(zlib.decompress(content)), strict=True))
