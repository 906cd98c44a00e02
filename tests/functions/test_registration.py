"""Registering devices and exchanging their tokens, through the gateway and beside it."""

from __future__ import annotations

import hmac
import json
import logging
import random
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.registration.rules import exchange
from tests.functions.conftest import Calls, Crash, IotCore, a_csr
from tests.gateway import Client
from whimbrel import instants
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain.fleet import Device
from whimbrel.domain.provisioning import LEASE_MS, ClaimState, RegistrationTokenId, TokenClaimed, TokenSpent
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.store.registration import registrations
from whimbrel.store.tenant import Tenant

TOKENS = "/api/v1/devices/registration/tokens"
BATCH = "/api/v1/devices/registration/batch"
PROVISION = "/api/v1/devices/provision"
YEAR_MS = 365 * 86_400_000
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture
def registered(client: Any, iot_core: IotCore) -> dict[str, Any]:
    return client.post(TOKENS, {"deviceName": "warehouse-gateway-01"}).ok()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return what moves the clock on."""
    now_ms = instants.now_ms

    def move(by: timedelta) -> None:
        monkeypatch.setattr(instants, "now_ms", lambda: now_ms() + by // timedelta(milliseconds=1))

    return move


def test_registering_answers_as_documented(client: Any, iot_core: IotCore) -> None:
    answer = client.post(TOKENS, {"deviceName": "warehouse-gateway-01"})

    assert answer.status_code == HTTPStatus.CREATED
    body = answer.json()
    assert set(body) == {"token", "deviceId", "deviceName", "provisionEndpoint", "expiresAt"}
    assert re.fullmatch(rf"{UUID7}\.{body['deviceId']}\.[A-Za-z0-9_-]{{32}}", body["token"])
    assert body["provisionEndpoint"] == "https://whimbrel.test/api/v1/devices/provision"
    lifetime = instants.parse_ms(body["expiresAt"]) - instants.now_ms()
    assert timedelta(hours=23, minutes=59) < timedelta(milliseconds=lifetime) <= timedelta(hours=24)
    device = client.get(f"/api/v1/devices/{body['deviceId']}").ok()
    assert (device["name"], device["status"]) == ("warehouse-gateway-01", "PENDING")


def test_a_registered_device_has_what_was_said_of_it(client: Any, iot_core: IotCore) -> None:
    site = client.post("/api/v1/sites", {"name": "Works"}).ok()
    body = {"deviceName": "x", "siteId": site["id"], "tags": ["roof"], "ttlSeconds": 60}

    made = client.post(TOKENS, body).ok()

    device = client.get(f"/api/v1/devices/{made['deviceId']}").ok()
    assert (device["siteId"], device["tags"]) == (site["id"], ["roof"])
    assert instants.parse_ms(made["expiresAt"]) - instants.now_ms() <= 60_000


@pytest.mark.parametrize(
    "change",
    [
        {"deviceName": ""},
        {"ttlSeconds": 0},
        {"ttlSeconds": 30 * 86_400 + 1},
        {"siteId": "0190a0a0-0000-7000-8000-000000000000"},
        {"organizationId": "x"},
    ],
)
def test_what_cannot_be_registered_leaves_nothing(client: Any, change: dict[str, Any]) -> None:
    refused = client.post(TOKENS, {"deviceName": "x"} | change)

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert client.get("/api/v1/devices").ok()["items"] == client.get(TOKENS).ok()["items"] == []


def test_a_device_gets_all_it_needs_to_connect(
    client: Any, stranger: Any, organization: Any, iot_core: IotCore, registered: dict[str, Any]
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    answer = stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr(key)})

    assert answer.status_code == HTTPStatus.CREATED
    body = answer.json()
    device_id = registered["deviceId"]
    assert (body["deviceId"], body["organizationId"]) == (device_id, organization.id)
    assert body["mqtt"] == {"host": "mqtt.whimbrel.test", "port": 8883, "clientId": device_id}
    own = f"v1/gateways/{organization.id}/{device_id}"
    assert body["topics"] == {
        "readings": f"v1/readings/{organization.id}/{device_id}",
        "readingsBasicIngest": f"$aws/rules/whimbrel_test_readings/v1/readings/{organization.id}/{device_id}",
        "commands": f"{own}/commands",
        "commandsResponse": f"{own}/commands/response",
        "health": f"{own}/health",
        "status": f"{own}/status",
        "configReported": f"{own}/config/reported",
    }
    certificate = x509.load_pem_x509_certificate(body["certificatePem"].encode())
    authority = x509.load_pem_x509_certificate(body["caChainPem"].encode())
    assert "Amazon Root CA 1" in authority.subject.rfc4514_string()
    assert certificate.public_key() == key.public_key()
    assert abs(instants.parse_ms(body["notAfter"]) - instants.now_ms() - YEAR_MS) < 60_000
    assert iot_core.attached(device_id) == iot_core.active()
    assert iot_core.things() == {device_id: {"org": organization.id}}
    assert client.get(TOKENS).ok()["items"] == []
    [listed] = client.get(f"/api/v1/devices/{device_id}/certificates").ok()["items"]
    assert (listed["principal"], listed["status"], listed["notAfter"]) == (
        iot_core.active()[0], "ACTIVE", body["notAfter"],
    )  # fmt: skip


def test_the_same_key_gets_the_same_answer_again(
    stranger: Any, iot_core: IotCore, registered: dict[str, Any], later: Callable[[timedelta], None]
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    first = stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr(key)}).ok()

    later(timedelta(days=2))
    second = stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr(key, common_name="me")}).ok()

    assert second == first
    assert len(iot_core.statuses()) == 1


def test_a_used_token_is_gone_for_another_key(stranger: Any, iot_core: IotCore, registered: dict[str, Any]) -> None:
    stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()}).ok()

    refused = stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()})

    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.GONE, "token-spent")
    assert len(iot_core.active()) == 1


def test_whatever_is_wrong_with_a_token_looks_the_same(
    stranger: Any, calls: Calls, registered: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    token_id, device_id, secret = registered["token"].split(".")
    other_id = RegistrationTokenId.new()
    other_secret = secret[::-1]
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(
        "whimbrel.store.registration.hmac.compare_digest", lambda *both: compared.append(both) or compare(*both)
    )
    wrong = [
        "",
        "x",
        "é" * 200,
        registered["token"] + "=",
        f"{token_id}.{device_id}.",
        f"{token_id}.{device_id}.{other_secret}",
        f"{other_id}.{device_id}.{secret}",
        f"{token_id}.{RegistrationTokenId.new()}.{secret}",
    ]  # fmt: skip
    seen = set()
    for token in wrong:
        calls.begin()
        answer = stranger.post(PROVISION, {"token": token, "csrPem": "not even looked at"})
        assert [len(a) for a in compared.pop()] == [32, 32]
        seen.add((answer.status_code, json.dumps(answer.json() | {"requestId": ""}), tuple(calls.made)))

    assert len(seen) == 1
    status, body, made = seen.pop()
    assert (status, json.loads(body)["code"], made) == (
        HTTPStatus.UNAUTHORIZED,
        "invalid-token",
        ("GetItem", "UpdateItem"),
    )


def test_a_refused_request_does_not_burn_the_token(
    stranger: Any, iot_core: IotCore, registered: dict[str, Any]
) -> None:
    for pem in ("", "x", a_csr(authority=True), a_csr(ec.generate_private_key(ec.SECP521R1()))):
        refused = stranger.post(PROVISION, {"token": registered["token"], "csrPem": pem})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "csrPem")
    assert stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr(padding=9_000)}).status_code == 422

    stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()}).ok()

    assert len(iot_core.statuses()) == 1


def test_a_token_ends_in_time(
    client: Any, stranger: Any, registered: dict[str, Any], later: Callable[[timedelta], None]
) -> None:
    later(timedelta(hours=24, seconds=1))

    refused = stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()})

    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.GONE, "token-spent")
    assert client.get(TOKENS).ok()["items"] == []


def test_a_revoked_token_is_gone(client: Any, other: Any, stranger: Any, registered: dict[str, Any]) -> None:
    url = f"{TOKENS}/{registered['token'].split('.')[0]}"
    assert other.delete(url).status_code == HTTPStatus.NOT_FOUND

    assert client.delete(url).status_code == HTTPStatus.NO_CONTENT

    assert stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()}).status_code == HTTPStatus.GONE
    assert client.delete(url).status_code == HTTPStatus.NOT_FOUND
    assert client.get(TOKENS).ok()["items"] == []
    assert client.get(f"/api/v1/devices/{registered['deviceId']}").ok()["status"] == "PENDING"


def test_a_token_goes_with_its_device(client: Any, stranger: Any, registered: dict[str, Any]) -> None:
    client.delete(f"/api/v1/devices/{registered['deviceId']}").ok()

    assert stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()}).status_code == HTTPStatus.GONE
    assert client.get(TOKENS).ok()["items"] == []


def test_a_deleted_device_can_connect_no_more(
    client: Any, stranger: Any, iot_core: IotCore, registered: dict[str, Any]
) -> None:
    body = {"token": registered["token"], "csrPem": a_csr()}
    stranger.post(PROVISION, body).ok()

    client.delete(f"/api/v1/devices/{registered['deviceId']}").ok()

    assert iot_core.active() == []
    assert iot_core.things() == {}
    assert iot_core.disconnected == [registered["deviceId"]]
    assert stranger.post(PROVISION, body).status_code == HTTPStatus.GONE
    assert iot_core.active() == []


def test_a_device_that_leaves_because_it_is_deleted_is_deleted(
    client: Any, stranger: Any, organization: Any, iot_core: IotCore, calls: Calls, registered: dict[str, Any]
) -> None:
    stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()}).ok()
    url = f"/api/v1/devices/{registered['deviceId']}"
    devices = Tenant(OrganizationId(organization.id)).things(Device)
    calls.begin()
    client.get(url).ok()
    # As presence does, just after the device has been looked up.
    leave = partial(devices.change, DeviceId(registered["deviceId"]), Device.next_version)
    calls.begin(meanwhile={len(calls.made): leave})

    assert client.delete(url).status_code == HTTPStatus.NO_CONTENT

    assert calls.meanwhile == {}
    assert client.get(url).status_code == HTTPStatus.NOT_FOUND


def test_secrets_are_shown_once_and_kept_nowhere(
    client: Any, stranger: Any, registered: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="whimbrel")
    secret = registered["token"].split(".")[2]
    listed = client.get(TOKENS)
    stranger.post(PROVISION, {"token": registered["token"][:-1] + "!", "csrPem": "x"})
    stranger.post(PROVISION, {"token": registered["token"], "csrPem": "x"})
    provisioned = stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()})
    stranger.post(PROVISION, {"token": registered["token"], "csrPem": a_csr()})

    [pending] = listed.ok()["items"]
    assert set(pending) == {"id", "deviceId", "deviceName", "expiresAt", "createdAt", "updatedAt"}
    stored = [aws_client("dynamodb").scan(TableName=table)["Items"] for table in ("registry", "auth")]
    logged = [record.__dict__ for record in caplog.records]
    assert len(logged) >= 3
    assert secret not in repr((listed.body, provisioned.body, stored, logged))


def test_pending_tokens_are_listed_per_organization_in_pages(client: Any, other: Any) -> None:
    made = [client.post(TOKENS, {"deviceName": f"d{n}"}).ok()["deviceId"] for n in range(3)]
    other.post(TOKENS, {"deviceName": "theirs"}).ok()

    first = client.get(f"{TOKENS}?limit=2").ok()
    second = client.get(f"{TOKENS}?limit=2&cursor={first['nextCursor']}").ok()

    assert [item["deviceId"] for item in first["items"] + second["items"]] == made
    assert second["nextCursor"] is None


def test_a_batch_answers_for_each_name(client: Any, stranger: Any, iot_core: IotCore) -> None:
    names = [f"gateway-{n:03}" for n in range(70)]
    asked = [*names[:40], "", "bad\nname", "n" * 129, *names[40:]]

    outcome = client.post(BATCH, {"deviceNames": asked, "tags": ["new"]}).ok()["items"]

    assert [item["deviceName"] for item in outcome] == asked
    assert [item["outcome"] for item in outcome[40:43]] == ["INVALID"] * 3
    assert all(item["detail"] and item["registration"] is None for item in outcome[40:43])
    issued = [item["registration"] for item in outcome if item["outcome"] == "REGISTERED"]
    assert [registration["deviceName"] for registration in issued] == names
    assert len({registration["token"] for registration in issued}) == len(names)
    devices = client.get("/api/v1/devices?limit=200").ok()["items"]
    assert sorted(device["id"] for device in devices) == sorted(registration["deviceId"] for registration in issued)
    assert {tuple(device["tags"]) for device in devices} == {("new",)}
    stranger.post(PROVISION, {"token": issued[-1]["token"], "csrPem": a_csr()}).ok()


def test_what_fails_of_a_batch_does_not_hide_the_rest(client: Any, calls: Calls) -> None:
    names = [f"gateway-{n:03}" for n in range(70)]
    client.post(BATCH, {"deviceNames": names[:1]}).ok()
    calls.begin({calls.made.index("TransactWriteItems") + 1: "timeout"})

    outcome = client.post(BATCH, {"deviceNames": names}).ok()["items"]

    assert [item["outcome"] for item in outcome] == ["REGISTERED"] * 33 + ["FAILED"] * 33 + ["REGISTERED"] * 4
    assert {item["detail"] for item in outcome[33:66]} == {"The store does not answer; send this again in a moment."}


def test_a_batch_has_an_end(client: Any) -> None:
    assert client.post(BATCH, {"deviceNames": ["x"] * 1001}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert client.post(BATCH, {"deviceNames": []}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_of_many_keys_at_once_one_wins(
    iot_core: IotCore, calls: Calls, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [a_csr() for _ in range(64)]
    for _ in range(3):
        token = client.post(TOKENS, {"deviceName": "contended"}).ok()["token"]

        def attempt(pem: str, token: str = token) -> str:
            try:
                return exchange(registrations(), registrations().authenticated(token), pem)[0].certificate_arn
            except (TokenClaimed, TokenSpent) as refusal:
                return refusal.code()

        with ThreadPoolExecutor(64) as pool:
            outcomes = list(pool.map(attempt, requests))

        won = [outcome for outcome in outcomes if outcome.startswith("arn:")]
        assert len(won) == 1
        # Those who come while the winner is at it hear 409, those after it 410.
        assert set(outcomes) - set(won) <= {"token-claimed", "token-spent"}
        device_id = token.split(".")[1]
        assert iot_core.attached(device_id) == [won[0].rpartition("/")[2]]
    assert len(iot_core.statuses()) == len(iot_core.active()) == 3


def test_the_same_key_at_once_gets_one_certificate(iot_core: IotCore, calls: Calls, registered: dict[str, Any]) -> None:
    pem = a_csr()

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: exchange(registrations(), registrations().authenticated(registered["token"]), pem), range(8)
            )
        )

    assert len({claim.certificate_pem for claim, _ in answers}) == 1
    assert len({certificate.id for _, certificate in answers}) == 1
    assert list(iot_core.statuses().values()) == ["ACTIVE"]


def attempt(token: str, pem: str) -> str | None:
    """Return the certificate of an attempt, or None if it crashes."""
    try:
        return exchange(registrations(), registrations().authenticated(token), pem)[0].certificate_pem
    except Crash:
        return None


def check_settled(client: Any, iot_core: IotCore, token: str, pem: str, certificate_pem: str) -> None:
    """Whatever went wrong on the way: one device, one active certificate, and it is what the same key gets again."""
    token_id, device_id, _ = token.split(".")
    claim = registrations().find(RegistrationTokenId(token_id))
    assert claim is not None
    assert claim.state is ClaimState.USED
    used = claim.certificate_arn.rpartition("/")[2]
    assert iot_core.attached(device_id) == [used]
    assert iot_core.statuses()[used] == "ACTIVE"
    assert attempt(token, pem) == certificate_pem == claim.certificate_pem
    [listed] = client.get(f"/api/v1/devices/{device_id}/certificates").ok()["items"]
    assert listed["principal"] == used
    assert client.get(TOKENS).ok()["items"] == []


@pytest.mark.parametrize("fault", ["before", "after", "twice"])
def test_a_crash_at_any_call_is_resumed_by_the_same_key(
    client: Any, iot_core: IotCore, calls: Calls, fault: str
) -> None:
    index = crashes = 0
    for index in range(100):
        token, pem = client.post(TOKENS, {"deviceName": f"{fault} {index}"}).ok()["token"], a_csr()
        active_before = set(iot_core.active())
        calls.begin({index: fault})
        first = attempt(token, pem)
        was_reached = index < len(calls.made)
        calls.begin()

        claim = registrations().find(RegistrationTokenId(token.split(".")[0]))
        assert claim is not None
        assert claim.state is ClaimState.USED or set(iot_core.active()) == active_before
        crashes += first is None
        second = attempt(token, pem)
        assert second is not None
        assert first in {None, second}
        check_settled(client, iot_core, token, pem, second)
        if not was_reached:
            break
    assert crashes == (0 if fault == "twice" else index)
    assert index >= 14
    # What a crash has orphaned can do nothing: at most the certificate that was made and never noted.
    orphans = [found for found, status in iot_core.statuses().items() if status == "INACTIVE"]
    assert len(orphans) <= 1


@pytest.mark.parametrize("fault", ["before", "after"])
def test_after_a_crash_another_key_waits_and_then_takes_over(
    client: Any,
    iot_core: IotCore,
    calls: Calls,
    fault: str,
    later: Callable[[timedelta], None],
) -> None:
    outcomes: set[str] = set()
    for index in range(100):
        token, theirs, mine = client.post(TOKENS, {"deviceName": f"{fault} {index}"}).ok()["token"], a_csr(), a_csr()
        calls.begin({index: fault})
        was_crashed = attempt(token, theirs) is None
        calls.begin()
        claim = registrations().find(RegistrationTokenId(token.split(".")[0]))
        assert claim is not None
        if claim.state is ClaimState.USED:
            outcomes.add("spent")
            with pytest.raises(TokenSpent):
                attempt(token, mine)
        else:
            if claim.state is ClaimState.CLAIMED:
                outcomes.add("claimed")
                with pytest.raises(TokenClaimed):
                    attempt(token, mine)
                later(timedelta(milliseconds=LEASE_MS + 1))
            certificate = attempt(token, mine)
            later(timedelta())
            assert certificate is not None
            check_settled(client, iot_core, token, mine, certificate)
            with pytest.raises(TokenSpent):
                attempt(token, theirs)
        if not was_crashed:
            break
    assert outcomes == {"spent", "claimed"}


@settings(max_examples=25)
@given(
    plans=st.lists(st.dictionaries(st.integers(0, 16), st.sampled_from(["before", "after", "twice"])), max_size=4),
    keys=st.lists(st.integers(0, 1), min_size=4, max_size=4),
)
def test_any_run_of_crashes_ends_in_one_active_certificate(
    client: Any,
    iot_core: IotCore,
    calls: Calls,
    later: Callable[[timedelta], None],
    plans: list[dict[int, str]],
    keys: list[int],
) -> None:
    calls.begin()
    token = client.post(TOKENS, {"deviceName": "x"}).ok()["token"]
    pems = [a_csr(), a_csr()]
    waited = timedelta()
    for plan, key in zip(plans, keys, strict=False):
        calls.begin(plan)
        try:
            attempt(token, pems[key])
        except (TokenClaimed, TokenSpent):
            waited += timedelta(milliseconds=LEASE_MS + 1)
            later(waited)
    calls.begin()

    settled: dict[int, str] = {}
    for key in (0, 1):
        try:
            settled[key] = attempt(token, pems[key]) or ""
        except (TokenClaimed, TokenSpent):
            continue
    later(timedelta())

    [(key, certificate)] = settled.items()
    check_settled(client, iot_core, token, pems[key], certificate)


@pytest.mark.parametrize("what", ["device", "token"])
def test_what_is_withdrawn_during_an_exchange_does_not_connect(
    client: Any, iot_core: IotCore, calls: Calls, what: str
) -> None:
    outcomes: set[str] = set()
    index, was_reached = 0, True
    while was_reached:
        made = client.post(TOKENS, {"deviceName": what}).ok()
        token_id, device_id, _ = made["token"].split(".")
        url = f"/api/v1/devices/{device_id}" if what == "device" else f"{TOKENS}/{token_id}"
        withdrawn: list[int] = []
        calls.begin(
            meanwhile={index: lambda url=url, answers=withdrawn: answers.append(client.delete(url).status_code)}
        )
        try:
            exchange(registrations(), registrations().authenticated(made["token"]), a_csr())
            outcomes.add("done")
        except TokenSpent:
            outcomes.add("spent")
        except aws_client("iot").exceptions.ResourceNotFoundException:
            outcomes.add("crashed")  # on the certificate or thing that was taken away
        was_reached = not calls.meanwhile

        if was_reached and withdrawn == [HTTPStatus.NO_CONTENT]:
            assert iot_core.able_to_connect(device_id) == []
            assert what == "token" or device_id not in iot_core.things()
        index += 1
    assert index > 14
    assert "spent" in outcomes


def test_a_revoked_claim_leaves_nothing_active(
    client: Any, iot_core: IotCore, calls: Calls, registered: dict[str, Any]
) -> None:
    token, pem = registered["token"], a_csr()
    calls.begin({random.randint(7, 10): "before"})
    assert attempt(token, pem) is None
    calls.begin()

    client.delete(f"{TOKENS}/{token.split('.')[0]}").ok()

    assert iot_core.statuses() == {}
    with pytest.raises(TokenSpent):
        attempt(token, pem)


def test_an_address_that_guesses_tokens_is_held_off(organization: Any, iot_core: IotCore) -> None:
    guesser = Client(address="198.51.100.7")
    made = organization.client.post(TOKENS, {"deviceName": "Pump"}).ok()
    body = {"token": made["token"][:-1] + "~", "csrPem": a_csr()}

    answers = [guesser.post("/api/v1/devices/provision", body) for _ in range(25)]

    assert {answer.status_code for answer in answers[:20]} == {401}
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert guesser.post("/api/v1/devices/provision", body | {"token": made["token"]}).status_code == 201
