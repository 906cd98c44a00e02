"""DynamoDB in memory: the calls and expressions that the readings store uses, and nothing else.

Strongly consistent, with conditions, pages, and the limits that matter. ``test_dynamodb.py`` holds it against moto.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

PAGE_OCTETS = 1024 * 1024
ITEM_OCTETS = 400 * 1024


class ConditionalCheckFailedException(ClientError):
    pass


class Exceptions:
    ConditionalCheckFailedException = ConditionalCheckFailedException
    ClientError = ClientError


def refusal(operation: str, code: str, message: str, kind: type[ClientError] = ClientError) -> ClientError:
    return kind({"Error": {"Code": code, "Message": message}}, operation)


class DynamoDB:
    """Tables by name, items by key; an answer is never the stored object itself."""

    exceptions = Exceptions

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}

    def items(self, table: str) -> dict[tuple[str, str], dict[str, Any]]:
        return self.tables.setdefault(table, {})

    def get_item(self, *, TableName: str, Key: dict[str, Any], ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803, ARG002
        item = self.items(TableName).get(key_of(Key))
        return {"Item": copied(item)} if item is not None else {}

    def put_item(self, *, TableName: str, Item: dict[str, Any], **condition: Any) -> dict[str, Any]:  # noqa: N803
        refuse_large("PutItem", Item)
        self._check("PutItem", self.items(TableName).get(key_of(Item)), condition)
        self.items(TableName)[key_of(Item)] = copied(Item)
        return {}

    def update_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: dict[str, Any],  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        **condition: Any,
    ) -> dict[str, Any]:
        held = self.items(TableName).get(key_of(Key))
        self._check("UpdateItem", held, condition)
        item = copied(held or Key)
        for clause in UpdateExpression.removeprefix("SET ").split(", "):
            path, _, name = clause.partition(" = ")
            parents, last = path_of(path, condition)
            place = item
            for parent in parents:
                if parent not in place:
                    raise refusal("UpdateItem", "ValidationException", f"no path {path}")
                place = place[parent]["M"]
            place[last] = condition["ExpressionAttributeValues"][name]
        refuse_large("UpdateItem", item)
        self.items(TableName)[key_of(Key)] = item
        return {}

    def batch_write_item(self, *, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        if not 1 <= sum(map(len, RequestItems.values())) <= 25:
            raise refusal("BatchWriteItem", "ValidationException", "1 to 25 items")
        for table, requests in RequestItems.items():
            for request in requests:
                item = request["PutRequest"]["Item"]
                refuse_large("BatchWriteItem", item)
                self.items(table)[key_of(item)] = copied(item)
        return {"UnprocessedItems": {}}

    def query(
        self,
        *,
        TableName: str,  # noqa: N803
        KeyConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: dict[str, dict[str, str]],  # noqa: N803
        ScanIndexForward: bool = True,  # noqa: N803
        ConsistentRead: bool = False,  # noqa: N803, ARG002
        Limit: int = 10**9,  # noqa: N803
        ExclusiveStartKey: dict[str, Any] | None = None,  # noqa: N803
        ProjectionExpression: str = "",  # noqa: N803, ARG002
    ) -> dict[str, Any]:
        matches = key_condition(KeyConditionExpression, ExpressionAttributeValues)
        start = key_of(ExclusiveStartKey)[1] if ExclusiveStartKey else None
        page: list[dict[str, Any]] = []
        size = 0
        for (pk, sk), item in sorted(self.items(TableName).items(), reverse=not ScanIndexForward):
            if not matches(pk, sk) or (start is not None and (sk <= start if ScanIndexForward else sk >= start)):
                continue
            if len(page) == Limit or size > PAGE_OCTETS:
                return {"Items": page, "LastEvaluatedKey": {name: page[-1][name] for name in ("pk", "sk")}}
            page.append(copied(item))
            size += octets_of(item)
        if len(page) == Limit:
            return {"Items": page, "LastEvaluatedKey": {name: page[-1][name] for name in ("pk", "sk")}}
        return {"Items": page}

    def _check(self, operation: str, item: dict[str, Any] | None, condition: dict[str, Any]) -> None:
        expression = condition.get("ConditionExpression")
        if expression and not holds(expression, item, condition):
            raise refusal(
                operation, "ConditionalCheckFailedException", "condition false", ConditionalCheckFailedException
            )


def key_of(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def octets_of(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(key) + octets_of(inner) for key, inner in value.items())
    if isinstance(value, list):
        return sum(map(octets_of, value))
    return len(value.encode() if isinstance(value, str) else value) if isinstance(value, str | bytes) else 1


def refuse_large(operation: str, item: dict[str, Any]) -> None:
    if octets_of(item) > ITEM_OCTETS:
        raise refusal(operation, "ValidationException", "Item size has exceeded the maximum allowed size")


def path_of(path: str, condition: dict[str, Any]) -> tuple[list[str], str]:
    names = condition.get("ExpressionAttributeNames", {})
    *parents, last = (names.get(part, part) for part in path.split("."))
    return parents, last


def look_up(path: str, item: dict[str, Any] | None, condition: dict[str, Any]) -> Any:
    parents, last = path_of(path, condition)
    place = item or {}
    for parent in parents:
        place = place.get(parent, {}).get("M", {})
    return place.get(last)


def holds(expression: str, item: dict[str, Any] | None, condition: dict[str, Any]) -> bool:
    if absent := re.fullmatch(r"attribute_not_exists\((.+)\)", expression):
        return look_up(absent[1], item, condition) is None
    comparison = re.fullmatch(r"(\S+) ([=<]) (:\w+)", expression)
    assert comparison, f"the fake does not know {expression!r}"
    found = look_up(comparison[1], item, condition)
    wanted = condition["ExpressionAttributeValues"][comparison[3]]
    if found is None or found.keys() != wanted.keys():
        return False
    return found == wanted if comparison[2] == "=" else int(found["N"]) < int(wanted["N"])


def key_condition(expression: str, values: dict[str, dict[str, str]]) -> Callable[[str, str], bool]:
    partition, _, rest = expression.partition(" AND ")
    assert partition == "pk = :pk", f"the fake does not know {expression!r}"
    pk = values[":pk"]["S"]
    if not rest:
        return lambda its_pk, _sk: its_pk == pk
    if prefix := re.fullmatch(r"begins_with\(sk, (:\w+)\)", rest):
        start = values[prefix[1]]["S"]
        return lambda its_pk, sk: its_pk == pk and sk.startswith(start)
    between = re.fullmatch(r"sk BETWEEN (:\w+) AND (:\w+)", rest)
    assert between, f"the fake does not know {expression!r}"
    low, high = values[between[1]]["S"], values[between[2]]["S"]
    if low > high:
        raise refusal("Query", "ValidationException", "The BETWEEN operator requires ordered bounds")
    return lambda its_pk, sk: its_pk == pk and low <= sk <= high
