"""Narrowed queries answer as the emulator's own do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ministack.services import dynamodb

from infra.local import queries

CONDITIONS = [
    "pk = :pk",
    "pk = :pk AND sk = :a",
    "pk = :pk AND sk < :a",
    "pk = :pk AND sk <= :a",
    "pk = :pk AND sk > :a",
    "pk = :pk AND sk >= :a",
    "pk = :pk AND sk BETWEEN :a AND :b",
    "pk = :pk AND begins_with(sk, :a)",
]
keys = st.text("ab\U0001f426", min_size=1, max_size=3)
writes = st.lists(st.tuples(st.sampled_from([True, True, False]), keys), min_size=5, max_size=20)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    condition = draw(st.sampled_from(CONDITIONS))
    low, high = sorted((draw(keys), draw(keys)))
    values = {":pk": "p", ":a": low, ":b": high}
    request: dict[str, Any] = {
        "TableName": "queried",
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items() if name in condition},
        "ScanIndexForward": draw(st.booleans()),
    }
    if limit := draw(st.none() | st.integers(1, 5)):
        request["Limit"] = limit
    return request


@pytest.fixture(scope="module")
def narrowed() -> Iterator[Any]:
    """The table ``queried``, and the emulator's own ``_query`` beside the patched one."""
    with pytest.MonkeyPatch.context() as patch:
        original = dynamodb._query
        for name in ("_set_item", "_remove_item", "_query"):
            patch.setattr(dynamodb, name, getattr(dynamodb, name))
        patch.setattr(queries, "SMALL", 0)
        dynamodb._create_table(
            {
                "TableName": "queried",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                "BillingMode": "PAY_PER_REQUEST",
            }
        )
        queries.OrderedPartitions().keep()
        yield original
        dynamodb._delete_table({"TableName": "queried"})


def page(answer: tuple[int, dict[str, str], bytes | str]) -> dict[str, Any]:
    status, _, body = answer
    assert status == 200, body
    return json.loads(body)


@settings(max_examples=300)
@given(st.lists(st.tuples(writes, requests()), min_size=1, max_size=3))
def test_every_page_is_the_same(narrowed: Any, rounds: list[tuple[list[tuple[bool, str]], dict[str, Any]]]) -> None:
    for left_over in list(dynamodb._tables["queried"]["items"].get("p", ())):
        write(put=False, key=left_over)

    for changes, request in rounds:
        for put, key in changes:
            write(put=put, key=key)
        cursor: dict[str, Any] | None = {}
        while cursor is not None:
            asked = {**request, **({"ExclusiveStartKey": cursor} if cursor else {})}
            expected = page(narrowed(dict(asked)))
            assert page(dynamodb._query(dict(asked))) == expected
            cursor = expected.get("LastEvaluatedKey")


def write(*, put: bool, key: str) -> None:
    item = {"pk": {"S": "p"}, "sk": {"S": key}}
    if put:
        dynamodb._put_item({"TableName": "queried", "Item": item})
    else:
        dynamodb._delete_item({"TableName": "queried", "Key": item})
