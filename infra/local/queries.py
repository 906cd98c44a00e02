"""Makes DynamoDB queries quick: the emulator sorts and examines a whole partition for each page, 30 µs an item.

Here the sort keys of each partition that is queried are kept in order, and the emulator is shown the stretch that the
key condition, the cursor and the limit leave. Only for tables themselves, by a sort key that is a string.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb

from infra.local.patching import replace, require

SMALL = 50
"""Partitions up to this size are left to the emulator."""

_CONDITION = re.compile(
    r"\s*(?P<hash>#?\w+)\s*=\s*(?P<partition>:\w+)"
    r"(?:\s+AND\s+(?:(?P<name>#?\w+)\s*(?P<operator>[<>]?=|[<>])\s*(?P<value>:\w+)"
    r"|(?P<ranged>#?\w+)\s+BETWEEN\s+(?P<low>:\w+)\s+AND\s+(?P<high>:\w+)"
    r"|begins_with\s*\(\s*(?P<prefixed>#?\w+)\s*,\s*(?P<prefix>:\w+)\s*\)))?\s*"
)
_LAST = "\U0010ffff"

Query = dict[str, Any]
Table = dict[str, Any]


class OrderedPartitions:
    """The sort keys of partitions, in order; made when first asked for, and kept up to date from then on."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], list[str]] = {}

    def keep(self) -> None:
        """Take part in all writes and queries of the emulator."""
        require(dynamodb, "_tables", "_get_attr_type", "_extract_key_val", "_normalize_table_name")
        replace(dynamodb, "_set_item", self._noting)
        replace(dynamodb, "_remove_item", self._forgetting)
        replace(dynamodb, "_query", self._narrowing)

    def _noting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def set_item(table: Table, partition: str, sort: str, item: dict[str, Any]) -> Any:
            old = original(table, partition, sort, item)
            order = self._orders.get((table["TableArn"], partition))
            if old is None and order is not None:
                insort(order, sort)
            return old

        return set_item

    def _forgetting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def remove_item(table: Table, partition: str, sort: str) -> Any:
            old = original(table, partition, sort)
            order = self._orders.get((table["TableArn"], partition))
            if old is not None and order is not None:
                del order[bisect_left(order, sort)]
                if not order:
                    del self._orders[table["TableArn"], partition]
            return old

        return remove_item

    def _narrowing(self, original: Callable[[Query], Any]) -> Callable[[Query], Any]:
        def query(request: Query) -> Any:
            name = dynamodb._normalize_table_name(request.get("TableName", ""))
            table = dynamodb._tables.get(name)
            view = self._view(table, request) if table and "IndexName" not in request else None
            if view is None:
                return original(request)
            dynamodb._tables[name] = view
            try:
                return original(request)
            finally:
                dynamodb._tables[name] = table

        return query

    def _view(self, table: Table, request: Query) -> Table | None:
        """Return *table* with no more than the items that can be on this page; None if that cannot be told."""
        sort_name = table["sk_name"]
        values = request.get("ExpressionAttributeValues") or {}
        condition = _CONDITION.fullmatch(request.get("KeyConditionExpression") or "")
        if condition is None or not sort_name or dynamodb._get_attr_type(table, sort_name) != "S":
            return None
        partition: Any = (values.get(condition["partition"]) or {}).get("S")
        items = table["items"].get(partition)
        if items is None or len(items) <= SMALL:
            return None
        order = self._orders.get((table["TableArn"], partition))
        if order is None or len(order) != len(items):  # the latter after a wholesale import
            order = self._orders[table["TableArn"], partition] = sorted(items)
        bounds = {name: values[value].get("S") for name, value in condition.groupdict().items() if value in values}
        if None in bounds.values():
            return None
        start, end = _stretch(order, condition, bounds)
        cursor = ((request.get("ExclusiveStartKey") or {}).get(sort_name) or {}).get("S")
        limit = request.get("Limit")
        if request.get("ScanIndexForward", True):
            start = max(start, bisect_right(order, cursor)) if cursor is not None else start
            end = min(end, start + limit + 1) if limit else end
        else:
            end = min(end, bisect_left(order, cursor)) if cursor is not None else end
            start = max(start, end - limit - 1) if limit else start
        return {**table, "items": {partition: {sort: items[sort] for sort in order[start:end]}}}


def _stretch(order: list[str], condition: re.Match[str], bounds: dict[str, str]) -> tuple[int, int]:
    """Return where in *order* the sort keys begin and end that meet *condition*."""
    if condition["low"]:
        return bisect_left(order, bounds["low"]), bisect_right(order, bounds["high"])
    if condition["prefix"]:
        return bisect_left(order, bounds["prefix"]), bisect_right(order, bounds["prefix"] + _LAST)
    if not condition["operator"]:
        return 0, len(order)
    left, right = bisect_left(order, bounds["value"]), bisect_right(order, bounds["value"])
    return {
        "=": (left, right),
        "<": (0, left),
        "<=": (0, right),
        ">": (right, len(order)),
        ">=": (left, len(order)),
    }[condition["operator"]]
