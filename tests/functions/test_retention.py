"""What is past a retention is in no answer from the moment it is set; a sensor's own goes beyond the organization's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.readings import compact
from tests.functions.exporting import Context, csv_rows, played
from tests.functions.exporting import World as Exports
from tests.watching import watched
from whimbrel.domain.organizations import Organization
from whimbrel.ids import DeviceId, SensorId
from whimbrel.instants import format_ms, now_ms
from whimbrel.store.readings import ReadingStore
from whimbrel.store.tenant import Tenant

READINGS, SENSORS = "/api/v1/readings", "/api/v1/sensors"
DAY = 86_400_000
AGES = (10, 6, 3, 1)
"""Days ago that there are readings of, and their values."""


@pytest.fixture
def device(client: Any) -> str:
    return client.post("/api/v1/devices", {"name": "Pump 4"}).ok()["id"]


def measured(client: Any, device: str, key: str) -> str:
    """Send a reading of each age, and return the sensor."""
    now = now_ms()
    rows = [{"sensorId": key, "timestamp": now - age * DAY, "value": age} for age in AGES]
    assert client.post(READINGS, {"deviceId": device, "readings": rows}).ok()["accepted"] == len(rows)
    return SensorId.named(DeviceId(device), "main", key)


def keep(client: Any, sensor: str, days: int | None) -> None:
    assert client.patch(f"{SENSORS}/{sensor}", {"retentionDays": days}).ok()["retentionDays"] == days


def organization_keeps(organization: Any, days: int | None) -> None:
    things = Tenant(organization.id).things(Organization)
    things.change(organization.id, lambda one: one.next_version(retention_days=days))


def raw(client: Any, sensor: str) -> list[float]:
    return [point["value"] for point in client.get(f"{READINGS}/sensor/{sensor}").ok()["points"]]


def raw_newest_first(client: Any, sensor: str) -> list[float]:
    points = client.get(f"{READINGS}/sensor/{sensor}?order=desc").ok()["points"]
    return [point["value"] for point in points][::-1]


def paged(client: Any, sensor: str) -> list[float]:
    url = f"{READINGS}/sensor/{sensor}?limit=1"
    page = client.get(url).ok()
    found = page["points"]
    while page["nextCursor"]:
        page = client.get(f"{url}&cursor={page['nextCursor']}").ok()
        found += page["points"]
    return [point["value"] for point in found]


def window(client: Any, sensor: str) -> list[float]:
    return [point["value"] for point in client.get(f"{READINGS}/sensor/{sensor}/window?last=30d").ok()["points"]]


def aggregated(client: Any, sensor: str) -> list[float]:
    """Return the values by minute, which are added up from readings."""
    now = now_ms()
    found: list[float] = []
    for age in AGES:
        query = f"from={format_ms(now - age * DAY - 3_600_000)}&to={format_ms(now - age * DAY + 60_000)}&interval=1m"
        buckets = client.get(f"{READINGS}/sensor/{sensor}/aggregated?{query}&fn=first").ok()["buckets"]
        found += [bucket["first"] for bucket in buckets]
    return found


def aggregated_by_day(client: Any, sensor: str) -> list[float]:
    """Return the values by day, which come from sums that are kept."""
    now = now_ms()
    query = f"from={format_ms(now - 20 * DAY)}&to={format_ms(now)}&interval=1d&fn=last"
    return [bucket["last"] for bucket in client.get(f"{READINGS}/sensor/{sensor}/aggregated?{query}").ok()["buckets"]]


def batched(client: Any, sensor: str) -> list[float]:
    answer = client.post(f"{READINGS}/batch", {"sensorIds": [sensor], "last": "30d"}).ok()
    return [point["value"] for point in answer["sensors"][sensor]["points"]]


def batched_few(client: Any, sensor: str) -> list[float]:
    answer = client.post(f"{READINGS}/batch", {"sensorIds": [sensor], "last": "30d", "maxPoints": 10}).ok()
    return [point["value"] for point in answer["sensors"][sensor]["points"]]


def exported(client: Any, sensor: str) -> list[float]:
    organization = client.get("/api/v1/me").ok()["organization"]["id"]
    asked = client.post(
        "/api/v1/exports",
        {
            "scopeType": "SENSOR",
            "scopeId": sensor,
            "from": format_ms(now_ms() - 30 * DAY),
            "to": format_ms(now_ms()),
            "includes": ["READINGS"],
            "format": "CSV",
        },
    ).ok()
    played(organization, asked["id"])
    world = Exports(client, organization, "", "", "", {}, "", "")
    return [float(row["value"]) for row in csv_rows(world.archive(asked))]


READERS: list[Callable[[Any, str], list[float]]] = [
    raw,
    raw_newest_first,
    paged,
    window,
    aggregated,
    aggregated_by_day,
    batched,
    batched_few,
    exported,
]


def stats(client: Any, sensor: str) -> tuple[int, float | None]:
    found = client.get(f"{READINGS}/sensor/{sensor}/stats").ok()
    return found["count"], found["max"]


def latest(client: Any, sensor: str) -> list[float]:
    return [item["value"] for item in client.get(f"{READINGS}/latest?sensorIds={sensor}").ok()["items"]]


def kept(client: Any, sensor: str, ages: tuple[int, ...]) -> None:
    """Hold every answer against the *ages* that should be in it."""
    values = [float(age) for age in ages]
    for read in READERS:
        assert read(client, sensor) == values, read.__name__
    assert stats(client, sensor) == (len(ages), max(values, default=None))
    assert latest(client, sensor) == values[-1:]
    last = client.get(f"{SENSORS}/{sensor}").ok()["lastReading"]
    assert ([last["value"]] if last else []) == values[-1:]


def compacted(organization: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move everything into blocks."""
    tomorrow = now_ms() + DAY
    store = Tenant(organization.id).readings()
    lanes = list(_lanes(store, tomorrow))
    with monkeypatch.context() as patch:
        patch.setattr(compact, "_store", lambda _organization: store)
        records = [
            {"messageId": lane, "body": json.dumps({"organizationId": organization.id, "lane": lane})} for lane in lanes
        ]
        assert compact.handler({"Records": records}, Context()) == {"batchItemFailures": []}


