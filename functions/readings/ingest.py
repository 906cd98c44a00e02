"""Woken by the queue that the IoT rule fills: device messages into the readings store.

The rule hands each message over as ``{data (base64), orgId, deviceId, receivedAt (ms), …}``, so that what is no JSON
arrives too. The organization and the device are the topic's, which the device's certificate binds; a body cannot
change them.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

from whimbrel.aws.clients import client
from whimbrel.aws.compaction import request_compaction
from whimbrel.domain.readings import Reason, Rejection
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.logs import log
from whimbrel.problems import MalformedJson
from whimbrel.settings import settings
from whimbrel.store.equipment import Equipment
from whimbrel.store.intake import gather, judge, quarantine
from whimbrel.store.readings import ReadingStore
from whimbrel.strict_json import parse

KNOWN_FOR_S = 30

# The first call to DynamoDB should not wait for the SDK: this function does nothing else.
client("dynamodb")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Store a batch of messages; answer with those that have to come again."""
    failed: set[str] = set()
    messages: dict[OrganizationId, list[tuple[str, dict[str, Any]]]] = {}
    for record in event["Records"]:
        message = json.loads(record["body"])
        messages.setdefault(OrganizationId(message["orgId"]), []).append((record["messageId"], message))
    for organization_id, batch in messages.items():
        failed |= _store(organization_id, batch)
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in sorted(failed)]}


def _store(organization_id: OrganizationId, batch: list[tuple[str, dict[str, Any]]]) -> set[str]:
    equipment = _equipment(organization_id)
    frames: dict[str, Any] = {}
    senders: dict[str, set[str]] = {}
    failed: set[str] = set()
    for message_id, message in batch:
        try:
            for device_id, frame in _read(equipment, message):
                gather(frames, device_id, frame)
                senders.setdefault(device_id, set()).add(message_id)
        except equipment.client.exceptions.ClientError:
            log.exception("message not read", extra={"organizationId": organization_id, "messageId": message_id})
            failed.add(message_id)
    store = ReadingStore(
        equipment.client,
        settings().log_table,
        settings().blocks_table,
        organization_id,
        request_compaction=request_compaction(organization_id),
    )
    for device_id, error in store.append(frames).items():
        log.error(
            "readings not stored",
            exc_info=error,
            extra={"organizationId": organization_id, "deviceId": device_id},
        )
        failed |= senders[device_id]
    return failed


def _read(equipment: Equipment, message: dict[str, Any]) -> list[tuple[str, Any]]:
    sender = DeviceId(message["deviceId"])
    accepted_ms = int(message["receivedAt"])
    data = base64.b64decode(message["data"])

    def refuse(device_id: str | None, rejections: list[Rejection]) -> None:
        quarantine(equipment, device_id, rejections, source="MQTT", accepted_ms=accepted_ms)

    try:
        body = parse(data)
    except MalformedJson as problem:
        payload = data[:100_000].decode("utf-8", "replace")
        refuse(sender, [Rejection(0, Reason.MALFORMED_JSON, problem.detail, payload)])
        return []
    by_device: dict[str, list[tuple[int, object]]] = {}
    for index, raw in enumerate(body if isinstance(body, list) else [body]):
        named = raw.get("deviceId", sender) if isinstance(raw, dict) else sender
        by_device.setdefault(named if isinstance(named, str) else sender, []).append((index, raw))
    frames: list[tuple[str, Any]] = []
    for device_id, readings in by_device.items():
        device = equipment.device(device_id)
        if device is None or (sender not in {device_id, device.gateway_id}):
            detail = f"there is no device {device_id[:60]!r} that {sender} may speak for"
            refuse(sender, [Rejection(index, Reason.UNKNOWN_SENSOR, detail, raw) for index, raw in readings])
            continue
        frame, rejections, _ = judge(equipment, device, readings, accepted_ms)
        if rejections:
            refuse(device_id, rejections)
        if frame:
            frames.append((device_id, frame))
    return frames


@cache
def _equipment(organization_id: OrganizationId) -> Equipment:
    return Equipment(client("dynamodb"), settings().registry_table, organization_id, max_age_s=KNOWN_FOR_S)
