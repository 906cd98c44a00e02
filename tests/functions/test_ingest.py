"""Readings in by the queue and by the stream: a message is stored once, and no message harms another."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.readings import ingest
from tests.functions.conftest import Calls, Crash
from whimbrel.ids import DeviceId, SensorId
from whimbrel.instants import format_ms, now_ms

READINGS = "/api/v1/readings"
QUARANTINE = "/api/v1/admin/quarantine"
T0 = 1_767_225_600_000  # 2026-01-01


@pytest.fixture(autouse=True)
def nothing_known(aws: None) -> None:
    ingest._known.cache_clear()


@pytest.fixture
def device(client: Any) -> str:
    return client.post("/api/v1/devices", {"name": "Pump 4"}).ok()["id"]


def said(organization: Any, device_id: str, payload: Any, received_ms: int = T0, **more: Any) -> str:
    """Return what the rule makes of a message."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    message = {
        "data": base64.b64encode(data).decode(),
        "orgId": organization.id,
        "deviceId": device_id,
        "receivedAt": received_ms,
    }
    return json.dumps(message | more)


def queued(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{place}", "body": body} for place, body in enumerate(bodies)]}


def streamed(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {"kinesis": {"sequenceNumber": f"m{place}", "data": base64.b64encode(body.encode()).decode()}}
            for place, body in enumerate(bodies)
        ]
    }


def handled(event: dict[str, Any]) -> list[str]:
    """Hand a batch over, and return the messages that have to come again."""
    return [failure["itemIdentifier"] for failure in ingest.handler(event, None)["batchItemFailures"]]


def values(client: Any, device_id: str, key: str) -> list[tuple[str, Any]]:
    sensor = SensorId.named(DeviceId(device_id), "main", key)
    return [(point["timestamp"], point["value"]) for point in client.get(f"{READINGS}/sensor/{sensor}").ok()["points"]]


def reasons(client: Any) -> list[str]:
    return sorted(item["reason"] for item in client.get(QUARANTINE).ok()["items"])


def reading(at: int, value: Any, key: str = "a") -> dict[str, Any]:
    return {"sensorId": key, "timestamp": at, "value": value}


@pytest.mark.parametrize("batch", [queued, streamed])
def test_the_queue_and_the_stream_are_one_pipeline(organization: Any, client: Any, device: str, batch: Any) -> None:
    bodies = [said(organization, device, [reading(T0 + n, n), 17], T0 + 50 + n) for n in range(3)]

    for _ in range(2):
        assert handled(batch(*bodies)) == []

    assert values(client, device, "a") == [(format_ms(T0 + n), float(n)) for n in range(3)]
    assert reasons(client) == ["MALFORMED_JSON"] * 3


POISON = [b"{", b"", b"\xff\xfe", b"null", b"[" * 50_000, b"17", b'[{"sensorId": "a", "value": NaN}]']


def test_a_poisonous_message_goes_to_quarantine_and_the_others_are_stored_once(
    organization: Any, client: Any, device: str
) -> None:
    bodies = [said(organization, device, payload, T0 + place) for place, payload in enumerate(POISON)]
    good = said(organization, device, [reading(T0, 1)])

    assert handled(queued(*bodies, good)) == []
    assert handled(queued(good, *reversed(bodies))) == []

    assert values(client, device, "a") == [(format_ms(T0), 1.0)]
    assert reasons(client) == ["MALFORMED_JSON"] * len(POISON)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        "[]",
        "5",
        "{}",
        '{"orgId": "x", "deviceId": "y", "receivedAt": 5, "data": ""}',
        '{"orgId": null}',
        "not base64",
        "no time",
    ],
)
@pytest.mark.parametrize("batch", [queued, streamed])
def test_what_the_rule_never_sent_comes_again_alone(
    organization: Any, client: Any, device: str, body: str, batch: Any
) -> None:
    if body == "not base64":
        body = said(organization, device, b"", data="A")
    if body == "no time":
        body = said(organization, device, b"", receivedAt="now")

    assert handled(batch(body, said(organization, device, reading(T0, 1)))) == ["m0"]

    assert values(client, device, "a") == [(format_ms(T0), 1.0)]


def test_a_gateway_speaks_for_its_children_in_one_message(organization: Any, client: Any, device: str) -> None:
    children = [client.post("/api/v1/devices", {"name": "c", "gatewayId": device}).ok()["id"] for _ in range(2)]
    stranger = client.post("/api/v1/devices", {"name": "s"}).ok()["id"]
    payload = [
        reading(T0, 0),
        {"deviceId": children[0], **reading(T0, 1)},
        {"deviceId": children[1], "component": "main", "timestamp": T0, "fields": {"a": 2}},
        {"deviceId": stranger, **reading(T0, 3)},
        {"deviceId": children[0], "sensorId": "a"},
    ]

    assert handled(queued(said(organization, device, payload))) == []
    assert handled(queued(said(organization, children[0], {"deviceId": device, **reading(T0 + 9, 9)}))) == []

    assert [values(client, each, "a") for each in (device, *children)] == [
        [(format_ms(T0), n)] for n in (0.0, 1.0, 2.0)
    ]
    kept = {(item["reason"], item["deviceId"]) for item in client.get(QUARANTINE).ok()["items"]}
    assert kept == {
        ("UNKNOWN_SENSOR", device),
        ("MISSING_FIELD", children[0]),
        ("UNKNOWN_SENSOR", children[0]),
    }


