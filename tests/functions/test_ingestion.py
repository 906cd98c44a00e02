"""Readings in by HTTP: columns, compressed bodies, all or none, profiles, and everything that is no reading."""

from __future__ import annotations

import gzip
import json
import zlib
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whimbrel.domain import codec
from whimbrel.ids import ComponentId, DeviceId, SensorId
from whimbrel.instants import format_ms

READINGS = "/api/v1/readings"
QUARANTINE = "/api/v1/admin/quarantine"
T0 = 1_767_225_600_000  # 2026-01-01
LIMIT = 5 * 1024 * 1024
GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


@pytest.fixture
def device(client: Any) -> str:
    return client.post("/api/v1/devices", {"name": "Pump 4"}).ok()["id"]


def sensor_of(device_id: str, key: str, component: str = "main") -> str:
    return SensorId.named(DeviceId(device_id), component, key)


def values(client: Any, sensor: str) -> list[tuple[str, Any]]:
    page = client.get(f"{READINGS}/sensor/{sensor}?limit=10000").ok()
    return [(point["timestamp"], point["value"]) for point in page["points"]]


def quarantined(client: Any) -> list[dict[str, Any]]:
    return client.get(QUARANTINE).ok()["items"]


def bind(organization: Any, device_id: str, component: str, profile: dict[str, Any] | None) -> None:
    """Bind a component to a profile; None stands for one that is gone."""
    profile_id = SensorId.new()
    dynamodb = boto3.client("dynamodb")
    key = {
        "pk": {"S": f"ORG#{organization.id}#component"},
        "sk": {"S": ComponentId.named(DeviceId(device_id), component)},
    }
    document = json.loads(dynamodb.get_item(TableName="registry", Key=key)["Item"]["doc"]["S"])
    dynamodb.update_item(
        TableName="registry",
        Key=key,
        UpdateExpression="SET doc = :doc",
        ExpressionAttributeValues={":doc": {"S": json.dumps(document | {"sensorProfileId": profile_id})}},
    )
    if profile:
        item = {"pk": {"S": f"ORG#{organization.id}#sensor_profile"}, "sk": {"S": profile_id}}
        dynamodb.put_item(TableName="registry", Item=item | {"doc": {"S": json.dumps(profile)}})


def test_columns_are_stored_as_their_readings(client: Any, device: str) -> None:
    client.post("/api/v1/components", {"deviceId": device, "key": "motor", "name": "Motor"}).ok()
    series = {
        "temperature": {"timestamps": [T0, format_ms(T0 + 1), "2026-01-01T01:00:00.002+01:00"], "values": [1, 2.5, -3]},
        "motor/on": {"timestamps": [T0 + 9, T0 + 5], "values": [True, False]},
        "state": {"timestamps": [T0], "values": ["idle · été"]},
    }

    result = client.post(READINGS, {"deviceId": device, "series": series}).ok()

    assert result == {"accepted": 6, "quarantined": 0, "errors": []}
    temperatures = [(format_ms(T0), 1.0), (format_ms(T0 + 1), 2.5), (format_ms(T0 + 2), -3.0)]
    assert values(client, sensor_of(device, "temperature")) == temperatures
    assert values(client, sensor_of(device, "on", "motor")) == [(format_ms(T0 + 5), False), (format_ms(T0 + 9), True)]
    assert values(client, sensor_of(device, "state")) == [(format_ms(T0), "idle · été")]


def test_a_bad_reading_in_a_column_is_named_by_its_place_and_harms_no_other(client: Any, device: str) -> None:
    client.post(READINGS, {"deviceId": device, "series": {"a": {"timestamps": [T0], "values": [0]}}}).ok()
    series = {
        "a": {"timestamps": [T0 + 1, "2026-01-01T00:00:00", T0 + 3], "values": [1, 2, 3]},
        sensor_of(device, "a"): {"timestamps": [T0 + 4, T0 + 5], "values": ["x", 5]},
        "tail/a": {"timestamps": [T0], "values": [6]},
    }

    result = client.post(READINGS, {"deviceId": device, "series": series}, at_ms=T0 + 1_000).ok()

    assert (result["accepted"], result["quarantined"]) == (3, 3)
    reasons = [(1, "BAD_TIMESTAMP"), (3, "TYPE_MISMATCH"), (5, "UNKNOWN_COMPONENT")]
    assert [(error["index"], error["reason"]) for error in result["errors"]] == reasons
    assert [value for _, value in values(client, sensor_of(device, "a"))] == [0.0, 1.0, 3.0, 5.0]
    kept = client.get(f"{QUARANTINE}/{result['errors'][1]['quarantineId']}").ok()
    assert kept["payload"] == {"sensorId": sensor_of(device, "a"), "timestamp": T0 + 4, "value": "x"}


