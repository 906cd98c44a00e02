"""What belongs to another organization is answered as what does not exist, to the letter: by path, query and body."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

from tests.contract import planting
from tests.contract.planting import NOON, UNTIL, Planted, required
from tests.contract.test_every_operation import CSR, EVERY, MADE_BY_NAME, NO_IDENTIFIERS, Operation
from tests.gateway import DOCUMENT, Answer, Client
from whimbrel.ids import Id

SOME_VALUES = {"attribute_values": [{"attribute_id": "t", "value": 1}]}
BODIES: dict[str, Any] = {
    "create_annotation": {"classId": "$", "scopeType": "DEVICE", "scopeId": "$", "startAt": NOON},
    "replace_annotation": {"startAt": NOON},
    "replace_annotation_class": {"name": "x", "scopes": ["DEVICE"]},
    "create_component": {"name": "x", "deviceId": "$", "key": "k"},
    "create_device_group": {"name": "x", "match": {}},
    "replace_device_group": {"name": "x", "match": {}},
    "create_device_profile": {"key": "x", "name": "x", "components": [{"key": "c", "name": "c"}]},
    "create_registration_token": {"deviceName": "x"},
    "create_registration_tokens": {"deviceNames": ["x"]},
    "create_export": {"scopeType": "DEVICE", "scopeId": "$", "from": NOON, "to": UNTIL, "includes": ["READINGS"]},
    "create_import": {"format": "CSV"},
    "query_readings": {"from": NOON, "to": UNTIL},
    "create_sensor": {"name": "x", "deviceId": "$", "key": "k", "valueType": "DOUBLE"},
    "update_member": {"role": "MEMBER"},
    "rotate_api_key": {},
    "renew_certificate": {"csrPem": CSR},
    "discard_quarantine": {"filter": {}},
    "replay_quarantine": {"filter": {}},
    "ingest_readings": {"deviceId": "$", "readings": [{"sensorId": "t", "timestamp": NOON, "value": 1}]},
    "put_entity": SOME_VALUES,
    "patch_entity": SOME_VALUES,
    "create_entity": {"name": "x", **SOME_VALUES},
    "run_batch": {"operations": [{"op": "create", "name": "x", **SOME_VALUES}]},
    "add_metrics": {"metric_values": [{"attribute_id": "t", "value": 1}]},
    "get_raw_series": {"columns": ["value.value"]},
    "get_aggregation": {"aggregation": "mean"},
    "get_resampled": {"aggregation": "mean", "period": "1H", "start": 0, "end": 1},
    "send_variable_values": {"value": 1},
    "send_collection[]": [{"value": 1}],
    "ingest_readings[]": [{"deviceId": "$", "sensorId": "t", "timestamp": NOON, "value": 1}],
}
"""What the operations need; ``$`` is something of the caller's own. Others take ``name``, or nothing."""
MEANING = {
    "scopeId": "deviceId",
    "gatewayId": "deviceId",
    "classId": "annotationClassId",
    "groupId": "deviceGroupId",
    "actorId": "keyId",
    "changedId": "siteId",
    "siteIds": "siteId",
    "sensorIds": "sensorId",
    "attribute_id": "sensorId",
    "attribute_ids": "sensorId",
    "template_id": "deviceProfileId",
    "variables": "sensorId",
}
A_NAME = re.compile(r"(Ids?|_ids?|\bvariables?)$")
"""Of a field or parameter that names something."""
NO_REFERENCES = {("create_import", "columns", "deviceId"), ("create_import", "columns", "sensorId")}
"""Names of columns."""


class Reference(NamedTuple):
    """A place where a call names something."""

    operation: Operation
    where: str
    steps: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.operation.method} {self.operation.path} {self.where} {'.'.join(self.steps)}"


def references() -> Iterator[Reference]:
    for operation in EVERY:
        names = set(re.findall(r"\{(\w+)\}", operation.path)) - NO_IDENTIFIERS.keys()
        for name in sorted(names) if operation.declared["operationId"] not in MADE_BY_NAME else ():
            yield Reference(operation, "path", (name,))
        for parameter in operation.declared.get("parameters", ()):
            if parameter["in"] == "query" and A_NAME.search(parameter["name"]):
                yield Reference(operation, "query", (parameter["name"],))
        if operation.takes_body:
            [content] = operation.declared["requestBody"]["content"].values()
            for steps in sorted(set(fields(content["schema"]))):
                if (operation.declared["operationId"], *steps) not in NO_REFERENCES:
                    yield Reference(operation, "body", steps)


