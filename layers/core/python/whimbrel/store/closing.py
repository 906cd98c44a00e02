"""Deleting an organization: what ends its access, and how a partition of its own is emptied.

Everything here may be repeated, whole or in part: what is gone already is no error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whimbrel.domain.api_keys import AccessToken, ApiKey
from whimbrel.domain.members import Invitation, Member
from whimbrel.store.credentials import credentials
from whimbrel.store.memberships import memberships

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from whimbrel.store.tenant import Tenant

_AT_ONCE = 25  # of BatchWriteItem


def end_access(tenant: Tenant, *, still_listed: str = "") -> None:
    """End every invitation, API key, access token and membership: where they take effect, then in the registry.

    Invitations first: nobody becomes a member who was not when the members are looked at. The user *still_listed* stays
    in the registry.
    """
    entrances, keys = memberships(), credentials()
    invitations = tenant.things(Invitation)
    for invitation in list(invitations.all()):
        entrances.withdraw(invitation.id)
        invitations.remove_all([invitation.id])
    for kind in (ApiKey, AccessToken):
        for credential in list(tenant.things(kind).all()):
            keys.end(credential.prefix)
            tenant.things(kind).remove_all([credential.id])
    members = tenant.things(Member)
    for member in list(members.all()):
        entrances.remove(member.user_id, tenant.organization_id)
        if member.user_id != still_listed:
            members.remove_all([member.id])


def emptied(client: DynamoDBClient, table: str, partition: str) -> Iterator[int]:
    """Remove all items of a partition, and yield how many from time to time."""
    while True:
        found = client.query(
            TableName=table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ProjectionExpression="pk, sk",
            ConsistentRead=True,
            Limit=_AT_ONCE,
        )["Items"]
        if not found:
            return
        # What DynamoDB has not come to is found again.
        client.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key}} for key in found]})
        yield len(found)
