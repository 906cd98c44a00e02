"""Exports, from the request to what is in the archive; the workflow is played step by step, as its machine does."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import zipfile
from base64 import b85encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pyarrow.parquet as pq
import pytest

from functions.exports import steps
from tests.gateway import Answer, Client
from whimbrel import instants
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain.exports import Export, ExportId
from whimbrel.domain.series import Column, Series, Value, ValueType
from whimbrel.ids import OrganizationId
from whimbrel.instants import format_ms, parse_ms
from whimbrel.settings import settings
from whimbrel.store.tenant import Tenant

FROM, TO = "2024-01-01T00:00:00.000Z", "2024-02-01T00:00:00.000Z"
FROM_MS, TO_MS = parse_ms(FROM), parse_ms(TO)
VALUES: dict[ValueType, list[Value]] = {
    ValueType.DOUBLE: [20.5, -3.5, float("nan"), float("inf"), float("-inf")],
    ValueType.BIGINT: [-(2**63), 0, 2**63 - 1],
    ValueType.BOOLEAN: [True, False],
    ValueType.TEXT: ["=1+1", "", 'naïve, "quoted"\r\nline', "温度 🌡"],
}


@dataclass
class Context:
    """What a step asks of its Lambda."""

    remaining_ms: int = 900_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def played(organization_id: str, export_id: str, *, budget_s: int = 600, attempts: int = 1) -> list[str]:
    """Play the state machine, each step up to *attempts* times; return the steps it went through."""
    context = Context((budget_s + steps.MARGIN_S) * 1000)
    event: dict[str, Any] = {"organizationId": organization_id, "exportId": export_id}
    taken: list[str] = []

    def step(name: str, **more: Any) -> Any:
        taken.append(name)
        for attempt in range(attempts):
            try:
                return json.loads(json.dumps(steps.handler({"step": name, **event, **more}, context)))
            except Exception:
                if attempt == attempts - 1:
                    raise
        raise AssertionError

    try:
        progress = step("start")
        while not progress["done"]:
            assert taken.count("write") < 50, "it does not come to an end"
            progress = step("write", progress=progress)
        step("finish", progress=progress)
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001 (the machine catches all)
        cause = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})
        step("fail", error={"Error": type(error).__name__, "Cause": cause})
    return taken


@dataclass
class World:
    """A site with two devices, sensors of every type on one of them, and what was measured."""

    client: Client
    organization_id: str
    site: str
    device: str
    component: str
    sensors: dict[ValueType, str]
    second_device: str
    second_sensor: str

    @property
    def tenant(self) -> Tenant:
        return Tenant(OrganizationId(self.organization_id))

    def measure(self, device: str, sensor: str, kind: ValueType, values: list[Value], at: int = FROM_MS) -> None:
        timestamps = [at + 1_000 * number for number in range(len(values))]
        series = Series.of(timestamps, values, version=1, metadata={timestamps[0]: '{"by":"Jo"}'})
        assert not self.tenant.readings().append({device: {Column(sensor, kind): series}})

    def annotate(self, scope_type: str, scope_id: str, start: str, end: str | None = None) -> str:
        made = self.client.post(
            "/api/v1/annotations",
            {
                "classId": self.annotation_class,
                "scopeType": scope_type,
                "scopeId": scope_id,
                "startAt": start,
                "endAt": end,
                "values": {"text": "=SUM(A1)"},
                "confidence": 1,
            },
        )
        return made.ok()["id"]

    @property
    def annotation_class(self) -> str:
        fields = [{"key": "text", "label": "Text", "type": "STRING"}]
        made = self.client.post("/api/v1/annotation-classes", {"key": "note", "name": "Note", "fields": fields})
        if made.status_code == 201:
            return made.ok()["id"]
        return self.client.get("/api/v1/annotation-classes").ok()["items"][0]["id"]

    def ask(self, **changes: Any) -> Answer:
        body = {
            "scopeType": "DEVICE",
            "scopeId": self.device,
            "from": FROM,
            "to": TO,
            "includes": ["READINGS", "ANNOTATIONS"],
            "format": "CSV",
        }
        return self.client.post("/api/v1/exports", body | changes)

    def export(self, **changes: Any) -> dict[str, Any]:
        """Ask for an export, have it made, and return it."""
        asked = self.ask(**changes).ok()
        played(self.organization_id, asked["id"])
        return self.client.get(f"/api/v1/exports/{asked['id']}").ok()

    def archive(self, export: dict[str, Any]) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.content(export["id"])))

    def content(self, export_id: str) -> bytes:
        key = f"organizations/{self.organization_id}/exports/{export_id}.zip"
        return boto3.client("s3").get_object(Bucket="exports", Key=key)["Body"].read()


@pytest.fixture
def world(client: Client, organization: Any) -> World:
    site = client.post("/api/v1/sites", {"name": "North"}).ok()["id"]
    device = client.post("/api/v1/devices", {"name": "Pump", "siteId": site}).ok()["id"]
    second = client.post("/api/v1/devices", {"name": "Fan", "siteId": site}).ok()["id"]
    made = {
        kind: client.post(
            "/api/v1/sensors",
            {"deviceId": device, "key": kind.lower(), "name": kind, "valueType": kind, "unit": "Cel"},
        ).ok()
        for kind in ValueType
    }
    second_sensor = client.post(
        "/api/v1/sensors", {"deviceId": second, "key": "speed", "name": "Speed", "valueType": "DOUBLE"}
    ).ok()
    component = made[ValueType.DOUBLE]["componentId"]
    sensors = {kind: sensor["id"] for kind, sensor in made.items()}
    built = World(client, organization.id, site, device, component, sensors, second, second_sensor["id"])
    for kind, values in VALUES.items():
        built.measure(device, sensors[kind], kind, values)
    built.measure(second, second_sensor["id"], ValueType.DOUBLE, [1.0])
    return built


def csv_rows(archive: zipfile.ZipFile, name: str = "readings.csv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline=""), strict=True))


def objects_kept() -> list[str]:
    return [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="exports").get("Contents", [])]


def uploads_open() -> list[Any]:
    return boto3.client("s3").list_multipart_uploads(Bucket="exports").get("Uploads", [])


def test_the_answer_to_a_request_has_what_the_contract_prints(world: World) -> None:
    body = {
        "scopeType": "DEVICE",
        "scopeId": world.device,
        "from": "2024-01-01T00:00:00Z",
        "to": "2024-02-01T00:00:00Z",
        "includes": ["READINGS", "ANNOTATIONS"],
    }

    answer = world.client.post("/api/v1/exports", body)

    export = answer.json()
    assert answer.status_code == 201
    assert list(body) == [name for name in export if name in body]
    assert {name: export[name] for name in body} == body | {"from": FROM, "to": TO}
    assert set(export) - set(body) == {"id", "status", "requestedBy", "createdAt", "format"}
    assert (export["status"], export["format"]) == ("PENDING", "PARQUET")
    assert export["requestedBy"] == world.client.get("/api/v1/me").ok()["subject"]
    started = boto3.client("stepfunctions").list_executions(stateMachineArn=settings().export_workflow_arn)
    (execution,) = started["executions"]
    assert execution["name"] == export["id"]


def test_it_goes_from_pending_to_ready(world: World) -> None:
    url = f"/api/v1/exports/{(asked := world.ask().ok())['id']}"
    event = {"organizationId": world.organization_id, "exportId": asked["id"]}

    before = world.client.get(url).ok()
    progress = steps.handler({"step": "start", **event}, Context())
    during = world.client.get(url).ok()
    played(world.organization_id, asked["id"])
    after = world.client.get(url).ok()

    assert before == asked
    assert progress == {"done": False, "steps": 0}
    assert during == asked | {"status": "RUNNING", "progress": 0}
    assert set(after) - set(asked) == {
        "progress", "sizeBytes", "readingCount", "annotationCount", "completedAt", "expiresAt", "downloadUrl"
    }  # fmt: skip
    assert (after["status"], after["progress"]) == ("READY", 100)
    assert (after["readingCount"], after["annotationCount"]) == (sum(map(len, VALUES.values())), 0)
    assert after["sizeBytes"] == len(world.content(asked["id"]))
    assert parse_ms(after["expiresAt"]) - parse_ms(after["completedAt"]) == 86_400_000
    assert objects_kept() == [f"organizations/{world.organization_id}/exports/{asked['id']}.zip"]
    assert uploads_open() == []


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
    aws_client("s3").meta.events.register(
        "before-parameter-build.s3.UploadPart", lambda params, **_: part_sizes.append(len(params["Body"]))
    )

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
    for day in range(3):
        values: list[Value] = [float(number) for number in range(600)]
        world.measure(world.second_device, world.second_sensor, ValueType.DOUBLE, values, FROM_MS + day * 86_400_000)
    scope = {"scopeType": "SENSOR", "scopeId": world.second_sensor}
    whole = csv_rows(world.archive(world.export(**scope)))
    asked = world.ask(**scope).ok()

    played(world.organization_id, asked["id"], budget_s=0)

    archive = world.archive(asked)
    names = [name for name in archive.namelist() if name.startswith("readings")]
    assert len(names) > 2
    assert [row for name in names for row in csv_rows(archive, name)] == whole
    assert len(whole) == 1_800


def test_large_devices_are_read_sensor_by_sensor_to_the_same_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held = csv_rows(world.archive(world.export()))
    monkeypatch.setattr("functions.exports.contents.MAX_HELD", 1)

    assert csv_rows(world.archive(world.export())) == held


class Killed(Exception):
    """The process died."""


@dataclass
class Killer:
    """Dies at the *at*-th call to AWS, before it is sent or when its answer comes; once."""

    at: int
    event: str
    calls: int = 0

    def __call__(self, **_: object) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise Killed

    def watch(self) -> Iterator[None]:
        clients = [aws_client("s3"), aws_client("dynamodb")]
        for each in clients:
            each.meta.events.register(self.event, self)
        yield
        for each in clients:
            each.meta.events.unregister(self.event, self)


@pytest.mark.parametrize(("event", "form"), [("before-call", "PARQUET"), ("after-call", "CSV")])
def test_killed_at_any_call_and_run_again_it_writes_the_same(world: World, form: str, event: str) -> None:
    world.annotate("DEVICE", world.device, FROM)
    asked = world.ask(format=form).ok()
    exports = world.tenant.things(Export)
    pending = exports.get(ExportId(asked["id"]))

    def made(killer: Killer) -> bytes:
        watching = killer.watch()
        next(watching)
        taken = played(world.organization_id, pending.id, attempts=2)
        next(watching, None)
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


def test_compaction_changes_no_byte(world: World) -> None:
    asked = world.ask().ok()
    exports = world.tenant.things(Export)
    pending = exports.get(ExportId(asked["id"]))
    played(world.organization_id, pending.id)
    before = world.content(pending.id)
    later = instants.now_ms() + 3_600_000
    store = world.tenant.readings()
    store._clock = lambda: later
    for lane in list(store.lanes()):
        store.compact(lane)
    exports.remove(exports.get(pending.id))
    boto3.client("s3").delete_object(Bucket="exports", Key=objects_kept()[0])
    exports.add(pending)

    played(world.organization_id, pending.id)

    assert world.content(pending.id) == before


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("to", {"to": FROM}),
    ("includes", {"includes": []}),
    ("includes[0]", {"includes": ["ALERTS"]}),
    ("format", {"format": "XLSX"}),
    ("scopeType", {"scopeType": "PLANET"}),
    ("scopeId", {"scopeId": "0190a5b2-7c1e-7a3b-9c4d-5e6f7a8b9c0d"}),
    ("from", {"from": "yesterday"}),
    ("limit", {"limit": 5}),
]


def test_what_cannot_be_exported_is_refused_by_field(world: World) -> None:
    for field, change in REFUSED:
        refused = world.ask(**change)

        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert world.client.get("/api/v1/exports").ok()["items"] == []


def test_another_organization_sees_nothing(world: World, other: Client) -> None:
    export = world.export()
    url = f"/api/v1/exports/{export['id']}"

    assert [other.get(url).status_code, other.delete(url).status_code] == [404, 404]
    assert other.get("/api/v1/exports").ok()["items"] == []
    assert replace(world, client=other).ask().status_code == 422
    assert world.client.get(url).ok()["status"] == "READY"


def test_scopes_are_needed(world: World, scoped: Callable[..., Client]) -> None:
    export = world.ask().ok()
    reader, writer = scoped("exports:read"), scoped("exports:write")

    assert reader.get(f"/api/v1/exports/{export['id']}").status_code == 200
    assert reader.delete(f"/api/v1/exports/{export['id']}").status_code == 403
    assert writer.get(f"/api/v1/exports/{export['id']}").status_code == 403


def test_the_link_is_for_this_one_object_and_a_quarter_of_an_hour(world: World) -> None:
    export = world.export()

    link = urlsplit(export["downloadUrl"])
    query = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert link.path.endswith(f"/organizations/{world.organization_id}/exports/{export['id']}.zip")
    assert int(query["X-Amz-Expires"]) <= 900
    assert query["X-Amz-SignedHeaders"] == "host"
    assert query["response-content-disposition"] == f'attachment; filename="export-{export["id"]}.zip"'
    listed = world.client.get("/api/v1/exports").ok()["items"]
    assert [each["id"] for each in listed] == [export["id"]]
    assert "downloadUrl" not in listed[0]


def test_deleting_a_ready_export_deletes_the_archive(world: World) -> None:
    url = f"/api/v1/exports/{world.export()['id']}"

    assert world.client.delete(url, headers={"If-Match": '"stale"'}).status_code == 412
    assert world.client.delete(url).status_code == 204
    assert world.client.get(url).status_code == 404
    assert objects_kept() == []


def test_deleting_an_unfinished_export_ends_the_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = world.ask().ok()
    url = f"/api/v1/exports/{asked['id']}"
    monkeypatch.setattr(steps, "PULSE_S", 0)
    deleted: list[int] = []

    def delete(**_: object) -> None:
        if not deleted:
            deleted.append(204)
            deleted[0] = world.client.delete(url).status_code

    # In the middle of the first file: when its first readings are read.
    aws_client("dynamodb").meta.events.register("before-call.dynamodb.Query", delete)
    taken = played(world.organization_id, asked["id"])

    assert taken == ["start", "write", "finish"]
    assert deleted == [204]
    assert world.client.get(url).status_code == 404
    assert (objects_kept(), uploads_open()) == ([], [])


def test_a_failure_is_told_and_leaves_nothing(world: World) -> None:
    sensor = world.sensors[ValueType.TEXT]
    asked = world.ask(scopeType="SENSOR", scopeId=sensor).ok()
    assert world.client.delete(f"/api/v1/sensors/{sensor}").status_code == 204

    taken = played(world.organization_id, asked["id"])

    export = world.client.get(f"/api/v1/exports/{asked['id']}").ok()
    assert taken[-1] == "fail"
    assert (export["status"], export["error"]) == ("FAILED", f"There is no sensor {sensor}.")
    assert set(export) - set(asked) == {"error"}
    assert (objects_kept(), uploads_open()) == ([], [])


def test_the_words_of_a_fault_are_kept_inside(world: World) -> None:
    asked = world.ask().ok()
    watching = Killer(at=1, event="before-call.s3.CreateMultipartUpload").watch()
    next(watching)

    played(world.organization_id, asked["id"])

    export = world.client.get(f"/api/v1/exports/{asked['id']}").ok()
    assert (export["status"], export["error"]) == ("FAILED", steps.NOT_WRITTEN)


def test_an_archive_that_was_complete_goes_when_its_export_fails(world: World) -> None:
    asked = world.ask().ok()
    watching = Killer(at=1, event="after-call.s3.CompleteMultipartUpload").watch()
    next(watching)

    taken = played(world.organization_id, asked["id"])

    assert taken[-2:] == ["finish", "fail"]
    assert (objects_kept(), uploads_open()) == ([], [])


def test_an_export_that_cannot_be_started_is_not_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORT_WORKFLOW_ARN", "arn:aws:states:eu-central-1:123456789012:stateMachine:none")
    settings.cache_clear()

    refused = world.ask()

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert world.client.get("/api/v1/exports").ok()["items"] == []


def test_steps_of_an_unknown_export_do_nothing(world: World) -> None:
    assert played(world.organization_id, ExportId.new()) == ["start", "finish"]
    assert (objects_kept(), uploads_open()) == ([], [])


def test_it_expires_a_day_after_it_was_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    export = world.export()
    url = f"/api/v1/exports/{export['id']}"
    expires_ms = parse_ms(export["expiresAt"])

    monkeypatch.setattr("functions.exports.routes.instants.now", lambda: instants.from_ms(expires_ms - 1))
    assert world.client.get(url).ok()["status"] == "READY"
    monkeypatch.setattr("functions.exports.routes.instants.now", lambda: instants.from_ms(expires_ms))
    expired = world.client.get(url).ok()

    assert expired["status"] == "EXPIRED"
    assert "downloadUrl" not in expired
    assert world.client.get("/api/v1/exports").ok()["items"] == [expired]


def test_work_that_gives_no_sign_of_life_has_failed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = world.ask().ok()
    later = instants.from_ms(parse_ms(asked["createdAt"])) + timedelta(hours=1)

    monkeypatch.setattr("functions.exports.routes.instants.now", lambda: later)

    export = world.client.get(f"/api/v1/exports/{asked['id']}").ok()
    assert export["status"] == "FAILED"
    assert "interrupted" in export["error"]