def fields(schema: dict[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the ways to all fields that are identifiers; ``[]`` is a step into an array, ``{}`` into a mapping."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if len(before) > 8:
        return
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from fields(choice, before)
    if "items" in schema:
        yield from fields(schema["items"], (*before, "[]"))
    mapped = schema.get("additionalProperties")
    if isinstance(mapped, dict) and mapped.get("pattern", "").startswith("^[0-9a-f]{8}-"):
        yield (*before, "{}")
    for name, inner in schema.get("properties", {}).items():
        if A_NAME.search(name):
            yield (*before, name)
        yield from fields(inner, (*before, name))


EVERYWHERE = list(references())


aws, ours, theirs = planting.aws, planting.ours, planting.theirs


def own(ours: Planted, name: str) -> str:
    return ours.things[MEANING.get(name, name)]


def filled(ours: Planted, body: Any) -> Any:
    if isinstance(body, dict):
        return {name: own(ours, name) if each == "$" else filled(ours, each) for name, each in body.items()}
    return [filled(ours, each) for each in body] if isinstance(body, list) else body


def with_field(body: Any, steps: tuple[str, ...], value: str) -> Any:
    """Return *body* with *value* at the end of *steps*, which are made where they are not there."""
    step, *rest = steps
    if step == "[]":
        return [with_field(body[0] if body else {}, tuple(rest), value)]
    if step == "{}":
        return {"x": value}
    body = copy.copy(body) or {}
    body[step] = (
        with_field(body.get(step), tuple(rest), value)
        if rest
        else [value]
        if step.endswith(("Ids", "variables"))
        else value
    )
    return body


def asked(ours: Planted, reference: Reference, identifier: str) -> Answer:
    """Make the call with *identifier* in the place of the reference and the caller's own everywhere else."""
    operation, where, steps = reference
    name = operation.declared["operationId"]
    client: Client = ours.person("olga") if operation.scope == "session" else ours.key
    body = None
    if operation.takes_body:
        named = f"{name}[]" if steps[0] == "[]" else name
        body = filled(ours, BODIES.get(named, {} if operation.method == "PATCH" else {"name": "x"}))
    path = ours.path(operation.path, **({steps[0]: identifier} if where == "path" else {}))
    if where == "body":
        body = with_field(body, steps, identifier)
    query = required(operation) + (f"&{steps[0]}={identifier}" if where == "query" else "")
    return client.request(operation.method, path + query, json=body)


def comparable(answer: Answer, identifier: str) -> tuple[int, str, dict[str, str]]:
    """Return all of an answer that has no business to differ between two calls about nothing."""
    body = alike(answer.body, identifier)
    body = re.sub(r'("requestId": ?)"[^"]*"', r"\1<request>", body)
    unlike = {"X-Request-Id", "RateLimit-Remaining", "RateLimit-Reset", "ETag"}
    headers = {name: value for name, value in answer.headers.items() if name not in unlike}
    return answer.status_code, body, json.loads(alike(json.dumps(headers), identifier))


def alike(text: str, identifier: str) -> str:
    text = text.replace(identifier, "<id>")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "<uuid>", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)


def foreign(theirs: Planted, reference: Reference) -> str:
    """Return what they have of the kind that the reference is to."""
    name = "deviceId" if reference.steps[-1] == "{}" else reference.steps[-1]
    if reference.where != "path":
        return own(theirs, name)
    before = reference.operation.path.partition(f"{{{name}}}")[0]
    return theirs.path(f"{before}{{{name}}}").rpartition("/")[2]


def test_what_is_theirs_is_answered_as_what_is_not_there(ours: Planted, theirs: Planted) -> None:
    wrong: list[str] = []
    for reference in EVERYWHERE:
        name = reference.name
        identifier = foreign(theirs, reference)
        unknown = {"key": "pack-nobody", "userId": "max-nobody"}.get(reference.steps[-1]) or Id.new()
        seen, expected = (comparable(asked(ours, reference, each), each) for each in (identifier, unknown))
        if seen != expected:
            wrong.append(f"{name}: {seen} and not {expected}")
        if reference.where == "path" and seen[0] != HTTPStatus.NOT_FOUND:
            wrong.append(f"{name}: {seen}")
    print(f"\n{len(EVERYWHERE)} references, {len(wrong)} told apart")

    assert wrong == []
    assert_whole(theirs)


def assert_whole(planted: Planted) -> None:
    """All that was planted is still there."""
    for operation in EVERY:
        if operation.method == "GET" and "{" in operation.path:
            planted.key.get(planted.path(operation.path) + required(operation)).ok()
