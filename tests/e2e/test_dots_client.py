"""The dots API over the wire: the document's examples, and a client of it that nobody here wrote."""

from __future__ import annotations

import importlib
import json
import re
import time
import warnings
from typing import Any

import pytest

from tests.e2e.launch import Answer, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("platform")]

API = "/api/v1.6"
BULK = f"{API}/devices/_/bulk/values"
SEED = b"""[ { "device":"first-device", "timestamp":1588864653968, "values":[ { "temperature":24, "humidity":88 }, \
{ "temperature":21, "humidity":86, "timestamp":1588864653900 } ] }, { "device":"second-device", \
"timestamp":1588864653968, "values":[ { "temperature":45, "humidity":{ "value":2, "timestamp":1588864653900 } } ] } ]"""
"""The document's request, as it is printed."""

BROKEN = b'[\n   {\n      "device": "first-device\n"}]'
"""What the document's refusal may have been the answer to."""

SECOND = 1_000


def send(platform: Platform, path: str, body: Any = None, *, token: str | None = None) -> Answer:
    """Send what ``curl -H 'X-Auth-Token: …'`` would; *token* is the first organization's key unless it is given."""
    key = platform.credentials["apiKey"] if token is None else token
    method = "GET" if body is None else "POST"
    return platform.call(method, path, body, key="", headers={"X-Auth-Token": key} if key else {})


def test_the_documents_examples_work_as_printed(platform: Platform) -> None:
    taken = send(platform, BULK, SEED)
    in_query = send(platform, f"{BULK}?token={platform.credentials['apiKey']}", SEED, token="")
    broken = send(platform, BULK, BROKEN)
    wrong = send(platform, BULK, SEED, token="oaXBo6ODhIjPsusNRPUGIK4d72bc73")

    assert (taken.status, in_query.status) == (200, 200)
    assert re.fullmatch("[0-9a-f]{24}", taken.json()["task_id"])
    assert taken.json().keys() == {"task_id"}
    assert (broken.status, broken.json()) == (
        400,
        {"detail": "JSON parse error - Invalid control character at: line 3 column 30 (char 36)"},
    )
    assert (wrong.status, wrong.json()) == (
        401,
        {"code": 401002, "message": "Incorrect authentication credentials."},
    )
    assert send(platform, f"{API}/tasks/{taken.json()['task_id']}").json()["status"] == "SUCCEEDED"
    assert stored(platform, "first-device", "temperature") == [(1588864653968, 24), (1588864653900, 21)]
    assert stored(platform, "first-device", "humidity") == [(1588864653968, 88), (1588864653900, 86)]
    assert stored(platform, "second-device", "temperature") == [(1588864653968, 45)]
    assert stored(platform, "second-device", "humidity") == [(1588864653900, 2)]


def test_the_other_calls_and_their_refusals(platform: Platform) -> None:
    at = 1_700_000_000_000
    several = send(platform, f"{API}/devices/wire/?timestamp={at}", {"a": 1, "b": {"value": 2, "context": {"lat": 5}}})
    one = send(platform, f"{API}/devices/wire/a/values", {"value": 3, "timestamp": at + 1})
    bulk = send(platform, f"{API}/devices/wire/_/bulk/values", [{"a": "4.5", "timestamp": str(at + 2)}, {"a": "warm"}])

    assert several.json() == {"a": [{"status_code": 201}], "b": [{"status_code": 201}]}
    assert one.json() == {"status_code": 201}
    task = send(platform, f"{API}/tasks/{bulk.json()['task_id']}").json()
    assert (task["status"], task["accepted"], task["rejected"]) == ("PARTIAL", 1, 1)
    assert stored(platform, "wire", "a") == [(at + 2, 4.5), (at + 1, 3), (at, 1)]
    assert send(platform, f"{API}/devices/wire/a/lv").body == b"4.5"
    table = send(platform, f"{API}/devices/wire/b/values?format=csv")
    assert (table.headers["content-type"], table.body.count(b"\n")) == ("text/csv; charset=utf-8", 2)
    for refused, code in (
        (send(platform, f"{API}/devices/wire", {"a": "warm"}), 400001),
        (send(platform, f"{API}/devices/wire/nothing/values"), 404001),
        (send(platform, f"{API}/devices/wire/_/bulk/values", [{"a": 1}] * 2_000), 413001),
        (send(platform, f"{API}/datasources", token=""), 401001),
        (send(platform, f"{API}/devices/wire/a/values", token=platform.credentials["secondApiKey"]), 404001),
    ):
        assert (refused.status, refused.json()["code"]) == (code // 1000, code), refused.body


def test_a_client_that_nobody_here_wrote_stores_and_reads_back(platform: Platform) -> None:
    with warnings.catch_warnings():
        # Its source has an escape that Python warns of where it is compiled.
        warnings.simplefilter("ignore")
        ubidots: Any = importlib.import_module("ubidots")
    url = f"http://127.0.0.1:{platform.http_port}{API}/"
    api = ubidots.ApiClient(apikey=platform.credentials["apiKey"], base_url=url)
    start = int(time.time()) * SECOND - 1_000 * SECOND

    source = api.create_datasource({"name": "Foreign", "tags": ["x"]})
    variable = source.create_variable({"name": "Level", "unit": "m"})
    other = source.create_variable({"name": "Flow", "unit": "l/s"})
    assert variable.save_value({"value": 0, "timestamp": start})["status_code"] == 201
    variable.save_values([{"value": number, "timestamp": start + number * SECOND} for number in range(1, 150)])
    api.save_collection(
        [
            {"variable": variable.id, "value": 150, "timestamp": start + 150 * SECOND, "context": {"note": "last"}},
            {"variable": other.id, "value": 7},
        ]
    )

    values = variable.get_values()
    assert [(each["timestamp"], each["value"]) for each in values] == [
        (start + number * SECOND, number) for number in range(150, -1, -1)
    ]
    assert values.items_in_server == 151
    assert values[0]["context"] == {"note": "last"}
    assert [each["value"] for each in variable.get_values(3)] == [150, 149, 148]
    assert {each.id for each in source.get_variables()} == {variable.id, other.id}
    assert {variable.id, other.id} <= {each.id for each in api.get_variables()}
    assert source.id in {each.id for each in api.get_datasources()}
    assert api.get_datasource(source.id).name == api.get_datasource(url=source.url).name == "Foreign"
    assert api.get_variable(other.id).last_value["value"] == 7
    with pytest.raises(ubidots.UbidotsError400):
        variable.save_value({"value": "high"})
    with pytest.raises(ubidots.UbidotsForbiddenError):
        ubidots.ApiClient(apikey="wrong", base_url=url)

    task = variable.remove_values(start, start + 99 * SECOND)["task_id"]
    deadline = time.monotonic() + 60
    while send(platform, f"{API}/tasks/{task}").json()["status"] in {"QUEUED", "RUNNING"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert [each["value"] for each in variable.get_values()] == list(range(150, 99, -1))
    assert other.remove_variable() is True
    source.remove_datasource()
    with pytest.raises(ubidots.UbidotsError404):
        api.get_datasource(source.id)


def stored(platform: Platform, device: str, variable: str) -> list[tuple[int, float]]:
    page = json.loads(send(platform, f"{API}/devices/{device}/{variable}/values").body)
    return [(each["timestamp"], each["value"]) for each in page["results"]]
