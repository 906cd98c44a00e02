"""Sites, devices, components, sensors and groups, through the gateway."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from whimbrel.ids import DeviceId

DEVICES = "/api/v1/devices"
UNKNOWN = DeviceId.new()


@pytest.fixture
def device(client: Any) -> dict[str, Any]:
    return client.post(DEVICES, {"name": "Pump 4", "tags": ["roof"]}).ok()


def test_a_device_comes_back_as_it_was_made(client: Any) -> None:
    site = client.post("/api/v1/sites", {"name": "Works", "timezone": "Europe/Berlin"}).ok()

    made = client.post(
        DEVICES,
        {
            "name": "Pump 4",
            "siteId": site["id"],
            "location": {"lat": 52.5, "lng": 13.4},
            "tags": ["roof", "roof"],
            "metadata": {"serial": 12345678901234567890, "ratio": 0.1},
        },
    )

    assert made.status_code == HTTPStatus.CREATED
    got = client.get(f"{DEVICES}/{made.json()['id']}")
    assert got.json() == made.json()
    assert got.headers["ETag"] == made.headers["ETag"]
    assert got.json()["metadata"] == {"serial": 12345678901234567890, "ratio": 0.1}
    assert got.json()["tags"] == ["roof"]
    assert got.json()["status"] == "PENDING"
    assert set(got.json()) == {
        "id", "name", "status", "virtual", "gatewayId", "deviceProfileId", "deviceProfileVersion", "siteId", "location",
        "tags", "metadata", "label",
        "firmwareVersion", "lastSeenAt", "connection", "createdAt", "updatedAt",
    }  # fmt: skip


def test_a_patch_changes_what_it_names_and_null_clears(client: Any, device: dict[str, Any]) -> None:
    url = f"{DEVICES}/{device['id']}"
    client.patch(url, {"location": {"lat": 1, "lng": 2}}).ok()

    changed = client.patch(url, {"name": "Pump 5", "location": None}).ok()

    assert (changed["name"], changed["location"], changed["tags"]) == ("Pump 5", None, ["roof"])
    assert client.get(url).json() == changed


def test_a_put_replaces_everything_that_can_be_set(client: Any, device: dict[str, Any]) -> None:
    changed = client.put(f"{DEVICES}/{device['id']}", {"name": "Pump 6"}).ok()

    assert (changed["name"], changed["tags"], changed["status"]) == ("Pump 6", [], "PENDING")


def test_null_for_what_cannot_be_cleared_is_refused(client: Any, device: dict[str, Any]) -> None:
    refused = client.patch(f"{DEVICES}/{device['id']}", {"name": None})

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert refused.json()["errors"][0]["field"] == "name"


def test_a_stale_change_is_refused_and_changes_nothing(client: Any, device: dict[str, Any]) -> None:
    url = f"{DEVICES}/{device['id']}"
    before = client.get(url).headers["ETag"]
    client.patch(url, {"name": "First"}, headers={"If-Match": before}).ok()

    late = client.patch(url, {"name": "Second"}, headers={"If-Match": before})
    gone = client.delete(url, headers={"If-Match": before})

    assert late.status_code == gone.status_code == HTTPStatus.PRECONDITION_FAILED
    assert client.get(url).json()["name"] == "First"


def test_a_reference_to_nothing_names_its_field(client: Any, other: Any) -> None:
    foreign = other.post("/api/v1/sites", {"name": "Theirs"}).ok()

    refused = client.post(DEVICES, {"name": "x", "siteId": foreign["id"]})

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert refused.json()["errors"][0] | {"message": ""} == {
        "field": "siteId", "code": "unknown-reference", "message": "",
    }  # fmt: skip


def test_a_site_with_devices_stays(client: Any) -> None:
    site = client.post("/api/v1/sites", {"name": "Works"}).ok()
    device = client.post(DEVICES, {"name": "x", "siteId": site["id"]}).ok()

    assert client.delete(f"/api/v1/sites/{site['id']}").status_code == HTTPStatus.CONFLICT
    client.patch(f"{DEVICES}/{device['id']}", {"siteId": None}).ok()
    assert client.delete(f"/api/v1/sites/{site['id']}").status_code == HTTPStatus.NO_CONTENT


def test_filters_narrow_the_list(client: Any) -> None:
    site = client.post("/api/v1/sites", {"name": "Works"}).ok()
    roof = client.post(DEVICES, {"name": "Alpha", "siteId": site["id"], "tags": ["roof", "hot"]}).ok()
    cellar = client.post(DEVICES, {"name": "alpine", "tags": ["cellar"]}).ok()
    group = client.post("/api/v1/device-groups", {"name": "g", "match": {"anyTags": ["hot", "cold"]}}).ok()

    def ids(query: str) -> list[str]:
        return [item["id"] for item in client.get(f"{DEVICES}?{query}").ok()["items"]]

    assert ids("q=alp") == [roof["id"], cellar["id"]]
    assert ids("tag=cellar") == [cellar["id"]]
    assert ids(f"siteId={site['id']}") == [roof["id"]]
    assert ids(f"groupId={group['id']}") == [roof["id"]]
    assert ids("status=ACTIVE") == []
    assert ids(f"siteId={site['id']}&tag=cellar") == []
    members = client.get(f"/api/v1/device-groups/{group['id']}/devices").ok()
    assert [member["id"] for member in members["items"]] == [roof["id"]]


@pytest.mark.parametrize("query", ["", "tag=odd&"])
def test_pages_join_to_the_whole_list(client: Any, query: str) -> None:
    made = [client.post(DEVICES, {"name": f"d{n}", "tags": ["odd"] if n % 2 else []}).ok()["id"] for n in range(7)]
    wanted = [identifier for n, identifier in enumerate(made) if n % 2 or not query]

    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{DEVICES}?{query}limit=2" + (f"&cursor={cursor}" if cursor else "")).ok()
        assert len(page["items"]) <= 2
        found += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]

    assert found == wanted


def test_a_cursor_is_good_for_its_own_list_only(client: Any, other: Any) -> None:
    for n in range(3):
        client.post(DEVICES, {"name": f"d{n}"}).ok()
        other.post(DEVICES, {"name": f"d{n}"}).ok()
    cursor = client.get(f"{DEVICES}?limit=1").ok()["nextCursor"]
    tampered = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")

    answers = [
        other.get(f"{DEVICES}?limit=1&cursor={cursor}"),
        client.get(f"{DEVICES}?limit=1&tag=x&cursor={cursor}"),
        client.get(f"/api/v1/sites?cursor={cursor}"),
        client.get(f"{DEVICES}?cursor={tampered}"),
        client.get(f"{DEVICES}?cursor=%C3%A9"),
        client.get(f"{DEVICES}?cursor="),
    ]

    assert [answer.status_code for answer in answers[:5]] == [HTTPStatus.BAD_REQUEST] * 5
    assert client.get(f"{DEVICES}?limit=1&cursor={cursor}").status_code == HTTPStatus.OK


def test_another_tenants_things_are_not_found(client: Any, other: Any, device: dict[str, Any]) -> None:
    url = f"{DEVICES}/{device['id']}"

    answers = [
        other.get(url),
        other.patch(url, {"name": "x"}),
        other.put(url, {"name": "x"}),
        other.delete(url),
    ]

    assert [answer.status_code for answer in answers] == [HTTPStatus.NOT_FOUND] * 4
    unknown = other.get(f"{DEVICES}/{UNKNOWN}").json()
    foreign = other.get(url).json()
    assert {**foreign, "requestId": "", "detail": ""} == {**unknown, "requestId": "", "detail": ""}
    assert client.get(url).ok()["name"] == "Pump 4"


def test_components_and_sensors_are_unique_by_key(client: Any, device: dict[str, Any]) -> None:
    body = {"deviceId": device["id"], "key": "motor", "name": "Motor"}
    component = client.post("/api/v1/components", body).ok()
    sensor = {
        "deviceId": device["id"],
        "component": "motor",
        "key": "rpm",
        "name": "Speed",
        "valueType": "BIGINT",
    }
    made = client.post("/api/v1/sensors", sensor).ok()

    assert client.post("/api/v1/components", body).status_code == HTTPStatus.CONFLICT
    assert client.post("/api/v1/sensors", sensor).status_code == HTTPStatus.CONFLICT
    assert made["componentId"] == component["id"]
    listed = client.get(f"/api/v1/sensors?componentId={component['id']}").ok()["items"]
    assert listed == client.get(f"/api/v1/sensors?deviceId={device['id']}").ok()["items"] == [made]
    assert client.delete(f"/api/v1/components/{component['id']}").status_code == HTTPStatus.CONFLICT
    assert client.delete(f"/api/v1/sensors/{made['id']}").status_code == HTTPStatus.NO_CONTENT
    assert client.delete(f"/api/v1/components/{component['id']}").status_code == HTTPStatus.NO_CONTENT


def test_the_main_component_makes_itself_and_others_do_not(client: Any, device: dict[str, Any]) -> None:
    sensor = {"deviceId": device["id"], "key": "t", "name": "T", "valueType": "DOUBLE"}

    client.post("/api/v1/sensors", sensor).ok()
    refused = client.post("/api/v1/sensors", {**sensor, "component": "tail"})

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    components = client.get(f"/api/v1/components?deviceId={device['id']}").ok()["items"]
    assert [component["key"] for component in components] == ["main"]


def test_a_deleted_device_is_gone_and_its_sensors_stay(client: Any, device: dict[str, Any]) -> None:
    sensor = client.post(
        "/api/v1/sensors", {"deviceId": device["id"], "key": "t", "name": "T", "valueType": "DOUBLE"}
    ).ok()

    assert client.delete(f"{DEVICES}/{device['id']}").status_code == HTTPStatus.NO_CONTENT

    assert client.get(f"{DEVICES}/{device['id']}").status_code == HTTPStatus.NOT_FOUND
    assert client.delete(f"{DEVICES}/{device['id']}").status_code == HTTPStatus.NOT_FOUND
    assert client.get(f"/api/v1/sensors/{sensor['id']}").status_code == HTTPStatus.OK
