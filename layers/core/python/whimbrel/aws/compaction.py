"""Asking for a lane of the readings log to be compacted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from whimbrel.aws.clients import client
from whimbrel.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from whimbrel.ids import OrganizationId


def request_compaction(organization_id: OrganizationId) -> Callable[[str], None]:
    """Return what asks, through the queue, for a lane of the organization to be compacted."""

    def ask(lane: str) -> None:
        body = json.dumps({"organizationId": organization_id, "lane": lane})
        client("sqs").send_message(QueueUrl=settings().compact_queue_url, MessageBody=body)

    return ask
