"""Sensor and device profiles, and what is bound to them, through the gateway."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.profiling import DEVICE_PROFILES, SENSOR_PROFILES, a_device_profile, a_profile, fault, publish
from whimbrel.domain.profile_rules import compile_fields
from whimbrel.domain.profiles import Change, ProfileField, SensorProfileFields, Version, judge
from whimbrel.domain.readings import Refused
from whimbrel.ids import Id

DEVICES = "/api/v1/devices"
COMPONENTS = "/api/v1/components"


def test_a_profile_comes_back_as_it_was_published(client: Any) -> None:
    fields = [
        {"key": "t", "type": "DOUBLE", "unit": "Cel", "min": -40, "max": 60.5, "required": True, "label": "Air"},
        {"key": "state", "type": "ENUM", "options": ["on", "off"], "writable": True},
        {"key": "axes", "type": "ARRAY", "items": {"type": "BIGINT", "minItems": 3, "maxItems": 3}},
    ]
    made = client.post(SENSOR_PROFILES, a_profile(*fields))

    assert made.status_code == HTTPStatus.CREATED
    document = made.json()
    assert (document["version"], document["change"], document["reasons"]) == ("1.0", "INITIAL", [])
    got = client.get(f"{SENSOR_PROFILES}/{document['id']}")
    assert got.headers["ETag"] == made.headers["ETag"]
    assert got.json() == {name: value for name, value in document.items() if name not in {"change", "reasons"}}
    assert got.json()["fields"][0] == {
        "key": "t", "label": "Air", "description": None, "type": "DOUBLE", "unit": "Cel", "min": -40, "max": 60.5,
        "required": True, "writable": False, "options": [], "items": None,
    }  # fmt: skip


def test_the_server_says_what_a_change_is_and_numbers_it(client: Any) -> None:
    t = {"key": "t", "type": "DOUBLE", "max": 50}
    steps = [
        publish(client, t),
        publish(client, t),
        publish(client, {**t, "max": 60}),
        publish(client, {**t, "max": 60}, {"key": "p", "type": "DOUBLE"}),
        publish(client, {**t, "max": 55}, {"key": "p", "type": "DOUBLE"}),
        publish(client, {**t, "max": 55}),
    ]

    assert [(step["version"], step["change"]) for step in steps] == [
        ("1.0", "INITIAL"), ("1.0", "NONE"), ("1.1", "ADDITIVE"), ("1.2", "ADDITIVE"),
        ("2.0", "BREAKING"), ("3.0", "BREAKING"),
    ]  # fmt: skip
    assert steps[0]["id"] == steps[1]["id"]
    assert len({step["id"] for step in steps}) == 5
    assert steps[4]["reasons"] == ["t: max was 60 and is 55"]
    assert steps[5]["reasons"] == ["the field p is gone"]
    assert client.get(f"{SENSOR_PROFILES}/{steps[0]['id']}").ok()["fields"][0]["max"] == 50


def test_versions_can_be_listed_by_key_and_number(client: Any) -> None:
    first = publish(client, {"key": "t", "type": "DOUBLE"})
    second = publish(client, {"key": "t", "type": "DOUBLE"}, {"key": "u", "type": "TEXT"})
    publish(client, {"key": "t", "type": "DOUBLE"}, key="other")

    def ids(query: str) -> set[str]:
        return {item["id"] for item in client.get(f"{SENSOR_PROFILES}?{query}").ok()["items"]}

    assert ids("key=weather") == {first["id"], second["id"]}
    assert ids("key=weather&version=1.1") == {second["id"]}
    assert len(ids("")) == 3
    assert client.get(f"{SENSOR_PROFILES}?version=one").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


DOUBLE = {"key": "t", "type": "DOUBLE"}


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"type": "DOUBLE", "min": 2, "max": 1}, "min is above max"),
        ({"type": "ENUM"}, "options"),
        ({"type": "ENUM", "options": ["a", "a"]}, "same"),
        ({"type": "DOUBLE", "options": ["a"]}, "options"),
        ({"type": "ARRAY"}, "items"),
        ({"type": "ARRAY", "items": {"type": "DOUBLE"}}, "maxItems"),
        ({"type": "ARRAY", "items": {"type": "DOUBLE", "minItems": 3, "maxItems": 2}}, "minItems"),
        ({"type": "ARRAY", "items": {"type": "DOUBLE", "maxItems": 101}}, "100"),
        ({"type": "ARRAY", "items": {"type": "ARRAY", "maxItems": 1}}, "DOUBLE"),
        ({"type": "DOUBLE", "items": {"type": "DOUBLE", "maxItems": 1}}, "items"),
        ({"type": "TEXT", "min": 1}, "only numbers"),
        ({"type": "BOOLEAN", "unit": "m"}, "only numbers"),
        ({"type": "BIGINT", "min": 0.5}, "whole"),
        ({"type": "BIGINT", "max": 2**63}, "64 bits"),
        ({"type": "DOUBLE", "unit": "square metres"}, "UCUM"),
        ({"type": "DOUBLE", "unit": "{a"}, "UCUM"),
        ({"type": "DOUBLE", "unit": "a]"}, "UCUM"),
        ({"type": "DOUBLE", "unit": ""}, ""),
        ({"type": "INTEGER"}, "DOUBLE"),
        ({"type": "DOUBLE", "key": "no spaces"}, ""),
        ({"type": "DOUBLE", "colour": "red"}, ""),
        ({"type": "DOUBLE", "required": 1}, ""),
        ({"type": "ARRAY", "key": "k" * 35, "items": {"type": "DOUBLE", "maxItems": 2}}, "36 characters"),
    ],
    ids=[
        "range", "enum", "same", "options", "array", "size", "sizes", "many", "nested", "items", "bounds", "unit",
        "fraction", "bits", "words", "open", "closed", "empty", "type", "key", "unknown", "truth", "long",
    ],
)  # fmt: skip
def test_a_field_that_makes_no_sense_is_named(client: Any, field: dict[str, Any], says: str) -> None:
    refused = client.post(SENSOR_PROFILES, a_profile(DOUBLE, {"key": "x", **field}))

    found = fault(refused)
    assert found["field"].startswith("fields[1]")
    assert says in found["message"] or says in found["field"]
    assert client.get(SENSOR_PROFILES).ok()["items"] == []


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [DOUBLE, DOUBLE],
        [{"key": "a", "type": "ARRAY", "items": {"type": "TEXT", "maxItems": 2}}, {"key": "a.1", "type": "TEXT"}],
        [{"key": f"f{n}", "type": "DOUBLE"} for n in range(201)],
        [{"key": f"f{n}", "type": "ARRAY", "items": {"type": "TEXT", "maxItems": 100}} for n in range(6)],
        [{"key": f"f{n}", "type": "ENUM", "options": [f"{m:0>120}" for m in range(90)]} for n in range(12)],
    ],
    ids=["none", "twice", "item", "many", "sensors", "bytes"],
)
def test_fields_that_do_not_go_together_are_refused(client: Any, fields: list[Any]) -> None:
    assert fault(client.post(SENSOR_PROFILES, a_profile(*fields)))


def test_a_version_that_nothing_uses_can_go_and_its_number_stays_taken(client: Any) -> None:
    first = publish(client, DOUBLE)
    second = publish(client, {**DOUBLE, "label": "T"})

    assert client.delete(f"{SENSOR_PROFILES}/{second['id']}").status_code == HTTPStatus.NO_CONTENT

    assert client.get(f"{SENSOR_PROFILES}/{second['id']}").status_code == HTTPStatus.NOT_FOUND
    third = publish(client, {**DOUBLE, "label": "U"})
    assert (third["version"], third["change"]) == ("1.2", "ADDITIVE")
    for gone in (first, third):
        assert client.delete(f"{SENSOR_PROFILES}/{gone['id']}").status_code == HTTPStatus.NO_CONTENT
    again = publish(client, DOUBLE)
    assert (again["version"], again["change"]) == ("2.0", "INITIAL")


def test_another_tenants_profiles_are_not_found(client: Any, other: Any) -> None:
    mine = publish(client, DOUBLE)
    device_profile = client.post(DEVICE_PROFILES, a_device_profile(air=mine["id"])).ok()
    device = other.post(DEVICES, {"name": "d"}).ok()

    for path in (f"{SENSOR_PROFILES}/{mine['id']}", f"{DEVICE_PROFILES}/{device_profile['id']}"):
        assert other.get(path).status_code == HTTPStatus.NOT_FOUND
        assert other.delete(path).status_code == HTTPStatus.NOT_FOUND
    assert other.get(f"/api/schemas/sensor-profile/{mine['id']}").status_code == HTTPStatus.NOT_FOUND
    assert other.get(f"/api/schemas/device-profile/{device_profile['id']}").status_code == HTTPStatus.NOT_FOUND
    component = {"deviceId": device["id"], "key": "k", "name": "K", "sensorProfileId": mine["id"]}
    assert fault(other.post(COMPONENTS, component))["field"] == "sensorProfileId"
    bound = {"name": "d", "deviceProfileId": device_profile["id"]}
    assert fault(other.post(DEVICES, bound))["field"] == "deviceProfileId"
    token = {"deviceName": "d", "deviceProfileId": device_profile["id"]}
    assert fault(other.post(f"{DEVICES}/registration/tokens", token))["field"] == "deviceProfileId"
    theirs = other.post(DEVICE_PROFILES, a_device_profile(air=mine["id"]))
    assert fault(theirs)["field"] == "components[0].sensorProfileId"
    assert publish(other, {**DOUBLE, "label": "theirs"})["version"] == "1.0"


def test_a_component_is_bound_to_a_version_and_bound_anew(client: Any) -> None:
    first = publish(client, DOUBLE)
    second = publish(client, {**DOUBLE, "label": "T"})
    device = client.post(DEVICES, {"name": "d"}).ok()
    body = {"deviceId": device["id"], "key": "air", "name": "Air"}
    component = client.post(COMPONENTS, {**body, "sensorProfileId": first["id"]}).ok()
    url = f"{COMPONENTS}/{component['id']}"
    assert component["sensorProfileVersion"] == "1.0"

    by_version = client.patch(url, {"sensorProfileVersion": "1.1"}).ok()
    by_id = client.patch(url, {"sensorProfileId": first["id"]}).ok()

    assert (by_version["sensorProfileId"], by_version["sensorProfileVersion"]) == (second["id"], "1.1")
    assert (by_id["sensorProfileId"], by_id["sensorProfileVersion"]) == (first["id"], "1.0")
    for change, field in (
        ({"sensorProfileVersion": "7.0"}, "sensorProfileVersion"),
        ({"sensorProfileVersion": None}, "sensorProfileVersion"),
        ({"sensorProfileId": first["id"], "sensorProfileVersion": "1.1"}, "sensorProfileVersion"),
        ({"sensorProfileId": None, "sensorProfileVersion": "1.1"}, "sensorProfileVersion"),
        ({"sensorProfileId": str(Id.new())}, "sensorProfileId"),
    ):
        assert fault(client.patch(url, change))["field"] == field
    assert client.get(url).ok() == by_id
    assert client.patch(url, {"name": "Luft"}).ok()["sensorProfileId"] == first["id"]
    put = client.put(url, {"name": "Air"}).ok()
    assert (put["sensorProfileId"], put["sensorProfileVersion"]) == (None, None)
    assert fault(client.patch(url, {"sensorProfileVersion": "1.1"}))["field"] == "sensorProfileVersion"


def test_a_device_profile_is_versioned_by_what_its_components_report(client: Any) -> None:
    air = publish(client, DOUBLE, key="air")
    made = client.post(DEVICE_PROFILES, a_device_profile(air=air["id"])).ok()
    by_key = a_device_profile() | {"components": [{"key": "air", "name": "air", "sensorProfileKey": "air"}]}

    assert (made["version"], made["components"][0]["sensorProfileVersion"]) == ("1.0", "1.0")
    assert client.post(DEVICE_PROFILES, by_key).ok()["change"] == "NONE"
    publish(client, {**DOUBLE, "label": "T"}, key="air")
    grown = client.post(DEVICE_PROFILES, by_key).ok()
    assert (grown["version"], grown["change"]) == ("1.1", "ADDITIVE")
    publish(client, {**DOUBLE, "unit": "K"}, key="air")
    broken = client.post(DEVICE_PROFILES, by_key).ok()
    assert (broken["version"], broken["change"]) == ("2.0", "BREAKING")
    back = by_key | {"components": [{**by_key["components"][0], "sensorProfileVersion": "1.0"}]}
    assert client.post(DEVICE_PROFILES, back).ok()["version"] == "3.0"
    more = back | {"configurable": [{"key": "rate", "type": "BIGINT"}], "methods": ["CALIBRATE"]}
    assert client.post(DEVICE_PROFILES, more).ok()["version"] == "3.1"
    assert client.post(DEVICE_PROFILES, more | {"methods": []}).ok()["reasons"] == ["the method CALIBRATE is gone"]


@pytest.mark.parametrize(
    ("component", "field"),
    [
        ({}, "components[0]"),
        ({"sensorProfileId": str(Id.new()), "sensorProfileKey": "a"}, "components[0]"),
        ({"sensorProfileId": str(Id.new()), "sensorProfileVersion": "1.0"}, "components[0]"),
        ({"sensorProfileId": str(Id.new())}, "components[0].sensorProfileId"),
        ({"sensorProfileKey": "nosuch"}, "components[0].sensorProfileKey"),
        ({"sensorProfileKey": "weather", "sensorProfileVersion": "9.9"}, "components[0].sensorProfileVersion"),
    ],
    ids=["none", "both", "version", "id", "key", "number"],
)
def test_a_device_profile_names_profiles_that_are_there(client: Any, component: dict[str, Any], field: str) -> None:
    publish(client, DOUBLE)

    refused = client.post(DEVICE_PROFILES, a_device_profile() | {"components": [{"key": "a", **component}]})

    assert fault(refused)["field"] == field


def test_a_component_key_stands_once_in_a_device_profile(client: Any) -> None:
    profile = publish(client, DOUBLE)
    component = {"key": "a", "sensorProfileId": profile["id"]}

    refused = client.post(DEVICE_PROFILES, a_device_profile() | {"components": [component, component]})

    assert fault(refused)["field"] == "components[1].key"


def components_of(client: Any, device: dict[str, Any]) -> dict[str, Any]:
    items = client.get(f"{COMPONENTS}?deviceId={device['id']}").ok()["items"]
    return {item["key"]: (item["sensorProfileId"], item["sensorProfileVersion"]) for item in items}


def test_a_device_gets_the_components_of_its_profile_at_once(client: Any) -> None:
    air, soil = publish(client, DOUBLE, key="air"), publish(client, DOUBLE, key="soil")
    profile = client.post(DEVICE_PROFILES, a_device_profile(air=air["id"], soil=soil["id"])).ok()

    device = client.post(DEVICES, {"name": "d", "deviceProfileId": profile["id"]}).ok()
    token = client.post(f"{DEVICES}/registration/tokens", {"deviceName": "r", "deviceProfileId": profile["id"]}).ok()

    assert device["deviceProfileVersion"] == "1.0"
    wanted = {"air": (air["id"], "1.0"), "soil": (soil["id"], "1.0")}
    assert components_of(client, device) == wanted
    registered = client.get(f"{DEVICES}/{token['deviceId']}").ok()
    assert (registered["deviceProfileId"], registered["status"]) == (profile["id"], "PENDING")
    assert components_of(client, registered) == wanted
    client.post(DEVICES, {"name": "none"}).ok()
    found = client.get(f"{DEVICES}?deviceProfileId={profile['id']}").ok()["items"]
    assert {item["id"] for item in found} == {device["id"], registered["id"]}


def test_a_batch_of_devices_gets_its_components(client: Any) -> None:
    air = publish(client, DOUBLE, key="air")
    profile = client.post(DEVICE_PROFILES, a_device_profile(**{f"c{n}": air["id"] for n in range(20)})).ok()

    outcome = client.post(
        f"{DEVICES}/registration/batch", {"deviceNames": [f"d{n}" for n in range(9)], "deviceProfileId": profile["id"]}
    ).ok()

    assert [item["outcome"] for item in outcome["items"]] == ["REGISTERED"] * 9
    for item in outcome["items"]:
        device = {"id": item["registration"]["deviceId"]}
        assert len(components_of(client, device)) == 20


def test_a_device_bound_to_another_version_is_equipped_anew(client: Any) -> None:
    air = publish(client, DOUBLE, key="air")
    first = client.post(DEVICE_PROFILES, a_device_profile(air=air["id"])).ok()
    device = client.post(DEVICES, {"name": "d", "deviceProfileId": first["id"]}).ok()
    own = {"deviceId": device["id"], "key": "own", "name": "own"}
    client.post(COMPONENTS, own).ok()
    newer = publish(client, {**DOUBLE, "label": "T"}, key="air")
    soil = publish(client, DOUBLE, key="soil")
    second = client.post(DEVICE_PROFILES, a_device_profile(air=newer["id"], soil=soil["id"])).ok()

    changed = client.patch(f"{DEVICES}/{device['id']}", {"deviceProfileVersion": second["version"]}).ok()

    assert changed["deviceProfileId"] == second["id"]
    equipped = {"air": (newer["id"], "1.1"), "soil": (soil["id"], "1.0"), "own": (None, None)}
    assert components_of(client, device) == equipped
    unbound = client.patch(f"{DEVICES}/{device['id']}", {"deviceProfileId": None}).ok()
    assert (unbound["deviceProfileId"], unbound["deviceProfileVersion"]) == (None, None)
    assert components_of(client, device) == equipped


def test_a_profile_in_use_stays(client: Any) -> None:
    air = publish(client, DOUBLE, key="air")
    profile = client.post(DEVICE_PROFILES, a_device_profile(air=air["id"])).ok()
    device = client.post(DEVICES, {"name": "d", "deviceProfileId": profile["id"]}).ok()
    sensor_url, device_url = f"{SENSOR_PROFILES}/{air['id']}", f"{DEVICE_PROFILES}/{profile['id']}"

    by_device = client.delete(device_url)
    by_profile = client.delete(sensor_url)
    client.patch(f"{DEVICES}/{device['id']}", {"deviceProfileId": None}).ok()
    client.delete(device_url).ok()
    by_component = client.delete(sensor_url)
    client.delete(f"{DEVICES}/{device['id']}").ok()

    for refused in (by_device, by_profile, by_component):
        assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.CONFLICT, "in-use")
    assert device["id"] in by_device.json()["detail"]
    assert "device profile station" in by_profile.json()["detail"]
    assert "component air" in by_component.json()["detail"]
    assert client.delete(sensor_url).status_code == HTTPStatus.NO_CONTENT


bounds = st.none() | st.integers(-50, 50)


@st.composite
def profile_fields(draw: st.DrawFn, key: str) -> ProfileField:
    kind = draw(st.sampled_from(["DOUBLE", "BIGINT", "TEXT", "ENUM", "BOOLEAN", "ARRAY"]))
    field: dict[str, Any] = {"key": key, "type": kind, "required": draw(st.booleans())}
    if kind == "ENUM":
        field["options"] = draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
    if kind == "ARRAY":
        low = draw(st.integers(0, 2))
        field["items"] = {"type": "DOUBLE", "minItems": low, "maxItems": draw(st.integers(max(low, 1), 4))}
    if kind in {"DOUBLE", "BIGINT", "ARRAY"}:
        low, high = draw(bounds), draw(bounds)
        field |= {"min": low, "max": high if None in {low, high} else max(low or 0, high or 0)}
        field["unit"] = draw(st.sampled_from([None, "Cel"]))
    return ProfileField.model_validate(field)


@st.composite
def sensor_profiles(draw: st.DrawFn) -> SensorProfileFields:
    keys = draw(st.lists(st.sampled_from("xyz"), min_size=1, unique=True))
    return SensorProfileFields(key="k", name="n", fields=tuple(draw(profile_fields(key)) for key in keys))


values = st.integers(-60, 60) | st.sampled_from([*"abcde", True]) | st.lists(st.integers(-60, 60), max_size=5)
readings = st.dictionaries(st.sampled_from("xyz"), values, max_size=3)


def is_valid(profile: SensorProfileFields, reading: dict[str, Any]) -> bool:
    rules = compile_fields(profile.model_dump(mode="json", by_alias=True))
    if not reading.keys() <= rules.keys() or any(rule.required and key not in reading for key, rule in rules.items()):
        return False
    try:
        for key, value in reading.items():
            rules[key].readings(value)
    except Refused:
        return False
    return True


@given(before=sensor_profiles(), after=sensor_profiles(), samples=st.lists(readings, min_size=5, max_size=20))
def test_what_is_valid_stays_valid_through_an_additive_change(
    before: SensorProfileFields, after: SensorProfileFields, samples: list[dict[str, Any]]
) -> None:
    change, reasons = judge(before, after)

    assert (change is Change.NONE) == (before == after) == (reasons == [])
    if change is not Change.BREAKING:
        assert all(is_valid(after, sample) for sample in samples if is_valid(before, sample))


@given(before=sensor_profiles(), data=st.data())
def test_growing_in_every_allowed_way_is_additive(before: SensorProfileFields, data: st.DataObject) -> None:
    def grown(field: ProfileField) -> ProfileField:
        wider: dict[str, Any] = {"required": field.required and data.draw(st.booleans())}
        wider |= {"min": None} if data.draw(st.booleans()) else {}
        wider |= {"max": field.max + 1} if field.max is not None and data.draw(st.booleans()) else {}
        wider |= {"options": (*field.options, "more")} if field.options else {}
        return field.model_copy(update=wider)

    fields = (*(grown(field) for field in before.fields), ProfileField.model_validate({"key": "new", "type": "TEXT"}))
    after = before.model_copy(update={"fields": fields})

    assert judge(before, after)[0] is Change.ADDITIVE
    assert judge(after, before)[0] is Change.BREAKING


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1))
def test_versions_are_ordered_by_their_numbers(numbers: list[tuple[int, int]]) -> None:
    texts = [f"{major}.{minor}" for major, minor in numbers]

    assert [str(Version.parse(text)) for text in texts] == texts
    last = max(texts, key=Version.parse)
    assert all(
        Version.parse(change.number(last)) > max(Version.parse(text) for text in texts)
        for change in (Change.ADDITIVE, Change.BREAKING)
    )


def test_profiles_are_shown_as_dtdl(client: Any) -> None:
    air = publish(client, DOUBLE, key="air")
    profile = client.post(DEVICE_PROFILES, a_device_profile(air=air["id"])).ok()

    sensor = client.get(f"/api/schemas/sensor-profile/{air['id']}").ok()
    device = client.get(f"/api/schemas/device-profile/{profile['id']}").ok()

    assert sensor["contents"][0]["name"] == "t"
    assert [interface["@id"] for interface in device[1:]] == [sensor["@id"]]
    assert device[0]["contents"][0]["schema"] == sensor["@id"]
