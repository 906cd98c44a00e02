"""Woken by what the IoT rule fills, a queue or a stream: device messages into the readings store.

The rule hands each message over as ``{data (base64), orgId, deviceId, receivedAt (ms), …}``, so that what is no JSON
arrives too. The organization and the device are the topic's, which the device's certificate binds; a body cannot
change them.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from whimbrel.aws.clients import MOST_SESSIONS, client
from whimbrel.aws.compaction import request_compaction
from whimbrel.domain.readings import Reason, Rejection
from whimbrel.ids import DeviceId, Id, OrganizationId
from whimbrel.logs import log
from whimbrel.problems import MalformedJson, Problem, Unavailable
from whimbrel.settings import settings
from whimbrel.store.equipment import Equipment
from whimbrel.store.intake import Judgement, joined, quarantine
from whimbrel.store.readings import ReadingStore
from whimbrel.strict_json import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whimbrel.domain.series import Frame

KNOWN_FOR_S = 30
MOST_KEPT_OF_NO_JSON = 100_000
"""Bytes of a message that is no JSON, for quarantine."""

# The first message should not wait for the SDK, nor each organization's client for DynamoDB's model.
client("dynamodb")


@dataclass(frozen=True, slots=True)
class Message:
    """What a device published; ``identifier`` is the name that the batch has for it."""

    identifier: str
    organization_id: OrganizationId
    sender: DeviceId
    received_ms: int
    data: bytes

    @classmethod
    def of(cls, identifier: str, record: Mapping[str, Any]) -> Self:
        """Read a record of the queue or of the stream.

        Raises:
            ValueError, TypeError, KeyError: it is not what the rule sends.
        """
        text = base64.b64decode(record["kinesis"]["data"]) if "kinesis" in record else record["body"]
        said = json.loads(text)
        if not (Id.is_valid(said["orgId"]) and Id.is_valid(said["deviceId"])):
            raise ValueError("the topic names no organization or device")
        return cls(
            identifier,
            OrganizationId(said["orgId"]),
            DeviceId(said["deviceId"]),
            int(said["receivedAt"]),
            base64.b64decode(said["data"] or ""),
        )


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Store a batch of messages; answer with those that have to come again."""
    failed: list[str] = []
    messages: dict[OrganizationId, list[Message]] = {}
    for record in event["Records"]:
        identifier = record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["messageId"]
        try:
            message = Message.of(identifier, record)
        except (ValueError, TypeError, KeyError):
            # Nobody's: there is no quarantine for it, and where failures are kept somebody finds it.
            log.exception("message not understood", extra={"messageId": identifier})
            failed.append(identifier)
        else:
            messages.setdefault(message.organization_id, []).append(message)
    for organization_id, batch in messages.items():
        failed += _store(organization_id, batch)
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in sorted(failed)]}


def _store(organization_id: OrganizationId, batch: list[Message]) -> set[str]:
    """Store the messages of an organization, and return those of which not everything is stored."""
    try:
        equipment = _equipment(organization_id)
        if not equipment.is_wanted():
            # Nobody will ask for it, and what is stored after the deletion stays.
            log.warning("messages dropped: no such organization", extra={"organizationId": organization_id})
            return set()
    except (Unavailable, ClientError, BotoCoreError):
        log.exception("no session", extra={"organizationId": organization_id})
        return {message.identifier for message in batch}
    frames: dict[str, list[Frame]] = {}
    names: dict[str, str] = {}
    senders: dict[str, set[str]] = {}
    failed: set[str] = set()
    equipment.look_up({message.sender for message in batch})
    for message in batch:
        try:
            judgement = _judged(equipment, message)
        except (ClientError, BotoCoreError, Problem):
            extra = {"organizationId": organization_id, "messageId": message.identifier}
            log.exception("message not judged", extra=extra)
            failed.add(message.identifier)
            continue
        names |= judgement.names()
        for device_id, frame in judgement.frames().items():
            frames.setdefault(device_id, []).append(frame)
            senders.setdefault(device_id, set()).add(message.identifier)
    for device_id, error in _stored(equipment, {name: joined(parts) for name, parts in frames.items()}, names).items():
        extra = {"organizationId": organization_id, "deviceId": device_id}
        log.error("readings not stored", exc_info=error, extra=extra)
        failed |= senders[device_id]
    return failed


def _judged(equipment: Equipment, message: Message) -> Judgement:
    """Judge a message; what is refused of it is in quarantine then."""
    judgement = Judgement(equipment, message.received_ms, default=message.sender, sender=message.sender)
    refused: list[tuple[str | None, list[Rejection]]]
    try:
        body = parse(message.data)
    except MalformedJson as problem:
        payload = message.data[:MOST_KEPT_OF_NO_JSON].decode("utf-8", "replace")
        refused = [(message.sender, [Rejection(0, Reason.MALFORMED_JSON, problem.detail, payload)])]
    else:
        judgement.take(body if isinstance(body, list) else [body])
        judgement.settle()
        refused = judgement.refused
    for device_id, rejections in refused:
        quarantine(equipment, device_id, rejections, source="MQTT", accepted_ms=message.received_ms)
    return judgement


def _stored(equipment: Equipment, frames: dict[str, Frame], names: dict[str, str]) -> dict[str, Exception]:
    """Store the readings of an organization's devices, and return the devices for which that failed."""
    if not frames:
        return {}
    try:
        store = ReadingStore(
            equipment.client,
            settings().log_table,
            settings().blocks_table,
            equipment.organization_id,
            request_compaction=request_compaction(equipment.organization_id),
            retention_ms=equipment.retention_ms(),
        )
        return store.append(frames, names)
    except (ClientError, BotoCoreError) as error:
        return dict.fromkeys(frames, error)


def _equipment(organization_id: OrganizationId) -> Equipment:
    """Return what is known of an organization's devices, with the session that is good now."""
    now = client("dynamodb", organization_id)
    known = _known(organization_id)
    known.client = now
    return known


@lru_cache(maxsize=MOST_SESSIONS)
def _known(organization_id: OrganizationId) -> Equipment:
    return Equipment(
        client("dynamodb", organization_id), settings().registry_table, organization_id, max_age_s=KNOWN_FOR_S
    )