@settings(max_examples=10)
@given(
    found=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(T0, T0 + 20), st.sampled_from([1, 2.5, True, "x", None])),
        min_size=1,
        max_size=12,
    )
)
def test_columns_and_readings_have_the_same_verdicts(an_organization: Any, found: list[Any]) -> None:
    found.sort(key=lambda each: each[0])
    series: dict[str, Any] = {}
    for name, at, value in found:
        column = series.setdefault(name, {"timestamps": [], "values": []})
        column["timestamps"].append(at)
        column["values"].append(value)
    rows = [{"sensorId": name, "timestamp": at, "value": value} for name, at, value in found]
    results: list[Any] = []
    for body in ({"series": series}, {"readings": rows}):
        client = an_organization("Columns").client
        device = client.post("/api/v1/devices", {"name": "d"}).ok()["id"]
        result = client.post(READINGS, {"deviceId": device, **body}, at_ms=T0 + 1_000).ok()
        errors = [(error["index"], error["reason"]) for error in result["errors"]]
        sensors = client.get(f"/api/v1/sensors?deviceId={device}").ok()["items"]
        stored = {each["key"]: values(client, each["id"]) for each in sensors}
        results.append((result["accepted"], errors, stored))

    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"series": {}}, "deviceId"),
        ({"deviceId": "d", "series": {}}, "series"),
        ({"deviceId": "d", "series": []}, "series"),
        ({"deviceId": "d", "series": {"a": {"timestamps": [], "values": []}}}, "series"),
        ({"deviceId": "d", "series": {"a": {"timestamps": [1], "values": [1]}}, "readings": []}, "series"),
        ({"deviceId": "d", "series": {"a": {"timestamps": [1], "values": []}}}, "series.a.values"),
        ({"deviceId": "d", "series": {"a": {"timestamps": 1, "values": [1]}}}, "series.a.timestamps"),
        ({"deviceId": "d", "series": {"a": {"timestamps": [1], "values": {}}}}, "series.a.values"),
        ({"deviceId": "d", "series": {"a": {"timestamps": [1]}}}, "series.a"),
        ({"deviceId": "d", "series": {"a": {"timestamps": [1], "values": [1], "unit": "K"}}}, "series.a"),
        ({"deviceId": "d", "series": {"a": 5}}, "series.a"),
        ({"deviceId": "d", "series": {"\ud800": 5}}, "series.?"),
        ({"deviceId": "d", "series": {"a": {"timestamps": [1] * 50_001, "values": [1] * 50_001}}}, "series"),
        ({"deviceId": "d", "readings": []}, "readings"),
        ({"deviceId": "d"}, "readings"),
    ],
    ids=range(15),
)
def test_columns_that_are_none_are_refused_whole_with_the_field(client: Any, body: Any, field: str) -> None:
    refused = client.post(READINGS, body)

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert refused.json()["errors"][0]["field"] == field
    assert quarantined(client) == []


def test_columns_of_a_foreign_device_are_kept_in_quarantine(client: Any, other: Any) -> None:
    foreign = other.post("/api/v1/devices", {"name": "Theirs"}).ok()["id"]

    result = client.post(
        READINGS, {"deviceId": foreign, "series": {"a": {"timestamps": [T0, T0], "values": [1, 2]}}}
    ).ok()

    assert [error["reason"] for error in result["errors"]] == ["UNKNOWN_SENSOR"] * 2
    assert other.get(f"/api/v1/sensors?deviceId={foreign}").ok()["items"] == []


@pytest.mark.parametrize("is_inflated", [False, True])
def test_a_gzip_body_is_taken_whether_the_gateway_inflates_it_or_not(
    client: Any, device: str, *, is_inflated: bool
) -> None:
    body = json.dumps({"deviceId": device, "readings": [{"sensorId": "a", "timestamp": T0, "value": 1}]})

    sent = body if is_inflated else gzip.compress(body.encode())
    result = client.request("POST", READINGS, body=sent, headers=GZIP).ok()

    assert result == {"accepted": 1, "quarantined": 0, "errors": []}
    assert values(client, sensor_of(device, "a")) == [(format_ms(T0), 1.0)]


