"""What became of requests that were answered before anybody had looked at all that they brought.

| access pattern | table | partition key | sort key |
| --- | --- | --- | --- |
| a task by its identifier, for a week | registry | ``ORG#<org>#task`` | 24 hex digits |

An item is ``pk, sk, doc, ttl``; ``doc`` is JSON, and whoever made the task knows what it says.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from whimbrel import chance, instants
from whimbrel.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whimbrel.store.tenant import Tenant

KEPT_S = 7 * 86_400


def new_id() -> str:
    """Return the identifier of a new task."""
    return f"{chance.bits(96):024x}"


def keep(tenant: Tenant, task_id: str, document: Mapping[str, Any]) -> None:
    """Keep a task for a week; repeating it with the same document changes nothing."""
    tenant.client.put_item(
        TableName=settings().registry_table,
        Item={
            **_key(tenant, task_id),
            "doc": {"S": json.dumps(document)},
            "ttl": {"N": str(instants.now_ms() // 1000 + KEPT_S)},
        },
    )


def find(tenant: Tenant, task_id: str) -> dict[str, Any] | None:
    """Return what was kept of a task; None if there is none, or its week is over."""
    item: Any = tenant.client.get_item(
        TableName=settings().registry_table, Key=_key(tenant, task_id), ConsistentRead=True
    ).get("Item")
    # What is over is removed some time after.
    return json.loads(item["doc"]["S"]) if item and int(item["ttl"]["N"]) > time.time() else None


def _key(tenant: Tenant, task_id: str) -> Any:
    return {"pk": {"S": f"ORG#{tenant.organization_id}#task"}, "sk": {"S": task_id}}
