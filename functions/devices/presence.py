"""Woken by the queue that the rule on IoT Core's lifecycle events fills: who is connected.

An event is ``{clientId, timestamp (ms), eventType, sessionIdentifier, principalIdentifier, versionNumber}``. Events
come late, twice and in any order; what is kept is the last by IoT Core's count. A client that is no device of ours is
none of our business.
"""

from __future__ import annotations

import json
from typing import Any

from whimbrel.domain.fleet import Connection, Device
from whimbrel.domain.provisioning import Certificate, CertificateId
from whimbrel.ids import DeviceId
from whimbrel.instants import from_ms
from whimbrel.logs import log
from whimbrel.problems import NotFound
from whimbrel.store.registration import organization_of
from whimbrel.store.tenant import Tenant


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Take note of a batch of lifecycle events; answer with those that have to come again."""
    failed: list[str] = []
    for record in event["Records"]:
        try:
            _note(json.loads(record["body"]))
        except Exception:  # noqa: BLE001 (whatever is wrong with one message must not hold up the others)
            log.exception("presence not noted", extra={"messageId": record["messageId"]})
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}


def _note(message: dict[str, Any]) -> None:
    client_id = message["clientId"]
    organization_id = organization_of(DeviceId(client_id)) if DeviceId.is_valid(client_id) else None
    if organization_id is None:
        log.info("presence of an unknown client", extra={"clientId": client_id[:128]})
        return
    tenant = Tenant(organization_id)
    device_id = DeviceId(client_id)
    # A client may call itself by any device's name; the broker refuses it, and may still tell of its going.
    if tenant.things(Certificate).find(CertificateId.named(device_id, message["principalIdentifier"])) is None:
        log.warning("presence under another device's name", extra={"deviceId": device_id})
        return
    connection = Connection(
        connected=message["eventType"] == "connected",
        at=from_ms(int(message["timestamp"])),
        version=int(message.get("versionNumber", 0)),
        session=message.get("sessionIdentifier", ""),
    )
    try:
        tenant.things(Device).change(device_id, lambda device: device.seen(connection))
    except NotFound:
        log.info("presence of a deleted device", extra={"deviceId": client_id})
