"""Readings on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from whimbrel.bodies import Instant, Wire
from whimbrel.domain.readings import Reason
from whimbrel.domain.series import ValueType
from whimbrel.ids import DeviceId, SensorId

ReadingValue = StrictBool | StrictInt | StrictFloat | StrictStr


class Verdict(Wire):
    """Why one reading of a request was not accepted, and where it is kept."""

    index: int
    reason: Reason
    detail: str
    quarantine_id: str


class IngestionResult(Wire):
    """What became of the readings of a request: ``accepted + quarantined`` is what was sent."""

    accepted: int
    quarantined: int
    errors: list[Verdict]


class Point(Wire):
    """One reading."""

    timestamp: Instant
    value: ReadingValue
    metadata: dict[str, Any] | None


class SensorReadings(Wire):
    """Readings of a sensor, in the order asked for."""

    sensor_id: SensorId
    value_type: ValueType
    unit: str | None
    points: list[Point]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` to go on; null at the end.")]


class LatestReading(Wire):
    """The newest reading of a sensor."""

    sensor_id: SensorId
    device_id: DeviceId
    key: str
    value_type: ValueType
    unit: str | None
    timestamp: Instant
    value: ReadingValue
    metadata: dict[str, Any] | None


class LatestReadings(Wire):
    """The newest reading of each sensor asked for that has one."""

    items: list[LatestReading]


_READING_EXAMPLE = {"sensorId": "temperature", "timestamp": "2026-01-31T12:00:00Z", "value": 21.5}

_SCALAR = ["number", "string", "boolean"]
_VALUE = {"type": [*_SCALAR, "array"], "items": {"type": _SCALAR}}

_READING = {
    "type": "object",
    "additionalProperties": False,
    "description": "Simple (`sensorId`, `value`) or structured (`component` or `componentId`, `fields`).",
    "properties": {
        "deviceId": {
            "type": "string",
            "description": "Whose reading; needed unless the request names the device.",
        },
        "sensorId": {"type": "string", "description": "A sensor's id, or `key`, or `componentKey/key`."},
        "timestamp": {
            "type": ["string", "integer"],
            "description": "RFC 3339, or milliseconds since 1970; absent: now.",
        },
        "value": {
            **_VALUE,
            "description": "An array only where the component's profile declares one.",
        },
        "componentId": {"type": "string"},
        "component": {"type": "string", "description": "The component's key."},
        "fields": {"type": "object", "additionalProperties": _VALUE},
        "metadata": {"type": ["object", "null"]},
    },
    "examples": [_READING_EXAMPLE],
}

_SERIES = {
    "type": "object",
    "additionalProperties": False,
    "required": ["timestamps", "values"],
    "description": "As many values as timestamps.",
    "properties": {
        "timestamps": {"type": "array", "items": {"type": ["string", "integer"]}},
        "values": {"type": "array", "items": _VALUE},
    },
    "examples": [{"timestamps": [1769860800000, "2026-01-31T12:01:00Z"], "values": [21.5, 21.7]}],
}

INGESTION_SCHEMA: dict[str, Any] = {
    "oneOf": [
        {"type": "array", "items": _READING, "minItems": 1, "maxItems": 50_000},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["readings"],
            "properties": {
                "deviceId": {"type": "string"},
                "readings": {"type": "array", "items": _READING, "minItems": 1, "maxItems": 50_000},
            },
        },
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["deviceId", "series"],
            "description": "Columns: the readings of up to 50,000 moments, by the id, `key` or `componentKey/key` of "
            "their sensor. An error's `index` counts through the series in order.",
            "properties": {
                "deviceId": {"type": "string"},
                "series": {"type": "object", "minProperties": 1, "additionalProperties": _SERIES},
            },
        },
    ],
}
