"""Composes the examples of ``openapi.json``: each fits its schema, and what it is made of is written once.

A field or model whose schema has ``examples`` is taken at its word: those with rules of their own need that. What goes
by the same name everywhere is named here; the rest follows from the type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic.alias_generators import to_camel

from whimbrel.ids import PATTERN, Id

Schema = dict[str, Any]

_PARENT = Id("019bb77c-e000-7000-8000-000000000000")
_CSR = """\
-----BEGIN CERTIFICATE REQUEST-----
MIHMMHMCAQAwETEPMA0GA1UEAwwGZGV2aWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEEI9AgDbeGDnRAXJIamhI1C45WG6ZvgTePZGPsa15qEVRq+yJR08vnY1C
nrwgrATFEoRg82mzZA5/lfmUIQYfFaAAMAoGCCqGSM49BAMCA0kAMEYCIQCfEfZi
5KgB8EZ5BbnSeRbsIvoTQeOM4LO/XqGxjRrf7gIhANmQxE46CMy1+ySu7+lCvhc3
8tvMFktNFJYMkr30UWLS
-----END CERTIFICATE REQUEST-----
"""
_PEM = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"
_NOON_MS = 1_769_860_800_000
"""What the moments are that are shown as milliseconds: 2026-01-31T12:00:00Z."""
_URL = "https://whimbrel.example.com"

_MOMENTS = {
    "completedAt": "2026-01-31T12:01:07.000Z",
    "end": "2026-01-31T13:00:00.000Z",
    "endAt": "2026-01-31T13:00:00.000Z",
    "expiresAt": "2036-01-31T12:00:00.000Z",
    "notAfter": "2027-01-31T12:00:00.000Z",
    "to": "2026-02-01T12:00:00.000Z",
}
"""When something ends: after all else."""

_NAMED: dict[str, Any] = {
    "action": "update_device",
    "address": "12 Harbour Road",
    "after": {"name": "Greenhouse"},
    "alt": 12,
    "authorEmail": "ada@example.com",
    "avg": 21.5,
    "before": {"name": "Shed"},
    "caChainPem": _PEM,
    "certificatePem": _PEM,
    "clientId": Id.named(_PARENT, "deviceId"),
    "color": "#e11d48",
    "counts": {"readings": 1440},
    "createdAt": "2026-01-31T12:00:00.000Z",
    "createdBy": "ada",
    "csrPem": _CSR,
    "cursor": "Zm9yIHlvdXIgZXllcyBvbmx5",
    "description": "What grows under glass.",
    "detail": "There is no such sensor.",
    "device": "greenhouse-01",
    "deviceName": "greenhouse-01",
    "devices": {},
    "downloadUrl": f"{_URL}/exports/readings.zip?X-Amz-Signature=…",
    "end": 1_769_947_200_000,
    "errorsUrl": f"{_URL}/imports/errors.csv?X-Amz-Signature=…",
    "failed": 0,
    "field": "temperature",
    "finishedAt": "2026-01-31T12:01:07.000Z",
    "firmwareVersion": "1.4.2",
    "fn": "avg",
    "hash": "9f2feb0f1ef425b292f2f94b6af5d3a5c1d9a2a0b7f4d8e6c3b1a09788776655",
    "host": "mqtt.example.com",
    "Idempotency-Key": "5f0c2c0e-6f1b-4d7e-9b0a-6d1a8f4c2f51",
    "if-match": '"3-19bb77ce000"',
    "index": 0,
    "installedVersion": "1.0.0",
    "interval": "1h",
    "invitedBy": "ada",
    "item": "row 17",
    "key": "temperature",
    "label": "greenhouse",
    "last": "24h",
    "lastActivity": _NOON_MS,
    "lat": 54.32,
    "lng": 10.14,
    "max": 24.5,
    "maxBytes": 1_073_741_824,
    "message": "There is no such sensor.",
    "metadata": {"room": "north"},
    "method": "PATCH",
    "min": 18,
    "name": "Greenhouse",
    "organizationName": "Market garden",
    "path": "/api/v1/devices",
    "payload": {"sensorId": "temperature", "value": "warm"},
    "period": "15T",
    "port": 8883,
    "prefix": "sk_live_3f9a",
    "previousHash": "1b4f0e9851971998e732078544c96b36c3d01cedf7caa332359d6f1d83567014",
    "principal": "0d1f6a2b9c3e4f50",
    "provisionEndpoint": f"{_URL}/api/v1/devices/provision",
    "publicKeySha256": "1b4f0e9851971998e732078544c96b36c3d01cedf7caa332359d6f1d83567014",
    "q": "Green",
    "reason": "the field humidity is new",
    "requestedBy": "ada",
    "requestsPerSecond": 50,
    "session": "b1946ac92492d234",
    "sizeBytes": 65_536,
    "sourceIp": "192.0.2.1",
    "start": _NOON_MS,
    "status": 200,
    "subject": "ada",
    "tag": "roof",
    "task": Id.named(_PARENT, "taskId"),
    "timestamp": _NOON_MS,
    "title": "Temperature",
    "token": "pat_3f9aZm9yeW91…",
    "type": "greenhouse",
    "tz": "Europe/Berlin",
    "unit": "Cel",
    "url": _URL,
    "userAgent": "whimbrel/0.1.0",
    "userId": "ada",
    "value": 21.5,
    "values": {},
    "variable": "temperature",
    "version": "1.0.0",
}
"""What fields and parameters of these names hold, wherever they are."""

_UNUSUAL = {"acceptedBy", "deletionJobId", "error", "next", "nextCursor", "parent", "previous", "text"}
"""What is null in an ordinary case, or not there."""

_REFERENCES = ("Id", "Ids", "ProfileVersion")
"""How a name ends that means something else: left out of a request where it may be, which then works as it is."""

UNSAID = "some text"
"""What a text is about which nothing is said."""

_TYPES = {"string": str, "integer": int, "number": int | float, "boolean": bool, "object": dict}


class Examples:
    """The examples of a document that has ``schemas`` as its components."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self._schemas = schemas

    def add_to(self, operation: dict[str, Any]) -> None:
        """Give an operation's parameters, its body and its answers of JSON an example each."""
        for parameter in operation.get("parameters", ()):
            schema = self._resolved(parameter["schema"])
            schema["examples"] = [self._of(schema, parameter["name"])]
        self._add_to(operation.get("requestBody", {}), is_request=True)
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                self._add_to(answer, is_request=False)

    def _add_to(self, described: Schema, *, is_request: bool) -> None:
        if content := described.get("content", {}).get("application/json"):
            content["example"] = self._of(content["schema"], is_request=is_request)

    def _resolved(self, schema: Schema) -> Schema:
        return self._schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _of(self, schema: Schema, name: str = "", *, is_request: bool = False) -> Any:
        owner = schema.get("$ref", "").rpartition("/")[2]
        schema = self._resolved(schema)
        name = to_camel(name) if "_" in name else name
        choices = schema.get("anyOf") or schema.get("oneOf") or [schema]
        for said in _said(schema, choices, name):
            return said
        if choices != [schema]:
            first = next(choice for choice in choices if choice.get("type") != "null")
            return self._of(first, name, is_request=is_request)
        if schema.get("type", "object") == "object":
            return self._of_object(schema, owner, is_request=is_request)
        return self._of_type(schema, name, is_request=is_request)

    def _of_type(self, schema: Schema, name: str, *, is_request: bool) -> Any:
        match schema["type"]:
            case "array":
                return [self._of(schema["items"], name.removesuffix("s"), is_request=is_request)]
            case "integer" | "number":
                return _NOON_MS if name.endswith("At") else max(1, schema.get("minimum", 1))
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return _text(schema, name)

    def _of_object(self, schema: Schema, owner: str, *, is_request: bool) -> Schema:
        required = schema.get("required", ())
        # The ``id`` of a ``Device`` is called ``deviceId`` elsewhere, and is the same one there.
        identifier = f"{owner[:1].lower()}{owner[1:]}Id"
        return {
            member: self._of(each, identifier if member == "id" else member, is_request=is_request)
            for member, each in schema.get("properties", {}).items()
            if member in required or not (member in _UNUSUAL or (is_request and member.endswith(_REFERENCES)))
        }


def _said(schema: Schema, choices: list[Schema], name: str) -> Iterator[Any]:
    """Yield what a schema or a name says outright, the best first."""
    if name in _MOMENTS and any(choice.get("format") == "date-time" for choice in choices):
        yield _MOMENTS[name]
    yield from [schema[word] for word in ("const", "default") if isinstance(schema.get(word), str | int)]
    yield from schema.get("examples", ())
    yield from schema.get("enum", ())
    if name in _UNUSUAL and {"type": "null"} in choices:
        yield None
    if name in _NAMED and any(_takes(choice, _NAMED[name]) for choice in choices):
        yield _NAMED[name]


def _text(schema: Schema, name: str) -> str:
    if schema.get("pattern") == PATTERN or (name.endswith("Id") and "pattern" not in schema):
        return Id.named(_PARENT, name)
    return _URL if name.endswith("Url") else UNSAID


def _takes(schema: Schema, value: Any) -> bool:
    if "type" not in schema:
        return schema.keys().isdisjoint({"$ref", "anyOf", "oneOf"})
    shaped = "properties" in schema or schema.get("pattern") == PATTERN
    return not shaped and isinstance(value, _TYPES.get(schema["type"], ()))
