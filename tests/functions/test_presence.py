"""Presence: lifecycle events in whatever order they come, and the state that devices end in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.devices.presence import handler
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain.fleet import Connection, Device, DeviceStatus
from whimbrel.domain.provisioning import Certificate, CertificateId
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.instants import from_ms, parse_ms
from whimbrel.store.tenant import Tenant

HOUR_MS = 3_600_000
PRINCIPAL = "0" * 64
START_MS = 1_780_000_000_000


@dataclass
class Broker:
    """IoT Core's count of one client: what it says of each connection, in the order in which things happened."""

    now_ms: int = START_MS
    version: int = -1
    sessions: int = 0
    left_ms: int | None = None

    def come(self, after_ms: int, session: str | None = None) -> Connection:
        self.now_ms += after_ms
        if self.left_ms is not None and self.now_ms - self.left_ms >= HOUR_MS:
            self.version = -1
        self.version += 1
        self.sessions += 1
        self.session = session or f"session {self.sessions}"
        return self.event(connected=True)

    def leave(self, after_ms: int) -> Connection:
        self.now_ms += after_ms
        self.left_ms = self.now_ms
        return self.event(connected=False)

    def event(self, *, connected: bool, delay_ms: int = 0) -> Connection:
        at = from_ms(self.now_ms + delay_ms)
        return Connection(connected=connected, at=at, version=self.version, session=self.session)


DELAYS = st.sampled_from([0, 1, 2, 1_000, 60_000, HOUR_MS - 1, HOUR_MS, 50 * HOUR_MS])


@st.composite
def histories(draw: st.DrawFn) -> list[Connection]:
    """What truly happened to one client, in order: it comes and leaves, or comes again before it was seen to leave."""
    broker = Broker()
    history = [broker.come(0)]
    is_persistent = draw(st.booleans())
    for _ in range(draw(st.integers(0, 5))):
        is_taken_over = draw(st.booleans())
        session = "the session" if is_persistent else None
        if is_taken_over:
            # The old connection is reported to leave at once, or a moment after the new one has come.
            old = broker.event(connected=False)
            broker.left_ms = None
            come = broker.come(draw(DELAYS), session)
            late = timedelta(milliseconds=draw(st.sampled_from([0, 1, 5, 500])))
            history += [old.model_copy(update={"at": come.at + late}), come]
        else:
            history += [broker.leave(draw(DELAYS)), broker.come(draw(DELAYS), session)]
    if draw(st.booleans()):
        history.append(broker.leave(draw(DELAYS)))
    return history


def a_device(status: DeviceStatus = DeviceStatus.PENDING) -> Device:
    return Device(id=DeviceId.new(), name="Pump 4", status=status)


def after(device: Device, events: list[Connection]) -> tuple[Any, ...]:
    for event in events:
        device = device.seen(event)
    return device.status, device.connection, device.last_seen_at


@given(histories(), st.sampled_from(DeviceStatus), st.data())
def test_any_order_and_repetition_ends_as_it_happened(
    history: list[Connection], status: DeviceStatus, data: st.DataObject
) -> None:
    device = a_device(status)
    told = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=5))))

    ended = after(device, told)

    assert ended == after(device, history)
    assert ended[1] == history[-1]
    assert ended[2] == max(event.at for event in history)
    if status in {DeviceStatus.INACTIVE, DeviceStatus.MAINTENANCE}:
        assert ended[0] is status
    else:
        assert ended[0] is (DeviceStatus.ACTIVE if history[-1].connected else DeviceStatus.OFFLINE)


@given(histories())
def test_what_happened_later_is_later(history: list[Connection]) -> None:
    for before, event in permutations(range(len(history)), 2):
        assert history[event].is_after(history[before]) is (event > before)


def test_what_is_known_already_writes_nothing() -> None:
    broker = Broker()
    came, left = broker.come(0), broker.leave(5)
    device = a_device().seen(came).seen(left)

    assert device.seen(left) is device.seen(came) is device


