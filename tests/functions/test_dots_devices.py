"""Devices and variables that data makes, who may send, and what is asked about them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from functions.dots import dots as bodies
from functions.dots.ingestion import Sender, store_all
from tests.conftest import Organization
from tests.functions.conftest import Calls, IotCore
from tests.functions.profiling import DEVICE_PROFILES, a_device_profile, publish
from tests.functions.working import Worker, played
from tests.gateway import Client
from whimbrel import instants
from whimbrel.auth import Caller, Scope
from whimbrel.domain.fleet import Device
from whimbrel.domain.series import ValueType
from whimbrel.http.exchange import Exchange
from whimbrel.http.fleet import create_sensor, delete_device
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.problems import AlreadyExists, InvalidRequest
from whimbrel.settings import settings
from whimbrel.store import repeats
from whimbrel.store.labels import device_by
from whimbrel.store.tenant import Tenant
from whimbrel.store.traces import DEVICE, leaving

API = "/api/v1.6"
BULK = f"{API}/devices/_/bulk/values"


def speaking(client: Client) -> Client:
    """Return the same client, with its credential in the header of this API."""
    return Client(headers={"X-Auth-Token": client.token or ""})


@pytest.fixture
def dots(client: Client) -> Client:
    return speaking(client)


def devices(client: Client) -> list[dict[str, Any]]:
    return client.get("/api/v1/devices?limit=200").ok()["items"]


def values_of(dots: Client, device: str, variable: str) -> list[Any]:
    return [each["value"] for each in dots.get(f"{API}/devices/{device}/{variable}/values").ok()["results"]]


# --- What data makes ---


def test_data_makes_a_device_under_its_label_once(dots: Client, client: Client) -> None:
    for path, body in (
        ("/devices/a", {"v": 1}),
        ("/devices/a/v/values", {"value": 2}),
        ("/devices/a/_/bulk/values", [{"v": 3}]),
        ("/devices/_/bulk/values", [{"device": "a", "values": [{"w": 4}]}]),
    ):
        dots.post(API + path, body).ok()

    [device] = devices(client)
    assert (device["name"], device["label"], device["status"]) == ("a", "a", "PENDING")
    sensors = client.get("/api/v1/sensors").ok()["items"]
    assert {(each["key"], each["valueType"], each["deviceId"]) for each in sensors} == {
        ("v", "DOUBLE", device["id"]),
        ("w", "DOUBLE", device["id"]),
    }
    entries = client.get("/api/v1/audit-log").ok()["items"]
    assert [each["action"] for each in entries if each["path"].startswith(API)] == ["create_device"]


def test_a_device_is_addressed_by_its_identifier_too(dots: Client, client: Client) -> None:
    device = client.post("/api/v1/devices", {"name": "a"}).ok()

    dots.post(f"{API}/devices/{device['id']}", {"v": 1}).ok()
    dots.post(f"{API}/devices/a", {"v": 2}).ok()

    [sensor] = client.get(f"/api/v1/sensors?deviceId={device['id']}").ok()["items"]
    assert values_of(dots, device["id"], sensor["id"]) == [1]
    assert values_of(dots, "a", "v") == [2]
    assert len(devices(client)) == 2
    assert dots.get(f"{API}/devices/a/{sensor['id']}/values").status_code == 404


def test_a_label_may_be_escaped_in_the_path(dots: Client, client: Client) -> None:
    dots.post(f"{API}/devices/aa%3Abb", {"v": {"value": 1, "timestamp": 1}}).ok()
    dots.post(f"{API}/devices/aa:bb/v%2Ew/values", {"value": 2}).ok()
    dots.post(f"{API}/devices/aa%3Abb/_/bulk/values", [{"v": 3}]).ok()

    assert [each["label"] for each in devices(client)] == ["aa:bb"]
    assert values_of(dots, "aa%3Abb", "%7Ev") == [3, 1]
    assert values_of(dots, "aa:bb", "v.w") == [2]
    assert dots.post(f"{API}/devices/%ff%00", {"v": 1}).json()["code"] == 400001
    assert dots.get(f"{API}/devices/%ff%00/v/values").status_code == 404


def test_the_type_is_the_profile_of_a_device_that_is_made(dots: Client, client: Client) -> None:
    weather = publish(client, {"key": "temperature", "type": "DOUBLE", "max": 60})
    profile = client.post(DEVICE_PROFILES, a_device_profile(main=weather["id"])).ok()

    refused = dots.post(f"{API}/devices/a?type=nothing", {"temperature": 1})
    too_much = dots.post(f"{API}/devices/a?type=station", {"temperature": 61})
    none_left = devices(client)
    dots.post(f"{API}/devices/a?type=station", {"temperature": 21}).ok()
    dots.post(f"{API}/devices/a?type=nothing", {"temperature": 22}).ok()

    assert (refused.status_code, list(refused.json()["detail"])) == (400, ["type"])
    assert (too_much.status_code, list(too_much.json()["detail"])) == (400, ["temperature.value"])
    assert none_left == []
    [device] = devices(client)
    assert device["deviceProfileId"] == profile["id"]
    [component] = client.get(f"/api/v1/components?deviceId={device['id']}").ok()["items"]
    assert component["sensorProfileId"] == weather["id"]
    assert dots.post(f"{API}/devices/a", {"other": 1}).status_code == 400


def test_the_same_label_is_another_device_elsewhere(dots: Client, client: Client, other: Client) -> None:
    theirs = speaking(other)
    dots.post(f"{API}/devices/a", {"v": 1}).ok()
    theirs.post(f"{API}/devices/a", {"v": 2}).ok()
    theirs.post(f"{API}/devices/b", {"v": 3}).ok()
    [sensor] = client.get("/api/v1/sensors").ok()["items"]

    assert values_of(dots, "a", "v") == [1]
    assert values_of(theirs, "a", "v") == [2]
    assert devices(client)[0]["id"] != devices(other)[0]["id"]
    for path in ("/devices/b/v/values", f"/devices/{devices(other)[0]['id']}/v/values", "/devices/nobody/v/values"):
        assert dots.get(API + path).status_code == 404
    refusals = [
        (answer.status_code, answer.json()["code"])
        for answer in (
            theirs.get(f"{API}/variables/{sensor['id']}/values"),
            theirs.post(f"{API}/variables/{sensor['id']}/values", {"value": 1}),
            theirs.post(f"{API}/devices/{sensor['deviceId']}", {"v": 1}),
            theirs.post(f"{API}/devices/{DeviceId.new()}", {"v": 1}),
            theirs.post(f"{API}/data/stats/aggregation", {"variables": [sensor["id"]], "aggregation": "mean"}),
        )
    ]
    assert refusals == [(404, 404001)] * 5
    assert theirs.post(f"{API}/collections/values", [{"variable": sensor["id"], "value": 1}]).status_code == 400


def a_sender(organization: Organization) -> Sender:
    event = {
        "httpMethod": "POST",
        "resource": "/v1.6/devices/{device}",
        "path": "/v1.6/devices/a",
        "requestContext": {"stage": "api", "path": f"{API}/devices/a", "requestTimeEpoch": instants.now_ms()},
    }
    organization_id = OrganizationId(organization.id)
    caller = Caller(kind="API_KEY", organization_id=organization_id, subject="key", scopes=frozenset({Scope.ALL}))
    return Sender(Tenant(organization_id), caller, Exchange(event, "request"))


def test_of_many_first_values_at_once_all_are_stored_in_one_device(
    dots: Client, client: Client, organization: Organization, calls: Calls
) -> None:
    def send(number: int) -> list[str]:
        return store_all(a_sender(organization), bodies.of_device({f"v{number % 3}": number}, "a", (number,)))

    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(send, range(12)))

    assert [each for each in made if each] == [["a"]]
    [device] = devices(client)
    assert sorted(value for key in range(3) for value in values_of(dots, "a", f"v{key}")) == list(range(12))
    assert len(client.get(f"/api/v1/components?deviceId={device['id']}").ok()["items"]) == 1


def test_whatever_somebody_else_does_meanwhile_nothing_is_lost(
    dots: Client, client: Client, organization: Organization, calls: Calls
) -> None:
    at, has_come = 0, True
    while has_come:
        label = f"d{at}"

        def other_sends(label: str = label) -> None:
            store_all(a_sender(organization), bodies.of_device({"v": 1}, label, (1,)))

        calls.begin(meanwhile={at: other_sends})
        store_all(a_sender(organization), bodies.of_device({"v": 2}, label, (2,)))
        has_come = at not in calls.meanwhile
        calls.begin()
        assert values_of(dots, label, "v") == ([2, 1] if has_come else [2]), at
        at += 1

    assert at > 10
    assert len({each["label"] for each in devices(client)}) == len(devices(client)) == at


def test_a_variable_that_somebody_makes_of_another_type_meanwhile_refuses_all(
    dots: Client, client: Client, organization: Organization, calls: Calls
) -> None:
    refused = 0
    for at in range(1, 9):
        dots.post(f"{API}/devices/d{at}", {"v": {"value": 1, "timestamp": 1}}).ok()
        device_id = device_by(Tenant(OrganizationId(organization.id)), f"d{at}").id

        def made(device_id: DeviceId = device_id) -> None:
            tenant = Tenant(OrganizationId(organization.id))
            with suppress(AlreadyExists):
                create_sensor(tenant, device_id, "main", "w", name="w", value_type=ValueType.TEXT)

        calls.begin(meanwhile={at: made})
        try:
            store_all(a_sender(organization), bodies.of_device({"v": 2, "w": 3}, f"d{at}", (2,)))
        except InvalidRequest:
            refused += 1
        calls.begin()
        sensors = client.get(f"/api/v1/sensors?deviceId={device_id}").ok()["items"]
        is_theirs = any(each["valueType"] == "TEXT" for each in sensors)
        assert values_of(dots, f"d{at}", "v") == ([1] if is_theirs else [2, 1]), at
        assert values_of(dots, f"d{at}", "w") == ([] if is_theirs else [3]), at

    assert 1 < refused < 8


# --- Devices that go ---


def test_data_under_the_label_of_a_deleted_device_makes_another(
    dots: Client, client: Client, organization: Organization, iot_core: IotCore
) -> None:
    worker = Worker(client, organization.id)
    dots.post(f"{API}/devices/a", {"v": {"value": 1, "timestamp": 1}}).ok()
    [first] = devices(client)
    purge = client.delete(f"/api/v1/devices/{first['id']}?purge=true")

    # Before the purge has begun, and after it has ended.
    dots.post(f"{API}/devices/a", {"v": {"value": 2, "timestamp": 2}}).ok()
    worker.done(purge)
    dots.post(f"{API}/devices/a", {"v": {"value": 3, "timestamp": 3}}).ok()

    [second] = devices(client)
    assert second["id"] != first["id"]
    assert values_of(dots, "a", "v") == [3, 2]
    assert dots.delete(f"{API}/datasources/{second['id']}").status_code == 204
    assert dots.get(f"{API}/devices/a/v/values").status_code == 404
    dots.post(BULK, [{"device": "a", "values": [{"v": 4}]}]).ok()
    assert values_of(dots, "a", "v") == [4]


def test_a_label_that_had_many_devices_is_found_by_few_questions(
    dots: Client, organization: Organization, iot_core: IotCore, calls: Calls
) -> None:
    sender, seen = a_sender(organization), set[str]()
    for number in range(1, 19):
        store_all(sender, bodies.of_device({"v": number}, "a", (number,)))
        calls.begin()
        device = device_by(sender.tenant, "a")
        assert calls.made.count("GetItem") <= 2 + 2 * number.bit_length()
        assert values_of(dots, "a", "v") == [number]
        seen.add(device.id)
        tenant = sender.tenant
        tenant.commit([tenant.things(Device).removing(device.id), leaving(tenant, DEVICE, device.id)])

    assert len(seen) == 18


def test_a_device_that_is_deleted_meanwhile_is_followed_by_another(
    dots: Client, client: Client, organization: Organization, iot_core: IotCore, calls: Calls
) -> None:
    # After it was looked for, after its trace was, and just before it is made.
    for at in (1, 2, 3):
        label = f"d{at}"

        def made_and_deleted(label: str = label) -> None:
            sender = a_sender(organization)
            store_all(sender, bodies.of_device({"v": 1}, label, (1,)))
            delete_device(sender.tenant, sender.caller, sender.exchange, device_by(sender.tenant, label).id)

        calls.begin(meanwhile={at: made_and_deleted})
        store_all(a_sender(organization), bodies.of_device({"v": 2}, label, (2,)))
        calls.begin()
        assert values_of(dots, label, "v") == [2], at


def test_an_inactive_device_takes_nothing(dots: Client, client: Client) -> None:
    dots.post(f"{API}/devices/a", {"v": {"value": 1, "timestamp": 1}}).ok()
    [device] = devices(client)
    client.patch(f"/api/v1/devices/{device['id']}", {"status": "INACTIVE"}).ok()
    [sensor] = client.get("/api/v1/sensors").ok()["items"]

    refusals = [
        dots.post(API + path, body)
        for path, body in (
            ("/devices/a", {"v": 2}),
            ("/devices/a/v/values", [{"value": 2}]),
            (f"/variables/{sensor['id']}/values", {"value": 2}),
            ("/collections/values", [{"variable": sensor["id"], "value": 2}]),
        )
    ]
    bulk = dots.post(BULK, [{"device": "a", "values": [{"v": 2}]}, {"device": "b", "values": [{"v": 2}]}])

    assert {(each.status_code, each.json()["code"]) for each in refusals} == {(423, 423001)}
    task = dots.get(f"{API}/tasks/{bulk.ok()['task_id']}").ok()
    assert [(each["device"], each["code"]) for each in task["errors"]] == [("a", 423001)]
    assert values_of(dots, "a", "v") == [1]
    [kept] = client.get("/api/v1/admin/quarantine").ok()["items"]
    assert kept["reason"] == "DEVICE_INACTIVE"
    client.patch(f"/api/v1/devices/{device['id']}", {"status": "ACTIVE"}).ok()
    client.post(f"/api/v1/admin/quarantine/{kept['id']}/replay").ok()
    assert values_of(dots, "a", "v") == [2, 1]


# --- Who may, and how much ---


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("readings:write", "POST", "/devices/a", {"v": 1}),
        ("readings:write", "POST", "/devices/a/v/values", {"value": 1}),
        ("readings:write", "POST", "/devices/a/_/bulk/values", [{"v": 1}]),
        ("readings:write", "POST", "/devices/_/bulk/values", [{"device": "a", "values": [{"v": 1}]}]),
        ("readings:read", "GET", "/devices/b/v/values", None),
        ("readings:read", "GET", "/devices/b/v/lv", None),
        ("devices:read", "GET", "/datasources", None),
        ("devices:read", "GET", "/variables", None),
        ("devices:write", "POST", "/datasources", {"name": "c"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_call_takes_its_scope(
    dots: Client, scoped: Callable[..., Client], scope: str, method: str, path: str, body: Any
) -> None:
    dots.post(f"{API}/devices/b", {"v": 1}).ok()
    every = ("readings:read", "readings:write", "devices:read", "devices:write", "analytics:write")

    refused = speaking(scoped(*(each for each in every if each != scope))).request(method, API + path, json=body)
    allowed = speaking(scoped(scope)).request(method, API + path, json=body)

    assert (refused.status_code, refused.json()["code"]) == (403, 403001)
    assert 200 <= allowed.status_code < 300, allowed.body


def test_a_body_is_as_long_as_the_deployment_says(dots: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [{"v": number, "timestamp": number} for number in range(400)]

    refused = dots.post(f"{API}/devices/a/_/bulk/values", entries)
    monkeypatch.setenv("DOTS_BODY_BYTES", "50000")
    settings.cache_clear()
    taken = dots.post(f"{API}/devices/a/_/bulk/values", entries)

    assert (refused.status_code, refused.json()["code"]) == (413, 413001)
    assert dots.get(f"{API}/tasks/{taken.ok()['task_id']}").ok()["accepted"] == 400


def test_who_sends_too_often_is_told_to_wait(client: Client) -> None:
    key = client.post("/api/v1/api-keys", {"name": "slow", "scopes": ["*"], "requestsPerSecond": 1}).ok()["key"]
    slow = Client(headers={"X-Auth-Token": key})

    answers = [slow.post(f"{API}/devices/a", {"v": 1}) for _ in range(8)]

    assert answers[0].status_code == 200
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, 429001)
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_what_is_not_called_json_is_refused(dots: Client) -> None:
    answer = dots.post(f"{API}/devices/a", body="v=1", headers={"Content-Type": "text/plain"})

    assert (answer.status_code, answer.json()["code"]) == (415, 415001)


def test_a_repeated_call_is_told_of_the_same_task(dots: Client) -> None:
    body = [{"device": "a", "values": [{"v": 1}]}]

    first = dots.post(BULK, body, headers={"Idempotency-Key": "one"}).ok()
    again = dots.post(BULK, body, headers={"Idempotency-Key": "one"})

    assert again.ok() == first
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(values_of(dots, "a", "v")) == 1


def test_a_call_that_died_anywhere_is_completed_by_its_repetition(
    dots: Client, client: Client, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody waits for the one who died.
    monkeypatch.setattr(repeats, "LEASE_MS", -1)
    at, all_calls = 0, 1
    while at < all_calls:
        body = [{"device": f"d{at}", "values": [{"v": 1}, {"w": "bad"}]}]
        calls.begin({at: "after"})
        dots.post(BULK, body, headers={"Idempotency-Key": f"key-{at}"})
        all_calls = max(all_calls, len(calls.made) + 1)
        calls.begin()
        task_id = dots.post(BULK, body, headers={"Idempotency-Key": f"key-{at}"}).ok()["task_id"]
        task = dots.get(f"{API}/tasks/{task_id}").ok()
        assert (task["status"], task["accepted"], task["rejected"]) == ("PARTIAL", 1, 1), at
        assert values_of(dots, f"d{at}", "v") == [1]
        at += 1
    assert at > 15
    assert len(devices(client)) == len(client.get("/api/v1/admin/quarantine?limit=200").ok()["items"]) == at


# --- Devices and variables as things ---


def test_a_key_gets_itself_as_token(organization: Organization, stranger: Client) -> None:
    token = stranger.post(f"{API}/auth/token", headers={"x-ubidots-apikey": organization.api_key})

    assert token.ok() == {"token": organization.api_key}
    refused = stranger.post(f"{API}/auth/token", headers={"x-ubidots-apikey": "wrong"})
    assert (refused.status_code, refused.json()["code"]) == (401, 401002)
    assert stranger.post(f"{API}/auth/token").json()["code"] == 401001
    elsewhere = stranger.get(f"{API}/datasources", headers={"x-ubidots-apikey": organization.api_key})
    assert elsewhere.json()["code"] == 401001


def test_datasources_are_devices_and_variables_are_sensors(dots: Client, client: Client, iot_core: IotCore) -> None:
    made = dots.post(
        f"{API}/datasources/",
        {"name": "Green house", "label": "greenhouse", "description": "north", "tags": ["x"], "context": {"floor": 2}},
    )
    source = made.json()
    assert made.status_code == 201
    variable = dots.post(f"{API}/datasources/{source['id']}/variables", {"name": "Air Temp. (in)", "unit": "Cel"}).ok()

    assert (source["label"], source["description"], source["context"]) == ("greenhouse", "north", {"floor": 2})
    assert dots.get(f"{API}/datasources/{source['id']}").ok() == source
    assert dots.get(f"{API}/datasources").ok() == {"count": 1, "next": None, "previous": None, "results": [source]}
    assert variable["label"] == "air-temp.-in"
    assert dots.get(f"{API}/datasources/{source['id']}/variables").ok()["results"] == [variable]
    assert dots.get(f"{API}/variables").ok()["results"] == [variable]
    dots.post(f"{API}/devices/greenhouse", {variable["label"]: {"value": 3, "timestamp": 5}}).ok()
    dots.post(f"{API}/variables/{variable['id']}/values?force=true", [{"value": 4, "timestamp": 6}]).ok()
    shown = dots.get(f"{API}/variables/{variable['id']}").ok()
    assert (shown["last_value"]["value"], shown["last_value"]["timestamp"]) == (4, 6)
    assert shown["datasource"]["url"] == source["url"] == f"https://whimbrel.test{API}/datasources/{source['id']}"
    assert dots.post(f"{API}/datasources", {"name": "x", "label": "greenhouse"}).status_code == 409
    twice = dots.post(f"{API}/datasources/{source['id']}/variables", {"name": "Air Temp in", "label": "air-temp.-in"})
    assert twice.status_code == 409
    unlabelled = dots.post(f"{API}/datasources", {"name": "x"}).ok()
    assert unlabelled["label"] == unlabelled["id"]
    assert dots.post(f"{API}/datasources", {"name": "x", "label": "a b"}).json()["code"] == 400001
    assert dots.delete(f"{API}/variables/{variable['id']}").status_code == 204
    assert dots.get(f"{API}/variables/{variable['id']}").status_code == 404
    assert dots.delete(f"{API}/datasources/{source['id']}").status_code == 204
    assert dots.get(f"{API}/datasources/{source['id']}").status_code == 404


def test_what_is_kept_of_a_device_has_an_end(dots: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTS_BODY_BYTES", "50000")
    settings.cache_clear()

    refused = dots.post(f"{API}/datasources", {"name": "x", "description": "y" * 500, "context": {"z": "z" * 10_000}})

    assert (refused.status_code, refused.json()["code"]) == (400, 400001)


def test_many_devices_at_once_are_made_and_found_again(dots: Client, client: Client) -> None:
    labels = [f"d{number}" for number in range(30)]
    body = [{"device": label, "values": [{"v": 1}]} for label in labels]

    tasks = [dots.get(f"{API}/tasks/{dots.post(BULK, body).ok()['task_id']}").ok() for _ in range(2)]

    assert [task["accepted"] for task in tasks] == [30, 30]
    assert {each["label"] for each in devices(client)} == set(labels)
    too_many = [{"device": f"d{number}", "values": [{"v": 1}]} for number in range(501)]
    assert dots.post(BULK, too_many).status_code == 413


def test_lists_are_cut_by_page(dots: Client) -> None:
    names = [f"n{number}" for number in range(5)]
    for name in names:
        dots.post(f"{API}/datasources", {"name": name}).ok()

    pages = [dots.get(f"{API}/datasources?page_size=2&page={page}").ok() for page in (1, 2, 3)]

    assert [each["name"] for page in pages for each in page["results"]] == names
    assert [page["count"] for page in pages] == [5, 5, 5]
    assert pages[1]["next"].endswith(f"{API}/datasources?page_size=2&page=3")
    assert pages[1]["previous"].endswith(f"{API}/datasources?page_size=2&page=1")
    assert (pages[0]["previous"], pages[2]["next"]) == (None, None)
    assert dots.get(f"{API}/datasources?page_size=2&page=4").status_code == 404


def test_values_are_deleted_by_a_job_that_the_task_tells_of(dots: Client, organization: Organization) -> None:
    dots.post(f"{API}/devices/a", {"v": [{"value": at, "timestamp": at} for at in range(1, 6)]}).ok()
    variable = dots.get(f"{API}/variables").ok()["results"][0]["id"]

    task_id = dots.delete(f"{API}/variables/{variable}/values/2/4").ok()["task_id"]
    queued = dots.get(f"{API}/tasks/{task_id}").ok()
    [job] = organization.client.get("/api/v1/jobs").ok()["items"]
    played(organization.id, job["id"])

    assert (queued["kind"], queued["status"]) == ("DELETE_VALUES", "QUEUED")
    done = dots.get(f"{API}/tasks/{task_id}").ok()
    assert (done["status"], done["accepted"]) == ("SUCCEEDED", 3)
    assert done["finishedAt"] >= done["createdAt"] > instants.format_ms(int(time.time() - 600) * 1000)
    assert values_of(dots, "a", "v") == [5, 1]
    assert dots.delete(f"{API}/variables/{variable}/values/4/2").status_code == 400