def test_other_operations_take_gzip_too(client: Any) -> None:
    body = gzip.compress(b'{"name": ') + gzip.compress(b'"Two members"}')

    made = client.request("POST", "/api/v1/devices", body=body, headers=GZIP).ok()

    assert made["name"] == "Two members"


GOOD = gzip.compress(b"[]" + b" " * 1000)
BOMB = gzip.compress(b" " * (LIMIT + 1))


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", GOOD, HTTPStatus.UNPROCESSABLE_ENTITY),
        ("GZIP", GOOD, HTTPStatus.UNPROCESSABLE_ENTITY),
        ("identity", b"[]", HTTPStatus.UNPROCESSABLE_ENTITY),
        ("gzip", GOOD[:-1], HTTPStatus.BAD_REQUEST),
        ("gzip", GOOD[:12], HTTPStatus.BAD_REQUEST),
        ("gzip", GOOD[:20] + bytes([GOOD[20] ^ 255]) + GOOD[21:], HTTPStatus.BAD_REQUEST),
        ("gzip", GOOD[:-8] + bytes(8), HTTPStatus.BAD_REQUEST),
        ("gzip", GOOD + b"x", HTTPStatus.BAD_REQUEST),
        ("gzip", gzip.compress(b"\xff"), HTTPStatus.BAD_REQUEST),
        ("gzip", zlib.compress(b"[]"), HTTPStatus.BAD_REQUEST),
        ("gzip", b"no gzip", HTTPStatus.BAD_REQUEST),
        ("gzip", BOMB, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ("gzip", gzip.compress(b" " * LIMIT) + gzip.compress(b" "), HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ("gzip", gzip.compress(bytes(200_000_000), 1), HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ("br", b"[]", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("deflate", zlib.compress(b"[]"), HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("gzip, gzip", gzip.compress(GOOD), HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    ],
    ids=range(17),
)
def test_a_compressed_body_that_is_none_is_refused(client: Any, encoding: str, body: bytes, status: int) -> None:
    refused = client.request("POST", READINGS, body=body, headers=GZIP | {"Content-Encoding": encoding})

    assert refused.status_code == status, refused.body
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_all_or_none_keeps_none_if_one_is_refused(client: Any, device: str) -> None:
    readings = [
        {"sensorId": "new", "timestamp": T0, "value": 1},
        {"sensorId": "new", "timestamp": "then", "value": 2},
        {"deviceId": "nobody", "sensorId": "new", "timestamp": T0, "value": 3},
    ]

    refused = client.post(f"{READINGS}?atomic=true", {"deviceId": device, "readings": readings})

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    problem = refused.json()
    assert [(each["index"], each["reason"]) for each in problem["refused"]] == [
        (1, "BAD_TIMESTAMP"),
        (2, "UNKNOWN_SENSOR"),
    ]
    assert [each["field"] for each in problem["errors"]] == ["[1]", "[2]"]
    assert quarantined(client) == []
    assert client.get(f"/api/v1/sensors?deviceId={device}").ok()["items"] == []


@pytest.mark.parametrize("query", ["?atomic=true", "?atomic=false", ""])
def test_all_or_none_keeps_all_that_are_good(client: Any, device: str, query: str) -> None:
    body = {"deviceId": device, "readings": [{"sensorId": "a", "timestamp": T0, "value": 1}]}

    assert client.post(f"{READINGS}{query}", body).ok()["accepted"] == 1
    assert values(client, sensor_of(device, "a")) == [(format_ms(T0), 1.0)]


@pytest.mark.parametrize("query", ["atomic=yes", "atomic=", "atomic=True", "atomik=true"])
def test_all_or_none_is_true_or_false(client: Any, query: str) -> None:
    refused = client.post(f"{READINGS}?{query}", [1])

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert refused.json()["errors"][0]["field"] == query.partition("=")[0]


DEEP = "[" * 500 + "]" * 500


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        ('{"sensorId": "a", "value": 1, "value": 2}', "MALFORMED_JSON"),
        ('{"component": "main", "fields": {"a": 1, "a": 1}}', "MALFORMED_JSON"),
        ('{"sensorId": "a", "value": 1, "metadata": {"b": {"c": 1, "c": 2}}}', "MALFORMED_JSON"),
        ('{"sensorId": "a", "value": 1, "metadata": {"b": [{"c": 1, "c": 2}]}}', "MALFORMED_JSON"),
        (f'{{"sensorId": "a", "value": {DEEP}}}', "TYPE_MISMATCH"),
        (f'{{"sensorId": "a", "value": 1, "metadata": {{"b": {DEEP}}}}}', "MALFORMED_JSON"),
        (f'{{"sensorId": {DEEP}, "value": 1}}', "TYPE_MISMATCH"),
        (f'{{"component": {DEEP}, "fields": {{"a": 1}}}}', "UNKNOWN_COMPONENT"),
        (f'{{"sensorId": "whole", "value": {2**63}}}', "OUT_OF_RANGE"),
        (f'{{"sensorId": "whole", "value": {-(2**63) - 1}}}', "OUT_OF_RANGE"),
        (f'{{"sensorId": "a", "value": {"9" * 4_000}}}', "OUT_OF_RANGE"),
        (f'{{"sensorId": "a", "value": 1, "timestamp": {"9" * 4_000}}}', "BAD_TIMESTAMP"),
        ('{"sensorId": "a", "value": 1e999}', "OUT_OF_RANGE"),
        ('{"sensorId": "a", "value": 1, "timestamp": "10000-01-01T00:00:00Z"}', "BAD_TIMESTAMP"),
        ('{"sensorId": "a", "value": 1, "timestamp": "2026-01-01T00:00:00.000"}', "BAD_TIMESTAMP"),
        ('{"sensorId": "text", "value": "\\ud800"}', "MALFORMED_JSON"),
        ('{"sensorId": "\\ud800", "value": 1}', "UNKNOWN_SENSOR"),
        ('{"sensorId": "a", "value": [1]}', "TYPE_MISMATCH"),
    ],
    ids=range(18),
)
@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_what_is_wrong_in_a_reading_puts_it_into_quarantine(
    client: Any, device: str, reading: str, reason: str, *, known: bool
) -> None:
    for key, value_type in (("whole", "BIGINT"), ("text", "TEXT"), *([("a", "DOUBLE")] if known else [])):
        body = {"deviceId": device, "key": key, "name": key, "valueType": value_type}
        client.post("/api/v1/sensors", body).ok()
    good = f'{{"sensorId": "good", "timestamp": {T0}, "value": 1}}'

    result = client.request("POST", READINGS, body=f'{{"deviceId": "{device}", "readings": [{reading}, {good}]}}').ok()

    assert (result["accepted"], result["quarantined"]) == (1, 1)
    assert (result["errors"][0]["index"], result["errors"][0]["reason"]) == (0, reason)
    assert len(values(client, sensor_of(device, "good"))) == 1
    assert [item["reason"] for item in quarantined(client)] == [reason]
    assert client.get(f"{QUARANTINE}/{result['errors'][0]['quarantineId']}").ok()["reason"] == reason


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"deviceId": "a", "deviceId": "b", "readings": [1]}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"deviceId": "a", "series": {"a": {}, "a": {}}}', HTTPStatus.UNPROCESSABLE_ENTITY),
        (
            '{"deviceId": "a", "series": {"a": {"values": [1], "values": [1], "timestamps": [1]}}}',
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
        (f"[{'9' * 5_000}]", HTTPStatus.BAD_REQUEST),
        ("[Infinity]", HTTPStatus.BAD_REQUEST),
        ('{"deviceId": "a", "series": {"a": {"values": [-Infinity], "timestamps": [1]}}}', HTTPStatus.BAD_REQUEST),
        ('{"\\ud800": 1}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ("", HTTPStatus.BAD_REQUEST),
        ("null", HTTPStatus.UNPROCESSABLE_ENTITY),
    ],
    ids=range(9),
)
def test_a_body_that_is_wrong_as_a_whole_leaves_nothing_behind(client: Any, body: str, status: int) -> None:
    refused = client.request("POST", READINGS, body=body)

    assert refused.status_code == status, refused.body
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert quarantined(client) == []


