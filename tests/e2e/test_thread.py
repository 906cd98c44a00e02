"""The main job through every real component: token, certificate, mutual TLS, rule, queue, store, query, export."""

from __future__ import annotations

import io
import ssl
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pyarrow.parquet
import pytest

from tests.e2e.devices import Device, a_key, csr_of, eventually, self_signed
from tests.e2e.launch import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("platform")]

T0 = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def device(platform: Platform, tmp_path: Path) -> Device:
    return Device(platform, tmp_path)


def test_a_device_comes_goes_and_comes_back(device: Device) -> None:
    assert device.get()["status"] == "PENDING"

    client = device.client()
    eventually(lambda: device.get()["status"], lambda status: status == "ACTIVE")
    client.disconnect()
    client.loop_stop()
    eventually(lambda: device.get()["status"], lambda status: status == "OFFLINE")
    again = device.client()
    eventually(lambda: device.get()["status"], lambda status: status == "ACTIVE")
    again.disconnect()
    again.loop_stop()


def test_published_readings_of_all_types_are_queried_exported_and_downloaded(device: Device) -> None:
    platform = device.platform
    platform.call(
        "POST",
        "/api/v1/sensors",
        {"deviceId": device.id, "key": "count", "name": "Count", "valueType": "BIGINT"},
    )
    payload = [
        {"sensorId": "temperature", "timestamp": T0, "value": 21.5, "metadata": {"by": "thermistor"}},
        {"component": "main", "timestamp": T0, "fields": {"door": True, "state": "idle · été", "count": 2**60}},
        {"sensorId": "temperature", "timestamp": "2026-01-01T01:00:01+01:00", "value": 22},
        {"sensorId": "temperature", "timestamp": T0},
    ]

    assert device.publish(payload)
    assert device.publish(b"\xff not json")

    eventually(lambda: device.values("temperature"), lambda values: len(values) == 2)
    assert device.values("temperature") == [(T0, 21.5), ("2026-01-01T00:00:01.000Z", 22.0)]
    assert device.values("count") == [(T0, 2**60)]
    kept = eventually(
        lambda: platform.call("GET", f"/api/v1/admin/quarantine?deviceId={device.id}").json()["items"],
        lambda items: len(items) == 2,
    )
    assert {item["reason"] for item in kept} == {"MISSING_FIELD", "MALFORMED_JSON"}

    request = {
        "scopeType": "DEVICE",
        "scopeId": device.id,
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-02-01T00:00:00Z",
        "includes": ["READINGS", "ANNOTATIONS"],
    }
    created = platform.call("POST", "/api/v1/exports", request)
    assert (created.status, created.json()["status"]) == (HTTPStatus.CREATED, "PENDING")
    url = f"/api/v1/exports/{created.json()['id']}"
    ready = eventually(lambda: platform.call("GET", url).json(), lambda job: job["status"] in {"READY", "FAILED"})
    assert (ready["status"], ready["readingCount"]) == ("READY", 5), ready
    with urlopen(ready["downloadUrl"]) as download:  # noqa: S310 (our own link)
        archive = zipfile.ZipFile(io.BytesIO(download.read()))
    assert set(archive.namelist()) == {"readings.parquet", "annotations.parquet", "manifest.json"}
    table = pyarrow.parquet.read_table(io.BytesIO(archive.read("readings.parquet")))
    assert table.num_rows == 5
    assert set(table.column("sensorKey").to_pylist()) == {"temperature", "door", "state", "count"}
    foreign = platform.call("GET", url, key=platform.credentials["secondApiKey"])
    assert foreign.status == HTTPStatus.NOT_FOUND


def test_basic_ingest_stores_too(device: Device) -> None:
    topics = device.provisioned["topics"]
    basic = next((topic for topic in topics.values() if topic.startswith("$aws/rules/")), None)
    assert basic is not None, topics

    assert device.publish({"sensorId": "a", "timestamp": T0, "value": 1}, topic=basic)

    eventually(lambda: device.values("a"), lambda values: values == [(T0, 1.0)])


def test_a_device_reaches_its_own_topics_only(device: Device, platform: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    victim = Device(platform, folder)

    for topic in (
        victim.topic,
        f"v1/readings/{platform.credentials['secondOrganizationId']}/{device.id}",
        f"v1/gateways/{device.organization_id}/{victim.id}/status",
        "v1/readings/x",
        "anything",
    ):
        device.publish({"sensorId": "stolen", "value": 1}, topic=topic)

    assert device.publish({"sensorId": "own", "value": 1})
    eventually(lambda: device.values("own"))
    assert victim.sensors() == {}
    assert "stolen" not in device.sensors()


def test_a_foreign_certificate_is_refused(device: Device) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, OSError)):  # noqa: PT012 (TLS 1.3 tells at the first read)
        client = device.client(certificate=self_signed(device.key, device.id))
        assert not client.is_connected()
        raise ConnectionError


def test_another_devices_name_is_refused(device: Device, platform: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    victim = Device(platform, folder)

    impostor = device.client(client_id=victim.id)

    eventually(lambda: not impostor.is_connected())
    assert victim.get()["status"] == "PENDING"
    impostor.loop_stop()


def test_a_revoked_device_is_out(device: Device) -> None:
    certificates = device.platform.call("GET", f"/api/v1/devices/{device.id}/certificates").json()["items"]
    client = device.client()
    assert client.is_connected()

    for certificate in certificates:
        url = f"/api/v1/devices/{device.id}/certificates/{certificate['id']}"
        assert device.platform.call("DELETE", url).status == HTTPStatus.NO_CONTENT

    eventually(lambda: not client.is_connected())
    client.loop_stop()


def test_of_64_concurrent_attempts_one_wins(platform: Platform) -> None:
    registered = platform.call("POST", "/api/v1/devices/registration/tokens", {"deviceName": "contested"}).json()
    requests = [{"token": registered["token"], "csrPem": csr_of(a_key())} for _ in range(64)]

    def attempt(request: dict[str, str]) -> Any:
        return platform.call("POST", "/api/v1/devices/provision", request, key="")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(attempt, requests))

    statuses = [answer.status for answer in answers]
    assert statuses.count(HTTPStatus.CREATED) == 1
    assert set(statuses) <= {HTTPStatus.CREATED, HTTPStatus.CONFLICT, HTTPStatus.GONE}
    winner = statuses.index(HTTPStatus.CREATED)
    repeated = attempt(requests[winner])
    assert repeated.json()["certificatePem"] == answers[winner].json()["certificatePem"]
