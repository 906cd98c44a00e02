"""The DynamoDB of the models answers as moto's does, to the calls that the readings store makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.models.dynamodb import DynamoDB
from whimbrel.domain.series import Column, Series, ValueType
from whimbrel.store.readings import ReadingStore

DEVICE = "0190abcd-1234-7abc-8def-0000000000d1"
COLUMN = Column("0190abcd-1234-7abc-8def-000000000001", ValueType.DOUBLE)
START = 1_790_000_000_000


@pytest.fixture
def moto() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb")
        for name in ("log", "blocks"):
            client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        yield client


def put(sk: str, v: int, **condition: Any) -> Callable[[Any], Any]:
    item = {"pk": {"S": "p"}, "sk": {"S": sk}, "v": {"N": str(v)}, "block": {"B": b"\0\1"}, "m": {"M": {}}}
    return lambda client: client.put_item(TableName="log", Item=item, **condition)


def get(sk: str) -> Callable[[Any], Any]:
    return lambda client: client.get_item(
        TableName="log", Key={"pk": {"S": "p"}, "sk": {"S": sk}}, ConsistentRead=True
    ).get("Item")


def update(sk: str, expression: str, values: dict[str, Any], **condition: Any) -> Callable[[Any], Any]:
    return lambda client: client.update_item(
        TableName="log",
        Key={"pk": {"S": "p"}, "sk": {"S": sk}},
        UpdateExpression=expression,
        ExpressionAttributeValues=values,
        **condition,
    )


def query(condition: str, values: dict[str, str], **options: Any) -> Callable[[Any], Any]:
    def ask(client: Any) -> Any:
        answer = client.query(
            TableName="log",
            KeyConditionExpression=condition,
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            **options,
        )
        return [item["sk"]["S"] for item in answer["Items"]], answer.get("LastEvaluatedKey")

    return ask


NEW = {"ConditionExpression": "attribute_not_exists(pk)"}


def if_v(v: int) -> dict[str, Any]:
    return {"ConditionExpression": "v = :read", "ExpressionAttributeValues": {":read": {"N": str(v)}}}


CALLS = [
    put("a", 1, **NEW),
    put("a", 1, **NEW),
    put("a", 2, **if_v(1)),
    put("a", 3, **if_v(1)),
    put("z", 3, **if_v(1)),
    get("a"),
    get("z"),
    update("a", "SET v = :to", {":to": {"N": "9"}}, ConditionExpression="v < :to"),
    update("a", "SET v = :to", {":to": {"N": "8"}}, ConditionExpression="v < :to"),
    update("z", "SET v = :to", {":to": {"N": "8"}}, ConditionExpression="v < :to"),
    *(
        update(
            "a",
            "SET m.#device = :new",
            values,
            ConditionExpression=condition,
            ExpressionAttributeNames={"#device": "d-1"},
        )
        for values, condition in [
            ({":new": {"S": "x"}, ":old": {"S": "w"}}, "m.#device = :old"),
            ({":new": {"S": "x"}}, "attribute_not_exists(m.#device)"),
            ({":new": {"S": "y"}}, "attribute_not_exists(m.#device)"),
            ({":new": {"S": "y"}, ":old": {"S": "x"}}, "m.#device = :old"),
        ]
    ),
    get("a"),
    put("b#1", 1),
    put("b#2", 1),
    put("c", 1),
    lambda client: client.batch_write_item(
        RequestItems={"log": [{"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "d"}, "x": {"B": b"\2"}}}}]}
    )["UnprocessedItems"],
    get("d"),
    query("pk = :pk", {":pk": "p"}),
    query("pk = :pk", {":pk": "q"}),
    query("pk = :pk AND begins_with(sk, :b)", {":pk": "p", ":b": "b#"}, ScanIndexForward=False, Limit=1),
    query("pk = :pk AND sk BETWEEN :a AND :b", {":pk": "p", ":a": "a", ":b": "b~"}, ConsistentRead=True),
    query("pk = :pk AND sk BETWEEN :a AND :b", {":pk": "p", ":a": "a", ":b": "c"}, Limit=2),
    query(
        "pk = :pk AND sk BETWEEN :a AND :b",
        {":pk": "p", ":a": "a", ":b": "c"},
        Limit=1,
        ScanIndexForward=False,
        ExclusiveStartKey={"pk": {"S": "p"}, "sk": {"S": "b#2"}},
    ),
    lambda client: client.put_item(
        TableName="log", Item={"pk": {"S": "p"}, "sk": {"S": "large"}, "block": {"B": bytes(400 * 1024)}}
    ),
]


def outcome(call: Callable[[Any], Any], client: Any) -> Any:
    try:
        answer = call(client)
    except client.exceptions.ConditionalCheckFailedException:
        return "condition"
    except ClientError as error:
        return error.response["Error"]["Code"]
    if isinstance(answer, dict):
        return {name: value for name, value in answer.items() if name not in {"ResponseMetadata", "ConsumedCapacity"}}
    return answer


def test_every_call_has_the_same_outcome(moto: Any) -> None:
    fake = DynamoDB()

    outcomes = [(outcome(call, fake), outcome(call, moto)) for call in CALLS]

    assert [mine for mine, _ in outcomes] == [its for _, its in outcomes]
    assert "condition" in [mine for mine, _ in outcomes]


def test_the_store_does_the_same_on_both(moto: Any) -> None:
    def life(client: Any) -> object:
        now = [START]
        store = ReadingStore(client, "log", "blocks", "org", clock=lambda: now[0], sleep=lambda _s: None)
        told: list[object] = []
        for hour in range(6):
            at = [START + hour * 3_600_000 + row * 20_000 for row in range(180)]
            frame = {COLUMN: Series.of(at, [row / 10 for row in range(180)], now[0], {0: "{}"})}
            told.append(store.append({DEVICE: frame}))
            now[0] += 3_600_000
            if hour % 2:
                told.append(store.compact(DEVICE))
        told.append(
            store.append({DEVICE: {COLUMN: Series.of([START - row for row in range(600)], [1.0] * 600, START)}})
        )
        told.append(store.delete_range(DEVICE, COLUMN.sensor_id, START - 100, START + 100_000, now[0]))
        told.extend(list(store.read(DEVICE, None, 0, 2 * START, order=order)) for order in ("asc", "desc"))
        told.append(store.latest(DEVICE))
        now[0] += 86_400_000
        told.append(list(store.lanes()))
        return told

    assert life(DynamoDB()) == life(moto)