WEATHER = {
    "key": "weather",
    "fields": [
        {"key": "temperature", "type": "DOUBLE", "unit": "Cel", "min": -50, "max": 50, "required": True},
        {"key": "axes", "type": "ARRAY", "items": {"type": "DOUBLE", "minItems": 2, "maxItems": 3}},
    ],
}


def test_a_profile_decides_what_a_component_has(organization: Any, client: Any, device: str) -> None:
    client.post("/api/v1/components", {"deviceId": device, "key": "mast", "name": "Mast"}).ok()
    bind(organization, device, "mast", WEATHER)
    sent = [
        {"component": "mast", "timestamp": T0, "fields": {"temperature": 21.5, "axes": [1, 2]}},
        {"component": "mast", "timestamp": T0 + 1, "fields": {"axes": [1, 2]}},
        {"component": "mast", "timestamp": T0 + 2, "fields": {"temperature": 1, "axes": [1]}},
        {"component": "mast", "timestamp": T0 + 3, "fields": {"temperature": 51}},
        {"sensorId": "mast/humidity", "timestamp": T0 + 4, "value": 5},
        {"sensorId": "mast/temperature", "timestamp": T0 + 5, "value": 22},
    ]

    result = client.post(READINGS, {"deviceId": device, "readings": sent}).ok()

    reasons = {1: "MISSING_FIELD", 2: "ARRAY_SIZE", 3: "OUT_OF_RANGE", 4: "UNKNOWN_SENSOR"}
    assert {error["index"]: error["reason"] for error in result["errors"]} == reasons
    made = {item["key"]: item["unit"] for item in client.get(f"/api/v1/sensors?deviceId={device}").ok()["items"]}
    assert made == {"temperature": "Cel", "axes.0": None, "axes.1": None}
    assert [value for _, value in values(client, sensor_of(device, "temperature", "mast"))] == [21.5, 22.0]


