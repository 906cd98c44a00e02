"""The entity API through the gateway: values in, current values, history and chart."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.entities import looking
from functions.organizations.operator import handler as operator
from tests.functions.profiling import a_device_profile, publish
from tests.functions.sessions import session
from tests.gateway import Client
from whimbrel.auth import Role
from whimbrel.ids import ComponentId, DeviceId, OrganizationId, SensorId
from whimbrel.instants import format_ms, now_ms
from whimbrel.store import history
from whimbrel.store.tenant import Tenant

V1, ENTITIES = "/api/v1", "/v1/entities"
T0 = 1_767_225_600_000  # 2026-01-01
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
NOBODYS = "0190abcd-1234-7abc-8def-00000000ffff"
STRANGE = "3f1a7c52-6a0b-4c1e-9d5e-0b1f5a7c2d34"

# The document's requests, as they are printed there.
UPDATE = """{ "attribute_values": [ { "attribute_id": "ATTR_UUID", "value": "some value" }, \
{ "attribute_id": "ANOTHER_ATTR_UUID", "value": 42 } ]}"""
BACKFILL = """{ "attribute_values": [ { "attribute_id": "cpu-attr-uuid", "value": 72.4, "updated_at": \
"2026-02-23T10:00:00Z" }, { "attribute_id": "cpu-attr-uuid", "value": 85.1, "updated_at": "2026-02-23T10:05:00Z" }, \
{ "attribute_id": "cpu-attr-uuid", "value": 91.3, "updated_at": "2026-02-23T10:10:00Z" }, { "attribute_id": \
"cpu-attr-uuid", "value": 67.8, "updated_at": "2026-02-23T10:15:00Z" } ]}"""


@pytest.fixture
def device(client: Any) -> str:
    return a_device(client)


def a_device(client: Any, **fields: Any) -> str:
    return client.post(f"{V1}/devices", {"name": "Pump 4"} | fields).ok()["id"]


def sensor_of(device_id: str, key: str, component: str = "main") -> str:
    return SensorId.named(DeviceId(device_id), component, key)


def values(*rows: tuple[str, Any, int]) -> dict[str, Any]:
    return {
        "attribute_values": [
            {"attribute_id": name, "value": value, "updated_at": format_ms(at)} for name, value, at in rows
        ]
    }


def shown(client: Any, sensor: str) -> list[tuple[str, Any]]:
    """Return what the main API has of a sensor."""
    points = client.get(f"{V1}/readings/sensor/{sensor}?limit=10000").ok()["points"]
    return [(point["timestamp"], point["value"]) for point in points]


def refused(answer: Any, field: str, status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> dict[str, Any]:
    """Return the document of a refusal in this API's form, which names one field ("": none)."""
    assert answer.status_code == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["detail"]
    errors = document.get("errors", {})
    assert list(errors) == ([field] if field else [])
    assert all(isinstance(message, str) for messages in errors.values() for message in messages)
    return document


# --- The document's requests ---


@pytest.fixture
def script(aws: None, issuer: None) -> Client:
    """A client with a personal access token, written as that platform's are."""
    people = [{"userId": "ann", "email": "ann@example.com", "role": Role.ADMIN}]
    acme = operator({"action": "create-organization", "name": "Acme", "members": people}, None)["organizationId"]
    token = session("ann", acme).post(f"{V1}/access-tokens", {"name": "script"}).ok()["token"]
    return Client("omni_" + token.removeprefix("pat_"))


def test_the_first_request_of_the_document(script: Client) -> None:
    device = a_device(script)
    before = now_ms()

    answer = script.put(f"{ENTITIES}/{device}", body=UPDATE)

    assert (answer.status_code, answer.body) == (HTTPStatus.NO_CONTENT, "")
    [(at, text)] = shown(script, sensor_of(device, "ATTR_UUID"))
    [(_, number)] = shown(script, sensor_of(device, "ANOTHER_ATTR_UUID"))
    assert (text, number) == ("some value", 42)
    assert format_ms(before) <= at <= format_ms(now_ms())


def test_the_first_request_with_identifiers(script: Client) -> None:
    device = a_device(script)
    script.put(f"{ENTITIES}/{device}", body=UPDATE)
    by_id = UPDATE.replace("ANOTHER_ATTR_UUID", sensor_of(device, "ANOTHER_ATTR_UUID"))
    by_id = by_id.replace('"ATTR_UUID"', json.dumps(sensor_of(device, "ATTR_UUID")))

    assert script.put(f"{ENTITIES}/{device}", body=by_id).status_code == HTTPStatus.NO_CONTENT

    assert len(shown(script, sensor_of(device, "ATTR_UUID"))) == 2
    assert len(script.get(f"{V1}/sensors?deviceId={device}").ok()["items"]) == 2


