"""The auth table's part for people and machines: who a credential stands for. It holds no tenant's data.

| access pattern | key |
| --- | --- |
| an API key by the identifier inside it | ``KEY#<key id>`` |
| the organizations of a user, with the role in each | ``USER#<issuer's subject>`` |
"""

from __future__ import annotations

import hmac
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whimbrel.auth import Caller, Role, known_scopes
from whimbrel.domain.credentials import Mode, digest, key_id_of, new_api_key
from whimbrel.ids import OrganizationId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

    from whimbrel.auth import Scope
    from whimbrel.domain.credentials import ApiKey

_NOBODY = {"digest": {"S": "0" * 64}}


@dataclass(frozen=True, slots=True)
class Credentials:
    """API keys and memberships. ``pepper`` keys the digests."""

    client: DynamoDBClient
    table: str
    pepper: bytes

    def add_api_key(
        self,
        organization_id: OrganizationId,
        name: str,
        scopes: Iterable[Scope],
        mode: Mode = "live",
        expires_at_s: int | None = None,
    ) -> ApiKey:
        """Make and store a new key; its text is in what this returns and nowhere else."""
        key = new_api_key(mode)
        item: dict[str, Any] = {
            "pk": {"S": f"KEY#{key.id}"},
            "digest": {"S": digest(self.pepper, key.text)},
            "org": {"S": organization_id},
            "name": {"S": name},
            "scopes": {"S": json.dumps(sorted(scopes))},
        }
        if expires_at_s is not None:
            item |= {"expires": {"N": str(expires_at_s)}, "ttl": {"N": str(expires_at_s + 90 * 86_400)}}
        self.client.put_item(TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        return key

    def caller_of_key(self, text: str) -> Caller | None:
        """Return whom the key *text* stands for; None for one that is malformed, unknown, wrong or expired.

        Unknown and wrong ones take the same steps, so that time does not tell them apart.
        """
        key_id = key_id_of(text)
        if key_id is None:
            return None
        item = self._item(f"KEY#{key_id}") or _NOBODY
        right = hmac.compare_digest(digest(self.pepper, text), item["digest"]["S"])
        expires = item.get("expires")
        if not right or (expires and int(expires["N"]) <= time.time()):
            return None
        return Caller(
            kind="API_KEY",
            organization_id=OrganizationId(item["org"]["S"]),
            subject=f"key_{key_id}",
            scopes=known_scopes(json.loads(item["scopes"]["S"])),
        )

    def set_membership(self, user_id: str, organization_id: OrganizationId, role: Role) -> None:
        """Make a user a member of an organization, or give them another role there."""
        key = {"pk": {"S": f"USER#{user_id}"}}
        self.client.update_item(
            TableName=self.table,
            Key=key,
            UpdateExpression="SET memberships = if_not_exists(memberships, :none)",
            ExpressionAttributeValues={":none": {"M": {}}},
        )
        self.client.update_item(
            TableName=self.table,
            Key=key,
            UpdateExpression="SET memberships.#org = :role",
            ExpressionAttributeNames={"#org": organization_id},
            ExpressionAttributeValues={":role": {"S": role.value}},
        )

    def memberships(self, user_id: str) -> dict[OrganizationId, Role]:
        """Return the organizations of a user and the role in each."""
        item = self._item(f"USER#{user_id}") or {}
        roles = item.get("memberships", {}).get("M", {})
        return {OrganizationId(organization): Role(role["S"]) for organization, role in roles.items()}

    def _item(self, key: str) -> dict[str, Any] | None:
        return self.client.get_item(TableName=self.table, Key={"pk": {"S": key}}, ConsistentRead=True).get("Item")