def test_a_component_whose_profile_is_gone_takes_nothing(organization: Any, client: Any, device: str) -> None:
    client.post("/api/v1/components", {"deviceId": device, "key": "mast", "name": "Mast"}).ok()
    bind(organization, device, "mast", None)

    result = client.post(READINGS, {"deviceId": device, "readings": [{"sensorId": "mast/a", "value": 1}]}).ok()

    assert [error["reason"] for error in result["errors"]] == ["MISSING_PROFILE"]


def test_a_foreign_profile_is_none(organization: Any, an_organization: Any, client: Any, device: str) -> None:
    theirs = an_organization("Umbrella")
    their_device = theirs.client.post("/api/v1/devices", {"name": "d"}).ok()["id"]
    theirs.client.post("/api/v1/components", {"deviceId": their_device, "key": "mast", "name": "Mast"}).ok()
    bind(theirs, their_device, "mast", WEATHER)
    client.post("/api/v1/components", {"deviceId": device, "key": "mast", "name": "Mast"}).ok()
    dynamodb = boto3.client("dynamodb")

    def key(organization_id: str, owner: str) -> dict[str, Any]:
        component = ComponentId.named(DeviceId(owner), "mast")
        return {"pk": {"S": f"ORG#{organization_id}#component"}, "sk": {"S": component}}

    bound = json.loads(dynamodb.get_item(TableName="registry", Key=key(theirs.id, their_device))["Item"]["doc"]["S"])
    own = json.loads(dynamodb.get_item(TableName="registry", Key=key(organization.id, device))["Item"]["doc"]["S"])
    dynamodb.update_item(
        TableName="registry",
        Key=key(organization.id, device),
        UpdateExpression="SET doc = :doc",
        ExpressionAttributeValues={":doc": {"S": json.dumps(own | {"sensorProfileId": bound["sensorProfileId"]})}},
    )

    result = client.post(READINGS, {"deviceId": device, "readings": [{"sensorId": "mast/temperature", "value": 1}]})

    assert [error["reason"] for error in result.ok()["errors"]] == ["MISSING_PROFILE"]


def test_a_large_batch_in_columns_is_stored_whole(client: Any, device: str) -> None:
    series = {
        "a": {"timestamps": [T0 + 1_000 * n for n in range(9_000)], "values": [n / 10 for n in range(9_000)]},
        "b": {"timestamps": [T0 + 1_000 * n for n in range(3_000)], "values": list(range(3_000))},
    }

    result = client.request(
        "POST", READINGS, body=gzip.compress(json.dumps({"deviceId": device, "series": series}).encode()), headers=GZIP
    ).ok()

    codec._vectorised = None  # the choice is the process's; other tests make their own
    assert result == {"accepted": 12_000, "quarantined": 0, "errors": []}
    assert [value for _, value in values(client, sensor_of(device, "a"))] == [n / 10 for n in range(9_000)]
    assert [value for _, value in values(client, sensor_of(device, "b"))] == list(map(float, range(3_000)))