def test_the_backfill_of_the_document(script: Client) -> None:
    device = a_device(script)

    answer = script.put(f"{ENTITIES}/{device}", body=BACKFILL)

    assert answer.status_code == HTTPStatus.NO_CONTENT
    assert shown(script, sensor_of(device, "cpu-attr-uuid")) == [
        ("2026-02-23T10:00:00.000Z", 72.4),
        ("2026-02-23T10:05:00.000Z", 85.1),
        ("2026-02-23T10:10:00.000Z", 91.3),
        ("2026-02-23T10:15:00.000Z", 67.8),
    ]
    state = script.get(f"{ENTITIES}/{device}").ok()
    current = {"value": 67.8, "updated_at": "2026-02-23T10:15:00.000Z"}
    assert state["attribute_values"] == {sensor_of(device, "cpu-attr-uuid"): current}


# --- Values in ---


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_both_forms_of_values(client: Any, device: str, method: str) -> None:
    by_list = {"attribute_values": [{"attribute_id": "on", "value": True}, {"attribute_id": "t", "value": 5}]}
    by_name = {"attributes": {"state": "idle", "t": {"value": 21.5, "updated_at": "2026-01-01T01:00:00+01:00"}}}

    for body in (by_list, by_name):
        assert client.request(method, f"{ENTITIES}/{device}", json=body).status_code == HTTPStatus.NO_CONTENT

    current = client.get(f"{ENTITIES}/{device}").ok()["attribute_values"]
    named = {key: current[sensor_of(device, key)]["value"] for key in ("on", "t", "state")}
    assert named == {"on": True, "t": 5, "state": "idle"}
    assert shown(client, sensor_of(device, "t"))[0] == ("2026-01-01T00:00:00.000Z", 21.5)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_is_not_named_stays(client: Any, device: str, method: str) -> None:
    client.put(f"{ENTITIES}/{device}", values(("a", 1, T0), ("b", 2, T0))).ok()

    client.request(method, f"{ENTITIES}/{device}", json=values(("a", 3, T0 + 1))).ok()

    current = client.get(f"{ENTITIES}/{device}").ok()["attribute_values"]
    assert [current[sensor_of(device, key)]["value"] for key in "ab"] == [3, 2]


def test_a_backfill_does_not_change_the_current_value(client: Any, device: str) -> None:
    client.put(f"{ENTITIES}/{device}", values(("t", 9, T0 + HOUR))).ok()
    client.put(f"{ENTITIES}/{device}", values(("t", 1, T0))).ok()

    current = client.get(f"{ENTITIES}/{device}").ok()["attribute_values"]

    assert current == {sensor_of(device, "t"): {"value": 9, "updated_at": format_ms(T0 + HOUR)}}


def test_without_a_time_it_is_the_server_s(client: Any, device: str) -> None:
    body = {"attribute_values": [{"attribute_id": "t", "value": 1, "updated_at": None}]}
    client.request("PUT", f"{ENTITIES}/{device}", json=body, at_ms=T0).ok()
    client.request("PATCH", f"{ENTITIES}/{device}", json={"attributes": {"u": 1}}, at_ms=T0 + 5).ok()

    assert shown(client, sensor_of(device, "t")) == [(format_ms(T0), 1)]
    assert shown(client, sensor_of(device, "u")) == [(format_ms(T0 + 5), 1)]


def test_an_empty_list_changes_nothing(client: Any, device: str) -> None:
    for body in ({"attribute_values": []}, {"attributes": {}}):
        assert client.put(f"{ENTITIES}/{device}", body).status_code == HTTPStatus.NO_CONTENT
    assert client.get(f"{ENTITIES}/{device}").ok()["attribute_values"] == {}


def test_unknown_parameters_are_passed_over(client: Any, device: str) -> None:
    assert client.put(f"{ENTITIES}/{device}?trace=1", values(("t", 1, T0))).status_code == HTTPStatus.NO_CONTENT
    assert client.get(f"{ENTITIES}/{device}?trace=1").status_code == HTTPStatus.OK


SHAPES = {
    "a list": [],
    "a text": "x",
    "a number": 7,
    "no values": {},
    "both forms": {"attribute_values": [], "attributes": {}},
    "values that are no list": {"attribute_values": {"a": 1}},
    "values that are null": {"attribute_values": None},
    "values that are no objects": {"attribute_values": [1]},
    "attributes that are no map": {"attributes": [1]},
}


def test_another_shape_is_a_bad_request(client: Any, device: str) -> None:
    for name, body in SHAPES.items():
        for method in ("PUT", "PATCH"):
            answer = client.request(method, f"{ENTITIES}/{device}", body=json.dumps(body))
            assert refused(answer, "", HTTPStatus.BAD_REQUEST)["code"] == "wrong-shape", name