def _lanes(store: ReadingStore, at_ms: int) -> list[str]:
    store._clock = lambda: at_ms
    return list(store.lanes())


@pytest.mark.parametrize("in_blocks", [False, True], ids=["log", "blocks"])
def test_a_sensor_forgets_and_remembers_at_once(
    client: Any, device: str, organization: Any, monkeypatch: pytest.MonkeyPatch, *, in_blocks: bool
) -> None:
    sensor, neighbour = measured(client, device, "t"), measured(client, device, "u")
    if in_blocks:
        compacted(organization, monkeypatch)

    kept(client, sensor, AGES)
    keep(client, sensor, 5)
    kept(client, sensor, (3, 1))
    kept(client, neighbour, AGES)
    # Nothing is lost before it is deleted: asked for again, it is there again.
    keep(client, sensor, None)
    kept(client, sensor, AGES)


@pytest.mark.parametrize("in_blocks", [False, True], ids=["log", "blocks"])
def test_the_shorter_of_two_retentions_holds(
    client: Any, device: str, organization: Any, monkeypatch: pytest.MonkeyPatch, *, in_blocks: bool
) -> None:
    sensor, neighbour = measured(client, device, "t"), measured(client, device, "u")
    if in_blocks:
        compacted(organization, monkeypatch)
    organization_keeps(organization, 7)

    kept(client, sensor, (6, 3, 1))
    keep(client, sensor, 30)
    kept(client, sensor, (6, 3, 1))
    keep(client, sensor, 2)
    kept(client, sensor, (1,))
    kept(client, neighbour, (6, 3, 1))


def test_a_sensor_of_which_all_is_past_retention_has_no_reading(client: Any, device: str) -> None:
    now = now_ms()
    row = {"sensorId": "t", "timestamp": now - 2 * DAY, "value": 1}
    client.post(READINGS, {"deviceId": device, "readings": [row]}).ok()
    sensor = SensorId.named(DeviceId(device), "main", "t")

    keep(client, sensor, 1)

    kept(client, sensor, ())
    assert client.get(f"{READINGS}/latest?deviceId={device}").ok()["items"] == []


