"""What ingestion is sent, for the documentation: the operations read it themselves."""

from __future__ import annotations

from typing import Any

_NUMBER: dict[str, Any] = {
    "description": "A number, as such or as a text.",
    "oneOf": [{"type": "number"}, {"type": "string", "examples": ["21.5"]}],
}
_TIMESTAMP: dict[str, Any] = {
    "description": "Milliseconds since 1970, as a number or a text.",
    "oneOf": [{"type": "integer", "examples": [1767225600000]}, {"type": "string"}],
}
_DOT: dict[str, Any] = {
    "type": "object",
    "required": ["value"],
    "additionalProperties": False,
    "properties": {
        "value": _NUMBER,
        "timestamp": _TIMESTAMP,
        "context": {"type": "object", "description": "Kept with the value, as its metadata; 10 KB at most."},
    },
}
_SAID = {"anyOf": [_NUMBER, _DOT, {"type": "array", "items": {"anyOf": [_NUMBER, _DOT]}}]}
_ENTRY: dict[str, Any] = {
    "type": "object",
    "description": "Variables by their labels; `timestamp` is that of all of them.",
    "properties": {"timestamp": _TIMESTAMP},
    "additionalProperties": _SAID,
    "examples": [{"timestamp": 1767225600000, "temperature": 21.5, "humidity": {"value": 60}}],
}

DEVICE_VALUES: dict[str, Any] = {
    "type": "object",
    "description": "Variables by their labels.",
    "minProperties": 1,
    "additionalProperties": _SAID,
    "examples": [{"temperature": 21.5, "humidity": {"value": 60, "context": {"room": "north"}}}],
}
VARIABLE_VALUES: dict[str, Any] = {
    "anyOf": [_DOT, {"type": "array", "minItems": 1, "items": _DOT}],
    "examples": [{"value": 21.5, "timestamp": 1767225600000}],
}
ENTRIES: dict[str, Any] = {"type": "array", "minItems": 1, "items": _ENTRY, "examples": [_ENTRY["examples"]]}
BULK: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["device", "values"],
        "additionalProperties": False,
        "properties": {
            "device": {"type": "string", "maxLength": 64, "description": "The device's label, or its id."},
            "timestamp": _TIMESTAMP,
            "values": {"type": "array", "items": _ENTRY},
        },
    },
    "examples": [[{"device": "greenhouse", "timestamp": 1767225600000, "values": [{"temperature": 21.5}]}]],
}
COLLECTION: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        **_DOT,
        "required": ["variable", "value"],
        "properties": {"variable": {"type": "string", "description": "The variable's id."}, **_DOT["properties"]},
    },
    "examples": [[{"variable": "01900000-0000-7000-8000-000000000000", "value": 21.5}]],
}
