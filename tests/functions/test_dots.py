"""The dots API as its clients meet it: what they send, what they are told, and what is then in the series."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.gateway import Client

API = "/api/v1.6"
BULK = f"{API}/devices/_/bulk/values"

SEED = """[ { "device":"first-device", "timestamp":1588864653968, "values":[ { "temperature":24, "humidity":88 }, \
{ "temperature":21, "humidity":86, "timestamp":1588864653900 } ] }, { "device":"second-device", \
"timestamp":1588864653968, "values":[ { "temperature":45, "humidity":{ "value":2, "timestamp":1588864653900 } } ] } ]"""
"""The document's request, as it is printed."""

BROKEN = '[ {\n"device":"first-device",\n"timestamp":1588864653968,"x\n": 1}]'
NEWER, OLDER = 1588864653968, 1588864653900


@pytest.fixture
def dots(organization: Any) -> Client:
    """A client as that platform's: its credential in the header of its own."""
    return Client(headers={"X-Auth-Token": organization.api_key})


def values_of(dots: Client, device: str, variable: str, query: str = "") -> list[tuple[int, Any]]:
    page = dots.get(f"{API}/devices/{device}/{variable}/values{query}").ok()
    return [(each["timestamp"], each["value"]) for each in page["results"]]


def test_the_documents_request_stores_what_it_says(dots: Client) -> None:
    answer = dots.post(BULK, body=SEED, headers={"Content-Type": "application/json"})

    assert answer.status_code == 200
    assert list(answer.json()) == ["task_id"]
    assert re.fullmatch("[0-9a-f]{24}", answer.json()["task_id"])
    assert values_of(dots, "first-device", "temperature") == [(NEWER, 24), (OLDER, 21)]
    assert values_of(dots, "first-device", "humidity") == [(NEWER, 88), (OLDER, 86)]
    assert values_of(dots, "second-device", "temperature") == [(NEWER, 45)]
    assert values_of(dots, "second-device", "humidity") == [(OLDER, 2)]


def test_the_credential_may_be_in_the_query(organization: Any) -> None:
    answer = Client().post(f"{BULK}?token={organization.api_key}", body=SEED)

    assert answer.status_code == 200


def test_a_credential_of_nobody_is_refused_in_the_documents_words(dots: Client, stranger: Client) -> None:
    wrong = stranger.post(BULK, body=SEED, headers={"X-Auth-Token": "oaXBo6ODhIjPsusNRPUGIK4d72bc73"})
    none = stranger.post(BULK, body=SEED)

    assert (wrong.status_code, wrong.body) == (
        401,
        '{"code":401002,"message":"Incorrect authentication credentials."}',
    )
    assert (none.status_code, none.json()["code"]) == (401, 401001)


def test_what_is_no_json_is_refused_with_its_place(dots: Client) -> None:
    text = '[ {\n"device": "first",\n"timestamp": 1, "values": "a\n"}]'
    with pytest.raises(json.JSONDecodeError) as error:
        json.loads(text)

    answer = dots.post(BULK, body=text)

    assert answer.status_code == 400
    assert answer.json() == {"detail": f"JSON parse error - {error.value}"}
    assert answer.json()["detail"].startswith("JSON parse error - Invalid control character at: line 3 column ")
