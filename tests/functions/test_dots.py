"""The dots API as its clients meet it: what they send, what they are told, and what is then in the series."""

from __future__ import annotations

import re
import time
from itertools import combinations, count
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway import Client
from whimbrel import instants
from whimbrel.ids import DeviceId

API = "/api/v1.6"
BULK = f"{API}/devices/_/bulk/values"

SEED = """[ { "device":"first-device", "timestamp":1588864653968, "values":[ { "temperature":24, "humidity":88 }, \
{ "temperature":21, "humidity":86, "timestamp":1588864653900 } ] }, { "device":"second-device", \
"timestamp":1588864653968, "values":[ { "temperature":45, "humidity":{ "value":2, "timestamp":1588864653900 } } ] } ]"""
"""The document's request, as it is printed."""

NEWER, OLDER = 1588864653968, 1588864653900


@pytest.fixture
def dots(organization: Any) -> Client:
    """A client as that platform's: its credential in the header of its own."""
    return Client(headers={"X-Auth-Token": organization.api_key})


def values_of(dots: Client, device: str, variable: str, query: str = "") -> list[tuple[int, Any]]:
    page = dots.get(f"{API}/devices/{device}/{variable}/values{query}").ok()
    return [(each["timestamp"], each["value"]) for each in page["results"]]


def task_of(dots: Client, answer: Any) -> dict[str, Any]:
    return dots.get(f"{API}/tasks/{answer.ok()['task_id']}").ok()


def test_the_documents_request_stores_what_it_says(dots: Client) -> None:
    answer = dots.post(BULK, body=SEED)

    assert answer.status_code == 200
    assert list(answer.json()) == ["task_id"]
    assert re.fullmatch("[0-9a-f]{24}", answer.json()["task_id"])
    assert values_of(dots, "first-device", "temperature") == [(NEWER, 24), (OLDER, 21)]
    assert values_of(dots, "first-device", "humidity") == [(NEWER, 88), (OLDER, 86)]
    assert values_of(dots, "second-device", "temperature") == [(NEWER, 45)]
    assert values_of(dots, "second-device", "humidity") == [(OLDER, 2)]
    assert {name: value for name, value in task_of(dots, answer).items() if not name.endswith("At")} == {
        "id": answer.json()["task_id"], "kind": "BULK_VALUES", "status": "SUCCEEDED",
        "total": 6, "accepted": 6, "rejected": 0, "errors": [],
    }  # fmt: skip


def test_the_credential_may_be_in_the_query(organization: Any) -> None:
    answer = Client().post(f"{BULK}?token={organization.api_key}", body=SEED)

    assert answer.status_code == 200


def test_a_credential_of_nobody_is_refused_in_the_documents_words(stranger: Client) -> None:
    wrong = stranger.post(BULK, body=SEED, headers={"X-Auth-Token": "oaXBo6ODhIjPsusNRPUGIK4d72bc73"})
    none = stranger.post(BULK, body=SEED)

    assert wrong.status_code == 401
    assert wrong.body == '{"code":401002,"message":"Incorrect authentication credentials."}'
    assert (none.status_code, none.json()["code"]) == (401, 401001)


@pytest.mark.parametrize(
    "path", ["/devices/_/bulk/values", "/devices/a/_/bulk/values", "/devices/a", "/devices/a/b/values"]
)
def test_what_is_no_json_is_refused_with_its_place(dots: Client, path: str) -> None:
    text = '[\n   {\n      "device": "first-device\n"}]'

    answer = dots.post(API + path, body=text)

    assert answer.status_code == 400
    assert answer.json() == {"detail": "JSON parse error - Invalid control character at: line 3 column 30 (char 36)"}
    assert dots.post(API + path, body="").json()["detail"].startswith("JSON parse error - Expecting value: line 1")
    assert dots.post(API + path, body='{"v": NaN}').json()["detail"].startswith("JSON parse error - NaN")