def test_a_broker_that_starts_anew_is_believed() -> None:
    broker = Broker()
    events = [broker.come(0), broker.leave(1), broker.come(1), broker.leave(1)]
    restarted = Broker(now_ms=broker.now_ms + 10, sessions=9)
    device = a_device()

    assert after(device, [*events, restarted.come(0)])[0] is DeviceStatus.ACTIVE
    restarted.leave(10)
    assert after(device, [*events, restarted.come(0), restarted.leave(3)])[0] is DeviceStatus.OFFLINE


def told(client_id: str, event: Connection) -> dict[str, Any]:
    """Return the lifecycle event as the rule hands it over."""
    return {
        "clientId": client_id,
        "timestamp": parse_ms(event.model_dump(mode="json")["at"]),
        "eventType": "connected" if event.connected else "disconnected",
        "sessionIdentifier": event.session,
        "principalIdentifier": PRINCIPAL,
        "ipAddress": "192.0.2.1",
        "versionNumber": event.version,
    }


def batch(*bodies: Any) -> dict[str, Any]:
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"messageId": f"m{n}", "body": text} for n, text in enumerate(texts)]}


@pytest.fixture
def device(organization: Any) -> Device:
    """A device that has been provisioned."""
    tenant = Tenant(OrganizationId(organization.id))
    device = tenant.things(Device).add(a_device())
    tenant.things(Certificate).add(
        Certificate(
            id=CertificateId.named(device.id, PRINCIPAL),
            device_id=device.id,
            principal=PRINCIPAL,
            public_key_sha256="",
            not_after=from_ms(START_MS),
        )
    )
    owner = {"pk": {"S": f"DEVICE#{device.id}"}, "org": {"S": organization.id}}
    aws_client("dynamodb").put_item(TableName="auth", Item=owner)
    return device


def test_a_device_is_seen_to_come_and_go(client: Any, device: Device) -> None:
    broker = Broker()
    url = f"/api/v1/devices/{device.id}"
    came = broker.come(0)

    assert handler(batch(told(device.id, came)), None) == {"batchItemFailures": []}
    first = client.get(url).ok()
    handler(batch(told(device.id, broker.leave(1_000)), told(device.id, came)), None)
    second = client.get(url).ok()

    assert (first["status"], first["lastSeenAt"]) == ("ACTIVE", "2026-05-28T20:26:40.000Z")
    assert (second["status"], second["lastSeenAt"]) == ("OFFLINE", "2026-05-28T20:26:41.000Z")
    assert second["connection"] == {
        "connected": False, "at": second["lastSeenAt"], "version": 0, "session": "session 1",
    }  # fmt: skip


def test_strangers_are_none_of_our_business(client: Any, device: Device) -> None:
    event = Broker().come(0)
    gone = DeviceId.new()
    owner = {"pk": {"S": f"DEVICE#{gone}"}, "org": {"S": OrganizationId.new()}}
    aws_client("dynamodb").put_item(TableName="auth", Item=owner)

    answer = handler(batch(told("console-1", event), told(DeviceId.new(), event), told(gone, event)), None)

    assert answer == {"batchItemFailures": []}
    assert client.get(f"/api/v1/devices/{device.id}").ok()["status"] == "PENDING"


def test_another_devices_certificate_tells_nothing_of_this_one(client: Any, device: Device) -> None:
    event = told(device.id, Broker().come(0)) | {"principalIdentifier": "1" * 64}

    assert handler(batch(event), None) == {"batchItemFailures": []}
    assert client.get(f"/api/v1/devices/{device.id}").ok()["status"] == "PENDING"


def test_only_what_failed_comes_again(client: Any, device: Device) -> None:
    event = Broker().come(0)

    answer = handler(batch("{", told(device.id, event), {"clientId": device.id}), None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    assert client.get(f"/api/v1/devices/{device.id}").ok()["status"] == "ACTIVE"


def test_a_change_by_hand_is_not_lost(client: Any, device: Device) -> None:
    broker = Broker()
    url = f"/api/v1/devices/{device.id}"
    handler(batch(told(device.id, broker.come(0))), None)
    client.patch(url, {"name": "Pump 5"}).ok()

    handler(batch(told(device.id, broker.leave(1))), None)

    assert (client.get(url).ok()["name"], client.get(url).ok()["status"]) == ("Pump 5", "OFFLINE")
