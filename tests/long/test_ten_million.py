"""Ten million readings in one export, through the real steps; minutes long: ``make test-long``."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import time
import zipfile
from typing import Any

from tests.functions.exporting import FROM_MS, World, played
from whimbrel.domain import codec
from whimbrel.domain.series import Column, Series, ValueType
from whimbrel.ids import DeviceId, SensorId
from whimbrel.instants import format_ms
from whimbrel.store.tenant import Tenant

READINGS_OF_A_SENSOR = 2_000_000
DAY = 86_400
STEP_S = 8
"""What a step may take here: the export is cut into several files, and goes on."""


def values_of(numbers: range, shift: int) -> list[Any]:
    return [(number + shift) % 977 / 10 for number in numbers]


def timestamps_of(numbers: range) -> list[int]:
    return [FROM_MS + number * 1_000 + number * 31 % 8 for number in numbers]


def days() -> list[range]:
    return [range(start, min(start + DAY, READINGS_OF_A_SENSOR)) for start in range(0, READINGS_OF_A_SENSOR, DAY)]


def expected_digest(device: str, sensors: list[tuple[str, dict[str, Any]]]) -> str:
    """Return the SHA-256 of all lines, written one by one."""
    digest = hashlib.sha256()
    for shift, (sensor, told) in enumerate(sensors):
        before = f"{device},{told['componentId']},{sensor},{told['key']},DOUBLE,"
        for numbers in days():
            rows = zip(timestamps_of(numbers), values_of(numbers, shift), strict=True)
            lines = [f"{format_ms(at)},{before}{value},Cel,\r\n" for at, value in rows]
            digest.update("".join(lines).encode())
    return digest.hexdigest()


def test_ten_million_readings_in_one_export(client: Any, organization: Any) -> None:
    device = client.post("/api/v1/devices", {"name": "Pump"}).ok()["id"]
    keys = [f"t{number}" for number in range(5)]
    for key in keys:
        body = {"deviceId": device, "key": key, "name": key, "valueType": "DOUBLE", "unit": "Cel"}
        client.post("/api/v1/sensors", body).ok()
    told = {each["id"]: each for each in client.get(f"/api/v1/sensors?deviceId={device}").ok()["items"]}
    sensors = sorted(told.items())
    codec.vectorise()
    store = Tenant(organization.id).readings()
    begun = time.monotonic()
    for numbers in days():
        timestamps = timestamps_of(numbers)
        frame = {
            Column(sensor, ValueType.DOUBLE): Series.of(timestamps, values_of(numbers, shift), version=1)
            for shift, (sensor, _) in enumerate(sensors)
        }
        assert not store.append({DeviceId(device): frame})
    stored_s = time.monotonic() - begun
    world = World(client, organization.id, "", device, "", {}, device, SensorId(sensors[0][0]))
    asked = world.ask(to="2025-01-01T00:00:00Z", includes=["READINGS"]).ok()
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, begun_cpu = time.monotonic(), time.process_time()

    taken = played(organization.id, asked["id"], budget_s=STEP_S)

    took_s, took_cpu = time.monotonic() - begun, time.process_time() - begun_cpu
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) // 1024
    rows = READINGS_OF_A_SENSOR * len(keys)
    export = client.get(f"/api/v1/exports/{asked['id']}").ok()
    size_mb = export["sizeBytes"] / 1e6
    print(
        f"\n{rows:,} readings stored in {stored_s:.0f} s; exported in {took_s:.1f} s ({took_cpu:.1f} s of processor), "
        f"{taken.count('write')} steps, {size_mb:.0f} MB; the process grew by {grown_mb} MB"
    )
    assert (export["status"], export["readingCount"]) == ("READY", rows)
    lines = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(world.content(asked["id"]))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert sum(file["rows"] for file in manifest["files"]) == manifest["counts"]["readings"] == rows
        for described in manifest["files"]:
            of_file = hashlib.sha256()
            with archive.open(described["name"]) as file:
                heading = file.readline()
                of_file.update(heading)
                while part := file.read(1 << 20):
                    of_file.update(part)
                    lines.update(part)
            assert described["sha256"] == of_file.hexdigest()
    assert lines.hexdigest() == expected_digest(device, sensors)
    # The bytes themselves are kept by the S3 in this process, several times while an upload is completed.
    assert grown_mb < 200 + 4 * size_mb