def one(value: Any = 1, name: str = "t", **more: Any) -> dict[str, Any]:
    return {"attribute_values": [{"attribute_id": "fine", "value": 1}, {"attribute_id": name, "value": value} | more]}


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "a text for a number": (one("x"), "attribute_values[1].value"),
    "a boolean for a number": (one(value=True), "attribute_values[1].value"),
    "null": (one(None), "attribute_values[1].value"),
    "an array": (one([1]), "attribute_values[1].value"),
    "an object": (one({"value": 1}), "attribute_values[1].value"),
    "an integer beyond a double": (one(10**19, "n"), "attribute_values[1].value"),
    "a long text": (one("x" * 1_001, "s"), "attribute_values[1].value"),
    "no value": ({"attribute_values": [{"attribute_id": "t"}]}, "attribute_values[0].value"),
    "no attribute": ({"attribute_values": [{"value": 1}]}, "attribute_values[0].attribute_id"),
    "an unknown field": (one(updatedAt="2026-01-01T00:00:00Z"), "attribute_values[1].updatedAt"),
    "no zone": (one(updated_at="2026-01-01T00:00:00"), "attribute_values[1].updated_at"),
    "no time": (one(updated_at="yesterday"), "attribute_values[1].updated_at"),
    "milliseconds": (one(updated_at=T0), "attribute_values[1].updated_at"),
    "before 1970": (one(updated_at="1969-12-31T23:59:59Z"), "attribute_values[1].updated_at"),
    "a far future": (one(updated_at="2999-01-01T00:00:00Z"), "attribute_values[1].updated_at"),
    "an identifier of nothing": (one(name=NOBODYS), "attribute_values[1].attribute_id"),
    "another kind of identifier": (one(name=STRANGE), "attribute_values[1].attribute_id"),
    "no slug": (one(name="a b"), "attribute_values[1].attribute_id"),
    "no component": (one(name="nowhere/t"), "attribute_values[1].attribute_id"),
    "a scalar of another type": ({"attributes": {"fine": 1, "t": "x"}}, "attributes.t"),
    "a timed value of another type": ({"attributes": {"fine": 1, "t": {"value": "x"}}}, "attributes.t.value"),
    "a bad time in the map": (
        {"attributes": {"fine": 1, "t": {"value": 1, "updated_at": "x"}}},
        "attributes.t.updated_at",
    ),
    "null in the map": ({"attributes": {"fine": 1, "t": None}}, "attributes.t"),
    "nothing to add to": ({"attributes": {"fine": 1, "t": {"op": "increment", "value": 1}}}, "attributes.t.op"),
    "no slug in the map": ({"attributes": {"fine": 1, "a b": 2}}, "attributes.a b"),
}


def test_what_is_refused_refuses_all(client: Any, device: str) -> None:
    client.post(f"{V1}/sensors", {"deviceId": device, "key": "n", "name": "n", "valueType": "BIGINT"}).ok()
    client.put(f"{ENTITIES}/{device}", {"attributes": {"t": 1, "n": 2**60, "s": "x"}}).ok()
    before = client.get(f"{ENTITIES}/{device}/history").ok()

    for name, (body, field) in REFUSALS.items():
        assert refused(client.put(f"{ENTITIES}/{device}", body), field), name

    assert client.get(f"{ENTITIES}/{device}/history").ok() == before
    assert len(client.get(f"{V1}/sensors?deviceId={device}").ok()["items"]) == 3
    assert client.get(f"{V1}/admin/quarantine").ok()["items"] == []


def test_every_refused_value_is_named(client: Any, device: str) -> None:
    body = values(("a", 1, T0), ("a", "x", T0 + 1), ("a", 2, T0 + 2))
    body["attribute_values"][2]["updated_at"] = "x"

    errors = client.put(f"{ENTITIES}/{device}", body).json()["errors"]

    assert list(errors) == ["attribute_values[1].value", "attribute_values[2].updated_at"]


def test_json_that_is_none_is_a_bad_request(client: Any, device: str) -> None:
    refused(client.put(f"{ENTITIES}/{device}", body="{"), "body", HTTPStatus.BAD_REQUEST)
    refused(
        client.put(f"{ENTITIES}/{device}", body='{"attributes": {"t": 1e999}}'), "attributes.t", HTTPStatus.BAD_REQUEST
    )


def test_an_inactive_device_takes_nothing(client: Any, device: str) -> None:
    client.patch(f"{V1}/devices/{device}", {"status": "INACTIVE"}).ok()

    problem = refused(client.put(f"{ENTITIES}/{device}", values(("t", 1, T0))), "attribute_values[0].value")

    assert "INACTIVE" in problem["detail"]


def test_metrics(client: Any, device: str) -> None:
    rows = [
        {"attribute_slug": "t", "value": "21.5", "updated_at": format_ms(T0)},
        {"attribute_id": "t", "value": "-3", "updated_at": format_ms(T0 + 1)},
        {"attribute_slug": "t", "value": 4, "updated_at": format_ms(T0 + 2)},
        {"attribute_slug": "t", "value": "1.5e3", "updated_at": format_ms(T0 + 3)},
    ]

    answer = client.post(f"{ENTITIES}/{device}/metrics", {"metric_values": rows})

    assert (answer.status_code, answer.json()) == (HTTPStatus.ACCEPTED, {"accepted": 4})
    assert [value for _, value in shown(client, sensor_of(device, "t"))] == [21.5, -3, 4, 1500]


