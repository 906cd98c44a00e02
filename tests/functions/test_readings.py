"""Readings in by HTTP and by the queue, and back out."""

from __future__ import annotations

import base64
import json
import random
import time
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whimbrel.ids import DeviceId, SensorId
from whimbrel.instants import format_ms

READINGS = "/api/v1/readings"
T0 = 1_767_225_600_000  # 2026-01-01


@pytest.fixture
def device(client: Any) -> str:
    return client.post("/api/v1/devices", {"name": "Pump 4"}).ok()["id"]


def sensor_of(device_id: str, key: str, component: str = "main") -> str:
    return SensorId.named(DeviceId(device_id), component, key)


def simple(device_id: str, key: str, at: int | None, value: Any, **more: Any) -> dict[str, Any]:
    reading: dict[str, Any] = {"deviceId": device_id, "sensorId": key, "value": value, **more}
    return reading if at is None else {**reading, "timestamp": format_ms(at)}


def values(client: Any, sensor: str, query: str = "") -> list[tuple[str, Any]]:
    page = client.get(f"{READINGS}/sensor/{sensor}?{query}").ok()
    return [(point["timestamp"], point["value"]) for point in page["points"]]


def by_queue(organization: Any, device_id: str, payload: bytes | Any, received_ms: int, message: str = "m1") -> Any:
    from functions.readings.ingest import handler

    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    body = {
        "data": base64.b64encode(data).decode(),
        "orgId": organization.id,
        "deviceId": device_id,
        "receivedAt": received_ms,
    }
    return handler({"Records": [{"messageId": message, "body": json.dumps(body)}]}, None)


@pytest.fixture(autouse=True)
def nothing_known(aws: None) -> None:
    from functions.readings import ingest

    ingest._known.cache_clear()


def test_all_four_types_come_back_and_make_their_sensors(client: Any, device: str) -> None:
    sent = [
        simple(device, "temperature", T0, 21.5, metadata={"raw": [1, 2]}),
        simple(device, "door", T0, value=True),
        simple(device, "state", T0, "idle · été"),
        simple(device, "count", T0, 7),
    ]
    client.post(
        "/api/v1/sensors", {"deviceId": device, "key": "count", "name": "Count", "valueType": "BIGINT", "unit": "1"}
    ).ok()

    result = client.post(READINGS, sent).ok()

    assert result == {"accepted": 4, "quarantined": 0, "errors": []}
    types = {item["key"]: item["valueType"] for item in client.get(f"/api/v1/sensors?deviceId={device}").ok()["items"]}
    assert types == {"temperature": "DOUBLE", "door": "BOOLEAN", "state": "TEXT", "count": "BIGINT"}
    page = client.get(f"{READINGS}/sensor/{sensor_of(device, 'temperature')}").ok()
    assert page == {
        "sensorId": sensor_of(device, "temperature"),
        "valueType": "DOUBLE",
        "unit": None,
        "points": [{"timestamp": "2026-01-01T00:00:00.000Z", "value": 21.5, "metadata": {"raw": [1, 2]}}],
        "nextCursor": None,
    }
    assert values(client, sensor_of(device, "state")) == [("2026-01-01T00:00:00.000Z", "idle · été")]
    assert values(client, sensor_of(device, "door"))[0][1] is True
    assert values(client, sensor_of(device, "count"))[0][1] == 7


