"""Profiles as DTDL v3, held against what its specification demands."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.packs.shipping import shipped
from whimbrel.domain.dtdl import UNITS, device_interfaces, sensor_interface
from whimbrel.domain.profiles import DeviceProfile, ProfileComponent, SensorProfile
from whimbrel.ids import OrganizationId

ORGANIZATION = OrganizationId.new()
DTMI = re.compile(
    r"dtmi(:[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?)+;[1-9][0-9]{0,8}(\.[1-9][0-9]{0,5})?\Z", re.ASCII
)  # a user's: no segment begins with an underscore
NAME = re.compile(r"[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?\Z", re.ASCII)


def profile(*fields: dict[str, Any], key: str = "weather", version: str = "1.0") -> SensorProfile:
    identifier = SensorProfile.identifier(ORGANIZATION, key, version)
    return SensorProfile.model_validate(
        {"id": identifier, "key": key, "name": "Weather", "version": version, "fields": list(fields)}
    )


def check_interface(interface: dict[str, Any]) -> None:
    """Assert what the specification demands of an Interface."""
    assert interface["@context"] == ["dtmi:dtdl:context;3", "dtmi:dtdl:extension:quantitativeTypes;1"]
    assert interface["@type"] == "Interface"
    assert DTMI.match(interface["@id"])
    assert len(interface["@id"]) <= 128
    names = [content["name"] for content in interface["contents"]]
    assert len(set(names)) == len(names)
    for element in [interface, *interface["contents"]]:
        assert len(element.get("displayName", "")) <= 64
        assert len(element.get("description", "")) <= 512
        assert len(element.get("comment", "")) <= 512
    for content in interface["contents"]:
        assert NAME.match(content["name"])
        assert ("unit" in content) == isinstance(content["@type"], list)
        if "unit" in content:
            assert (content["@type"][1], content["unit"]) in UNITS.values()
            assert content["schema"] in {"double", "long"}


def test_a_sensor_profile_is_an_interface() -> None:
    interface = sensor_interface(
        ORGANIZATION,
        profile(
            {"key": "t", "type": "DOUBLE", "unit": "Cel", "min": -40, "required": True, "label": "Air temperature"},
            {"key": "humidity", "type": "DOUBLE", "unit": "%"},
            {"key": "n", "type": "BIGINT"},
            {"key": "on", "type": "BOOLEAN", "writable": True},
            {"key": "state", "type": "ENUM", "options": ["on", "warm up"]},
            {"key": "axes", "type": "ARRAY", "unit": "m/s2", "items": {"type": "DOUBLE", "minItems": 3, "maxItems": 3}},
            version="2.3",
        ),
    )

    check_interface(interface)
    organization = ORGANIZATION.replace("-", "")
    assert interface["@id"] == f"dtmi:whimbrel:o{organization}:sensorProfile:weather;2.3"
    t, humidity, n, on, state, axes = interface["contents"]
    assert t == {
        "@type": ["Telemetry", "Temperature"],
        "name": "t",
        "displayName": "Air temperature",
        "schema": "double",
        "unit": "degreeCelsius",
        "comment": "key t, required, unit Cel (UCUM), min -40",
    }
    assert (humidity["@type"], humidity["comment"]) == ("Telemetry", "key humidity, optional, unit % (UCUM)")
    assert n["schema"] == "long"
    assert (on["@type"], on["schema"], on["writable"]) == ("Property", "boolean", True)
    assert (state["schema"]["@type"], state["schema"]["valueSchema"]) == ("Enum", "string")
    assert [value["enumValue"] for value in state["schema"]["enumValues"]] == ["on", "warm up"]
    assert axes["@type"] == "Telemetry"
    assert axes["schema"] == {"@type": "Array", "elementSchema": "double"}


def test_a_version_has_no_minor_part_of_zero() -> None:
    assert sensor_interface(ORGANIZATION, profile({"key": "t", "type": "TEXT"}))["@id"].endswith(":weather;1")


def test_a_device_profile_comes_with_the_interfaces_of_its_components() -> None:
    part = profile({"key": "t", "type": "DOUBLE"}, key="air.in")
    components = [
        ProfileComponent(
            key=key,
            name=key,
            sensor_profile_id=part.id,
            sensor_profile_key=part.key,
            sensor_profile_version=part.number,
        ).model_dump(by_alias=True)
        for key in ("left", "right")
    ]
    device = DeviceProfile.model_validate(
        {
            "id": DeviceProfile.identifier(ORGANIZATION, "d", "1.0"),
            "key": "d",
            "name": "D",
            "version": "1.0",
            "components": components,
            "configurable": [{"key": "left", "type": "BIGINT", "unit": "s"}],
            "methods": ["CALIBRATE", "left"],
        }
    )

    interfaces = device_interfaces(ORGANIZATION, device, {part.id: part})

    for interface in interfaces:
        check_interface(interface)
    own, of_part = interfaces
    assert [content["schema"] for content in own["contents"][:2]] == [of_part["@id"]] * 2
    assert own["contents"][2]["@type"] == ["Property", "TimeSpan"]
    assert [(each["@type"], each["name"]) for each in own["contents"][3:]] == [
        ("Command", "CALIBRATE"), ("Command", "left_command"),
    ]  # fmt: skip


keys = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,32}", fullmatch=True)
options = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs")), min_size=1, max_size=128)


@given(names=st.lists(keys, min_size=1, max_size=20, unique=True), key=keys)
def test_every_key_becomes_a_name_of_its_own(names: list[str], key: str) -> None:
    fields = ({"key": name, "type": "TEXT"} for name in names)

    check_interface(sensor_interface(ORGANIZATION, profile(*fields, key=key, version="999999.999999")))


@given(choices=st.lists(options, min_size=1, max_size=20, unique=True))
def test_every_option_becomes_a_value_of_its_own(choices: list[str]) -> None:
    # By construction, so that the names are normal (NFC) and may have become the same.
    distinct = list(
        dict.fromkeys(profile({"key": "x", "type": "ENUM", "options": [each]}).fields[0].options[0] for each in choices)
    )
    interface = sensor_interface(ORGANIZATION, profile({"key": "x", "type": "ENUM", "options": distinct}))

    values = interface["contents"][0]["schema"]["enumValues"]
    assert [value["enumValue"] for value in values] == distinct
    assert len({value["name"] for value in values}) == len(values)
    assert all(NAME.match(value["name"]) for value in values)


def test_the_packs_of_the_product_are_good_models() -> None:
    for manifest in shipped().values():
        for each in manifest.sensor_profiles:
            document = each.model_dump(mode="json", by_alias=True) | {"version": "1.0"}
            identifier = SensorProfile.identifier(ORGANIZATION, each.key, "1.0")
            check_interface(sensor_interface(ORGANIZATION, SensorProfile.model_validate(document | {"id": identifier})))
