"""Packs through the gateway: at once or not at all, twice as good as once."""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import Any

import pytest

from functions.packs import rules
from functions.packs.shipping import shipped
from tests.functions.conftest import Calls
from tests.functions.profiling import DEVICE_PROFILES, SENSOR_PROFILES, a_profile, fault
from whimbrel.ids import Id, OrganizationId
from whimbrel.store.tenant import Tenant

PACKS = "/api/v1/packs"
CLASSES = "/api/v1/annotation-classes"
DEVICES = "/api/v1/devices"


def a_pack(version: str = "1.0.0", **parts: Any) -> dict[str, Any]:
    subject = {"sensorProfile": "pump", "field": "rpm"}
    manifest: dict[str, Any] = {
        "key": "pumps",
        "version": version,
        "name": "Pumps",
        "sensorProfiles": [{"key": "pump", "name": "Pump", "fields": [{"key": "rpm", "type": "DOUBLE", "max": 3000}]}],
        "deviceProfiles": [
            {
                "key": "pump",
                "name": "Pump",
                "components": [{"key": "motor", "name": "Motor", "sensorProfile": "pump"}],
            }
        ],
        "annotationClasses": [{"key": "service", "name": "Service", "fields": []}],
        "jobDefinitions": [
            {
                "key": "stuck",
                "name": "Stuck",
                "function": "stuck_value",
                "subjects": [subject],
                "every": "1h",
                "window": "P1D",
                "annotationClass": "service",
            }
        ],
        "dashboards": [
            {"key": "d", "name": "D", "widgets": [{"type": "LINE", "title": "Speed", "subjects": [subject]}]}
        ],
        "alertRuleTemplates": [
            {
                "key": "fast",
                "name": "Too fast",
                "severity": "WARNING",
                "subject": subject,
                "condition": {"kind": "VALUE", "operator": "GT", "threshold": 2900},
            }
        ],
    }
    return copy.deepcopy(manifest | parts)


def faster(version: str = "1.1.0", limit: int = 4000) -> dict[str, Any]:
    """Return the pack with another limit of its only field."""
    pack = a_pack(version)
    pack["sensorProfiles"][0]["fields"][0]["max"] = limit
    return pack


def contents(client: Any) -> dict[str, Any]:
    """Return everything that packs can make."""
    paths = (SENSOR_PROFILES, DEVICE_PROFILES, CLASSES)
    return {path: client.get(f"{path}?limit=200").ok()["items"] for path in paths}


def counted(client: Any) -> dict[str, int]:
    return {path: len(items) for path, items in contents(client).items()}


EMPTY: dict[str, Any] = {SENSOR_PROFILES: [], DEVICE_PROFILES: [], CLASSES: []}


@pytest.mark.parametrize("key", ["air-quality", "electricity-meter", "weather-station"])
def test_a_pack_of_the_product_installs_and_goes_again(client: Any, key: str) -> None:
    offered = {item["key"]: item for item in client.get(PACKS).ok()["items"]}
    assert (offered[key]["source"], offered[key]["installedVersion"]) == ("SHIPPED", None)

    outcome = client.post(f"{PACKS}/{key}/install").ok()

    assert outcome["installedVersion"] == outcome["version"] == offered[key]["version"]
    assert {change["change"] for change in outcome["changes"]} == {"INITIAL"}
    manifest = shipped()[key]
    made = contents(client)
    assert {item["key"] for item in made[SENSOR_PROFILES]} == {each.key for each in manifest.sensor_profiles}
    assert {item["key"] for item in made[CLASSES]} == {each.key for each in manifest.annotation_classes}
    for profile in made[DEVICE_PROFILES]:
        device = client.post(DEVICES, {"name": "d", "deviceProfileId": profile["id"]}).ok()
        components = client.get(f"/api/v1/components?deviceId={device['id']}").ok()["items"]
        assert {each["key"] for each in components} == {each["key"] for each in profile["components"]}
        client.delete(f"{DEVICES}/{device['id']}").ok()

    assert client.delete(f"{PACKS}/{key}").status_code == HTTPStatus.NO_CONTENT
    assert contents(client) == EMPTY
    assert client.get(f"{PACKS}/{key}").ok()["installedVersion"] is None
    assert client.delete(f"{PACKS}/{key}").status_code == HTTPStatus.CONFLICT
    assert client.post(f"{PACKS}/{key}/install").ok()["changes"]


def test_all_packs_of_the_product_go_together(client: Any) -> None:
    for key in shipped():
        client.post(f"{PACKS}/{key}/install").ok()

    assert all(item["installedVersion"] for item in client.get(PACKS).ok()["items"])


