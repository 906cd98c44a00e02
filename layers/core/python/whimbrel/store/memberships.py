"""The auth table's part for people: what has to be found before the tenant is known.

| access pattern | key |
| --- | --- |
| the organizations of a user, with the role in each | ``USER#<issuer's subject>`` |
| the organization of an invitation | ``INVITE#<invitation id>`` |

The authorizer reads it: no pydantic here. It follows the registry (`whimbrel.store.members`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whimbrel.auth import Role
from whimbrel.aws.clients import client
from whimbrel.ids import Id, OrganizationId
from whimbrel.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Memberships:
    """The auth table's part: of a user, every organization and the role in it."""

    client: DynamoDBClient
    table: str

    def of(self, user_id: str) -> dict[OrganizationId, Role]:
        """Return the organizations of a user and the role in each."""
        item = self._get(f"USER#{user_id}")
        return {OrganizationId(name): Role(value["S"]) for name, value in item.items() if Id.is_valid(name)}

    def set(self, user_id: str, organization_id: OrganizationId, role: Role) -> None:
        """Make a user a member of an organization, or give them another role there."""
        self._update(user_id, organization_id, "SET #org = :role", {":role": {"S": role.value}})

    def remove(self, user_id: str, organization_id: OrganizationId) -> None:
        """End a user's membership; there may be none."""
        self._update(user_id, organization_id, "REMOVE #org")

    def announce(self, invitation_id: Id, organization_id: OrganizationId) -> None:
        """Have an invitation found by its identifier alone."""
        self.client.put_item(
            TableName=self.table, Item={"pk": {"S": f"INVITE#{invitation_id}"}, "org": {"S": organization_id}}
        )

    def withdraw(self, invitation_id: Id) -> None:
        """Have an invitation found no more; it may be gone."""
        self.client.delete_item(TableName=self.table, Key={"pk": {"S": f"INVITE#{invitation_id}"}})

    def inviting(self, invitation_id: Id) -> OrganizationId | None:
        """Return whose invitation this is; None for one that was never made."""
        item = self._get(f"INVITE#{invitation_id}")
        return OrganizationId(item["org"]["S"]) if item else None

    def _get(self, key: str) -> dict[str, Any]:
        answer = self.client.get_item(TableName=self.table, Key={"pk": {"S": key}}, ConsistentRead=True)
        return dict(answer.get("Item", {}))

    def _update(
        self, user_id: str, organization_id: OrganizationId, expression: str, values: dict[str, Any] | None = None
    ) -> None:
        request: Any = {"ExpressionAttributeValues": values} if values else {}
        self.client.update_item(
            TableName=self.table,
            Key={"pk": {"S": f"USER#{user_id}"}},
            UpdateExpression=expression,
            ExpressionAttributeNames={"#org": organization_id},
            **request,
        )


def memberships() -> Memberships:
    """Return the memberships of this deployment."""
    return Memberships(client("dynamodb"), settings().auth_table)