def test_a_device_takes_numbers_dots_and_arrays_at_once(dots: Client) -> None:
    sent = {
        "a": 1,
        "b": {"value": "2.5", "timestamp": OLDER, "context": {"lat": 1.5, "lng": 2, "note": "x"}},
        "c": [
            {"value": 3, "timestamp": OLDER},
            {"value": 4, "timestamp": str(NEWER)},
            {"value": 5, "timestamp": 1000.9},
        ],
    }

    answer = dots.post(f"{API}/devices/greenhouse/?timestamp={NEWER}", sent)

    stored = {"status_code": 201}
    assert answer.ok() == {"a": [stored], "b": [stored], "c": [stored, stored, stored]}
    assert values_of(dots, "greenhouse", "a") == [(NEWER, 1)]
    assert values_of(dots, "greenhouse", "c") == [(NEWER, 4), (OLDER, 3), (1000, 5)]
    [value] = dots.get(f"{API}/devices/~greenhouse/~b/values").ok()["results"]
    assert value.pop("created_at") > NEWER
    assert value == {"timestamp": OLDER, "value": 2.5, "context": {"lat": 1.5, "lng": 2, "note": "x"}}


def test_a_variable_takes_one_dot_or_many(dots: Client) -> None:
    url = f"{API}/devices/greenhouse/temperature/values"

    one = dots.post(f"{url}?status=true", {"value": 1, "timestamp": OLDER})
    many = dots.post(url, [{"value": 2, "timestamp": NEWER}, {"value": 3, "timestamp": NEWER + 1}])

    device = one.ok()["_status"]["device"]
    assert one.json() == {
        "status_code": 201,
        "_status": {"device": {"id": device["id"], "label": "greenhouse", "created": True}},
    }
    assert many.ok() == [{"status_code": 201}, {"status_code": 201}]
    assert values_of(dots, device["id"], "temperature") == [(NEWER + 1, 3), (NEWER, 2), (OLDER, 1)]
    again = dots.post(f"{API}/devices/greenhouse?status=true", {"temperature": 4}).ok()
    assert again["_status"] == {"device": {**device, "created": False}}


def test_without_any_timestamp_it_is_the_time_of_the_request(dots: Client) -> None:
    at_ms = instants.now_ms()

    dots.post(f"{API}/devices/a", {"v": 1}, at_ms=at_ms).ok()
    dots.post(f"{API}/devices/a/_/bulk/values", [{"v": 2}], at_ms=at_ms + 1).ok()

    assert values_of(dots, "a", "v") == [(at_ms + 1, 2), (at_ms, 1)]


PLACES = ("dot", "entry", "device", "query")


def test_the_narrowest_timestamp_counts(dots: Client) -> None:
    now = instants.now_ms()
    at = {place: 1_000 * number for number, place in enumerate(PLACES, 1)}
    for number, given_at in enumerate(given_at for size in range(5) for given_at in combinations(PLACES, size)):
        said = {"value": 7} | ({"timestamp": at["dot"]} if "dot" in given_at else {})
        entry = {"v": said} | ({"timestamp": at["entry"]} if "entry" in given_at else {})
        device = {"device": f"d{number}", "values": [entry]}
        device |= {"timestamp": at["device"]} if "device" in given_at else {}
        query = f"?timestamp={at['query']}" if "query" in given_at else ""

        dots.post(BULK + query, [device], at_ms=now).ok()

        expected = next((at[place] for place in PLACES if place in given_at), now)
        assert values_of(dots, f"d{number}", "v") == [(expected, 7)], given_at


ONE_VALUE = st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 5), st.integers(-9, 9))
CALL = st.tuples(st.integers(0, 3), st.lists(ONE_VALUE, min_size=1, max_size=6, unique_by=lambda each: each[:3]))
NAMES = count()


def sent_in(form: int, dots: Client, values: list[tuple[str, str, int, int]], at_ms: int) -> None:
    """Send values (device, variable, timestamp, value), accepted at one moment, by one of the calls."""

    def send(path: str, body: Any) -> None:
        dots.post(API + path, body, at_ms=at_ms).ok()

    if form == 0:
        send("/devices/_/bulk/values", [{"device": d, "values": [{v: x, "timestamp": t}]} for d, v, t, x in values])
        return
    for device in sorted({each[0] for each in values}):
        own = [each[1:] for each in values if each[0] == device]
        if form == 1:
            send(f"/devices/{device}/_/bulk/values", [{"timestamp": str(t), v: str(x)} for v, t, x in own])
        elif form == 2:
            series: dict[str, Any] = {}
            for variable, at, value in own:
                series.setdefault(variable, []).append({"value": value, "timestamp": at})
            send(f"/devices/{device}/", series)
        else:
            for variable, at, value in own:
                send(f"/devices/{device}/{variable}/values", {"value": value, "timestamp": at})


