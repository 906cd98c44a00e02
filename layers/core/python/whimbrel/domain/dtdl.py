"""Profiles as models of the Digital Twins Definition Language, version 3, in JSON-LD.

A sensor profile is an *Interface*: a field that the device measures is a *Telemetry*, one that can be configured a
*Property*. A device profile is an Interface with *Components*, together with the Interfaces that those are of. Units
need the *QuantitativeTypes* extension, which knows a fixed set of them under semantic types; a unit that is not among
them, or that does not tell the semantic type (``%`` may be many things), and whatever else DTDL cannot say, stands in
the element's comment.

Source: https://github.com/Azure/opendigitaltwins-dtdl, DTDL.v3.md and DTDL.quantitativeTypes.v1.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from whimbrel.domain.profile_rules import FieldType
from whimbrel.domain.profiles import DeviceProfile, ProfileField, ProfileItems, SensorProfile, SensorProfileId
from whimbrel.domain.series import ValueType
from whimbrel.ids import OrganizationId

CONTEXT = ("dtmi:dtdl:context;3", "dtmi:dtdl:extension:quantitativeTypes;1")
_MAX_DISPLAY_NAME = 64
_MAX_TEXT = 512
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?\Z", re.ASCII)

SCHEMAS = {
    ValueType.DOUBLE: "double",
    ValueType.BIGINT: "long",
    ValueType.BOOLEAN: "boolean",
    ValueType.TEXT: "string",
}

UNITS: Mapping[str, tuple[str, str]] = {
    unit: (semantic_type, name)
    for semantic_type, units in {
        "Acceleration": {"m/s2": "metrePerSecondSquared", "[g]": "gForce"},
        "Angle": {"deg": "degreeOfArc", "rad": "radian"},
        "AngularVelocity": {"deg/s": "degreePerSecond", "rad/s": "radianPerSecond", "{rev}/min": "revolutionPerMinute"},
        "ApparentEnergy": {"V.A.h": "voltAmpereHour", "kV.A.h": "kilovoltAmpereHour"},
        "ApparentPower": {"V.A": "voltAmpere", "kV.A": "kilovoltAmpere"},
        "Area": {"m2": "squareMetre", "cm2": "squareCentimetre", "mm2": "squareMillimetre", "har": "hectare"},
        "Concentration": {"[ppm]": "partsPerMillion", "[ppb]": "partsPerBillion", "[pptr]": "partsPerTrillion"},
        "Current": {"A": "ampere", "mA": "milliampere", "uA": "microampere", "kA": "kiloampere"},
        "DataRate": {"bit/s": "bitPerSecond", "By/s": "bytePerSecond"},
        "DataSize": {"bit": "bit", "By": "byte", "KiBy": "kibibyte", "MiBy": "mebibyte", "GiBy": "gibibyte"},
        "Density": {
            "g/m3": "gramPerCubicMetre",
            "kg/m3": "kilogramPerCubicMetre",
            "mg/m3": "milligramPerCubicMetre",
            "ug/m3": "microgramPerCubicMetre",
        },
        "ElectricCharge": {"C": "coulomb", "A.h": "ampereHour", "mA.h": "milliampereHour"},
        "Energy": {
            "J": "joule",
            "kJ": "kilojoule",
            "MJ": "megajoule",
            "W.h": "wattHour",
            "kW.h": "kilowattHour",
            "MW.h": "megawattHour",
        },
        "Force": {"N": "newton"},
        "Frequency": {"mHz": "millihertz", "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz"},
        "Illuminance": {"lx": "lux"},
        "Irradiance": {"W/m2": "wattPerSquareMetre"},
        "Length": {
            "um": "micrometre",
            "mm": "millimetre",
            "cm": "centimetre",
            "m": "metre",
            "km": "kilometre",
            "[in_i]": "inch",
            "[ft_i]": "foot",
            "[mi_i]": "mile",
        },
        "Luminance": {"cd/m2": "candelaPerSquareMetre"},
        "LuminousFlux": {"lm": "lumen"},
        "MagneticInduction": {"T": "tesla", "G": "gauss"},
        "Mass": {"ug": "microgram", "mg": "milligram", "g": "gram", "kg": "kilogram", "t": "tonne"},
        "MassFlowRate": {"g/s": "gramPerSecond", "kg/s": "kilogramPerSecond", "kg/h": "kilogramPerHour"},
        "Power": {"uW": "microwatt", "mW": "milliwatt", "W": "watt", "kW": "kilowatt", "MW": "megawatt"},
        "Pressure": {
            "Pa": "pascal",
            "hPa": "hectopascal",
            "kPa": "kilopascal",
            "bar": "bar",
            "mbar": "millibar",
            "[psi]": "poundPerSquareInch",
            "mm[Hg]": "millimetresOfMercury",
        },
        "Radioactivity": {"Bq": "becquerel", "kBq": "kilobecquerel", "MBq": "megabecquerel"},
        "ReactiveEnergy": {
            "V.A{reactive}.h": "voltAmpereReactiveHour",
            "kV.A{reactive}.h": "kilovoltAmpereReactiveHour",
        },
        "ReactivePower": {"V.A{reactive}": "voltAmpereReactive", "kV.A{reactive}": "kilovoltAmpereReactive"},
        "Resistance": {"mOhm": "milliohm", "Ohm": "ohm", "kOhm": "kiloohm", "MOhm": "megaohm"},
        "SoundPressure": {"dB[SPL]": "decibel", "B[SPL]": "bel"},
        "Temperature": {"Cel": "degreeCelsius", "[degF]": "degreeFahrenheit", "K": "kelvin"},
        "TimeSpan": {
            "us": "microsecond",
            "ms": "millisecond",
            "s": "second",
            "min": "minute",
            "h": "hour",
            "d": "day",
        },
        "Torque": {"N.m": "newtonMetre"},
        "Velocity": {
            "cm/s": "centimetrePerSecond",
            "m/s": "metrePerSecond",
            "km/h": "kilometrePerHour",
            "[kn_i]": "knot",
        },
        "Voltage": {"uV": "microvolt", "mV": "millivolt", "V": "volt", "kV": "kilovolt"},
        "Volume": {"mL": "millilitre", "ml": "millilitre", "L": "litre", "l": "litre", "m3": "cubicMetre"},
        "VolumeFlowRate": {
            "L/s": "litrePerSecond",
            "L/min": "litrePerMinute",
            "L/h": "litrePerHour",
            "m3/s": "cubicMetrePerSecond",
            "m3/h": "cubicMetrePerHour",
        },
    }.items()
    for unit, name in units.items()
}
"""UCUM units → semantic type and unit of the QuantitativeTypes extension."""


def sensor_interface(organization_id: OrganizationId, profile: SensorProfile) -> dict[str, Any]:
    """Return the Interface of a sensor profile."""
    return _interface(organization_id, profile, (_content(field) for field in profile.fields))


def device_interfaces(
    organization_id: OrganizationId, profile: DeviceProfile, parts: Mapping[SensorProfileId, SensorProfile]
) -> list[dict[str, Any]]:
    """Return the Interface of a device profile, and once each those of its components; *parts* are their profiles."""
    components = [
        {
            "@type": "Component",
            "name": _name(component.key),
            **_display(component.name),
            "schema": _identifier(organization_id, parts[component.sensor_profile_id]),
            "comment": f"key {component.key}",
        }
        for component in profile.components
    ]
    # What is configured of the device itself is set, whether or not the device reports it.
    settings = (_content(field.model_copy(update={"writable": True})) for field in profile.configurable)
    taken = {component["name"] for component in components}
    commands = [{"@type": "Command", "name": _name(method)} for method in profile.methods]
    contents = [*components, *(_apart(content, taken) for content in [*settings, *commands])]
    own = _interface(organization_id, profile, contents)
    return [own, *(sensor_interface(organization_id, part) for part in parts.values())]


def _apart(content: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    """Return *content* under a name that is not *taken*: all contents of an Interface share one space of names."""
    kind = content["@type"][0] if isinstance(content["@type"], list) else content["@type"]
    name = content["name"]
    while name in taken:
        name = f"{name}_{kind.lower()}"
    taken.add(name)
    return content | {"name": name}


def _interface(
    organization_id: OrganizationId, profile: SensorProfile | DeviceProfile, contents: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "@context": list(CONTEXT),
        "@id": _identifier(organization_id, profile),
        "@type": "Interface",
        **_display(profile.name, profile.description),
        "comment": f"{profile.kind.replace('_', ' ')} {profile.key} {profile.number}",
        "contents": list(contents),
    }


def _identifier(organization_id: OrganizationId, profile: SensorProfile | DeviceProfile) -> str:
    """Return the DTMI of a profile; its version has no minor part where that is 0, as DTDL wants it."""
    kind = "sensorProfile" if isinstance(profile, SensorProfile) else "deviceProfile"
    major, minor = profile.order
    version = f"{major}.{minor}" if minor else str(major)
    return f"dtmi:whimbrel:o{organization_id.replace('-', '')}:{kind}:{_name(profile.key)};{version}"


def _content(field: ProfileField) -> dict[str, Any]:
    kind = "Property" if field.writable else "Telemetry"
    # A semantic type needs a numeric schema: an array of numbers has none.
    semantic = UNITS.get(field.unit or "") if field.items is None else None
    content: dict[str, Any] = {
        "@type": [kind, semantic[0]] if semantic else kind,
        "name": _name(field.key),
        **_display(field.label, field.description),
        "schema": _schema(field),
    }
    if field.writable:
        content["writable"] = True
    if semantic:
        content["unit"] = semantic[1]
    return content | {"comment": _comment(field)}


def _schema(field: ProfileField) -> str | dict[str, Any]:
    if field.items:
        return {"@type": "Array", "elementSchema": SCHEMAS[field.stored]}
    if field.type is FieldType.ENUM:
        values = [{"name": _name(option), **_display(option), "enumValue": option} for option in field.options]
        return {"@type": "Enum", "valueSchema": "string", "enumValues": values}
    return SCHEMAS[field.stored]


def _comment(field: ProfileField) -> str:
    """Return what DTDL has no word for."""
    notes = [f"key {field.key}", "required" if field.required else "optional"]
    notes += [f"unit {field.unit} (UCUM)"] if field.unit else []
    notes += [f"min {field.min}"] if field.min is not None else []
    notes += [f"max {field.max}"] if field.max is not None else []
    notes += [_size(field.items)] if field.items else []
    return ", ".join(notes)[:_MAX_TEXT]


def _size(items: ProfileItems) -> str:
    return f"{items.min_items} to {items.max_items} items"


def _display(name: str | None, description: str | None = None) -> dict[str, str]:
    shown: dict[str, str] = {}
    if name:
        shown["displayName"] = name[:_MAX_DISPLAY_NAME]
    if description:
        shown["description"] = description[:_MAX_TEXT]
    return shown


def _name(key: str) -> str:
    """Return *key* as DTDL can have it: letters, digits and ``_``, a letter first, no ``_`` last.

    One that has to be changed gets a digest behind it, so that two that differ stay different.
    """
    if _NAME.match(key):
        return key
    plain = re.sub(r"[^A-Za-z0-9_]", "_", key, flags=re.ASCII)[:24]
    return f"k_{plain}_{sha256(key.encode()).hexdigest()[:8]}"
