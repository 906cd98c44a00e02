"""The list of all organizations: identifiers and nothing else, one partition of the log's table.

No tenant's session reaches it. The operator's function adds to it, and the daily sweep begins with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whimbrel.ids import OrganizationId
from whimbrel.store.queries import queried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "L#organizations"


def enlist(client: DynamoDBClient, log_table: str, organization_id: OrganizationId) -> None:
    """Add an organization to the list; it may be there."""
    client.put_item(TableName=log_table, Item={"pk": {"S": _PARTITION}, "sk": {"S": organization_id}})


def delist(client: DynamoDBClient, log_table: str, organization_id: OrganizationId) -> None:
    """Take an organization off the list; it may be gone."""
    client.delete_item(TableName=log_table, Key={"pk": {"S": _PARTITION}, "sk": {"S": organization_id}})


def organizations(client: DynamoDBClient, log_table: str) -> Iterator[OrganizationId]:
    """Yield every organization."""
    request = {
        "TableName": log_table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": _PARTITION}},
    }
    return (OrganizationId(item["sk"]["S"]) for item in queried(client, request))