@settings(max_examples=10)
@given(calls=st.lists(CALL, min_size=1, max_size=4))
def test_however_dots_are_cut_the_series_are_those_of_the_main_api(
    dots: Client, client: Any, calls: list[tuple[int, list[tuple[str, str, int, int]]]]
) -> None:
    name, now = f"d{next(NAMES)}", instants.now_ms()
    expected: dict[tuple[str, str], dict[int, int]] = {}
    for number, (form, values) in enumerate(calls):
        named = [(f"{name}{each[0]}", *each[1:]) for each in values]
        sent_in(form, dots, named, now + number)
        for device, variable, at, value in named:
            expected.setdefault((device, variable), {})[at] = value
    for (device, variable), series in expected.items():
        assert values_of(dots, device, variable) == sorted(series.items(), reverse=True)
        assert readings_of(client, device, variable) == sorted(series.items())


def readings_of(client: Any, device: str, variable: str) -> list[tuple[int, Any]]:
    """Return what the main API has of a variable, oldest first."""
    device_id = device_of(client, device)["id"]
    [sensor] = [
        each for each in client.get(f"/api/v1/sensors?deviceId={device_id}").ok()["items"] if each["key"] == variable
    ]
    points = client.get(f"/api/v1/readings/sensor/{sensor['id']}").ok()["points"]
    return [(instants.parse_ms(point["timestamp"]), point["value"]) for point in points]


def device_of(client: Any, label: str) -> dict[str, Any]:
    """Return the device of a label, as the main API has it."""
    [device] = [
        each for each in client.get(f"/api/v1/devices?q={label}&limit=200").ok()["items"] if each["label"] == label
    ]
    return device


def test_one_bad_value_refuses_all_of_a_call(dots: Client, organization: Any) -> None:
    sent = {
        "good": 1,
        "text": "warm",
        "many": [{"value": 1}, {"value": True}],
        "late": {"value": 1, "timestamp": "soon"},
        "no good": 2,
        "noted": {"value": 1, "context": 5},
        "odd": {"value": 1, "time": 5},
        "empty": {},
    }

    answer = dots.post(f"{API}/devices/greenhouse", sent)

    assert answer.status_code == 400
    refusal = answer.json()
    assert refusal["code"] == 400001
    assert set(refusal["detail"]) == {
        "text.value",
        "many[1].value",
        "late.timestamp",
        "no good",
        "noted.context",
        "odd",
        "empty.value",
    }
    assert refusal["detail"]["text.value"] == ["a dot's value is a number, not a text"]
    assert organization.client.get("/api/v1/devices").ok()["items"] == []
    assert organization.client.get("/api/v1/sensors").ok()["items"] == []
    assert organization.client.get("/api/v1/admin/quarantine").ok()["items"] == []


BODIES: dict[str, tuple[str, Any]] = {
    "no object": ("/devices/a", [1]),
    "no values": ("/devices/a", {}),
    "nothing": ("/devices/a/_/bulk/values", []),
    "an entry that is none": ("/devices/a/_/bulk/values", [1]),
    "no array": ("/devices/_/bulk/values", {"device": "a"}),
    "no device": ("/devices/_/bulk/values", [{"timestamp": 1, "values": [{"v": 1}]}]),
    "no list": ("/devices/_/bulk/values", [{"device": "a", "timestamp": 1}]),
    "a number as device": ("/devices/_/bulk/values", [{"device": 1, "values": [{"v": 1}]}]),
    "a field too many": ("/devices/_/bulk/values", [{"device": "a", "value": 1, "values": [{"v": 1}]}]),
    "no label": ("/devices/_/bulk/values", [{"device": "a b", "values": [{"v": 1}]}]),
    "a label too long": (f"/devices/{'x' * 65}", {"v": 1}),
    "no variable": ("/collections/values", [{"value": 1}]),
    "an empty variable": ("/collections/values", [{"variable": "", "value": 1}]),
    "a variable of nobody": ("/collections/values", [{"variable": "0" * 24, "value": 1}]),
}


def test_what_is_none_of_the_forms_is_refused_with_its_field(dots: Client, organization: Any) -> None:
    for case, (path, body) in BODIES.items():
        answer = dots.post(API + path, body)

        assert (answer.status_code, answer.json()["code"]) == (400, 400001), case
        assert isinstance(answer.json()["detail"], dict), case
    assert organization.client.get("/api/v1/devices").ok()["items"] == []


def test_a_label_twice_in_one_object_is_refused(dots: Client) -> None:
    answer = dots.post(f"{API}/devices/a", body='{"v": 1, "v": 2}')

    assert answer.json() == {
        "code": 400001,
        "message": "Invalid request",
        "detail": {"body": ["v stands twice in one object"]},
    }


