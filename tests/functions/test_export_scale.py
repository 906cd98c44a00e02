"""The memory of an export does not grow with its rows: measured in processes of its own, and in one that errs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import aws_in_process, make_organization
from tests.functions.exporting import FROM_MS, World, played
from whimbrel.domain.series import Column, Series, ValueType
from whimbrel.ids import OrganizationId
from whimbrel.store.tenant import Tenant

MEGABYTE = 1024
"""In the kilobytes of ``/proc``."""

STATUS = Path("/proc/self/status")

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells a process its own peak")

FEW, MANY = 200_000, 1_000_000
PART_BYTES = 128 * 1024
"""Of an upload here: memory holds one, which is to be full in all cases."""

LIMIT = 18 * MEGABYTE
HOUR = 3_600


def measured(tenant: Tenant, device: str, sensor: str, readings: int) -> None:
    """Store so many readings at 1 Hz, a day at a time, as a backfill does."""
    from whimbrel.domain import codec

    codec.vectorise()
    store = tenant.readings()
    for start in range(0, readings, 24 * HOUR):
        numbers = range(start, min(start + 24 * HOUR, readings))
        timestamps = [FROM_MS + number * 1_000 + number * 31 % 8 for number in numbers]
        series = Series.of(timestamps, [number % 977 / 10 for number in numbers], version=1)
        assert not store.append({device: {Column(sensor, ValueType.DOUBLE): series}})


def a_sensor(client: Any) -> tuple[str, str]:
    device = client.post("/api/v1/devices", {"name": "Pump"}).ok()["id"]
    body = {"deviceId": device, "key": "t", "name": "T", "valueType": "DOUBLE", "unit": "Cel"}
    return device, client.post("/api/v1/sensors", body).ok()["id"]


def peak_growth(form: str, readings: int, *, holds_all: bool) -> int:
    """Return by how many kilobytes this process grew at most while it wrote an export; warmed up by a small one."""
    from functions.exports.contents import Extent, Item, Position
    from whimbrel.aws import objects
    from whimbrel.domain.exports import Content

    objects.PART_BYTES = PART_BYTES

    if holds_all:
        rows = Extent.rows

        def all_at_once(self: Extent, content: Content, position: Position) -> Iterator[Item]:
            return iter(list(rows(self, content, position)))

        Extent.rows = all_at_once
    with aws_in_process():
        organization = make_organization()
        client = organization.client
        device, sensor = a_sensor(client)
        measured(Tenant(OrganizationId(organization.id)), device, sensor, readings)
        world = World(client, organization.id, "", device, "", {}, device, sensor)
        window = {"from": "2024-01-01T00:00:00Z", "format": form, "includes": ["READINGS"]}
        warm = world.ask(**window, to="2024-01-01T04:00:00Z").ok()
        played(organization.id, warm["id"])
        before = peak()
        whole = world.ask(**window, to="2025-01-01T00:00:00Z").ok()
        played(organization.id, whole["id"])
        after = peak()
        assert client.get(f"/api/v1/exports/{whole['id']}").ok()["readingCount"] == readings
    return after - before


def peak() -> int:
    """Return the most memory that this process had, in kilobytes; ``ru_maxrss`` would tell of its parent's, too."""
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


def grown(form: str, readings: int, *, holds_all: bool = False) -> int:
    command = [sys.executable, "-m", "tests.functions.test_export_scale", form, str(readings), str(int(holds_all))]
    environment = {
        "PYTHONPATH": ".:layers/core/python",
        "PATH": "/usr/bin:/bin",
        "S3_UPLOAD_PART_MIN_SIZE": str(PART_BYTES),
    }
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


@pytest.mark.parametrize("form", ["CSV", "PARQUET"])
def test_memory_does_not_grow_with_rows(form: str) -> None:
    few, many = grown(form, FEW), grown(form, MANY)

    # The rows more would take 19 MB as arrays, 130 MB as text, and the archive takes 5 MB of the S3 in that process.
    assert many - few < LIMIT, (few, many)


def test_an_export_that_holds_all_rows_is_seen_to_grow() -> None:
    assert grown("CSV", 2 * MANY, holds_all=True) - grown("CSV", FEW) > LIMIT


if __name__ == "__main__":
    print(peak_growth(sys.argv[1], int(sys.argv[2]), holds_all=sys.argv[3] == "1"))
