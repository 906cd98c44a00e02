"""Queries of DynamoDB, page after page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def queried(client: Any, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the items of a query, page after page, each page fetched when it is reached."""
    start: dict[str, Any] = {}
    while True:
        page = client.query(**request, **start)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