def test_in_bulk_what_is_good_is_stored_and_the_rest_is_kept_and_told(dots: Client, organization: Any) -> None:
    body = [
        {"device": "a", "timestamp": NEWER, "values": [{"v": 1, "w": "warm"}, {"v": {"value": 2, "timestamp": OLDER}}]},
        {"device": "b", "values": [{"no good": 3, "timestamp": OLDER}]},
        {"device": str(DeviceId.new()), "values": [{"v": 4}]},
    ]

    task = task_of(dots, dots.post(BULK, body))

    assert (task["status"], task["total"], task["accepted"], task["rejected"]) == ("PARTIAL", 5, 2, 3)
    told = [(each["index"], each["device"], each["variable"], each["code"]) for each in task["errors"]]
    assert told == [(1, "a", "w", 400001), (3, "b", "no good", 400001), (4, body[2]["device"], "v", 404001)]
    assert values_of(dots, "a", "v") == [(NEWER, 1), (OLDER, 2)]
    kept = organization.client.get("/api/v1/admin/quarantine").ok()["items"]
    assert sorted((each["payload"]["sensorId"], each["payload"]["value"]) for each in kept) == [
        ("no good", 3),
        ("v", 4),
        ("w", "warm"),
    ]
    assert {each["label"] for each in organization.client.get("/api/v1/devices").ok()["items"]} == {"a", "b"}


def test_a_task_of_only_bad_values_has_failed_and_tells_of_a_hundred(dots: Client) -> None:
    task = task_of(dots, dots.post(f"{API}/devices/a/_/bulk/values", [{"v": None} for _ in range(120)]))

    assert (task["status"], task["accepted"], task["rejected"], len(task["errors"])) == ("FAILED", 0, 120, 100)


HOSTILE: dict[str, Any] = {
    "half a surrogate": {"\ud800": 1},
    "a name that is empty": {"": 1},
    "a long name": {"x" * 5_000: 1},
    "an unknown component": {"a/b": 1},
    "an identifier": {"01900000-0000-7000-8000-000000000000": 1},
    "a number beyond all": {"v": "1e999"},
    "digits beyond all": {"v": "9" * 5_000},
    "a depth": {
        "v": {"value": 1, "context": {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}
    },
    "arrays in arrays": {"v": [[1]]},
    "a context of half a surrogate": {"v": {"value": 1, "context": {"a": "\ud800"}}},
    "a text that is an object": {"v": '{"value": 1}'},
    "a moment before all": {"v": {"value": 1, "timestamp": -1}},
    "a moment after all": {"v": {"value": 1, "timestamp": 10**30}},
    "a moment to come": {"v": {"value": 1, "timestamp": 10**13}},
    "no moment": {"v": {"value": 1, "timestamp": None}},
    "a moment at infinity": {"v": {"value": 1, "timestamp": "1e999"}},
    "an odd field": {"v": {"value": 1, "\ud800": 2}},
}


def test_whatever_is_sent_is_refused_in_order_and_kept(dots: Client, client: Any) -> None:
    for number, (case, values) in enumerate(HOSTILE.items()):
        url = f"{API}/devices/d{number}"

        at_once = dots.post(url, values)
        task = task_of(dots, dots.post(f"{url}/_/bulk/values", [values, {"v": 1}]))

        assert (at_once.status_code, at_once.json()["code"]) == (400, 400001), case
        assert (task["status"], task["accepted"], task["rejected"]) == ("PARTIAL", 1, 1), case
        assert len(client.get("/api/v1/admin/quarantine?limit=200").ok()["items"]) == number + 1, case


def test_tasks_are_kept_for_a_week_and_are_their_organizations_own(
    dots: Client, organization: Any, other: Client
) -> None:
    task_id = dots.post(BULK, body=SEED).ok()["task_id"]
    theirs = Client(headers={"X-Auth-Token": other.token or ""})
    item = boto3.client("dynamodb").query(
        TableName="registry",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"ORG#{organization.id}#task"}},
    )["Items"]

    assert [int(each["ttl"]["N"]) // 60 for each in item] == [int(time.time() + 7 * 86_400) // 60]
    assert theirs.get(f"{API}/tasks/{task_id}").status_code == 404
    assert theirs.get(f"{API}/tasks/{task_id}").json()["code"] == 404001
    assert dots.get(f"{API}/tasks/nothing").status_code == 404