def test_a_pack_can_be_uploaded_and_installed_twice(client: Any) -> None:
    uploaded = client.post(PACKS, a_pack())
    assert uploaded.status_code == HTTPStatus.CREATED
    assert client.post(PACKS, a_pack()).ok() == uploaded.json()
    assert contents(client) == EMPTY

    first = client.post(f"{PACKS}/pumps/install").ok()
    made = contents(client)
    second = client.post(f"{PACKS}/pumps/install").ok()

    assert [(each["kind"], each["key"], each["version"]) for each in first["changes"]] == [
        ("sensor_profile", "pump", "1.0"), ("device_profile", "pump", "1.0"), ("annotation_class", "service", None),
    ]  # fmt: skip
    assert second == first | {"changes": []}
    assert contents(client) == made
    assert client.get(f"{PACKS}/pumps").ok() == {name: value for name, value in first.items() if name != "changes"}
    assert first["manifest"]["jobDefinitions"][0]["every"] == "1h"


def test_an_upgrade_follows_the_rules_of_versions(client: Any) -> None:
    client.post(PACKS, a_pack()).ok()
    assert client.post(f"{PACKS}/pumps/upgrade").status_code == HTTPStatus.CONFLICT
    client.post(f"{PACKS}/pumps/install").ok()
    wider = faster() | {"annotationClasses": [{"key": "service", "name": "Maintenance", "fields": []}]}
    client.post(PACKS, wider).ok()
    assert client.get(f"{PACKS}/pumps").ok()["installedVersion"] == "1.0.0"
    assert client.post(f"{PACKS}/pumps/install").status_code == HTTPStatus.CONFLICT

    additive = client.post(f"{PACKS}/pumps/upgrade").ok()
    again = client.post(f"{PACKS}/pumps/upgrade").ok()
    client.post(PACKS, faster("2.0.0", limit=10)).ok()
    breaking = client.post(f"{PACKS}/pumps/upgrade").ok()

    def said(outcome: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [(each["kind"], each["version"], each["change"]) for each in outcome["changes"]]

    assert said(additive) == [
        ("sensor_profile", "1.1", "ADDITIVE"), ("device_profile", "1.1", "ADDITIVE"),
        ("annotation_class", None, "ADDITIVE"),
    ]  # fmt: skip
    assert said(again) == []
    assert said(breaking)[:2] == [("sensor_profile", "2.0", "BREAKING"), ("device_profile", "2.0", "BREAKING")]
    assert len(contents(client)[SENSOR_PROFILES]) == 3
    assert client.delete(f"{PACKS}/pumps").status_code == HTTPStatus.NO_CONTENT
    assert contents(client) == EMPTY
    assert client.get(f"{PACKS}/pumps").status_code == HTTPStatus.NOT_FOUND


def test_a_version_says_one_thing(client: Any) -> None:
    client.post(PACKS, faster("1.1.0")).ok()

    for refused in (client.post(PACKS, faster("1.1.0", limit=5)), client.post(PACKS, faster("1.0.9"))):
        assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.CONFLICT, "pack-conflict")
    assert client.post(PACKS, faster("1.10.0")).status_code == HTTPStatus.CREATED
    taken = client.post(PACKS, a_pack() | {"key": "weather-station"})
    assert taken.status_code == HTTPStatus.CONFLICT


def test_a_pack_in_use_stays(client: Any) -> None:
    client.post(PACKS, a_pack()).ok()
    parts = client.post(f"{PACKS}/pumps/install").ok()["parts"]
    by_kind = {part["kind"]: part["id"] for part in parts}
    device = client.post(DEVICES, {"name": "d", "deviceProfileId": by_kind["device_profile"]}).ok()
    made = contents(client)

    by_device = client.delete(f"{PACKS}/pumps")
    client.patch(f"{DEVICES}/{device['id']}", {"deviceProfileId": None}).ok()
    by_component = client.delete(f"{PACKS}/pumps")
    note = {
        "classId": by_kind["annotation_class"],
        "scopeType": "DEVICE",
        "scopeId": device["id"],
        "startAt": "2026-01-01T00:00:00Z",
        "values": {},
    }
    annotation = client.post("/api/v1/annotations", note).ok()
    component = client.get(f"/api/v1/components?deviceId={device['id']}").ok()["items"][0]
    client.patch(f"/api/v1/components/{component['id']}", {"sensorProfileId": None}).ok()
    by_annotation = client.delete(f"{PACKS}/pumps")

    for refused, by in ((by_device, device), (by_component, device), (by_annotation, annotation)):
        assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.CONFLICT, "in-use")
        assert by["id"] in refused.json()["detail"]
    assert contents(client) == made
    client.delete(f"/api/v1/annotations/{annotation['id']}").ok()
    assert client.delete(f"{PACKS}/pumps").status_code == HTTPStatus.NO_CONTENT


