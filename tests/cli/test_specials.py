"""What is more than one call: devices that get equipment, readings by key, files in and out."""

from __future__ import annotations

import csv
import json
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from cli.ending import Ending
from cli.readings import SECONDS, duration
from cli.simulate import weather
from tests.cli.conftest import Terminal

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: int) -> str:
    return (T0 + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture
def device(terminal: Terminal) -> str:
    return terminal.json("devices", "create", "--name", "Pump")["id"]


def send(terminal: Terminal, device: str, **values: list[float]) -> None:
    readings = [
        {"deviceId": device, "sensorId": key, "timestamp": at(minute), "value": value}
        for key, series in values.items()
        for minute, value in enumerate(series)
    ]
    assert terminal.json("readings", "ingest", "--body", json.dumps(readings))["accepted"] == len(readings)


def test_register_gives_a_token_once(terminal: Terminal) -> None:
    token = terminal.json("devices", "register", "Pump", "--tags", "roof")

    assert terminal.json("devices", "get", token["deviceId"])["tags"] == ["roof"]
    assert len(terminal.json("registration-tokens", "list")) == 1
    assert "shown this once" in terminal.run("devices", "register", "Fan").stderr


def test_register_can_be_the_device_too(terminal: Terminal, tmp_path: Path) -> None:
    iot = boto3.client("iot")
    iot.create_policy(policyName="whimbrel-device", policyDocument='{"Version": "2012-10-17", "Statement": []}')
    iot.create_thing_type(thingTypeName="whimbrel-device")
    folder = tmp_path / "pump"
    made = terminal.json("devices", "register", "Pump", "--provision", str(folder))

    key = serialization.load_pem_private_key((folder / "device.key").read_bytes(), None)
    (exchange,) = (request for request in terminal.bridge.requests if request.url.path.endswith("/provision"))
    assert x509.load_pem_x509_csr(json.loads(exchange.content)["csrPem"].encode()).public_key() == key.public_key()
    assert "Authorization" not in exchange.headers
    x509.load_pem_x509_certificate((folder / "device.pem").read_bytes())
    assert stat.S_IMODE((folder / "device.key").stat().st_mode) == 0o600
    assert (folder / "ca.pem").read_text().startswith("-----BEGIN CERTIFICATE-----")
    about = json.loads((folder / "mqtt.json").read_text())
    assert about["mqtt"]["clientId"] == about["deviceId"] == made["deviceId"]
    assert about["topics"]["readings"].endswith(made["deviceId"])
    assert "PRIVATE" not in json.dumps(made)

    before = len(terminal.json("devices", "list"))
    terminal.run("devices", "register", "Pump", "--provision", str(folder), code=2)
    assert len(terminal.json("devices", "list")) == before


def test_readings_are_found_by_device_and_key(terminal: Terminal, device: str) -> None:
    send(terminal, device, t=[1, 2, 3, 4], h=[5])
    words = ("readings", "query", "--device", device, "--key")

    points = terminal.json(*words, "t", "--from", at(1), "--to", at(3))["points"]
    assert [point["value"] for point in points] == [2, 3]
    assert terminal.json(*words, "main/t")["points"][0]["value"] == 1
    assert len(terminal.json(*words, "t", "--limit", "3")["points"]) == 3
    rows = list(csv.DictReader(terminal.run(*words, "t", "--from", "2026-01-01", "--csv").stdout.splitlines()))
    assert [(row["timestamp"], float(row["value"])) for row in rows] == [(at(n), n + 1) for n in range(4)]
    lines = terminal.run(*words, "t", "--ndjson").stdout.splitlines()
    assert [json.loads(line)["value"] for line in lines] == [1, 2, 3, 4]
    terminal.run(*words, "nothing", code=4)
    terminal.run(*words, "other/t", code=4)


def test_readings_amount_to_something_by_interval(terminal: Terminal, device: str) -> None:
    send(terminal, device, t=[1, 2, 3, 4])
    words = ("readings", "query", "--device", device, "--key", "t", "--from", at(0), "--to", at(4))

    answer = terminal.json(*words, "--interval", "2m", "--fn", "avg", "--fn", "max")
    assert [(bucket["avg"], bucket["max"]) for bucket in answer["buckets"]] == [(1.5, 2), (3.5, 4)]
    assert "1.5" in terminal.run(*words, "--interval", "2m", "--fn", "avg").stdout


def test_the_last_while_ends_now(terminal: Terminal, device: str) -> None:
    now = datetime.now(UTC)
    readings = [
        {"deviceId": device, "sensorId": "t", "timestamp": (now - timedelta(hours=hours)).isoformat(), "value": hours}
        for hours in (1, 3, 30)
    ]
    terminal.run("readings", "ingest", "--body", json.dumps(readings))

    points = terminal.json("readings", "query", "--device", device, "--key", "t", "--last", "24h")["points"]
    assert [point["value"] for point in points] == [3, 1]


@given(st.integers(0, 999_999), st.sampled_from("smhdw"))
def test_durations_say_how_long(count: int, unit: str) -> None:
    assert duration(f"{count}{unit}") == timedelta(seconds=count * SECONDS[unit])
    with pytest.raises(Ending):
        duration(f"{count}{unit}s")


def test_tail_prints_what_is_newer_in_order_and_stops(
    terminal: Terminal, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(terminal, device, t=[1, 2])
    batches: list[dict[str, list[float]]] = [{"t": [1, 2, 3, 4]}, {}, {"t": [1, 2, 3, 4, 5], "h": [9]}]

    def arrive(_: float) -> None:
        if batches and (batch := batches.pop(0)):
            send(terminal, device, **batch)

    monkeypatch.setattr("time.sleep", arrive)
    lines = terminal.run("readings", "tail", "--device", device, "--count", "4", "--ndjson").stdout.splitlines()

    printed = [json.loads(line) for line in lines]
    assert [each["value"] for each in printed if each["key"] == "t"] == [3, 4, 5]
    assert [each["value"] for each in printed if each["key"] == "h"] == [9]


def test_lines_are_sent_in_calls_and_what_is_refused_is_told_by_its_place(
    terminal: Terminal, device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.transfer.READINGS_A_CALL", 3)
    file = tmp_path / "readings.ndjson"
    lines = [{"sensorId": "t", "timestamp": at(n), "value": n} for n in range(7)] + [{"component": "x", "fields": {}}]
    file.write_text("\n\n".join(map(json.dumps, lines)))

    answer = terminal.json("readings", "import", str(file), "--device-id", device)
    assert (answer["accepted"], answer["quarantined"]) == (7, 1)
    assert [error["index"] for error in answer["errors"]] == [7]
    file.write_text('{"sensorId": "t", "value": 1}\n{"sensorId":')
    assert "line 2" in terminal.run("readings", "import", str(file), "--device-id", device, code=2).stderr


def test_a_file_is_uploaded_as_it_is_and_waited_for(terminal: Terminal, device: str, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text(f"time,sensorId,value\n{at(0)},t,1\n{at(1)},t,2\n")
    uploads: list[bytes] = []
    looks = iter(["RUNNING", "RUNNING", "SUCCEEDED"])

    def unless(request: httpx.Request) -> httpx.Response | None:
        if request.url.host != "whimbrel.test":
            assert "Authorization" not in request.headers
            uploads.append(request.content)
            (key,) = re.findall(rb'name="key"\r\n\r\n(.*?)\r\n', request.content)
            boto3.client("s3").put_object(Bucket="exports", Key=key.decode(), Body=b"")
            return httpx.Response(204)
        if request.method == "GET" and "/imports/" in request.url.path:
            return httpx.Response(200, json={"id": "i", "status": next(looks), "progress": 50})
        return None

    terminal.bridge.unless = unless
    words = ("readings", "import", str(file), "--device-id", device, "--columns", '{"timestamp": "time"}')
    done = terminal.json(*words, "--wait")

    assert done["status"] == "SUCCEEDED"
    assert len(terminal.pauses) == 3
    (upload,) = uploads
    assert upload.index(b'name="key"') < upload.index(file.read_bytes())
    asked = json.loads(next(r for r in terminal.bridge.requests if r.url.path.endswith("/imports")).content)
    assert asked == {"format": "CSV", "deviceId": device, "columns": {"timestamp": "time"}}
    looks = iter(["PARTIAL"])
    terminal.run(*words, "--wait", code=1)
    terminal.run("readings", "import", __file__, code=2)


@pytest.fixture
def exporting(terminal: Terminal) -> Callable[..., None]:
    """Return what makes the next export end so."""

    def end(**answer: Any) -> None:
        looks = iter([{"status": "RUNNING", "progress": 10}, answer])

        def unless(request: httpx.Request) -> httpx.Response | None:
            if request.url.host == "files.test":
                assert "Authorization" not in request.headers
                return httpx.Response(200, content=b"zip" * 1000)
            if request.method == "GET" and "/exports/" in request.url.path:
                return httpx.Response(200, json={"id": "e"} | next(looks))
            return None

        terminal.bridge.unless = unless

    return end


def test_an_export_is_waited_for_and_downloaded_whole(
    terminal: Terminal, device: str, exporting: Callable[..., None], tmp_path: Path
) -> None:
    words = ("exports", "create", "--scope-type", "DEVICE", "--scope-id", device, "--includes", "READINGS")
    words += ("--from", "2026-01-01", "--to", "2026-02-01T00:00:00+01:00")
    target = tmp_path / "out.zip"
    assert terminal.json(*words)["status"] == "PENDING"

    exporting(status="READY", downloadUrl="https://files.test/x?signature=s", sizeBytes=3000)
    done = terminal.json(*words, "--wait", "--output", str(target))
    assert (done["file"], target.read_bytes()) == (str(target), b"zip" * 1000)
    assert "signature" not in json.dumps(done)

    target.unlink()
    exporting(status="READY", downloadUrl="https://files.test/x", sizeBytes=3001)
    assert "3,000 bytes came" in terminal.run(*words, "--output", str(target), code=5).stderr
    assert not target.exists()

    exporting(status="FAILED", error="no room")
    assert "no room" in terminal.run(*words, "--wait", code=1).stderr


def test_a_job_is_waited_for(terminal: Terminal, device: str) -> None:
    send(terminal, device, t=[1])
    sensor = terminal.json("sensors", "list")[0]["id"]
    begun = terminal.json("readings", "delete", sensor, "--from", at(0), "--to", at(1))
    looks = iter([begun | {"status": "RUNNING"}, begun | {"status": "SUCCEEDED"}, begun | {"status": "PARTIAL"}])

    def unless(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, json=next(looks)) if "/jobs/" in request.url.path else None

    terminal.bridge.unless = unless
    assert terminal.json("readings", "delete", sensor, "--wait")["status"] == "SUCCEEDED"
    assert "PARTIAL" in terminal.run("readings", "delete", sensor, "--wait", code=1).stderr
    assert terminal.run("devices", "delete", device, "--wait").stdout == ""


def test_times_without_a_zone_are_utc(terminal: Terminal, device: str) -> None:
    send(terminal, device, t=[1])
    sensor = terminal.json("sensors", "list")[0]["id"]
    terminal.run("readings", "get", sensor, "--from", "2026-01-01", "--to", "2026-01-02T03:04:05+02:00")

    sent = parse_qs(urlsplit(str(terminal.bridge.requests[-1].url)).query)
    assert datetime.fromisoformat(sent["from"][0]) == T0
    assert datetime.fromisoformat(sent["to"][0]) == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)), st.integers())
def test_simulated_weather_is_weather(when: datetime, seed: int) -> None:
    found = weather(when, Random(seed))

    assert -10 < found["temperature"] < 40
    assert 0 < found["humidity"] <= 100
    assert isinstance(found["raining"], bool)


def test_nothing_is_left_in_aws_of_a_refused_folder(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    terminal.run("devices", "register", "Pump", "--provision", str(tmp_path / "file" / "x"), code=2)
    assert terminal.json("devices", "list") == []
    assert boto3.client("iot").list_things()["things"] == []
