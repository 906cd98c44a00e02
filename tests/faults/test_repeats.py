"""Calls that are safe to repeat, and things that nobody changes over another's change: of every operation."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest

from tests.conftest import client_with, make_organization
from tests.faults.requests import BY_NAME, OPERATIONS, READING, Operation, Request, a_request
from tests.faults.test_faults import Trial
from tests.faults.wire import Clock, Died, Fault, Kind, Wire
from tests.faults.world import World, begin_warm, items, objects, put_back
from tests.gateway import Answer
from whimbrel.store.repeats import KEPT_MS, LEASE_MS

KEYED = [operation for operation in OPERATIONS if operation.is_keyed]
WITH_SECRETS = [
    "create_access_token",
    "create_api_key",
    "create_registration_token",
    "create_registration_tokens",
    "rotate_api_key",
]
SITES = "/api/v1/sites"

keyed = pytest.mark.parametrize("operation", KEYED, ids=str)


@pytest.fixture(autouse=True)
def as_it_was(world: World, clock: Clock) -> None:
    clock.turn_back()
    put_back(world.before)
    begin_warm()


def coded(answer: Answer) -> tuple[int, str | int]:
    return answer.status_code, answer.json()["code"]


REUSED, RUNNING = (422, "idempotency-key-reused"), (409, "still-running")


def said(operation: Operation, refusal: tuple[int, str]) -> tuple[int, str | int]:
    """Return a refusal in the words of the operation's API."""
    in_dots = {REUSED: (400, 400_001), RUNNING: (409, 409_001)}
    return in_dots[refusal] if operation.is_of_dots else refusal


def unsigned(answer: Answer) -> Any:
    document = answer.json()
    upload = document["upload"]
    return document | {"upload": [upload["url"], upload["maxBytes"], upload["fields"]["key"]]}


def test_every_post_that_changes_something_has_a_key_or_needs_none() -> None:
    without = {operation.name for operation in OPERATIONS if operation.method == "POST" and not operation.is_keyed}

    assert without == {"accept_invitation", "provision_device"} | READING
    assert len(KEYED) > 25


@keyed
def test_the_same_call_has_the_same_answer_and_one_effect(world: World, clock: Clock, operation: Operation) -> None:
    request = a_request(operation, world)
    first = request.send(Idempotency_Key="k")
    before = world.dump(exactly=True)
    clock.pass_s(30)

    second = request.send(Idempotency_Key="k")

    assert second.status_code == first.status_code
    if operation.name == "create_import":
        # The form is no part of what is kept: it is signed anew, for the same object.
        assert unsigned(second) == unsigned(first)
    else:
        assert second.body == first.body
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    for name in ("ETag", "Location", "Content-Type"):
        assert second.headers.get(name) == first.headers.get(name)
    assert world.dump(exactly=True) == before


@keyed
def test_another_request_under_the_same_key_is_refused(world: World, operation: Operation) -> None:
    request = a_request(operation, world)
    request.send(Idempotency_Key="k")
    before = world.dump(exactly=True)
    other = Request(operation, request.client, request.url, [])

    refused = other.send(Idempotency_Key="k")

    assert coded(refused) == said(operation, REUSED)
    assert world.dump(exactly=True) == before