METRICS: dict[str, tuple[dict[str, Any], str]] = {
    "a text": ({"attribute_slug": "t", "value": "warm"}, "metric_values[0].value"),
    "half a number": ({"attribute_slug": "t", "value": "21.5 C"}, "metric_values[0].value"),
    "infinity": ({"attribute_slug": "t", "value": "1e999"}, "metric_values[0].value"),
    "NaN": ({"attribute_slug": "t", "value": "NaN"}, "metric_values[0].value"),
    "a boolean": ({"attribute_slug": "t", "value": True}, "metric_values[0].value"),
    "null": ({"attribute_slug": "t", "value": None}, "metric_values[0].value"),
    "an attribute of texts": ({"attribute_slug": "state", "value": 1}, "metric_values[0].value"),
    "an attribute of truth values": ({"attribute_slug": "on", "value": 1}, "metric_values[0].value"),
    "no name": ({"value": 1}, "metric_values[0]"),
    "two names": ({"attribute_slug": "t", "attribute_id": "t", "value": 1}, "metric_values[0]"),
    "an unknown identifier": ({"attribute_id": STRANGE, "value": 1}, "metric_values[0].attribute_id"),
    "no slug": ({"attribute_slug": "a b", "value": 1}, "metric_values[0].attribute_slug"),
}


def test_metrics_that_are_none(client: Any, device: str) -> None:
    client.put(f"{ENTITIES}/{device}", {"attributes": {"state": "idle", "on": False}}).ok()

    for name, (row, field) in METRICS.items():
        assert refused(client.post(f"{ENTITIES}/{device}/metrics", {"metric_values": [row]}), field), name

    assert client.get(f"{ENTITIES}/{device}/history").ok()["total"] == 2


def test_metrics_of_another_shape(client: Any, device: str) -> None:
    for body in ({}, {"metric_values": 1}, {"metric_values": [1]}, []):
        refused(client.post(f"{ENTITIES}/{device}/metrics", body), "", HTTPStatus.BAD_REQUEST)


# --- Which entity, which attribute ---


@pytest.fixture
def station(client: Any) -> str:
    """A device with a component ``air``, of a profile, and one ``own`` without."""
    profile = publish(client, {"key": "t", "type": "DOUBLE", "unit": "Cel", "max": 60}, key="air")
    template = client.post(f"{V1}/device-profiles", a_device_profile(air=profile["id"])).ok()
    device = a_device(client, deviceProfileId=template["id"])
    client.post(f"{V1}/components", {"deviceId": device, "key": "own", "name": "Own"}).ok()
    return device


def component_of(device_id: str, key: str) -> str:
    return ComponentId.named(DeviceId(device_id), key)


def test_a_component_is_an_entity(client: Any, station: str) -> None:
    air = component_of(station, "air")
    client.put(f"{ENTITIES}/{air}", values(("t", 20, T0))).ok()
    client.put(f"{ENTITIES}/{station}", values(("own/t", 1, T0), ("t", 2, T0), ("air/t", 21, T0 + 1))).ok()

    state = client.get(f"{ENTITIES}/{air}").ok()

    bound = client.get(f"{V1}/components/{air}").ok()
    assert state["template_id"] == bound["sensorProfileId"]
    assert (state["id"], state["created_at"]) == (air, bound["createdAt"])
    assert state["attribute_values"] == {sensor_of(station, "t", "air"): {"value": 21, "updated_at": format_ms(T0 + 1)}}
    assert client.get(f"{ENTITIES}/{air}/history?attribute_ids=t").ok()["total"] == 2
    assert len(client.get(f"{ENTITIES}/{station}").ok()["attribute_values"]) == 3
    assert client.get(f"{ENTITIES}/{station}").ok()["template_id"] is not None


def test_a_component_knows_its_own_attributes_only(client: Any, station: str) -> None:
    client.put(f"{ENTITIES}/{station}", values(("own/x", 1, T0), ("t", 2, T0))).ok()
    air, own = component_of(station, "air"), component_of(station, "own")

    for name in (sensor_of(station, "x", "own"), "own/x", "x"):
        refused(client.put(f"{ENTITIES}/{air}", values((name, 1, T0))), "attribute_values[0].attribute_id")
        refused(client.get(f"{ENTITIES}/{air}/history?attribute_ids={name}"), "attribute_ids")
    refused(client.put(f"{ENTITIES}/{air}", values(("t", 61, T0))), "attribute_values[0].value")
    assert client.get(f"{ENTITIES}/{own}/history").ok()["total"] == 1