def test_a_value_past_retention_is_not_held_into_a_bucket(client: Any, device: str) -> None:
    now = now_ms()
    rows = [{"sensorId": "t", "timestamp": now - age, "value": age} for age in (6 * DAY, DAY)]
    client.post(READINGS, {"deviceId": device, "readings": rows}).ok()
    sensor = SensorId.named(DeviceId(device), "main", "t")
    query = f"from={format_ms(now - 2 * DAY)}&to={format_ms(now)}&interval=1mo&fn=timeWeightedAvg,delta&fill=null"

    def averages() -> list[float]:
        buckets = client.get(f"{READINGS}/sensor/{sensor}/aggregated?{query}").ok()["buckets"]
        return [bucket["timeWeightedAvg"] for bucket in buckets if bucket["timeWeightedAvg"] is not None]

    assert max(averages()) > DAY
    keep(client, sensor, 5)
    assert averages() == [DAY]


@pytest.mark.parametrize("days", [0, -1, 36_501, 1.5, "30", True], ids=str)
def test_what_is_no_retention_is_refused(client: Any, device: str, days: Any) -> None:
    sensor = measured(client, device, "t")

    refused = client.patch(f"{SENSORS}/{sensor}", {"retentionDays": days})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "retentionDays")
    assert client.get(f"{SENSORS}/{sensor}").ok()["retentionDays"] is None


def test_a_sensor_is_made_with_its_retention_and_replaced_without(client: Any, device: str) -> None:
    body = {"deviceId": device, "key": "t", "name": "T", "valueType": "DOUBLE", "retentionDays": 30}
    made = client.post(SENSORS, body).ok()

    assert made["retentionDays"] == 30
    assert client.get(f"{SENSORS}?deviceId={device}").ok()["items"] == [made]
    assert client.put(f"{SENSORS}/{made['id']}", {"name": "T"}).ok()["retentionDays"] is None


def test_others_cannot_set_it(client: Any, other: Any, device: str) -> None:
    sensor = measured(client, device, "t")

    assert other.patch(f"{SENSORS}/{sensor}", {"retentionDays": 1}).status_code == 404
    assert raw(client, sensor) == [float(age) for age in AGES]


@pytest.mark.parametrize(
    ("value_type", "values"),
    [("DOUBLE", [1.5, -2.5]), ("BIGINT", [2**53 + 1, -1]), ("BOOLEAN", [True, False]), ("TEXT", ["on", "off"])],
    ids=["DOUBLE", "BIGINT", "BOOLEAN", "TEXT"],
)
def test_a_sensor_tells_its_last_reading(client: Any, device: str, value_type: str, values: list[Any]) -> None:
    body = {"deviceId": device, "key": "t", "name": "T", "valueType": value_type}
    sensor = client.post(SENSORS, body).ok()
    url = f"{SENSORS}/{sensor['id']}"
    assert client.get(url).ok() == sensor | {"lastReading": None}

    now = now_ms()
    newest, late = (
        {"sensorId": "t", "timestamp": now - age, "value": v} for age, v in zip((0, DAY), values, strict=True)
    )
    for reading in (newest, late):
        assert client.post(READINGS, {"deviceId": device, "readings": [reading]}).ok()["accepted"] == 1

    answer = client.get(url)
    assert answer.ok() == sensor | {"lastReading": {"timestamp": format_ms(now), "value": values[0]}}
    assert answer.headers["ETag"]
    assert client.get(f"{SENSORS}?deviceId={device}").ok()["items"] == [sensor]


def test_the_last_reading_after_a_deletion_is_the_one_before(client: Any, device: str, organization: Any) -> None:
    sensor = measured(client, device, "t")
    now = now_ms()

    Tenant(organization.id).readings().delete_range(device, sensor, now - 2 * DAY, now, now)

    assert client.get(f"{SENSORS}/{sensor}").ok()["lastReading"]["value"] == 3.0


def test_a_list_of_sensors_reads_no_readings(client: Any, device: str) -> None:
    measured(client, device, "t")
    tables: set[str] = set()

    with watched(before=lambda _, params: tables.add(params.get("TableName", ""))):
        client.get(f"{SENSORS}?deviceId={device}").ok()

    assert tables.isdisjoint({"log", "blocks"})
