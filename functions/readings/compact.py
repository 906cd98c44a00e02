"""Woken by the compaction queue: moves what is old enough in a lane's log into blocks. Daily, finds the quiet lanes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from whimbrel.aws.clients import client
from whimbrel.aws.compaction import request_compaction
from whimbrel.domain import codec
from whimbrel.ids import OrganizationId
from whimbrel.logs import log
from whimbrel.settings import settings
from whimbrel.store.directory import organizations
from whimbrel.store.readings import ReadingStore
from whimbrel.store.readings_blocks import BlockContention
from whimbrel.store.tenant import Tenant

ENOUGH_MS = 60_000
"""A message for which less time than this is left is handed back."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Compact the lanes that the messages name, and answer with the messages that have to come again.

    ``{"sweep": true}`` asks instead for every lane that has not been compacted for half a day.
    """
    if event.get("sweep"):
        return {"lanes": _sweep()}
    codec.vectorise()
    done: set[tuple[str, str]] = set()
    failed: list[str] = []
    for record in event["Records"]:
        message = json.loads(record["body"])
        lane = message["organizationId"], message["lane"]
        if lane in done or _compact(*lane, context):
            done.add(lane)
        else:
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}


def _compact(organization_id: str, lane: str, context: Any) -> bool:
    """Compact a lane to its end, and tell whether that was reached."""
    store = _store(organization_id)
    with suppress(BlockContention):
        while context.get_remaining_time_in_millis() > ENOUGH_MS:
            done = store.compact(lane)
            log.info(
                "lane compacted",
                extra={
                    "organizationId": organization_id,
                    "lane": lane,
                    "segments": done.segments,
                    "readings": done.readings,
                    "blocks": done.blocks,
                },
            )
            if done.finished:
                return True
    return False


def _sweep() -> int:
    """Ask for the compaction of every lane that nothing has asked for lately; return how many."""
    lanes = 0
    for organization_id in organizations(client("dynamodb"), settings().log_table):
        ask = request_compaction(organization_id)
        for lane in _store(organization_id).lanes():
            ask(lane)
            lanes += 1
    return lanes


def _store(organization_id: str) -> ReadingStore:
    """Return the store with the organization's retention, by which blocks get their time to go."""
    return Tenant(OrganizationId(organization_id)).readings()
