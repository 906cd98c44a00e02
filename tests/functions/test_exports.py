"""Exports from the request to the download: their life, and what is left when they fail or are deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from functions.exports import steps
from tests.functions.exporting import (
    FROM,
    TO,
    VALUES,
    Context,
    Killer,
    World,
    a_world,
    objects_kept,
    played,
    uploads_open,
)
from tests.gateway import Client
from tests.watching import watched
from whimbrel import instants
from whimbrel.domain.exports import ExportId
from whimbrel.domain.series import ValueType
from whimbrel.instants import parse_ms
from whimbrel.settings import settings


@pytest.fixture
def world(client: Client, organization: Any) -> World:
    return a_world(client, organization)


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

    def delete(operation: str, _params: dict[str, Any]) -> None:
        if operation == "Query" and not deleted:
            deleted.append(204)
            deleted[0] = world.client.delete(url).status_code

    # In the middle of the first file: when its first readings are read.
    with watched(before=delete):
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

    with Killer(at=1, event="before-call.s3.CreateMultipartUpload").watch():
        played(world.organization_id, asked["id"])

    export = world.client.get(f"/api/v1/exports/{asked['id']}").ok()
    assert (export["status"], export["error"]) == ("FAILED", steps.NOT_WRITTEN)


def test_an_archive_that_was_complete_goes_when_its_export_fails(world: World) -> None:
    asked = world.ask().ok()

    with Killer(at=1, event="after-call.s3.CompleteMultipartUpload").watch():
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
