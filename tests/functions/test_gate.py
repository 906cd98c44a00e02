"""What the gate lets through and what it refuses, where AWS in process lets through everything."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.isolation.gate import Gate
from infra.isolation.requests import Unmapped
from tests.gating import HANDLERS, gate, policies
from whimbrel.aws import clients
from whimbrel.ids import OrganizationId

ROOT = Path(__file__).parents[2]
OURS, THEIRS = OrganizationId.new(), OrganizationId.new()


def item(organization: str) -> dict[str, Any]:
    return {"pk": {"S": f"ORG#{organization}#device"}, "sk": {"S": "x"}}


def query(organization: str, **more: Any) -> dict[str, Any]:
    attribute = "parent_pk" if more else "pk"
    values = {":pk": {"S": f"ORG#{organization}#device"}}
    return {
        "TableName": "registry",
        "KeyConditionExpression": f"{attribute} = :pk",
        "ExpressionAttributeValues": values,
    } | more


def transaction(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"TransactItems": list(parts)}


def put(organization: str) -> dict[str, Any]:
    return {"TableName": "registry", "Item": item(organization)}


def updated(organization: str) -> dict[str, Any]:
    change = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    return {"TableName": "registry", "Key": item(organization)} | change


def absent(organization: str) -> dict[str, Any]:
    another = item(organization) | {"sk": {"S": "y"}}
    return {"TableName": "registry", "Key": another, "ConditionExpression": "attribute_not_exists(pk)"}


CALLS: dict[str, Callable[[Any, str], Any]] = {
    "get": lambda db, whose: db.get_item(TableName="registry", Key=item(whose)),
    "query": lambda db, whose: db.query(**query(whose)),
    "query of the index": lambda db, whose: db.query(**query(whose, IndexName="by_parent")),
    "put": lambda db, whose: db.put_item(**put(whose)),
    "update": lambda db, whose: db.update_item(**updated(whose)),
    "delete": lambda db, whose: db.delete_item(TableName="registry", Key=item(whose)),
    "batch": lambda db, whose: db.batch_write_item(
        RequestItems={"registry": [{"PutRequest": {"Item": item(each)}} for each in {OURS, whose}]}
    ),
    "transaction": lambda db, whose: db.transact_write_items(**transaction({"Put": put(whose)})),
    "transaction of two": lambda db, whose: db.transact_write_items(
        **transaction(
            {"ConditionCheck": absent(OURS)},
            {"Update": updated(whose)},
        )
    ),
}  # fmt: skip


@pytest.mark.parametrize("call", list(CALLS))
def test_a_session_reaches_the_items_of_its_organization_only(aws: None, call: str) -> None:
    with gate().acting_as(HANDLERS["fleet"]):
        client = clients.client("dynamodb", OURS)
        CALLS[call](client, OURS)
        with pytest.raises(ClientError, match="AccessDenied"):
            CALLS[call](client, THEIRS)


@pytest.mark.parametrize("call", list(CALLS))
def test_a_functions_own_client_reaches_no_items_at_all(aws: None, call: str) -> None:
    with gate().acting_as(HANDLERS["fleet"]), pytest.raises(ClientError, match="AccessDenied"):
        CALLS[call](clients.client("dynamodb"), OURS)


def test_a_scan_is_refused_and_statements_in_partiql_are_unknown(aws: None) -> None:
    with gate().acting_as(HANDLERS["fleet"]):
        client: Any = clients.client("dynamodb", OURS)
        with pytest.raises(ClientError, match="AccessDenied"):
            client.scan(TableName="registry")
        with pytest.raises(Unmapped):
            client.execute_statement(Statement='SELECT * FROM "registry"')
    assert gate().unmapped.pop() == "dynamodb:ExecuteStatement"


def test_a_link_or_a_form_for_anothers_object_is_not_signed(aws: None) -> None:
    def key(whose: str) -> dict[str, str]:
        return {"Bucket": "exports", "Key": f"organizations/{whose}/imports/x/file"}

    with gate().acting_as(HANDLERS["jobs"]):
        client = clients.client("s3", OURS)
        client.generate_presigned_url("get_object", Params=key(OURS))
        client.generate_presigned_post(key(OURS)["Bucket"], key(OURS)["Key"])
        with pytest.raises(ClientError, match="AccessDenied"):
            client.generate_presigned_url("get_object", Params=key(THEIRS))
        with pytest.raises(ClientError, match="AccessDenied"):
            client.generate_presigned_post(key(THEIRS)["Bucket"], key(THEIRS)["Key"])


def test_outside_of_tests_a_call_of_no_function_is_refused(aws: None) -> None:
    strict = Gate(policies())
    with strict.shut(), pytest.raises(Unmapped):
        clients.client("dynamodb").get_item(TableName="registry", Key=item(OURS))


def test_whoever_opens_the_gate_is_told(aws: None) -> None:
    with pytest.raises(RuntimeError, match="opened the gate"), Gate(policies()).shut():
        clients._make = lambda *_: boto3.client("sts")


def test_clients_are_made_in_one_place() -> None:
    """What would be made elsewhere, no gate would see."""
    making = re.compile(r"boto3\.(client|resource|session|Session)|botocore\.session|create_client\(")
    sources = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers/core").rglob("*.py")]

    assert [path.name for path in sources if making.search(path.read_text())] == ["clients.py"]
