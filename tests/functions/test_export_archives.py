"""What is in an export, in every format, however often its writing was cut or killed."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from base64 import b85encode
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from tests.functions.exporting import (
    FROM,
    FROM_MS,
    TO,
    VALUES,
    Killer,
    World,
    a_world,
    csv_rows,
    objects_kept,
    played,
)
from tests.gateway import Client
from tests.watching import watched
from whimbrel import instants
from whimbrel.domain.exports import Export, ExportId
from whimbrel.domain.series import Value, ValueType
from whimbrel.instants import format_ms, parse_ms


@pytest.fixture
def world(client: Client, organization: Any) -> World:
    return a_world(client, organization)


def expected() -> list[tuple[str, ValueType, Value]]:
    return [
        (format_ms(FROM_MS + 1_000 * number), kind, value)
        for kind, values in VALUES.items()
        for number, value in enumerate(values)
    ]


def in_order(world: World) -> list[tuple[str, ValueType, Value]]:
    """Return what was measured on the first device, by sensor and time."""
    return sorted(expected(), key=lambda row: (world.sensors[row[1]], row[0]))


def test_csv_holds_every_reading_in_order(world: World) -> None:
    archive = world.archive(world.export(format="CSV"))

    rows = csv_rows(archive)
    written = {"=1+1": "'=1+1", "True": "true", "False": "false", "nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    assert [(row["timestamp"], row["valueType"], row["value"]) for row in rows] == [
        (at, kind, written.get(str(value), str(value))) for at, kind, value in in_order(world)
    ]
    assert rows[0] | {"timestamp": "", "value": "", "valueType": "", "sensorId": "", "sensorKey": ""} == {
        "timestamp": "", "value": "", "valueType": "", "sensorId": "", "sensorKey": "",
        "deviceId": world.device, "componentId": world.component, "unit": "Cel", "metadata": '{"by":"Jo"}',
    }  # fmt: skip
    assert {row["sensorKey"]: row["sensorId"] for row in rows} == {k.lower(): v for k, v in world.sensors.items()}
    assert rows[1]["metadata"] == ""


def test_json_lines_hold_every_reading_in_order(world: World) -> None:
    archive = world.archive(world.export(format="JSONL"))

    rows = [json.loads(line) for line in archive.read("readings.jsonl").decode().splitlines()]
    written = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    assert [(row["timestamp"], row["valueType"], row["value"]) for row in rows] == [
        (at, kind, written.get(str(value), value)) for at, kind, value in in_order(world)
    ]
    assert [row["metadata"] for row in rows[:2]] == [{"by": "Jo"}, None]


def test_parquet_holds_every_reading_in_order(world: World) -> None:
    archive = world.archive(world.export(format="PARQUET"))

    rows = pq.read_table(io.BytesIO(archive.read("readings.parquet"))).to_pylist()
    found = [
        (instants.format_instant(row["timestamp"]), row["valueType"], str(row[f"value{row['valueType'].capitalize()}"]))
        for row in rows
    ]
    assert found == [(at, kind, str(value)) for at, kind, value in in_order(world)]
    assert all(sum(row[f"value{kind.capitalize()}"] is not None for kind in ValueType) == 1 for row in rows)


@pytest.mark.parametrize("form", ["CSV", "JSONL", "PARQUET"])
def test_the_manifest_says_what_is_in_it(world: World, form: str) -> None:
    export = world.export(format=form)

    archive = world.archive(export)
    manifest = json.loads(archive.read("manifest.json"))
    extension = form.lower()
    assert archive.testzip() is None
    assert archive.namelist() == [f"readings.{extension}", f"annotations.{extension}", "manifest.json"]
    asked = ("scopeType", "scopeId", "from", "to", "includes", "format", "requestedBy", "createdAt")
    assert {name: manifest[name] for name in asked} == {name: export[name] for name in asked}
    assert (manifest["exportId"], manifest["organizationId"]) == (export["id"], world.organization_id)
    assert manifest["counts"] == {"readings": export["readingCount"], "annotations": export["annotationCount"]}
    for file in manifest["files"]:
        content = archive.read(file["name"])
        assert (file["sizeBytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    names = [column["name"] for column in manifest["columns"]["readings"]]
    if form == "PARQUET":
        assert names == pq.read_schema(io.BytesIO(archive.read("readings.parquet"))).names
    elif form == "CSV":
        assert names == archive.read("readings.csv").decode().splitlines()[0].split(",")
    else:
        assert names == list(json.loads(archive.read("readings.jsonl").decode().splitlines()[0]))


def test_an_empty_export_is_complete(world: World) -> None:
    window = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}

    for form in ("CSV", "JSONL", "PARQUET"):
        export = world.export(format=form, **window)

        archive = world.archive(export)
        assert (export["status"], export["readingCount"], export["annotationCount"]) == ("READY", 0, 0)
        if form == "CSV":
            assert csv_rows(archive) == []
        elif form == "JSONL":
            assert archive.read("readings.jsonl") == b""
        else:
            assert pq.read_table(io.BytesIO(archive.read("readings.parquet"))).num_rows == 0


def test_only_what_was_asked_for_is_in_it(world: World) -> None:
    export = world.export(includes=["ANNOTATIONS"])

    assert world.archive(export).namelist() == ["annotations.csv", "manifest.json"]
    assert "readingCount" not in export


def test_the_window_is_half_open(world: World) -> None:
    sensor = world.sensors[ValueType.BIGINT]
    at = parse_ms("2023-06-01T00:00:00Z")
    world.measure(world.device, sensor, ValueType.BIGINT, [1, 2, 3], at)

    export = world.export(
        scopeType="SENSOR", scopeId=sensor, **{"from": format_ms(at + 1_000), "to": format_ms(at + 2_000)}
    )

    assert [row["value"] for row in csv_rows(world.archive(export))] == ["2"]


def test_a_scope_covers_what_is_below_it(world: World) -> None:
    def sensors(scope_type: str, scope_id: str) -> set[str]:
        export = world.export(scopeType=scope_type, scopeId=scope_id)
        return {row["sensorId"] for row in csv_rows(world.archive(export))}

    own = set(world.sensors.values())
    text = world.sensors[ValueType.TEXT]
    assert sensors("SITE", world.site) == own | {world.second_sensor}
    assert sensors("DEVICE", world.device) == sensors("COMPONENT", world.component) == own
    assert sensors("SENSOR", text) == {text}


def test_devices_come_one_after_the_other(world: World) -> None:
    rows = csv_rows(world.archive(world.export(scopeType="SITE", scopeId=world.site)))

    keys = [(row["deviceId"], row["sensorId"], row["timestamp"]) for row in rows]
    assert keys == sorted(keys)


def test_annotations_that_touch_the_window_are_in_it(world: World) -> None:
    text = world.sensors[ValueType.TEXT]
    kept = [
        world.annotate("DEVICE", world.device, FROM),
        world.annotate("DEVICE", world.device, "2023-12-01T00:00:00Z", "2024-01-01T00:00:00.001Z"),
        world.annotate("COMPONENT", world.component, "2023-12-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        world.annotate("SENSOR", text, "2024-01-31T23:59:59.999Z"),
    ]
    on_the_site = world.annotate("SITE", world.site, FROM)
    on_the_other = world.annotate("SENSOR", world.second_sensor, FROM)
    world.annotate("DEVICE", world.device, "2023-12-01T00:00:00Z", FROM)
    world.annotate("DEVICE", world.device, TO)
    world.annotate("DEVICE", world.device, "2023-12-31T23:59:59.999Z")

    def annotations(scope_type: str, scope_id: str) -> list[dict[str, str]]:
        export = world.export(scopeType=scope_type, scopeId=scope_id)
        rows = csv_rows(world.archive(export), "annotations.csv")
        assert export["annotationCount"] == len(rows)
        return rows

    of_device = annotations("DEVICE", world.device)
    assert [row["annotationId"] for row in of_device] == kept
    assert {row["annotationId"] for row in annotations("SITE", world.site)} == {*kept, on_the_site, on_the_other}
    assert [row["annotationId"] for row in annotations("COMPONENT", world.component)] == kept[2:]
    assert [row["annotationId"] for row in annotations("SENSOR", text)] == kept[3:]
    assert of_device[1] == {
        "annotationId": kept[1], "classId": world.annotation_class, "classKey": "note", "scopeType": "DEVICE",
        "scopeId": world.device, "startAt": "2023-12-01T00:00:00.000Z", "endAt": "2024-01-01T00:00:00.001Z",
        "source": "MANUAL", "confidence": "1.0", "values": '{"text":"=SUM(A1)"}',
    }  # fmt: skip


def test_a_sensor_of_two_types_stays_in_order_of_time(world: World) -> None:
    sensor = world.sensors[ValueType.DOUBLE]
    world.measure(world.device, sensor, ValueType.TEXT, ["a", "b"], FROM_MS + 500)

    export = world.export(scopeType="SENSOR", scopeId=sensor)

    rows = csv_rows(world.archive(export))
    assert [row["value"] for row in rows[:4]] == ["20.5", "a", "-3.5", "b"]
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)


def test_a_large_export_goes_up_in_parts(world: World) -> None:
    noise = ["~" + b85encode(random.randbytes(799)).decode() for _ in range(11_000)]
    world.measure(world.device, world.sensors[ValueType.TEXT], ValueType.TEXT, [*noise], FROM_MS + 10_000)
    part_sizes: list[int] = []

    def note(operation: str, params: dict[str, Any]) -> None:
        if operation == "UploadPart":
            part_sizes.append(len(params["Body"]))

    with watched(before=note):
        export = world.export(format="CSV")

    rows = csv_rows(world.archive(export))
    assert len(part_sizes) == 2
    assert sum(part_sizes) == export["sizeBytes"]
    assert export["readingCount"] == len(rows) == len(noise) + sum(map(len, VALUES.values()))
    assert [row["value"] for row in rows if row["sensorKey"] == "text"][len(VALUES[ValueType.TEXT]) :] == noise


def test_what_is_too_much_for_a_step_goes_on_in_another_file(world: World) -> None:
    whole = csv_rows(world.archive(world.export(scopeType="SITE", scopeId=world.site)))
    asked = world.ask(scopeType="SITE", scopeId=world.site).ok()

    taken = played(world.organization_id, asked["id"], budget_s=0)

    archive = world.archive(asked)
    names = [name for name in archive.namelist() if name.startswith("readings")]
    manifest = json.loads(archive.read("manifest.json"))
    assert taken.count("write") == len(archive.namelist()) - 1 > 4
    assert names[:3] == ["readings.csv", "readings-2.csv", "readings-3.csv"]
    assert [row for name in names for row in csv_rows(archive, name)] == whole
    assert manifest["counts"]["readings"] == len(whole)
    assert sum(file["rows"] for file in manifest["files"]) == len(whole)
    assert archive.testzip() is None


def test_a_step_may_end_within_a_sensor(world: World) -> None:
    # Further apart than the longest block is long.
    for day in range(0, 120, 40):
        world.measure(world.second_device, world.second_sensor, ValueType.DOUBLE, [1.5], FROM_MS + day * 86_400_000)
    world.compact()
    scope = {"scopeType": "SENSOR", "scopeId": world.second_sensor, "to": "2025-01-01T00:00:00Z"}
    whole = csv_rows(world.archive(world.export(**scope)))
    asked = world.ask(**scope).ok()

    played(world.organization_id, asked["id"], budget_s=0)

    archive = world.archive(asked)
    names = [name for name in archive.namelist() if name.startswith("readings")]
    assert len(names) > 2
    assert [row for name in names for row in csv_rows(archive, name)] == whole
    assert len(whole) == 3


def test_large_devices_are_read_sensor_by_sensor_to_the_same_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held = csv_rows(world.archive(world.export()))
    monkeypatch.setattr("functions.exports.contents.MAX_HELD", 1)

    assert csv_rows(world.archive(world.export())) == held


@pytest.mark.parametrize(("event", "form"), [("before-call", "PARQUET"), ("after-call", "CSV")])
def test_killed_at_any_call_and_run_again_it_writes_the_same(world: World, form: str, event: str) -> None:
    world.annotate("DEVICE", world.device, FROM)
    asked = world.ask(format=form).ok()
    exports = world.tenant.things(Export)
    pending = exports.get(ExportId(asked["id"]))

    def made(killer: Killer) -> bytes:
        with killer.watch():
            taken = played(world.organization_id, pending.id, attempts=2)
        assert taken == ["start", "write", "write", "finish"]
        export = world.client.get(f"/api/v1/exports/{pending.id}").ok()
        content = world.content(pending.id)
        assert (export["status"], export["sizeBytes"], export["readingCount"]) == ("READY", len(content), 14)
        assert len(objects_kept()) == 1
        exports.remove(exports.get(pending.id))
        boto3.client("s3").delete_object(Bucket="exports", Key=objects_kept()[0])
        exports.add(pending)
        return content

    unharmed = Killer(at=0, event=event)
    whole = made(unharmed)

    assert unharmed.calls > 20
    for at in range(1, unharmed.calls + 1):
        assert made(Killer(at=at, event=event)) == whole, f"killed at call {at}"


@pytest.mark.parametrize("event", ["before-call", "after-call"])
def test_killed_in_any_of_many_steps_it_writes_the_same_files(world: World, event: str) -> None:
    for day in (40, 80):
        world.measure(world.second_device, world.second_sensor, ValueType.DOUBLE, [1.5], FROM_MS + day * 86_400_000)
    world.compact()
    asked = world.ask(scopeType="SITE", scopeId=world.site, to="2025-01-01T00:00:00Z").ok()
    exports = world.tenant.things(Export)
    pending = exports.get(ExportId(asked["id"]))

    def made(killer: Killer) -> bytes:
        with killer.watch():
            taken = played(world.organization_id, pending.id, budget_s=0, attempts=2)
        assert taken[-1] == "finish"
        content = world.content(pending.id)
        exports.remove(exports.get(pending.id))
        boto3.client("s3").delete_object(Bucket="exports", Key=objects_kept()[0])
        exports.add(pending)
        return content

    unharmed = Killer(at=0, event=event)
    whole = made(unharmed)

    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert len(manifest["files"]) > 8
        for file in manifest["files"]:
            assert file["sha256"] == hashlib.sha256(archive.read(file["name"])).hexdigest()
    calls = range(1, unharmed.calls + 1)
    for at in random.Random(event).sample(calls, 25):
        assert made(Killer(at=at, event=event)) == whole, f"killed at call {at}"


def test_compaction_changes_no_byte(world: World) -> None:
    asked = world.ask().ok()
    exports = world.tenant.things(Export)
    pending = exports.get(ExportId(asked["id"]))
    played(world.organization_id, pending.id)
    before = world.content(pending.id)
    world.compact()
    exports.remove(exports.get(pending.id))
    boto3.client("s3").delete_object(Bucket="exports", Key=objects_kept()[0])
    exports.add(pending)

    played(world.organization_id, pending.id)

    assert world.content(pending.id) == before