def test_the_time_of_an_entity_is_that_of_its_newest_value(client: Any, device: str) -> None:
    made = client.get(f"{ENTITIES}/{device}").ok()
    assert made["created_at"] == made["updated_at"] == client.get(f"{V1}/devices/{device}").ok()["updatedAt"]

    client.put(f"{ENTITIES}/{device}", values(("t", 1, T0))).ok()
    assert client.get(f"{ENTITIES}/{device}").ok()["updated_at"] == made["updated_at"]
    ahead = now_ms() + MINUTE
    client.put(f"{ENTITIES}/{device}", values(("t", 1, ahead))).ok()
    assert client.get(f"{ENTITIES}/{device}").ok()["updated_at"] == format_ms(ahead)


CALLS = {
    "get": lambda client, it: client.get(f"{ENTITIES}/{it}"),
    "put": lambda client, it: client.put(f"{ENTITIES}/{it}", {"attributes": {"t": 2}}),
    "patch": lambda client, it: client.patch(f"{ENTITIES}/{it}", {"attributes": {"t": 2}}),
    "history": lambda client, it: client.get(f"{ENTITIES}/{it}/history"),
    "chart": lambda client, it: client.get(f"{ENTITIES}/{it}/chart"),
    "metrics": lambda client, it: client.post(
        f"{ENTITIES}/{it}/metrics", {"metric_values": [{"attribute_slug": "t", "value": 2}]}
    ),
    "delete": lambda client, it: client.delete(f"{ENTITIES}/{it}"),
}


def test_another_s_entity_is_as_unknown_as_nobody_s(client: Any, other: Any, station: str) -> None:
    client.put(f"{ENTITIES}/{station}", {"attributes": {"own/t": 1}}).ok()
    before = client.get(f"{ENTITIES}/{station}").ok()

    for call in CALLS.values():
        for name in (station, component_of(station, "own"), sensor_of(station, "t", "own"), NOBODYS, STRANGE, "x%20y"):
            document = refused(call(other, name), "", HTTPStatus.NOT_FOUND)
            assert document["detail"].startswith("There is no entity ")

    assert client.get(f"{ENTITIES}/{station}").ok() == before


def test_an_attribute_of_another_entity_is_none(client: Any, other: Any, device: str) -> None:
    client.put(f"{ENTITIES}/{device}", {"attributes": {"t": 1}}).ok()
    sensor = sensor_of(device, "t")

    for whose, entity in ((other, a_device(other)), (client, a_device(client))):
        refused(whose.put(f"{ENTITIES}/{entity}", values((sensor, 1, T0))), "attribute_values[0].attribute_id")
        refused(whose.get(f"{ENTITIES}/{entity}/chart?attribute_ids={sensor}"), "attribute_ids")


def test_a_component_of_a_deleted_device_is_none(client: Any, station: str) -> None:
    air = component_of(station, "air")
    client.delete(f"{V1}/devices/{station}")

    refused(client.get(f"{ENTITIES}/{air}"), "", HTTPStatus.NOT_FOUND)
    refused(client.put(f"{ENTITIES}/{air}", values(("t", 1, T0))), "", HTTPStatus.NOT_FOUND)


def test_scopes(scoped: Any, client: Any, device: str) -> None:
    reader, writer = scoped("readings:read"), scoped("readings:write")

    refused(reader.put(f"{ENTITIES}/{device}", values(("t", 1, T0))), "", HTTPStatus.FORBIDDEN)
    assert writer.put(f"{ENTITIES}/{device}", values(("t", 1, T0))).status_code == HTTPStatus.NO_CONTENT
    refused(writer.get(f"{ENTITIES}/{device}"), "", HTTPStatus.FORBIDDEN)
    assert reader.get(f"{ENTITIES}/{device}").status_code == HTTPStatus.OK


# --- Order makes no difference ---


ROW = st.tuples(
    st.sampled_from(["t", "n"]),
    st.integers(0, 200).map(lambda step: T0 + step * 20 * MINUTE),
    st.one_of(st.integers(-5, 5), st.floats(-1e6, 1e6, allow_nan=False)),
)


@settings(max_examples=12)
@given(
    st.lists(ROW, min_size=1, max_size=25, unique_by=lambda row: row[:2]),
    st.randoms(use_true_random=False),
    st.lists(st.sampled_from(["list", "map", "metrics"]), min_size=1, max_size=4),
)
def test_any_order_split_and_form_gives_the_same_history(
    client: Any, rows: list[tuple[str, int, float]], chance: Any, forms: list[str]
) -> None:
    ours, theirs = a_device(client), a_device(client)
    plain = [{"sensorId": name, "timestamp": at, "value": value} for name, at, value in rows]
    client.post(f"{V1}/readings", {"deviceId": ours, "readings": plain}).ok()
    left = chance.sample(rows, len(rows))
    while left:
        form, size = chance.choice(forms), chance.randint(1, len(left))
        send(client, theirs, left[:size], form)
        left = left[size:]

    for name in ("t", "n"):
        # By chance all values of one may be there, and none of the other.
        if any(row[0] == name for row in rows):
            assert shown(client, sensor_of(theirs, name)) == shown(client, sensor_of(ours, name))


