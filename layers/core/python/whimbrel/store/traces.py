"""What an organization leaves where nothing else of it leads: noted for the day when all of it is deleted.

| access pattern | table | partition key | sort key |
| --- | --- | --- | --- |
| devices that were deleted: their readings may be there; registration tokens, whatever became of them | registry \
| ``ORG#<org>#trace`` | ``<kind>#<id>`` |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whimbrel.settings import settings
from whimbrel.store.queries import queried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whimbrel.ids import Id
    from whimbrel.store.tenant import Tenant

DEVICE = "device"
TOKEN = "token"  # noqa: S105 (a kind)


def leaving(tenant: Tenant, kind: str, identifier: Id, *, ttl: int | None = None) -> dict[str, Any]:
    """Return the part of a transaction that notes a trace; *ttl* is when it is none any more, in seconds since 1970."""
    item = {"pk": {"S": _partition(tenant)}, "sk": {"S": f"{kind}#{identifier}"}}
    return {
        "Put": {
            "TableName": settings().registry_table,
            "Item": item | ({"ttl": {"N": str(ttl)}} if ttl else {}),
        }
    }


def traces(tenant: Tenant, kind: str, after: str = "") -> Iterator[str]:
    """Yield the identifiers of the traces of a kind, those behind *after* only."""
    request = {
        "TableName": settings().registry_table,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
        "ExpressionAttributeValues": {
            ":pk": {"S": _partition(tenant)},
            ":low": {"S": f"{kind}#{after}!" if after else f"{kind}#"},
            ":high": {"S": f"{kind}#~"},
        },
        "ConsistentRead": True,
    }
    return (item["sk"]["S"].removeprefix(f"{kind}#") for item in queried(tenant.client, request))


def is_left(tenant: Tenant, kind: str, identifier: Id) -> bool:
    """Tell whether there is a trace of the thing *identifier*."""
    key: Any = {"pk": {"S": _partition(tenant)}, "sk": {"S": f"{kind}#{identifier}"}}
    answer = tenant.client.get_item(TableName=settings().registry_table, Key=key, ConsistentRead=True)
    return "Item" in answer


def requiring_none(tenant: Tenant, kind: str, identifier: Id) -> dict[str, Any]:
    """Return the part of a transaction that fails if there is a trace of the thing *identifier*."""
    return {
        "ConditionCheck": {
            "TableName": settings().registry_table,
            "Key": {"pk": {"S": _partition(tenant)}, "sk": {"S": f"{kind}#{identifier}"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def _partition(tenant: Tenant) -> str:
    return f"ORG#{tenant.organization_id}#trace"