def test_what_somebody_else_made_is_not_overwritten_and_nothing_is_written(client: Any) -> None:
    own = client.post(CLASSES, {"key": "service", "name": "Our own"}).ok()
    client.post(PACKS, a_pack()).ok()

    refused = client.post(f"{PACKS}/pumps/install")

    assert refused.status_code == HTTPStatus.CONFLICT
    assert "service" in refused.json()["detail"]
    assert counted(client) == {SENSOR_PROFILES: 0, DEVICE_PROFILES: 0, CLASSES: 1}
    assert client.get(f"{CLASSES}/{own['id']}").ok()["name"] == "Our own"
    assert client.get(f"{PACKS}/pumps").ok()["installedVersion"] is None


def test_a_profile_that_is_there_already_is_used_and_stays(client: Any) -> None:
    there = client.post(SENSOR_PROFILES, a_profile({"key": "rpm", "type": "DOUBLE", "max": 3000}, key="pump")).ok()
    client.post(PACKS, a_pack()).ok()

    outcome = client.post(f"{PACKS}/pumps/install").ok()

    assert outcome["changes"][0]["change"] == "NONE"
    device_profile = contents(client)[DEVICE_PROFILES][0]
    assert device_profile["components"][0]["sensorProfileId"] == there["id"]
    client.delete(f"{PACKS}/pumps").ok()
    assert [item["id"] for item in contents(client)[SENSOR_PROFILES]] == [there["id"]]


def test_a_crash_anywhere_leaves_all_or_nothing_and_can_be_repeated(client: Any, calls: Calls) -> None:
    client.post(PACKS, a_pack()).ok()
    calls.begin()
    client.post(f"{PACKS}/pumps/install").ok()
    transaction = calls.made.index("TransactWriteItems")
    whole = counted(client)
    client.delete(f"{PACKS}/pumps").ok()

    for at, how in (
        (transaction - 1, "before"),
        (transaction, "before"),
        (transaction, "after"),
        (transaction, "twice"),
    ):
        client.post(PACKS, a_pack()).ok()
        calls.begin({at: how})
        client.post(f"{PACKS}/pumps/install")
        calls.begin()
        assert counted(client) in (whole, dict.fromkeys(whole, 0))
        client.post(f"{PACKS}/pumps/install").ok()
        assert counted(client) == whole
        client.delete(f"{PACKS}/pumps").ok()


def test_two_that_install_at_once_install_once(client: Any, organization: Any, calls: Calls) -> None:
    client.post(PACKS, a_pack()).ok()
    calls.begin()
    client.post(f"{PACKS}/pumps/install").ok()
    transaction = calls.made.index("TransactWriteItems")
    whole = counted(client)
    client.delete(f"{PACKS}/pumps").ok()
    client.post(PACKS, a_pack()).ok()

    # Not by the gateway: it answers one request at a time.
    tenant = Tenant(OrganizationId(organization.id))
    calls.begin(meanwhile={transaction: lambda: rules.install(tenant, "pumps")})
    outcome = client.post(f"{PACKS}/pumps/install").ok()

    assert (outcome["installedVersion"], outcome["changes"]) == ("1.0.0", [])
    assert counted(client) == whole


