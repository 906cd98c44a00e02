"""A request that succeeds for each operation of openapi.json, in the world of `tests.faults.world`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.faults.world import World
from tests.functions.conftest import a_csr
from tests.functions.sessions import session
from tests.gateway import DOCUMENT, Answer, Client

AT = 1_767_225_600_000
CSR = a_csr()


@dataclass(frozen=True)
class Operation:
    """An operation of the document."""

    name: str
    method: str
    path: str
    declared: dict[str, Any]

    @property
    def is_keyed(self) -> bool:
        """Whether it is safe to repeat under an Idempotency-Key."""
        return self._has("Idempotency-Key")

    @property
    def is_ours(self) -> bool:
        """Whether it is no other platform's."""
        return self.path.startswith("/api/") and not self.is_of_dots

    @property
    def is_of_dots(self) -> bool:
        return self.path.startswith("/api/v1.6/")

    @property
    def takes_if_match(self) -> bool:
        return self._has("if-match")

    @property
    def changes(self) -> bool:
        return self.method != "GET" and self.name not in READING

    @property
    def status(self) -> int:
        if self.name == "delete_device":  # 202 with a job, if the readings are to go, too
            return 204
        return min(int(status) for status in self.declared["responses"])

    def _has(self, name: str) -> bool:
        return any(parameter["name"].lower() == name.lower() for parameter in self.declared.get("parameters", ()))

    def __str__(self) -> str:
        return self.name


OPERATIONS = [
    Operation(declared["operationId"], method.upper(), path, declared)
    for path, methods in DOCUMENT["paths"].items()
    for method, declared in methods.items()
]
READING = {"query_readings", "get_token", "get_raw_series", "get_aggregation", "get_resampled"}
"""What is asked by POST and changes nothing."""

BY_NAME = {operation.name: operation for operation in OPERATIONS}

QUERIES = {
    "get_latest_readings": "?deviceId={deviceId}",
    "get_sensor_aggregates": "?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z&interval=1m&fn=avg",
    "get_sensor_stats": "?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z",
    "get_sensor_window": "?last=1h",
    "list_annotations_by_source": "?source=MANUAL",
}

PERSONS = {
    "create_access_token": "somebody",
    "list_access_tokens": "somebody",
    "delete_access_token": "somebody",
    "accept_invitation": "guest",
    "delete_organization": "owner",
}
"""Who calls what machines cannot."""


def body_of(name: str, world: World) -> Any:
    """Return a body for the operation *name*; KeyError tells of one that has none here."""
    known = world.known
    device = {"scopeType": "DEVICE", "scopeId": known["deviceId"]}
    day = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
    reading = {"deviceId": known["deviceId"], "sensorId": "t", "timestamp": AT + 1000, "value": 5.0}
    attributes = {"attribute_values": [{"attribute_id": "t", "value": 5, "updated_at": "2026-01-01T00:00:01Z"}]}
    profile = {"key": "new", "name": "New", "fields": [{"key": "x", "type": "DOUBLE"}]}
    bodies: dict[str, Any] = {
        "create_access_token": {"name": "mine"},
        "discard_quarantine": {"filter": {}},
        "replay_quarantine": {"filter": {}},
        "create_annotation_class": {"key": "g", "name": "G", "scopes": ["DEVICE"]},
        "replace_annotation_class": {"name": "H", "scopes": ["DEVICE", "SENSOR"]},
        "create_annotation": device | {"classId": known["annotationClassId"], "startAt": "2026-01-03T00:00:00Z"},
        "replace_annotation": {"startAt": "2026-01-04T00:00:00Z"},
        "update_annotation": {"startAt": "2026-01-05T00:00:00Z"},
        "create_api_key": {"name": "another", "scopes": ["devices:read"]},
        "update_api_key": {"name": "renamed", "scopes": ["devices:write"]},
        "rotate_api_key": {"overlapSeconds": 60},
        "create_component": {"deviceId": known["deviceId"], "key": "more", "name": "More"},
        "create_device_group": {"name": "Some", "match": {}},
        "replace_device_group": {"name": "Others", "match": {"allTags": ["x"]}},
        "create_device_profile": {"key": "crate", "name": "Crate", "components": []},
        "create_device": {"name": "Fan", "deviceProfileId": known["deviceProfileId"]},
        "provision_device": {"token": known["token"], "csrPem": CSR},
        "create_registration_tokens": {"deviceNames": ["a", "b", ""]},
        "create_registration_token": {"deviceName": "c"},
        "renew_certificate": {"csrPem": CSR},
        "create_export": device | day | {"includes": ["READINGS"]},
        "create_import": {"format": "CSV", "deviceId": known["deviceId"]},
        "create_invitation": {"email": "new@example.com", "role": "MEMBER"},
        "update_member": {"role": "ADMIN"},
        "upload_pack": {"key": "own", "version": "1.1.0", "name": "Own", "sensorProfiles": [profile]},
        "ingest_readings": [reading, reading | {"sensorId": "new"}, reading | {"value": {}}],
        "query_readings": {"sensorIds": [known["sensorId"]]} | day,
        "create_sensor_profile": profile,
        "create_sensor": {
            "deviceId": known["deviceId"],
            "component": "spare",
            "key": "s",
            "name": "S",
            "valueType": "DOUBLE",
        },
        "create_site": {"name": "Hall"},
        "put_entity": attributes,
        "patch_entity": attributes,
        "add_metrics": {"metric_values": [{"attribute_slug": "t", "value": "8"}]},
        "create_entity": {"name": "Crate", **attributes},
        "run_batch": {"operations": [{"op": "create", "name": "Box", **attributes}]},
        "send_device_values": {"t": {"value": 6, "timestamp": AT + 1000}},
        "send_device_variable_values": [{"value": 6, "timestamp": AT + 1000}],
        "send_device_values_in_bulk": [{"t": 6, "timestamp": AT + 1000}, {"t": "no", "timestamp": AT}],
        "send_values_in_bulk": [{"device": "other", "timestamp": AT, "values": [{"t": 6}]}],
        "send_collection": [{"variable": known["sensorId"], "value": 6, "timestamp": AT + 1000}],
        "send_variable_values": {"value": 6, "timestamp": AT + 1000},
        "get_raw_series": {"variables": [known["sensorId"]], "columns": ["value.value"]},
        "get_aggregation": {"variables": [known["sensorId"]], "aggregation": "mean"},
        "get_resampled": {"variables": [known["sensorId"]], "aggregation": "mean", "period": "1H", "start": AT},
        "create_datasource": {"name": "Shed"},
        "create_variable": {"name": "v", "unit": "V"},
    }
    verb = name.split("_", maxsplit=1)[0]
    if verb in {"update", "replace"}:
        return bodies.get(name, {"name": "Another name"})
    return bodies[name]


@dataclass
class Request:
    """A request, to be sent as often as one likes."""

    operation: Operation
    client: Client
    url: str
    body: Any

    def send(self, **headers: str) -> Answer:
        return self.client.request(
            self.operation.method,
            self.url,
            json=self.body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


def a_request(operation: Operation, world: World) -> Request:
    """Return a request for *operation* that succeeds once."""
    known = {name: world.known.get(f"{name}.{operation.name}", value) for name, value in world.known.items()}
    path = re.sub(r"\{(\w+)\}", lambda it: known[it[1]], operation.path)
    client = world.organization.client
    if who := PERSONS.get(operation.name):
        client = session(who, "" if who == "guest" else world.organization.id)
    query = QUERIES.get(operation.name, "").format(**known)
    body = body_of(operation.name, world) if "requestBody" in operation.declared else None
    return Request(operation, client, path + query, body)