def send(client: Any, device: str, rows: list[tuple[str, int, float]], form: str) -> None:
    path = f"{ENTITIES}/{device}"
    if form == "metrics":
        metrics = [
            {"attribute_slug": name, "value": str(value), "updated_at": format_ms(at)} for name, at, value in rows
        ]
        client.post(f"{path}/metrics", {"metric_values": metrics}).ok()
    elif form == "map":
        for name, at, value in rows:
            client.patch(path, {"attributes": {name: {"value": value, "updated_at": format_ms(at)}}}).ok()
    else:
        client.put(path, values(*((name, value, at) for name, at, value in rows))).ok()


# --- History ---


def test_a_history_item(client: Any, device: str) -> None:
    client.put(f"{ENTITIES}/{device}", values(("t", 1.5, T0), ("s", "on", T0 + 1))).ok()

    assert client.get(f"{ENTITIES}/{device}/history").ok() == {
        "items": [
            {
                "created_at": format_ms(T0 + at),
                "attribute_id": sensor_of(device, key),
                "value": value,
                "entity_id": device,
                "author_email": None,
            }
            for key, value, at in (("s", "on", 1), ("t", 1.5, 0))
        ],
        "total": 2,
        "page": 1,
        "limit": 20,
    }


MOMENTS = st.integers(0, 40).map(lambda step: step * 5 * HOUR)


@settings(max_examples=10)
@given(
    st.sets(st.tuples(st.sampled_from("abc"), MOMENTS), max_size=40),
    st.tuples(MOMENTS, MOMENTS).map(sorted),
    st.sampled_from(["a", "a,c", "b,b", ""]),
    st.sampled_from(["asc", "desc"]),
    st.integers(1, 7),
    st.sampled_from([0, looking.WORTH_SUMS]),
)
def test_pages_of_history(
    client: Any, rows: set[tuple[str, int]], span: list[int], names: str, direction: str, limit: int, worth_sums: int
) -> None:
    device = a_device(client)
    of_each = [(key, 0, at) for key, at in rows] + [(key, 1, 400 * HOUR) for key in "abc"]
    client.put(f"{ENTITIES}/{device}", values(*((key, value, T0 + at) for key, value, at in of_each))).ok()
    query = f"start={(T0 + span[0]) // SECOND}&end={format_ms(T0 + span[1])}&sort_direction={direction}&limit={limit}"
    query += f"&attribute_ids={names}" if names else ""

    found: list[tuple[str, str]] = []
    answer: dict[str, Any] = {}
    for page in range(1, 100):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(looking, "WORTH_SUMS", worth_sums)
            answer = client.get(f"{ENTITIES}/{device}/history?{query}&page={page}").ok()
        found += [(item["created_at"], item["attribute_id"]) for item in answer["items"]]
        if not answer["items"]:
            break

    wanted = sorted(
        (format_ms(T0 + at), sensor_of(device, key))
        for key, _, at in of_each
        if span[0] <= at <= span[1] and (not names or key in names.split(","))
    )
    assert found == (wanted if direction == "asc" else wanted[::-1])
    assert answer["total"] == len(wanted)


def test_pages_pass_over_blocks_they_do_not_show(client: Any, device: str, organization: Any) -> None:
    years = [T0 - n * 370 * DAY for n in range(4)]
    rows = [(key, n, at) for at in years for n, key in enumerate("abc")]
    client.put(f"{ENTITIES}/{device}", values(*rows)).ok()
    compact(organization.id)

    for direction, wanted in (("asc", sorted(years)), ("desc", years)):
        query = f"{ENTITIES}/{device}/history?sort_direction={direction}&limit=5&page="
        found = [item for page in range(1, 4) for item in client.get(f"{query}{page}").ok()["items"]]
        assert [item["created_at"] for item in found] == [format_ms(at) for at in wanted for _ in "abc"]


def test_history_hides_what_retention_does(client: Any, device: str, organization: Any) -> None:
    from whimbrel.domain.organizations import Organization

    now = now_ms()
    client.put(f"{ENTITIES}/{device}", values(("t", 1, now - 20 * DAY), ("t", 2, now - 3 * DAY), ("u", 3, now))).ok()
    client.patch(f"{V1}/sensors/{sensor_of(device, 't')}", {"retentionDays": 10}).ok()

    assert client.get(f"{ENTITIES}/{device}/history").ok()["total"] == 2
    things = Tenant(organization.id).things(Organization)
    things.change(organization.id, lambda one: one.next_version(retention_days=2))
    answer = client.get(f"{ENTITIES}/{device}/history").ok()
    assert (answer["total"], [item["value"] for item in answer["items"]]) == (1, [3])
    assert list(client.get(f"{ENTITIES}/{device}").ok()["attribute_values"]) == [sensor_of(device, "u")]