def test_the_structured_form_fills_a_component(client: Any, device: str) -> None:
    component = client.post("/api/v1/components", {"deviceId": device, "key": "motor", "name": "Motor"}).ok()
    sent = [
        {"component": "motor", "timestamp": T0, "fields": {"rpm": 900, "ok": True}},
        {"componentId": component["id"], "timestamp": T0 + 1, "fields": {"rpm": 901}},
        {"sensorId": "motor/rpm", "timestamp": T0 + 2, "value": 902.5},
        {"sensorId": sensor_of(device, "rpm", "motor"), "timestamp": T0 + 3, "value": 903},
    ]

    assert client.post(READINGS, {"deviceId": device, "readings": sent}).ok()["accepted"] == 4

    assert [value for _, value in values(client, sensor_of(device, "rpm", "motor"))] == [900.0, 901.0, 902.5, 903.0]


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        ({"sensorId": "a"}, "MISSING_FIELD"),
        ({"value": 1}, "MISSING_FIELD"),
        ({"component": "main", "fields": {}}, "MISSING_FIELD"),
        ({"fields": {"a": 1}}, "MISSING_FIELD"),
        ({"sensorId": "a", "value": 1, "vaule": 2}, "MALFORMED_JSON"),
        (17, "MALFORMED_JSON"),
        ({"sensorId": "tail/a", "value": 1}, "UNKNOWN_COMPONENT"),
        ({"component": "tail", "fields": {"a": 1}}, "UNKNOWN_COMPONENT"),
        ({"componentId": "x", "fields": {"a": 1}}, "UNKNOWN_COMPONENT"),
        ({"sensorId": SensorId.new(), "value": 1}, "UNKNOWN_SENSOR"),
        ({"sensorId": "not a key", "value": 1}, "UNKNOWN_SENSOR"),
        ({"sensorId": 5, "value": 1}, "TYPE_MISMATCH"),
        ({"sensorId": "a", "value": None}, "TYPE_MISMATCH"),
        ({"sensorId": "a", "value": {}}, "TYPE_MISMATCH"),
        ({"sensorId": "text", "value": 1}, "TYPE_MISMATCH"),
        ({"sensorId": "whole", "value": 1.5}, "TYPE_MISMATCH"),
        ({"sensorId": "whole", "value": 2**63}, "OUT_OF_RANGE"),
        ({"sensorId": "a", "value": 10**39}, None),
        ({"sensorId": "text", "value": "x" * 1_001}, "TOO_LARGE"),
        ({"sensorId": "text", "value": "\ud800"}, "MALFORMED_JSON"),
        ({"sensorId": "a", "value": 1, "metadata": {"x": "y" * 10_240}}, "TOO_LARGE"),
        ({"sensorId": "a", "value": 1, "metadata": [1]}, "TYPE_MISMATCH"),
        ({"sensorId": "a", "value": 1, "timestamp": "2026-01-01T00:00:00"}, "BAD_TIMESTAMP"),
        ({"sensorId": "a", "value": 1, "timestamp": "yesterday"}, "BAD_TIMESTAMP"),
        ({"sensorId": "a", "value": 1, "timestamp": -1}, "BAD_TIMESTAMP"),
        ({"sensorId": "a", "value": 1, "timestamp": "1969-12-31T23:59:59Z"}, "BAD_TIMESTAMP"),
        ({"sensorId": "a", "value": 1, "timestamp": 253_402_300_800_000}, "BAD_TIMESTAMP"),
        ({"sensorId": "a", "value": 1, "timestamp": "9999-99-31T23:59:59Z"}, "BAD_TIMESTAMP"),
        ({"sensorId": "a", "value": 1, "timestamp": True}, "BAD_TIMESTAMP"),
        ({"sensorId": "a", "value": 1, "timestamp": T0 + 300_001}, "BAD_TIMESTAMP"),
        ({"sensorId": "a", "value": 1, "timestamp": T0 + 300_000}, None),
        ({"sensorId": "whole", "value": -(2**63)}, None),
        ({"sensorId": "text", "value": "x" * 1_000}, None),
    ],
)
def test_a_bad_reading_is_kept_with_its_reason_and_harms_no_other(
    client: Any, device: str, reading: Any, reason: str | None
) -> None:
    for key, value_type in (("whole", "BIGINT"), ("text", "TEXT")):
        body = {"deviceId": device, "key": key, "name": key, "valueType": value_type}
        client.post("/api/v1/sensors", body).ok()
    good = {"sensorId": "good", "timestamp": T0, "value": 1}
    body = {"deviceId": device, "readings": [good, reading, {**good, "timestamp": T0 + 1}]}

    result = client.post(READINGS, body, at_ms=T0).ok()

    assert len(values(client, sensor_of(device, "good"))) == 2
    if reason is None:
        assert result == {"accepted": 3, "quarantined": 0, "errors": []}
        return
    assert (result["accepted"], result["quarantined"]) == (2, 1)
    verdict = result["errors"][0]
    assert (verdict["index"], verdict["reason"]) == (1, reason)
    kept = client.get(f"/api/v1/admin/quarantine/{verdict['quarantineId']}").ok()
    assert (kept["reason"], kept["deviceId"], kept["source"]) == (reason, device, "HTTP")
    assert [item["id"] for item in client.get("/api/v1/admin/quarantine").ok()["items"]] == [kept["id"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[", HTTPStatus.BAD_REQUEST),
        ('[{"sensorId":"a","value":NaN}]', HTTPStatus.BAD_REQUEST),
        ("[" * 100_000, HTTPStatus.BAD_REQUEST),
        ("[]", HTTPStatus.UNPROCESSABLE_ENTITY),
        ('"x"', HTTPStatus.UNPROCESSABLE_ENTITY),
        ("{}", HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"deviceId": 5, "readings": [1]}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"readings": [1], "extra": 1}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ("[" + "1," * 50_000 + "1]", HTTPStatus.UNPROCESSABLE_ENTITY),
        (" " * (5 * 1024 * 1024 + 1), HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
    ids=["cut", "nan", "deep", "empty", "text", "object", "number", "extra", "many", "large"],
)
def test_a_request_that_is_no_batch_is_refused_whole(client: Any, body: str, status: int) -> None:
    assert client.request("POST", READINGS, body=body).status_code == status
    assert client.get("/api/v1/admin/quarantine").ok()["items"] == []


def test_an_infinite_number_is_kept_in_quarantine(client: Any, device: str) -> None:
    body = f'{{"deviceId": "{device}", "readings": [{{"sensorId": "a", "value": 1e999}}]}}'

    result = client.request("POST", READINGS, body=body).ok()

    assert result["errors"][0]["reason"] == "OUT_OF_RANGE"
    assert client.get(f"/api/v1/admin/quarantine/{result['errors'][0]['quarantineId']}").ok()


def test_readings_of_nobody_are_kept_too(client: Any, other: Any) -> None:
    foreign = other.post("/api/v1/devices", {"name": "Theirs"}).ok()["id"]

    sent = [simple(foreign, "a", T0, 1), {"sensorId": "a", "value": 1}, simple("", "a", T0, 1), simple("x", "a", T0, 1)]
    result = client.post(READINGS, sent).ok()

    reasons = ["UNKNOWN_SENSOR", "MISSING_FIELD", "UNKNOWN_SENSOR", "UNKNOWN_SENSOR"]
    assert [error["reason"] for error in result["errors"]] == reasons
    assert other.get("/api/v1/admin/quarantine").ok()["items"] == []
    assert other.get(f"/api/v1/sensors?deviceId={foreign}").ok()["items"] == []


def test_an_inactive_device_is_quarantined(client: Any, device: str) -> None:
    client.patch(f"/api/v1/devices/{device}", {"status": "INACTIVE"}).ok()

    result = client.post(READINGS, [simple(device, "a", T0, 1)]).ok()

    assert result["errors"][0]["reason"] == "DEVICE_INACTIVE"


def test_the_later_acceptance_wins_whatever_comes_first(client: Any, device: str) -> None:
    client.post(READINGS, [simple(device, "a", T0, 2)], at_ms=T0 + 2_000).ok()
    client.post(READINGS, [simple(device, "a", T0, 1)], at_ms=T0 + 1_000).ok()

    assert values(client, sensor_of(device, "a")) == [("2026-01-01T00:00:00.000Z", 2.0)]


def test_pages_join_to_the_range_in_both_orders(client: Any, device: str) -> None:
    times = [T0 + 60_000 * n for n in range(50)]
    shuffled = times[:]
    random.Random(7).shuffle(shuffled)
    for start in range(0, 50, 10):
        client.post(READINGS, [simple(device, "a", at, at % 1000) for at in shuffled[start : start + 10]]).ok()
    sensor = sensor_of(device, "a")
    wanted = [format_ms(at) for at in times if T0 + 60_000 <= at < T0 + 60_000 * 40]

    for order, expected in (("asc", wanted), ("desc", wanted[::-1])):
        query = f"from={format_ms(T0 + 60_000)}&to={format_ms(T0 + 60_000 * 40)}&order={order}&limit=7"
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            tail = f"&cursor={cursor}" if cursor else ""
            page = client.get(f"{READINGS}/sensor/{sensor}?{query}{tail}").ok()
            assert len(page["points"]) <= 7
            found += [point["timestamp"] for point in page["points"]]
            cursor = page["nextCursor"]
        assert found == expected


def test_a_cursor_of_one_range_is_refused_for_another(client: Any, other: Any, device: str) -> None:
    client.post(READINGS, [simple(device, "a", T0 + n, n) for n in range(5)]).ok()
    url = f"{READINGS}/sensor/{sensor_of(device, 'a')}"
    cursor = client.get(f"{url}?limit=2").ok()["nextCursor"]

    assert client.get(f"{url}?limit=2&cursor={cursor}").status_code == HTTPStatus.OK
    assert client.get(f"{url}?limit=2&order=desc&cursor={cursor}").status_code == HTTPStatus.BAD_REQUEST
    assert client.get(f"{url}?cursor={cursor}&to=2027-01-01T00:00:00Z").status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z",
        "from=2026-01-02T00:00:00",
        "from=now",
        "limit=0",
        "limit=10001",
        "order=up",
        "form=2026-01-02T00:00:00Z",
    ],
)
def test_a_bad_question_names_its_field(client: Any, device: str, query: str) -> None:
    client.post(READINGS, [simple(device, "a", T0, 1)]).ok()

    refused = client.get(f"{READINGS}/sensor/{sensor_of(device, 'a')}?{query}")

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert refused.json()["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


def test_the_window_ends_now(client: Any, device: str) -> None:
    now = time.time_ns() // 1_000_000
    readings = [simple(device, "a", now - minutes * 60_000, minutes) for minutes in (1, 14, 16, 60 * 25)]
    client.post(READINGS, readings).ok()
    url = f"{READINGS}/sensor/{sensor_of(device, 'a')}/window"

    def found(last: str) -> list[float]:
        return [point["value"] for point in client.get(f"{url}?last={last}").ok()["points"]]

    assert found("15m") == found("PT15M") == [14.0, 1.0]
    assert found("24h") == [16.0, 14.0, 1.0]
    assert len(found("7d")) == 4
    for bad in ("15", "m", "0s", "-5m", "P", "1000000w", "PT"):
        assert client.get(f"{url}?last={bad}").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_latest_is_by_time_and_not_by_arrival(client: Any, device: str) -> None:
    client.post(READINGS, [simple(device, "a", T0 + 5, 5), simple(device, "b", T0 + 1, value=True)]).ok()
    client.post(READINGS, [simple(device, "a", T0 + 3, 3)]).ok()

    items = client.get(f"{READINGS}/latest?deviceId={device}").ok()["items"]

    assert {item["key"]: item["value"] for item in items} == {"a": 5.0, "b": True}
    some = client.get(f"{READINGS}/latest?sensorIds={sensor_of(device, 'a')}&sensorIds={sensor_of(device, 'b')}").ok()
    assert len(some["items"]) == 2
    for bad in ("", f"?deviceId={device}&sensorIds={sensor_of(device, 'a')}"):
        assert client.get(f"{READINGS}/latest{bad}").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_foreign_sensor_is_not_found(client: Any, other: Any, device: str) -> None:
    client.post(READINGS, [simple(device, "a", T0, 1)]).ok()
    sensor = sensor_of(device, "a")

    for url in (
        f"sensor/{sensor}",
        f"sensor/{sensor}/window",
        f"latest?sensorIds={sensor}",
        f"latest?deviceId={device}",
    ):
        assert other.get(f"{READINGS}/{url}").status_code == HTTPStatus.NOT_FOUND


def test_a_message_is_stored_once_however_often_it_comes(organization: Any, client: Any, device: str) -> None:
    payload = [{"sensorId": "a", "timestamp": T0, "value": 1}, {"sensorId": "a", "value": 2}, {"sensorId": "b"}]

    for _ in range(3):
        assert by_queue(organization, device, payload, T0 + 500) == {"batchItemFailures": []}

    assert values(client, sensor_of(device, "a")) == [(format_ms(T0), 1.0), (format_ms(T0 + 500), 2.0)]
    kept = client.get("/api/v1/admin/quarantine").ok()["items"]
    assert [(item["reason"], item["source"], item["receivedAt"]) for item in kept] == [
        ("MISSING_FIELD", "MQTT", format_ms(T0 + 500))
    ]


@pytest.mark.parametrize("payload", [b"\xff\xfe\x00", b"{", b"", b"[" * 5_000, b'{"a": NaN}'])
def test_what_is_no_json_goes_to_quarantine_and_does_not_come_again(
    organization: Any, client: Any, device: str, payload: bytes
) -> None:
    assert by_queue(organization, device, payload, T0) == {"batchItemFailures": []}

    assert [item["reason"] for item in client.get("/api/v1/admin/quarantine").ok()["items"]] == ["MALFORMED_JSON"]


def test_a_gateway_speaks_for_its_own_children_only(organization: Any, client: Any, device: str) -> None:
    child = client.post("/api/v1/devices", {"name": "child", "gatewayId": device}).ok()["id"]
    neighbour = client.post("/api/v1/devices", {"name": "neighbour"}).ok()["id"]
    payload = [{"deviceId": one, "sensorId": "a", "timestamp": T0, "value": 1} for one in (child, neighbour)]

    by_queue(organization, device, payload, T0)

    assert len(values(client, sensor_of(child, "a"))) == 1
    assert client.get(f"/api/v1/sensors?deviceId={neighbour}").ok()["items"] == []
    assert [item["reason"] for item in client.get("/api/v1/admin/quarantine").ok()["items"]] == ["UNKNOWN_SENSOR"]


def test_only_the_messages_that_failed_come_again(
    organization: Any, client: Any, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    from functions.readings.ingest import handler
    from whimbrel.store.readings import ReadingStore

    broken = client.post("/api/v1/devices", {"name": "broken"}).ok()["id"]
    append = ReadingStore.append

    def failing(store: ReadingStore, batch: Any, names: Any) -> Any:
        failures = append(store, {name: frame for name, frame in batch.items() if name != broken}, names)
        return failures | {broken: ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")}

    monkeypatch.setattr(ReadingStore, "append", failing)
    records = [
        {
            "messageId": name,
            "body": json.dumps(
                {
                    "data": base64.b64encode(b'{"sensorId":"a","value":1}').decode(),
                    "orgId": organization.id,
                    "deviceId": device_id,
                    "receivedAt": T0,
                }
            ),
        }
        for name, device_id in (("good", device), ("bad", broken))
    ]

    assert handler({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert len(values(client, sensor_of(device, "a"))) == 1


def test_retention_hides_at_once_what_is_older(organization: Any, client: Any, device: str) -> None:
    from whimbrel.domain.organizations import Organization
    from whimbrel.ids import OrganizationId
    from whimbrel.store.tenant import Tenant

    now = time.time_ns() // 1_000_000
    client.post(READINGS, [simple(device, "a", now - days * 86_400_000, days) for days in (1, 3)]).ok()
    organizations = Tenant(OrganizationId(organization.id)).things(Organization)
    organizations.change(OrganizationId(organization.id), lambda one: one.next_version(retention_days=2))

    assert [value for _, value in values(client, sensor_of(device, "a"))] == [1.0]


@settings(max_examples=15)
@given(
    order=st.permutations(range(12)),
    cuts=st.sets(st.integers(1, 11), max_size=4),
    again=st.sets(st.integers(0, 11), max_size=4),
)
def test_order_batches_and_repetition_do_not_matter(
    an_organization: Any, order: list[int], cuts: set[int], again: set[int]
) -> None:
    """Twelve writes to five instants; each has its own time of acceptance, which alone decides."""
    client = an_organization("Any order").client
    device = client.post("/api/v1/devices", {"name": "d"}).ok()["id"]
    for position in [*order, *again]:
        reading = simple(device, "a", T0 + position % 5, position)
        client.post(READINGS, [reading], at_ms=T0 + 1_000 + position).ok()

    expected = [(format_ms(T0 + at), float(max(n for n in range(12) if n % 5 == at))) for at in range(5)]
    assert values(client, sensor_of(device, "a")) == expected