@keyed
def test_what_a_dead_process_left_is_completed_once(
    world: World, wire: Wire, clock: Clock, operation: Operation
) -> None:
    trial = Trial.of(world, wire, clock, operation)
    deaths = 0
    for at in range(len(trial.calls)):
        trial.begin()
        with suppress(Died):
            trial.send(Fault(at, Kind.DEATH, attempts=99, onwards=True))
        deaths += wire.struck > 0
        answer = trial.send()
        if answer.status_code == 409:
            assert coded(answer) == said(operation, RUNNING)
            assert int(answer.headers["Retry-After"]) > 0
            clock.pass_s(LEASE_MS // 1000 + 1)
            answer = trial.send()

        assert answer.status_code == operation.status, answer.body
        assert trial.wrong_state(2, is_audited=True) is None, f"died at {trial.calls[at]}, call {at}"
    assert deaths == len(trial.calls)


def test_other_callers_routes_and_organizations_are_independent(world: World) -> None:
    headers = {"Idempotency-Key": "k"}
    colleague = client_with(world.organization, "*")
    stranger = make_organization("Umbrella").client
    body = {"name": "Same"}

    made = [client.post(SITES, body, headers=headers) for client in (world.organization.client, colleague, stranger)]
    device = world.organization.client.post("/api/v1/devices", body, headers=headers)

    assert len({answer.ok()["id"] for answer in [*made, device]}) == 4
    assert not any("Idempotency-Replayed" in answer.headers for answer in [*made, device])
    assert [site["name"] for site in stranger.get(SITES).ok()["items"]] == ["Same"]


def test_a_refused_call_is_not_remembered(world: World) -> None:
    client = world.organization.client
    headers = {"Idempotency-Key": "k"}

    assert client.post(SITES, {"name": ""}, headers=headers).status_code == 422
    assert client.post(SITES, {"name": "Right"}, headers=headers).status_code == 201


@pytest.mark.parametrize(
    "key", ["two words", "é", "a" * 256, "tab\t", "\x7f"], ids=["space", "letter", "long", "tab", "delete"]
)
def test_a_key_that_is_none_is_named(world: World, key: str) -> None:
    refused = world.organization.client.post(SITES, {"name": "x"}, headers={"Idempotency-Key": key})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "Idempotency-Key"


def test_after_a_day_it_is_a_new_call(world: World, clock: Clock) -> None:
    client = world.organization.client
    headers = {"Idempotency-Key": "k"}
    first = client.post(SITES, {"name": "x"}, headers=headers).ok()
    clock.pass_s(KEPT_MS // 1000 - 1)
    again = client.post(SITES, {"name": "x"}, headers=headers).ok()
    clock.pass_s(2)
    another = client.post(SITES, {"name": "x"}, headers=headers).ok()

    assert again == first
    assert another["id"] != first["id"]


@pytest.mark.parametrize("name", WITH_SECRETS)
def test_no_secret_is_kept_anywhere(world: World, name: str) -> None:
    answer = a_request(BY_NAME[name], world).send(Idempotency_Key="k")
    secrets = list(secrets_in(answer.json()))

    assert secrets
    there = list(texts())
    assert not [secret for secret in secrets for text in there if secret in text]


@pytest.mark.parametrize("form", [bytes, zlib.compress, base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_found_in_whatever_form(world: World, form: Any) -> None:
    answer = a_request(BY_NAME["create_api_key"], world).send(Idempotency_Key="k")
    secret = answer.json()["key"].encode()
    boto3.client("s3").put_object(Bucket="exports", Key="found", Body=form(b"before " + secret + b" after"))

    assert any(secret in text for text in texts())


def secrets_in(value: Any) -> Iterator[bytes]:
    """Yield what an answer shows once: tokens and keys whole, and the part that is chance."""
    if isinstance(value, list):
        for each in value:
            yield from secrets_in(each)
    if isinstance(value, dict):
        for name, each in value.items():
            if name in {"key", "token"} and isinstance(each, str):
                yield each.encode()
                yield each[-20:].encode()
            yield from secrets_in(each)


def texts() -> Iterator[bytes]:
    """Yield all that is kept, as it is and out of what it may be wrapped in."""
    leaves = [leaf for _, item in items() for leaf in leaves_of(item)]
    for leaf in leaves + list(objects().values()):
        yield leaf
        for unwrap in (zlib.decompress, base64.b64decode, base64.urlsafe_b64decode):
            with suppress(zlib.error, ValueError):
                yield unwrap(leaf)


def leaves_of(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for each in value.values():
            yield from leaves_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves_of(each)
    elif isinstance(value, bytes):
        yield value
    else:
        yield str(value).encode()


# Versions of things

SINGLE = [
    operation
    for operation in OPERATIONS
    if operation.method == "GET" and operation.name.startswith("get_") and operation.is_ours
]
WITHOUT_ETAG = {
    "get_api_document",
    "get_device_profile_schema",
    "get_documentation_page",
    "get_latest_readings",
    "get_liveness",
    "get_me",
    "get_pack",
    "get_readiness",
    "get_sensor_aggregates",
    "get_sensor_profile_schema",
    "get_sensor_readings",
    "get_sensor_stats",
    "get_sensor_window",
}
"""What is computed for the answer, and no thing that has versions."""


@pytest.mark.parametrize("operation", SINGLE, ids=str)
def test_every_single_thing_has_its_version(world: World, operation: Operation) -> None:
    answer = a_request(operation, world).send()

    assert ("ETag" in answer.headers) == (operation.name not in WITHOUT_ETAG)


CONDITIONAL = [operation for operation in OPERATIONS if operation.takes_if_match]


@pytest.mark.parametrize("operation", CONDITIONAL, ids=str)
def test_a_stale_version_is_neither_changed_nor_removed(world: World, operation: Operation) -> None:
    request = a_request(operation, world)
    before = world.dump(exactly=True)

    refused = request.send(If_Match='"0"')

    assert coded(refused) == (412, "stale-version")
    assert world.dump(exactly=True) == before
    url = request.url.partition("?")[0]
    if any(single.path == operation.path for single in SINGLE):
        etag = request.client.get(url).headers["ETag"]
        assert request.send(If_Match=etag).status_code == operation.status


def test_every_put_patch_and_delete_takes_if_match_but_few() -> None:
    without = {
        operation.name
        for operation in OPERATIONS
        if operation.method in {"PUT", "PATCH", "DELETE"} and not operation.takes_if_match and operation.is_ours
    }

    assert without <= {
        "delete_organization",
        "delete_pack",
        "delete_sensor_readings",
        "revoke_certificate",
        "revoke_registration_token",
    }
