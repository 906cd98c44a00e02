"""A small fleet with readings, and the workflow of exports played on it step by step, as the state machine does."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import boto3

from functions.exports import steps
from tests.gateway import Answer, Client
from tests.watching import watched
from whimbrel import instants
from whimbrel.domain.series import Column, Series, Value, ValueType
from whimbrel.ids import OrganizationId
from whimbrel.instants import parse_ms
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


@dataclass
class Steps:
    """The steps that a state machine takes, each handed to *handler* up to *attempts* times."""

    handler: Callable[[dict[str, Any], Any], Any]
    event: dict[str, Any]
    context: Context
    attempts: int
    taken: list[str] = field(default_factory=list)

    def __call__(self, name: str, **more: Any) -> Any:
        self.taken.append(name)
        for attempt in range(self.attempts):
            try:
                return json.loads(json.dumps(self.handler({"step": name, **self.event, **more}, self.context)))
            except Exception:
                if attempt == self.attempts - 1:
                    raise
        raise AssertionError


def played(organization_id: str, export_id: str, *, budget_s: int = 600, attempts: int = 1) -> list[str]:
    """Play the state machine, each step up to *attempts* times; return the steps it went through."""
    context = Context((budget_s + steps.MARGIN_S) * 1000)
    event = {"organizationId": organization_id, "exportId": export_id}
    step = Steps(steps.handler, event, context, attempts)
    try:
        progress = step("start")
        while not progress["done"]:
            assert step.taken.count("write") < 50, "it does not come to an end"
            progress = step("write", progress=progress)
        step("finish", progress=progress)
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001 (the machine catches all)
        cause = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})
        step("fail", error={"Error": type(error).__name__, "Cause": cause})
    return step.taken


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
        series = Series.of(timestamps, values, version=1, metadata={0: '{"by":"Jo"}'})
        assert not self.tenant.readings().append({device: {Column(sensor, kind): series}})

    def compact(self) -> None:
        """Move all readings from the log into blocks."""
        store = self.tenant.readings()
        tomorrow = instants.now_ms() + 86_400_000
        store._clock = lambda: tomorrow
        assert sum(store.compact(lane).segments for lane in list(store.lanes())) > 0

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


def csv_rows(archive: zipfile.ZipFile, name: str = "readings.csv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline=""), strict=True))


def objects_kept() -> list[str]:
    return [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="exports").get("Contents", [])]


def uploads_open() -> list[Any]:
    return boto3.client("s3").list_multipart_uploads(Bucket="exports").get("Uploads", [])


class Killed(Exception):
    """The process died."""


@dataclass
class Killer:
    """Dies at the *at*-th call to S3 or DynamoDB, or of one operation, before it is sent or when its answer comes."""

    at: int
    event: str
    """``before-call`` or ``after-call``, or with an operation ``before-call.s3.PutObject``."""
    calls: int = 0

    def __call__(self, operation: str, _params: dict[str, Any]) -> None:
        if operation == "AssumeRole" or (self.event.count(".") and not self.event.endswith(f".{operation}")):
            return
        self.calls += 1
        if self.calls == self.at:
            raise Killed

    def watch(self) -> AbstractContextManager[None]:
        return watched(before=self) if self.event.startswith("before") else watched(after=self)


def a_world(client: Client, organization: Any) -> World:
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