WRONG_SUBJECT = {"sensorProfile": "pump", "field": "nosuch"}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"version": "1.0"}, ""),
        ({"key": "no spaces"}, ""),
        ({"surprise": []}, ""),
        ({"sensorProfiles": []}, "no sensor profile pump"),
        ({"sensorProfiles": [a_pack()["sensorProfiles"][0]] * 2}, "two of the sensor profiles"),
        ({"annotationClasses": []}, "no annotation class service"),
        ({"jobDefinitions": [a_pack()["jobDefinitions"][0] | {"subjects": [WRONG_SUBJECT]}]}, "no field nosuch"),
        ({"jobDefinitions": [a_pack()["jobDefinitions"][0] | {"every": "often"}]}, "15m"),
        ({"jobDefinitions": [a_pack()["jobDefinitions"][0] | {"function": "magic"}]}, ""),
        ({"dashboards": [{"key": "d", "name": "D", "widgets": [{"type": "LINE", "title": "t"}]}]}, "needs subjects"),
        ({"dashboards": [{"key": "d", "name": "D", "widgets": [{"type": "TEXT", "title": "t"}]}]}, "needs text"),
        (
            {
                "alertRuleTemplates": [
                    a_pack()["alertRuleTemplates"][0] | {"condition": {"kind": "VALUE", "operator": "GT"}}
                ]
            },
            "threshold",
        ),
        (
            {"alertRuleTemplates": [a_pack()["alertRuleTemplates"][0] | {"condition": {"kind": "MOON"}}]},
            "MOON",
        ),
        (
            {"annotationClasses": [{"key": f"c{n}", "name": "c"} for n in range(99)] + a_pack()["annotationClasses"]},
            "98 are the limit",
        ),
        (
            {
                "dashboards": [
                    {"key": f"d{n}", "name": "D", "widgets": [{"type": "TEXT", "title": "t", "text": "x" * 3_900}] * 14}
                    for n in range(4)
                ]
            },
            "204800 are the limit",
        ),
    ],
    ids=[
        "version", "key", "unknown", "profile", "twice", "class", "field", "every", "function", "unbound", "text",
        "threshold", "condition", "writes", "bytes",
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_whole_is_refused(client: Any, parts: dict[str, Any], says: str) -> None:
    refused = client.post(PACKS, a_pack() | parts)

    assert says in fault(refused)["message"]
    assert client.get(f"{PACKS}/pumps").status_code == HTTPStatus.NOT_FOUND


def test_a_pack_of_the_largest_size_installs_at_once(client: Any) -> None:
    classes = [{"key": f"c{n}", "name": "c"} for n in range(98)]
    client.post(PACKS, {"key": "wide", "version": "1.0.0", "name": "W", "annotationClasses": classes}).ok()

    assert len(client.post(f"{PACKS}/wide/install").ok()["changes"]) == 98
    assert client.delete(f"{PACKS}/wide").status_code == HTTPStatus.NO_CONTENT
    assert contents(client) == EMPTY


def test_what_many_upgrades_made_goes_as_well(client: Any) -> None:
    for minor in range(2):
        classes = [{"key": f"c{minor}-{n}", "name": "c"} for n in range(80)]
        pack = {"key": "wide", "version": f"1.{minor}.0", "name": "W", "annotationClasses": classes}
        client.post(PACKS, pack).ok()
        client.post(f"{PACKS}/wide/{'upgrade' if minor else 'install'}").ok()

    assert client.delete(f"{PACKS}/wide").status_code == HTTPStatus.NO_CONTENT
    assert contents(client) == EMPTY


def test_packs_are_listed_by_key_in_pages(client: Any, other: Any) -> None:
    for key in ("zebra", "aardvark"):
        client.post(PACKS, {"key": key, "version": "1.0.0", "name": key}).ok()

    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{PACKS}?limit=2" + (f"&cursor={cursor}" if cursor else "")).ok()
        found += [item["key"] for item in page["items"]]
        cursor = page["nextCursor"]

    assert found == sorted([*shipped(), "aardvark", "zebra"])
    assert [item["key"] for item in other.get(PACKS).ok()["items"]] == sorted(shipped())


def test_another_tenants_pack_is_not_found(client: Any, other: Any) -> None:
    client.post(PACKS, a_pack()).ok()
    client.post(f"{PACKS}/pumps/install").ok()

    for answer in (
        other.get(f"{PACKS}/pumps"),
        other.delete(f"{PACKS}/pumps"),
        other.post(f"{PACKS}/pumps/install"),
        other.post(f"{PACKS}/pumps/upgrade"),
        client.get(f"{PACKS}/{Id.new()}"),
    ):
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert contents(other) == EMPTY


def test_readings_are_judged_by_what_a_pack_brought(client: Any) -> None:
    client.post(f"{PACKS}/weather-station/install").ok()
    profile = next(each for each in contents(client)[DEVICE_PROFILES] if each["key"] == "weather-station")
    device = client.post(DEVICES, {"name": "d", "deviceProfileId": profile["id"]}).ok()["id"]

    answer = client.post(
        "/api/v1/readings",
        [
            {"deviceId": device, "component": "air", "fields": {"temperature": 20.5, "humidity": 50}},
            {"deviceId": device, "component": "soil", "fields": {"moisture": [31, 28.5]}},
            {"deviceId": device, "component": "air", "fields": {"temperature": 200}},
            {"deviceId": device, "component": "soil", "fields": {"moisture": [1, 2, 3, 4, 5]}},
        ],
    ).ok()

    assert answer["accepted"] == 2
    assert [error["reason"] for error in answer["errors"]] == ["OUT_OF_RANGE", "ARRAY_SIZE"]
    sensors = client.get(f"/api/v1/sensors?deviceId={device}").ok()["items"]
    assert {(each["key"], each["unit"]) for each in sensors} == {
        ("temperature", "Cel"), ("humidity", "%"), ("moisture.0", "%"), ("moisture.1", "%"),
    }  # fmt: skip