def test_the_topic_decides_whose_a_reading_is(organization: Any, other: Any, client: Any, device: str) -> None:
    theirs = other.post("/api/v1/devices", {"name": "Theirs"}).ok()["id"]

    handled(queued(said(organization, theirs, reading(T0, 1)), said(organization, device, reading(T0, 2))))

    assert other.get(f"/api/v1/sensors?deviceId={theirs}").ok()["items"] == []
    assert values(client, device, "a") == [(format_ms(T0), 2.0)]
    assert reasons(client) == ["UNKNOWN_SENSOR"]


@settings(max_examples=15)
@given(
    order=st.permutations(range(8)),
    cuts=st.sets(st.integers(1, 7), max_size=3),
    again=st.lists(st.integers(0, 7), max_size=4),
    is_streamed=st.booleans(),
)
def test_batches_order_and_redelivery_do_not_matter(
    an_organization: Any, order: list[int], cuts: set[int], again: list[int], *, is_streamed: bool
) -> None:
    """Eight messages for three instants of two sensors; each has its own time of acceptance, which alone decides."""
    ingest._known.cache_clear()
    organization = an_organization("Any order")
    device = organization.client.post("/api/v1/devices", {"name": "d"}).ok()["id"]
    bodies = [
        said(organization, device, [reading(T0 + n % 3, n), reading(T0 + n % 3, -n, "b")], T0 + 1_000 + n)
        for n in range(8)
    ]
    bounds = [0, *sorted(cuts), 8]
    batch = streamed if is_streamed else queued
    for start, end in pairwise(bounds):
        assert handled(batch(*(bodies[n] for n in order[start:end]))) == []
    assert handled(batch(*(bodies[n] for n in again))) == []

    newest = [max(n for n in range(8) if n % 3 == at) for at in range(3)]
    for key, sign in (("a", 1), ("b", -1)):
        expected = [(format_ms(T0 + at), float(sign * n)) for at, n in enumerate(newest)]
        assert values(organization.client, device, key) == expected


def test_whatever_call_fails_nothing_acknowledged_is_lost(
    organization: Any, client: Any, device: str, calls: Calls
) -> None:
    second = client.post("/api/v1/devices", {"name": "second"}).ok()["id"]
    event = queued(
        said(organization, device, [reading(T0, 1), 17]),
        said(organization, second, [reading(T0, 2)]),
    )
    crashes = 0
    while True:
        ingest._known.cache_clear()
        calls.begin({crashes // 2: "after" if crashes % 2 else "before"})
        try:
            assert handled(event) == []
        except Crash:
            crashes += 1
        else:
            break
    calls.begin()

    assert crashes > 10
    assert values(client, device, "a") == [(format_ms(T0), 1.0)]
    assert values(client, second, "a") == [(format_ms(T0), 2.0)]
    assert reasons(client) == ["MALFORMED_JSON"]


def test_what_the_api_has_just_changed_is_known_before_a_reading_is_refused(
    organization: Any, client: Any, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whimbrel.store import intake

    monkeypatch.setattr(intake, "RECHECKED_S", 0)
    handled(queued(said(organization, device, reading(T0, 1))))
    client.post("/api/v1/components", {"deviceId": device, "key": "motor", "name": "Motor"}).ok()

    handled(queued(said(organization, device, reading(T0, 1, "motor/rpm"))))

    assert reasons(client) == []


def test_a_device_that_was_looked_up_a_moment_ago_is_not_looked_up_for_each_refusal(
    organization: Any, device: str, calls: Calls
) -> None:
    handled(queued(said(organization, device, reading(T0, 1))))
    calls.begin()

    handled(queued(*(said(organization, device, reading(T0, 1, f"motor/{n}"), T0 + n) for n in range(5))))

    assert calls.made.count("Query") == 0


def test_many_messages_of_a_device_are_stored_by_few_writes(
    organization: Any, client: Any, device: str, calls: Calls
) -> None:
    handled(queued(said(organization, device, reading(T0, 0))))
    bodies = [said(organization, device, reading(T0 + n, n), T0 + n) for n in range(300)]
    calls.begin()

    assert handled(queued(*bodies)) == []

    assert len(calls.made) < 10
    assert len(values(client, device, "a")) == 300


def test_blocks_that_a_backfill_makes_go_when_the_organization_says_so(
    organization: Any, client: Any, device: str
) -> None:
    from whimbrel.domain.organizations import Organization
    from whimbrel.ids import OrganizationId
    from whimbrel.store.tenant import Tenant

    tenant = Tenant(OrganizationId(organization.id))
    tenant.things(Organization).change(tenant.organization_id, lambda one: one.next_version(retention_days=2))
    now = now_ms()
    for part in range(3):
        backfill = [reading(now - 3_600_000 + n, n) for n in range(part * 1_000, part * 1_000 + 1_000)]
        handled(queued(said(organization, device, backfill, now)))
    handled(queued(said(organization, device, [reading(now - 7_200_000 + n, n) for n in range(2_500)], now)))

    items = boto3.client("dynamodb").scan(TableName="blocks")["Items"]
    blocks = [item for item in items if "ttl" in item]
    assert blocks
    assert all(abs(int(item["ttl"]["N"]) - now // 1_000 - 2 * 86_400) < 40 * 86_400 for item in blocks)


def test_many_devices_are_looked_up_at_once(organization: Any, client: Any, calls: Calls) -> None:
    devices = [client.post("/api/v1/devices", {"name": "d"}).ok()["id"] for _ in range(25)]
    gone = SensorId.new()
    bodies = [said(organization, each, reading(T0, 1)) for each in (*devices, gone)]
    calls.begin()

    assert handled(queued(*bodies, *bodies)) == []

    assert all(values(client, each, "a") == [(format_ms(T0), 1.0)] for each in devices)
    assert set(reasons(client)) == {"UNKNOWN_SENSOR"}