def test_history_is_counted_by_the_sums_of_days(
    client: Any, device: str, organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time it looks at the rest of a day only, until more comes into a day that was summed up."""
    # The log is not looked at once more for a minute after it has been compacted.
    monkeypatch.setattr("whimbrel.store.readings.OVERLAP_MS", 0)
    monkeypatch.setattr(looking, "WORTH_SUMS", 50)
    client.put(f"{ENTITIES}/{device}", values(*(("t", n, T0 + n * HOUR) for n in range(100)))).ok()
    compact(organization.id)

    def total() -> int:
        return client.get(f"{ENTITIES}/{device}/history?limit=1").ok()["total"]

    assert total() == 100
    with monkeypatch.context() as patch:
        patch.setattr(history, "MOST_READINGS", 4)
        assert total() == 100
        client.put(f"{ENTITIES}/{device}", values(("t", 7, T0 + 30 * MINUTE))).ok()
        refused(client.get(f"{ENTITIES}/{device}/history?limit=1"), "start")
    assert total() == 101


def compact(organization_id: str) -> None:
    """Move everything into blocks at once."""
    store = Tenant(OrganizationId(organization_id)).readings()
    time.sleep(0.002)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whimbrel.store.readings.LAG_MS", 0)
        assert store.compact("0").finished


HISTORY_REFUSALS = {
    "page=0": "page",
    "page=x": "page",
    "limit=0": "limit",
    "limit=101": "limit",
    "sort_by=value": "sort_by",
    "sort_direction=up": "sort_direction",
    "attribute_ids=nope": "attribute_ids",
    "start=x": "start",
    "start=2026-01-01T00:00:00": "start",
    "end=1767225600000": "end",
    "start=2&end=1": "start",
    "page=5001": "page",
}


def test_history_that_cannot_be(client: Any, device: str) -> None:
    for query, field in HISTORY_REFUSALS.items():
        assert refused(client.get(f"{ENTITIES}/{device}/history?{query}"), field), query


def test_no_more_is_counted_than_can_be(client: Any, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client.put(f"{ENTITIES}/{device}", values(*(("t", n, T0 + n) for n in range(101)))).ok()
    monkeypatch.setattr(history, "MOST_READINGS", 100)
    monkeypatch.setattr(looking, "WORTH_SUMS", 50)

    assert "shorter range" in refused(client.get(f"{ENTITIES}/{device}/history"), "start")["detail"]
    span = f"start={T0 // SECOND}&end={T0 // SECOND + 1}"
    refused(client.get(f"{ENTITIES}/{device}/chart?{span}"), "start")
    assert client.get(f"{ENTITIES}/{device}/history?end={T0 // SECOND}").ok()["total"] == 1


# --- Chart ---

MODEL = {
    "avg": statistics.fmean,
    "first": lambda found: found[0],
    "last": lambda found: found[-1],
    "min": min,
    "max": max,
    "sum": sum,
    "count": len,
}
WIDTHS = {
    "15 minutes": 15 * MINUTE,
    "1 hour": HOUR,
    "90 minutes": 90 * MINUTE,
    "1 day": DAY,
    "1h": HOUR,
    "1 hour 30 minutes": 90 * MINUTE,
    "6 hrs": 6 * HOUR,
}


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.integers(0, 3 * DAY // MINUTE), st.integers(-100, 100)), max_size=40, unique_by=lambda it: it[0]
    ),
    st.tuples(st.integers(0, 3 * DAY // MINUTE), st.integers(0, 3 * DAY // MINUTE)).map(sorted),
    st.sampled_from(sorted(MODEL)),
    st.sampled_from(sorted(WIDTHS)),
)
def test_a_chart_is_as_the_model_says(
    client: Any, rows: list[tuple[int, int]], span: list[int], function: str, width: str
) -> None:
    device = a_device(client)
    client.put(
        f"{ENTITIES}/{device}", values(("t", 1000, T0 - DAY), *(("t", v, T0 + at * MINUTE) for at, v in rows))
    ).ok()
    first, last = T0 + span[0] * MINUTE, T0 + span[1] * MINUTE
    query = f"start={first // SECOND}&end={last // SECOND}&aggregate_func={function}&bucket_width={width}"

    [series] = client.get(f"{ENTITIES}/{device}/chart?{query.replace(' ', '%20')}").ok()["series"]

    wanted: dict[str, list[int]] = {}
    for at, value in sorted(rows):
        if first <= T0 + at * MINUTE <= last:
            start = T0 + at * MINUTE // WIDTHS[width] * WIDTHS[width]
            wanted.setdefault(format_ms(start), []).append(value)
    assert series["attribute_id"] == sensor_of(device, "t")
    assert {point["time"]: point["value"] for point in series["data"]} == pytest.approx(
        {start: MODEL[function](found) for start, found in wanted.items()}
    )
    assert [point["time"] for point in series["data"]] == sorted(wanted)


def test_months_are_of_the_calendar(client: Any, device: str) -> None:
    client.put(f"{ENTITIES}/{device}", values(*(("t", 1, T0 + n * DAY) for n in range(90)))).ok()
    query = f"start={T0 // SECOND}&end={(T0 + 89 * DAY) // SECOND}&aggregate_func=count&bucket_width="

    by_month = client.get(f"{ENTITIES}/{device}/chart?{query}1%20month").ok()["series"][0]["data"]
    by_week = client.get(f"{ENTITIES}/{device}/chart?{query}2%20weeks").ok()["series"][0]["data"]

    assert [(point["time"][:10], point["value"]) for point in by_month] == [
        ("2026-01-01", 31),
        ("2026-02-01", 28),
        ("2026-03-01", 31),
    ]
    assert {datetime.fromisoformat(point["time"]).astimezone(UTC).weekday() for point in by_week} == {0}


def test_without_parameters_a_chart_is_of_the_last_day(client: Any, device: str) -> None:
    now = now_ms()
    rows = [("n", 1, now - 2 * DAY), ("n", 2, now - HOUR), ("n", 3, now - MINUTE), ("s", "x", now), ("b", True, now)]
    client.put(f"{ENTITIES}/{device}", values(*rows)).ok()

    [series] = client.get(f"{ENTITIES}/{device}/chart").ok()["series"]

    assert series["attribute_id"] == sensor_of(device, "n")
    assert sum(point["value"] for point in series["data"]) in {2.5, 5}


def test_a_chart_of_what_is_no_number(client: Any, device: str) -> None:
    client.put(f"{ENTITIES}/{device}", values(("s", "x", T0), ("b", True, T0), ("b", False, T0 + 1))).ok()
    path = f"{ENTITIES}/{device}/chart?start={T0 // SECOND}&end={T0 // SECOND + 1}"

    def values_of(query: str) -> list[Any]:
        found = client.get(f"{path}&{query}").ok()["series"]
        return [point["value"] for series in found for point in series["data"]]

    assert values_of("") == []
    assert values_of("attribute_ids=s,b&aggregate_func=last") == ["x", False]
    assert values_of("attribute_ids=b") == [0.5]
    assert values_of("attribute_ids=s&attribute_ids=b&aggregate_func=count") == [1, 2]
    refused(client.get(f"{path}&attribute_ids=s"), "aggregate_func")


CHART_REFUSALS = {
    "aggregate_func=median": "aggregate_func",
    "bucket_width=": "bucket_width",
    "bucket_width=hour": "bucket_width",
    "bucket_width=1%20fortnight": "bucket_width",
    "bucket_width=0%20hours": "bucket_width",
    "bucket_width=500%20ms": "bucket_width",
    "bucket_width=an%20hour%201h": "bucket_width",
    "bucket_width=1.5%20hours": "bucket_width",
    "bucket_width=1%20month%201%20day": "bucket_width",
    "bucket_width=25%20hours": "bucket_width",
    "bucket_width=1%20second": "bucket_width",
    "attribute_ids=nope": "attribute_ids",
    "start=99999999999": "start",
    "end=999999999999": "end",
}


def test_a_chart_that_cannot_be(client: Any, device: str) -> None:
    client.put(f"{ENTITIES}/{device}", values(("t", 1, T0))).ok()
    for query, field in CHART_REFUSALS.items():
        assert refused(client.get(f"{ENTITIES}/{device}/chart?{query}"), field), query


def test_a_chart_has_so_many_attributes(client: Any, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST_CHARTED", 2)
    client.put(f"{ENTITIES}/{device}", {"attributes": dict.fromkeys("abc", 1)}).ok()

    refused(client.get(f"{ENTITIES}/{device}/chart"), "attribute_ids")
    assert len(client.get(f"{ENTITIES}/{device}/chart?attribute_ids=a,c").ok()["series"]) == 2


def test_many_attributes_are_counted_at_once(client: Any, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "WORTH_SUMS", 5)
    names = [f"s{n}" for n in range(looking.MOST_SUMMED + 1)]
    client.put(f"{ENTITIES}/{device}", values(*((name, n, T0 + n * DAY) for name in names for n in range(2)))).ok()

    assert client.get(f"{ENTITIES}/{device}/history").ok()["total"] == 2 * len(names)


def test_a_cold_start_does_not_load_numpy() -> None:
    statement = "import sys, functions.entities.routes; print('numpy' in sys.modules)"
    environment = {"PYTHONPATH": ".:layers/core/python", "PATH": "/usr/bin:/bin"}

    loaded = subprocess.run([sys.executable, "-c", statement], env=environment, capture_output=True, check=True)

    assert loaded.stdout == b"False\n"
