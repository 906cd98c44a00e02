"""The certificates of a device: listed, renewed, revoked."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from functions.certificates.rules import renew
from tests.functions.conftest import Calls, Crash, IotCore, a_csr
from whimbrel import instants
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.store.tenant import Tenant

WEEK_MS = 7 * 86_400_000


@pytest.fixture
def device(client: Any, stranger: Any, iot_core: IotCore) -> dict[str, Any]:
    """A device with one certificate, as it was told."""
    token = client.post("/api/v1/devices/registration/tokens", {"deviceName": "Pump 4"}).ok()["token"]
    return stranger.post("/api/v1/devices/provision", {"token": token, "csrPem": a_csr()}).ok()


@pytest.fixture
def url(device: dict[str, Any]) -> str:
    return f"/api/v1/devices/{device['deviceId']}/certificates"


def test_renewal_gives_the_old_certificate_a_week(
    client: Any, iot_core: IotCore, device: dict[str, Any], url: str
) -> None:
    [old] = client.get(url).ok()["items"]
    key = ec.generate_private_key(ec.SECP384R1())

    answer = client.post(f"{url}/renew", {"csrPem": a_csr(key)})

    assert answer.status_code == HTTPStatus.CREATED
    renewed = answer.json()
    assert x509.load_pem_x509_certificate(renewed["certificatePem"].encode()).public_key() == key.public_key()
    assert renewed["caChainPem"] == device["caChainPem"]
    first, second = client.get(url).ok()["items"]
    assert second == renewed["certificate"]
    assert (first["id"], first["status"], second["status"]) == (old["id"], "ACTIVE", "ACTIVE")
    assert abs(instants.parse_ms(first["notAfter"]) - instants.now_ms() - WEEK_MS) < 60_000
    assert instants.parse_ms(second["notAfter"]) > instants.now_ms() + 51 * WEEK_MS
    assert set(iot_core.attached(device["deviceId"])) == set(iot_core.active()) == {
        first["principal"], second["principal"],
    }  # fmt: skip


def test_renewing_again_with_the_same_key_changes_nothing(client: Any, iot_core: IotCore, url: str) -> None:
    pem = a_csr()
    first = client.post(f"{url}/renew", {"csrPem": pem}).ok()
    listed = client.get(url).ok()

    second = client.post(f"{url}/renew", {"csrPem": pem}).ok()

    assert second == first
    assert client.get(url).ok() == listed
    assert len(iot_core.statuses()) == 2


def test_a_key_in_its_last_week_gets_a_new_certificate(
    client: Any, iot_core: IotCore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = a_csr()
    first = client.post(f"{url}/renew", {"csrPem": pem}).ok()
    ahead = instants.now() + timedelta(days=360)
    monkeypatch.setattr(instants, "now", lambda: ahead)

    second = client.post(f"{url}/renew", {"csrPem": pem}).ok()

    assert second["certificate"]["id"] != first["certificate"]["id"]
    assert len(iot_core.active()) == 3


@pytest.mark.parametrize("pem", ["", a_csr(authority=True), a_csr(ec.generate_private_key(ec.SECP521R1()))])
def test_a_bad_request_changes_nothing(client: Any, iot_core: IotCore, url: str, pem: str) -> None:
    before = client.get(url).ok()

    assert client.post(f"{url}/renew", {"csrPem": pem}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    assert client.get(url).ok() == before
    assert len(iot_core.statuses()) == 1


def test_a_revoked_certificate_is_cut_off_for_good(
    client: Any, stranger: Any, iot_core: IotCore, device: dict[str, Any], url: str
) -> None:
    [old] = client.get(url).ok()["items"]
    new = client.post(f"{url}/renew", {"csrPem": a_csr()}).ok()["certificate"]

    answers = [client.delete(f"{url}/{old['id']}").status_code for _ in range(2)]

    assert answers == [HTTPStatus.NO_CONTENT] * 2
    assert iot_core.active() == iot_core.attached(device["deviceId"]) == [new["principal"]]
    assert iot_core.disconnected == [device["deviceId"]] * 2
    revoked, kept = client.get(url).ok()["items"]
    assert (revoked["status"], kept["status"]) == ("REVOKED", "ACTIVE")
    assert revoked["revokedAt"]


def test_the_token_of_a_revoked_certificate_does_not_bring_it_back(
    client: Any, stranger: Any, iot_core: IotCore
) -> None:
    made = client.post("/api/v1/devices/registration/tokens", {"deviceName": "Pump 5"}).ok()
    body = {"token": made["token"], "csrPem": a_csr()}
    stranger.post("/api/v1/devices/provision", body).ok()
    url = f"/api/v1/devices/{made['deviceId']}/certificates"
    [certificate] = client.get(url).ok()["items"]
    client.delete(f"{url}/{certificate['id']}").ok()

    assert stranger.post("/api/v1/devices/provision", body).status_code == HTTPStatus.GONE
    assert iot_core.active() == []


def test_certificates_are_their_organizations_and_their_devices(
    client: Any, other: Any, iot_core: IotCore, device: dict[str, Any], url: str
) -> None:
    [certificate] = client.get(url).ok()["items"]
    neighbour = client.post("/api/v1/devices", {"name": "neighbour"}).ok()["id"]

    answers = [
        other.get(url),
        other.post(f"{url}/renew", {"csrPem": a_csr()}),
        other.delete(f"{url}/{certificate['id']}"),
        client.delete(f"/api/v1/devices/{neighbour}/certificates/{certificate['id']}"),
    ]

    assert [answer.status_code for answer in answers] == [HTTPStatus.NOT_FOUND] * 4
    assert iot_core.active() == [certificate["principal"]]
    assert iot_core.disconnected == []


@pytest.mark.parametrize("fault", ["before", "after", "twice"])
def test_a_renewal_that_crashes_can_be_repeated(
    client: Any, iot_core: IotCore, calls: Calls, device: dict[str, Any], url: str, fault: str
) -> None:
    tenant, device_id = Tenant(OrganizationId(device["organizationId"])), DeviceId(device["deviceId"])
    renew(tenant, device_id, a_csr())
    index, was_reached = 0, True
    while was_reached:
        pem = a_csr()
        calls.begin({index: fault})
        with suppress(Crash):
            renew(tenant, device_id, pem)
        was_reached = index < len(calls.made)
        calls.begin()

        renewed = renew(tenant, device_id, pem)

        assert {renewed.principal} <= set(iot_core.active()) & set(iot_core.attached(device_id))
        listed = {found["principal"] for found in client.get(f"{url}?limit=200").ok()["items"]}
        assert set(iot_core.active()) == listed
        index += 1
    assert index >= 9
