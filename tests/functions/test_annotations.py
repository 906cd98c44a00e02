"""Annotations and their classes: what can be said, checked against the class; what the platform says is read-only."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway import Client
from whimbrel.domain.annotations import Annotation, AnnotationClassId, AnnotationSource
from whimbrel.domain.scopes import ScopeType
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.instants import from_ms
from whimbrel.store.tenant import Tenant

FIELDS: list[dict[str, Any]] = [
    {"key": "cause", "label": "Cause", "type": "ENUM", "required": True, "options": ["drift", "dirt"]},
    {"key": "offset", "label": "Offset", "type": "NUMBER", "min": -5, "max": 5},
    {"key": "visits", "label": "Visits", "type": "INTEGER", "min": 0},
    {"key": "seen", "label": "Seen", "type": "BOOLEAN"},
    {"key": "by", "label": "By", "type": "STRING"},
    {"key": "due", "label": "Due", "type": "DATETIME"},
]
START, END = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"


@pytest.fixture
def device(client: Client) -> dict[str, Any]:
    return client.post("/api/v1/devices", {"name": "Pump"}).ok()


@pytest.fixture
def fault(client: Client) -> dict[str, Any]:
    body = {"key": "fault", "name": "Sensor fault", "scopes": ["DEVICE"], "fields": FIELDS}
    return client.post("/api/v1/annotation-classes", body).ok()


@pytest.fixture
def said(device: dict[str, Any], fault: dict[str, Any]) -> dict[str, Any]:
    return {
        "classId": fault["id"],
        "scopeType": "DEVICE",
        "scopeId": device["id"],
        "startAt": START,
        "values": {"cause": "drift"},
    }


def test_an_annotation_comes_back_as_it_was_made(client: Client, said: dict[str, Any]) -> None:
    values = {"cause": "dirt", "offset": -0.5, "visits": 3, "seen": True, "by": "Jo", "due": END}
    made = client.post("/api/v1/annotations", said | {"endAt": END, "values": values, "confidence": 0.5}).ok()

    got = client.get(f"/api/v1/annotations/{made['id']}").ok()

    assert got == made
    assert (got["values"], got["endAt"], got["source"]) == (values, END, "MANUAL")


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("values.cause", {"values": {}}),
    ("values.cause", {"values": {"cause": "rust"}}),
    ("values.offset", {"values": {"cause": "dirt", "offset": "1"}}),
    ("values.offset", {"values": {"cause": "dirt", "offset": 5.5}}),
    ("values.offset", {"values": {"cause": "dirt", "offset": True}}),
    ("values.visits", {"values": {"cause": "dirt", "visits": 1.5}}),
    ("values.visits", {"values": {"cause": "dirt", "visits": -1}}),
    ("values.seen", {"values": {"cause": "dirt", "seen": 1}}),
    ("values.by", {"values": {"cause": "dirt", "by": 1}}),
    ("values.due", {"values": {"cause": "dirt", "due": "tomorrow"}}),
    ("values.weather", {"values": {"cause": "dirt", "weather": "fine"}}),
    ("endAt", {"endAt": "2025-12-31T23:59:59.999Z"}),
    ("source", {"source": "ANALYTICS"}),
    ("confidence", {"confidence": 1.5}),
    ("scopeId", {"scopeId": "0190a5b2-7c1e-7a3b-9c4d-5e6f7a8b9c0d"}),
    ("classId", {"classId": "0190a5b2-7c1e-7a3b-9c4d-5e6f7a8b9c0d"}),
]


def test_what_the_class_does_not_allow_is_refused_by_field(client: Client, said: dict[str, Any]) -> None:
    for field, change in REFUSED:
        refused = client.post("/api/v1/annotations", said | change)

        assert refused.status_code == 422
        assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_a_class_is_said_only_of_its_scopes(client: Client, said: dict[str, Any]) -> None:
    site = client.post("/api/v1/sites", {"name": "North"}).ok()

    refused = client.post("/api/v1/annotations", said | {"scopeType": "SITE", "scopeId": site["id"]})

    assert refused.json()["errors"][0]["field"] == "scopeType"


def test_a_change_is_checked_as_a_whole(client: Client, said: dict[str, Any]) -> None:
    url = f"/api/v1/annotations/{client.post('/api/v1/annotations', said).ok()['id']}"

    assert client.patch(url, {"values": {"offset": 1}}).status_code == 422
    assert client.patch(url, {"endAt": "2025-01-01T00:00:00Z"}).status_code == 422
    assert client.patch(url, {"endAt": END}).ok()["endAt"] == END
    assert client.put(url, {"startAt": START, "values": {"cause": "dirt"}}).ok()["endAt"] is None
    assert client.patch(url, {"confidence": 1}, headers={"If-Match": '"stale"'}).status_code == 412
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


def test_what_the_platform_says_is_read_only(
    client: Client, organization: Any, device: dict[str, Any], fault: dict[str, Any]
) -> None:
    annotation = (
        Tenant(OrganizationId(organization.id))
        .things(Annotation)
        .add(
            Annotation(
                id=Annotation._id_type().new(),
                class_id=AnnotationClassId(fault["id"]),
                scope_type=ScopeType.DEVICE,
                scope_id=DeviceId(device["id"]),
                start_at=from_ms(0),
                values={"cause": "drift"},
                source=AnnotationSource.ANALYTICS,
            )
        )
    )
    url = f"/api/v1/annotations/{annotation.id}"

    assert [client.patch(url, {"endAt": None}).status_code, client.delete(url).status_code] == [409, 409]
    assert client.put(url, {"startAt": START}).json()["code"] == "annotation-read-only"
    assert client.get(url).ok()["source"] == "ANALYTICS"


def test_lists_are_cut_by_thing_class_and_source(
    client: Client, said: dict[str, Any], device: dict[str, Any], fault: dict[str, Any]
) -> None:
    other_class = client.post("/api/v1/annotation-classes", {"key": "note", "name": "Note"}).ok()
    other_device = client.post("/api/v1/devices", {"name": "Fan"}).ok()
    first = client.post("/api/v1/annotations", said).ok()
    second = client.post(
        "/api/v1/annotations",
        said | {"scopeId": other_device["id"], "classId": other_class["id"], "values": {}, "source": "EXTERNAL"},
    ).ok()

    def ids(query: str) -> list[str]:
        return [annotation["id"] for annotation in client.get(f"/api/v1/annotations{query}").ok()["items"]]

    assert ids("") == [first["id"], second["id"]]
    assert ids(f"?scopeId={device['id']}") == ids(f"?classId={fault['id']}") == [first["id"]]
    assert ids("/by-source?source=EXTERNAL") == [second["id"]]
    assert ids("/by-source?source=RULE") == []


def test_the_key_of_a_class_is_unique(client: Client, fault: dict[str, Any]) -> None:
    again = client.post("/api/v1/annotation-classes", {"key": "fault", "name": "Other"})

    assert again.status_code == 409


def test_a_field_that_contradicts_itself_is_refused(client: Client) -> None:
    for contradiction in (
        {"type": "ENUM"},
        {"type": "STRING", "options": ["x"]},
        {"type": "STRING", "min": 1},
        {"type": "NUMBER", "min": 2, "max": 1},
    ):
        field = {"key": "a", "label": "A", **contradiction}

        refused = client.post("/api/v1/annotation-classes", {"key": "k", "name": "K", "fields": [field]})

        assert refused.status_code == 422


def test_another_organization_sees_nothing(client: Client, other: Client, said: dict[str, Any]) -> None:
    made = client.post("/api/v1/annotations", said).ok()

    assert other.get(f"/api/v1/annotations/{made['id']}").status_code == 404
    assert other.get("/api/v1/annotations").ok()["items"] == []
    assert other.post("/api/v1/annotations", said).status_code == 422
