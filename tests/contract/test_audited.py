"""Every operation that changes something is told by one entry of the audit log, and nothing else is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

import boto3
import pytest

from tests.conftest import aws_in_process
from tests.contract.planting import NOON, Planted, iot_core, planted
from tests.contract.test_every_operation import EVERY, MADE_BY_NAME
from tests.functions.conftest import a_csr
from tests.functions.sessions import issuing, session
from tests.gateway import Answer, Client
from whimbrel.aws.clients import client as aws_client
from whimbrel.ids import Id, OrganizationId
from whimbrel.store.audit import AuditLog
from whimbrel.store.tenant import Tenant

OPERATIONS = {each.declared["operationId"]: each for each in EVERY if each.method != "GET"}
NOT_RECORDED = {
    "ingest_readings": "telemetry, not administration",
    "query_readings": "it reads",
    **dict.fromkeys(("put_entity", "patch_entity", "add_metrics"), "telemetry, not administration"),
    **dict.fromkeys(("send_device_values", "send_device_variable_values"), "telemetry, not administration"),
    **dict.fromkeys(("send_device_values_in_bulk", "send_values_in_bulk"), "telemetry, not administration"),
    **dict.fromkeys(("send_collection", "send_variable_values"), "telemetry, not administration"),
    **dict.fromkeys(("get_token", "get_raw_series", "get_aggregation", "get_resampled"), "it reads"),
}
ANY_BODY = {"noSuchField": 1}

# All that is done is done once, which takes a while: by one worker.
pytestmark = pytest.mark.xdist_group("audited")
SECRETS = re.compile(
    r"(?:sk_(?:live|test)|pat|omni)_[0-9A-Za-z]{13,}|PRIVATE KEY|X-Amz-Signature|x-amz-signature|eyJ\w+\."
)

Doing = Callable[["World", dict[str, str]], Answer]


@dataclass
class World:
    """An organization with one of everything, and its log."""

    ours: Planted
    olga: Client
    made: dict[str, Any] = field(default_factory=dict)
    """Answers, by operation."""

    @property
    def log(self) -> AuditLog:
        return AuditLog.of(Tenant(OrganizationId(self.ours.id)))

    def since(self, sequence: int) -> list[dict[str, Any]]:
        """Return the entries after that one, oldest first."""
        newer = (entry for entry in self.log.newest_first() if entry["sequence"] > sequence)
        return sorted(newer, key=lambda entry: entry["sequence"])

    @property
    def last(self) -> int:
        return next(self.log.newest_first())["sequence"]


def call(operation_id: str, body: Any = None, **places: str) -> Doing:
    """Return what asks for an operation, with the things of the world in its path or those of *places*."""
    operation = OPERATIONS[operation_id]

    def ask(world: World, headers: dict[str, str]) -> Answer:
        content = body(world) if callable(body) else body
        path = world.ours.path(operation.path, **places)
        return world.ours.key.request(operation.method, path, json=content, headers=headers)

    return ask


def made_by(maker: str, operation_id: str, place: str, body: Any = None) -> Doing:
    """Return what asks for an operation on what *maker* has made."""
    return lambda world, headers: call(operation_id, body, **{place: world.made[maker]["id"]})(world, headers)


def by_olga(operation_id: str, body: Any = None) -> Doing:
    operation = OPERATIONS[operation_id]

    def ask(world: World, headers: dict[str, str]) -> Answer:
        path = world.ours.path(operation.path)
        return world.olga.request(operation.method, path, json=body, headers=world.olga.headers | headers)

    return ask


def provision(world: World, headers: dict[str, str]) -> Answer:
    # Made in the course of it: by another entry, which is not this one's.
    token = world.made["create_registration_token"]["token"]
    return Client().post("/api/v1/devices/provision", {"token": token, "csrPem": world.made["csr"]}, headers=headers)


def accept(world: World, headers: dict[str, str]) -> Answer:
    path = world.ours.path("/api/v1/invitations/{invitationId}/accept")
    return session("ida", email=f"ida@{world.ours.name}.example.com").post(path, headers=headers)


def upload(world: World, headers: dict[str, str]) -> Answer:
    """Start an import whose file is there."""
    key = f"organizations/{world.ours.id}/imports/{world.ours.things['importId']}/file"
    content = f"deviceId,sensorId,timestamp,value\n{world.ours.things['deviceId']},t,{NOON},1\n"
    boto3.client("s3").put_object(Bucket="exports", Key=key, Body=content.encode())
    return call("start_import")(world, headers)


def about(name: str, /, *, is_listed: bool = False, **fields: Any) -> Callable[[World], Any]:
    """Return a body that names a thing of the world, or a list of one."""

    def body(world: World) -> Any:
        said = {name: world.ours.things[name], **fields}
        return [said] if is_listed else said

    return body


def of_variables(world: World) -> dict[str, Any]:
    return {"variables": [world.ours.things["variable"]]}


def a_span(world: World) -> dict[str, Any]:
    device = world.ours.things["deviceId"]
    return {
        "scopeType": "DEVICE",
        "scopeId": device,
        "from": NOON,
        "to": "2026-01-02T00:00:00Z",
        "includes": ["READINGS"],
    }


def a_note(world: World) -> dict[str, Any]:
    things = world.ours.things
    named = {"classId": things["annotationClassId"], "scopeType": "DEVICE", "scopeId": things["deviceId"]}
    return {**named, "startAt": NOON}


def a_reading(world: World) -> list[dict[str, Any]]:
    return [{"deviceId": world.ours.things["deviceId"], "sensorId": "t", "timestamp": NOON, "value": 2}]


def a_pack(version: str, name: str = "fresh") -> dict[str, Any]:
    profile = {"key": f"of-{name}", "name": version, "fields": [{"key": "t", "type": "DOUBLE"}]}
    return {"key": name, "version": version, "name": name, "sensorProfiles": [profile]}


AT = 1_767_225_600_000
A_VALUE = {"attribute_values": [{"attribute_id": "t", "value": 3}]}

IN_ORDER: dict[str, Doing] = {
    "create_site": call("create_site", {"name": "new"}),
    "replace_site": call("replace_site", {"name": "other"}),
    "update_site": call("update_site", {"name": "third"}),
    "create_device": call("create_device", {"name": "new"}),
    "replace_device": call("replace_device", {"name": "other"}),
    "update_device": call("update_device", {"name": "third"}),
    "create_component": call("create_component", about("deviceId", name="new", key="new")),
    "replace_component": call("replace_component", {"name": "other"}),
    "update_component": call("update_component", {"name": "third"}),
    "create_sensor": call("create_sensor", about("deviceId", name="new", key="new", valueType="DOUBLE")),
    "replace_sensor": call("replace_sensor", {"name": "other"}),
    "update_sensor": call("update_sensor", {"name": "third"}),
    "create_device_group": call("create_device_group", {"name": "new", "match": {}}),
    "replace_device_group": call("replace_device_group", {"name": "other", "match": {}}),
    "update_device_group": call("update_device_group", {"name": "third"}),
    "create_annotation_class": call("create_annotation_class", {"key": "new", "name": "new", "scopes": ["DEVICE"]}),
    "replace_annotation_class": call("replace_annotation_class", {"name": "other", "scopes": ["DEVICE"]}),
    "update_annotation_class": call("update_annotation_class", {"name": "third"}),
    "create_annotation": call("create_annotation", a_note),
    "replace_annotation": call("replace_annotation", {"startAt": "2026-01-01T11:00:00Z"}),
    "update_annotation": call("update_annotation", {"startAt": "2026-01-01T10:00:00Z"}),
    "create_sensor_profile": call(
        "create_sensor_profile", {"key": "new", "name": "new", "fields": [{"key": "t", "type": "DOUBLE"}]}
    ),
    "create_device_profile": call("create_device_profile", {"key": "new", "name": "new"}),
    "upload_pack": call("upload_pack", a_pack("1.0.0")),
    "install_pack": call("install_pack", key="fresh"),
    "upgrade_pack": call("upgrade_pack", key="fresh"),
    "delete_pack": call("delete_pack"),
    "create_api_key": call("create_api_key", {"name": "new", "scopes": ["devices:read"]}),
    "update_api_key": call("update_api_key", {"name": "other"}),
    "rotate_api_key": call("rotate_api_key", {}),
    "delete_api_key": call("delete_api_key"),
    "create_access_token": by_olga("create_access_token", {"name": "new"}),
    "delete_access_token": by_olga("delete_access_token"),
    "create_registration_token": call("create_registration_token", {"deviceName": "new"}),
    "create_registration_tokens": call("create_registration_tokens", {"deviceNames": ["one", "two"]}),
    "provision_device": provision,
    "revoke_registration_token": call("revoke_registration_token"),
    "renew_certificate": call("renew_certificate", lambda world: {"csrPem": world.made["csr"]}),
    "revoke_certificate": call("revoke_certificate"),
    "create_invitation": call("create_invitation", {"email": "ivo@example.com", "role": "MEMBER"}),
    "accept_invitation": accept,
    "revoke_invitation": made_by("create_invitation", "revoke_invitation", "invitationId"),
    "update_member": call("update_member", {"role": "ADMIN"}),
    "remove_member": call("remove_member"),
    "update_organization": call("update_organization", {"name": "Another name"}),
    "ingest_readings": call("ingest_readings", a_reading),
    "query_readings": call(
        "query_readings", lambda world: {"sensorIds": [world.ours.things["sensorId"]], "last": "1h"}
    ),
    "create_export": call("create_export", a_span),
    "delete_export": call("delete_export"),
    "create_import": call("create_import", {"format": "CSV"}),
    "start_import": upload,
    "delete_import": made_by("create_import", "delete_import", "importId"),
    "replay_quarantine": call("replay_quarantine", {"filter": {}}),
    "discard_quarantine": call("discard_quarantine", {"filter": {}}),
    "replay_quarantined_reading": call("replay_quarantined_reading"),
    "delete_quarantined_reading": call("delete_quarantined_reading"),
    "delete_sensor_readings": lambda world, headers: world.ours.key.delete(
        world.ours.path("/api/v1/readings/sensor/{sensorId}") + f"?from={NOON}&to=2026-01-02T00:00:00Z", headers=headers
    ),
    "put_entity": call("put_entity", A_VALUE),
    "patch_entity": call("patch_entity", A_VALUE),
    "add_metrics": call("add_metrics", {"metric_values": [{"attribute_slug": "t", "value": "3"}]}),
    "create_entity": call("create_entity", {"name": "new"}),
    "run_batch": call("run_batch", {"operations": [{"op": "create", "name": "newer"}]}),
    "delete_entity": made_by("create_entity", "delete_entity", "entityId"),
    "get_token": call("get_token"),
    "send_device_values": call("send_device_values", {"t": 4}),
    "send_device_variable_values": call("send_device_variable_values", {"value": 5}),
    "send_device_values_in_bulk": call("send_device_values_in_bulk", [{"t": 6, "timestamp": AT}]),
    "send_values_in_bulk": call(
        "send_values_in_bulk", about("device", timestamp=AT, values=[{"t": 7}], is_listed=True)
    ),
    "send_collection": call("send_collection", about("variable", value=8, is_listed=True)),
    "send_variable_values": call("send_variable_values", {"value": 9}),
    "get_raw_series": call("get_raw_series", lambda world: {**of_variables(world), "columns": ["value.value"]}),
    "get_aggregation": call("get_aggregation", lambda world: {**of_variables(world), "aggregation": "mean"}),
    "get_resampled": call(
        "get_resampled", lambda world: {**of_variables(world), "aggregation": "mean", "period": "1H", "start": AT}
    ),
    "create_datasource": call("create_datasource", {"name": "new"}),
    "create_variable": made_by("create_datasource", "create_variable", "device", {"name": "new", "unit": "V"}),
    "delete_variable_values": call("delete_variable_values"),
    "delete_variable": made_by("create_variable", "delete_variable", "variable"),
    "delete_datasource": made_by("create_datasource", "delete_datasource", "device"),
    "delete_annotation": call("delete_annotation"),
    "delete_annotation_class": made_by("create_annotation_class", "delete_annotation_class", "annotationClassId"),
    "delete_sensor": call("delete_sensor"),
    "delete_component": call("delete_component"),
    "delete_device_group": call("delete_device_group"),
    "delete_device": call("delete_device"),
    "delete_site": made_by("create_site", "delete_site", "siteId"),
    "delete_device_profile": call("delete_device_profile"),
    "delete_sensor_profile": call("delete_sensor_profile"),
    "delete_organization": by_olga("delete_organization"),
}
"""What asks for each operation, so that each finds what it needs."""


WITHOUT_THINGS = {"replay_quarantined_reading": "a reading that is taken in is telemetry; the path names it"}

PREPARED: dict[str, Doing] = {"upgrade_pack": call("upload_pack", a_pack("2.0.0"))}
"""What has to happen before an operation, and is recorded by itself."""


@dataclass(frozen=True)
class Told:
    """What came of one operation, and the entries of its refusals, of itself, and of its repetition."""

    refused: list[Answer]
    of_refusals: list[dict[str, Any]]
    answer: Answer
    entries: list[dict[str, Any]]
    repetition: Answer | None
    of_repetition: list[dict[str, Any]]


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Told]]:
    """Do everything there is to do, once, in order."""
    with aws_in_process(), issuing(), iot_core():
        events: Any = aws_client("iot-data").meta.events
        # moto does not know the operation.
        events.register("before-call.iot-data-plane.DeleteConnection", nothing_to_cut)
        ours = planted("acme")
        world = World(ours, session("olga-acme", ours.id), {"csr": a_csr()})
        yield {operation_id: carried_out(world, operation_id) for operation_id in IN_ORDER}


def nothing_to_cut(**_: Any) -> tuple[Any, dict[str, Any]]:
    return type("Http", (), {"status_code": 200, "headers": {}})(), {}


def carried_out(world: World, operation_id: str) -> Told:
    if prepare := PREPARED.get(operation_id):
        prepare(world, {}).ok()
    names = {parameter["name"] for parameter in OPERATIONS[operation_id].declared.get("parameters", ())}
    headers = {"Idempotency-Key": operation_id} if "Idempotency-Key" in names else {}
    start = world.last
    refused = list(refusals(world, operation_id))
    before = world.last
    answer = IN_ORDER[operation_id](world, headers)
    world.made[operation_id] = json.loads(answer.body or "null")
    after = world.last
    repetition = IN_ORDER[operation_id](world, headers) if headers else None
    since = world.since(start)
    return Told(
        refused,
        [entry for entry in since if entry["sequence"] <= before],
        answer,
        [entry for entry in since if before < entry["sequence"] <= after],
        repetition,
        [entry for entry in since if entry["sequence"] > after],
    )


def refusals(world: World, operation_id: str) -> Iterator[Answer]:
    """Ask for the operation in ways that must be refused."""
    operation = OPERATIONS[operation_id]
    client = world.olga if operation.scope == "session" else world.ours.key
    body = ANY_BODY if operation.takes_body else None
    path = world.ours.path(operation.path)
    ask = partial(client.request, operation.method)
    if "{" in operation.path and operation_id not in MADE_BY_NAME:
        yield ask(operation.url, json=body)
    if body:
        yield ask(path, body="{")
    if body and operation_id not in MADE_BY_NAME:
        yield ask(path, json=body)
    if not operation.dialect:
        yield ask(path + "?no=such", json=body)
    yield Client().request(operation.method, path, json=body)
    if operation.scope:
        yield Client("sk_live_nonsense").request(operation.method, path, json=body)


def test_every_operation_that_is_no_get_is_asked_for() -> None:
    assert set(IN_ORDER) == set(OPERATIONS)
    assert len(OPERATIONS) - len(NOT_RECORDED) > 60


every = pytest.mark.parametrize("operation_id", [name for name in IN_ORDER if name not in NOT_RECORDED])


@every
def test_it_is_one_entry(told: dict[str, Told], operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    answer = told[operation_id].answer

    assert HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES, answer.body
    [entry] = told[operation_id].entries
    assert (entry["action"], entry["method"], entry["status"]) == (operation_id, operation.method, answer.status_code)
    assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), entry["path"])
    assert entry["requestId"] == answer.headers["X-Request-Id"]
    assert entry["sourceIp"] == ("" if operation.dialect == "dots" else "192.0.2.1")
    kind = {"provision_device": "DEVICE", "accept_invitation": "USER"}.get(operation_id)
    assert entry["actor"]["kind"] == (kind or ("USER" if operation.scope == "session" else "API_KEY"))
    assert entry["actor"]["id"]


@every
def test_it_tells_what_changed(told: dict[str, Told], operation_id: str) -> None:
    [entry] = told[operation_id].entries

    assert bool(entry["changes"]) == (operation_id not in WITHOUT_THINGS)
    for change in entry["changes"]:
        assert Id.is_valid(change["id"])
        assert change["before"] is not None or change["after"] is not None
        assert change["before"] != change["after"]
    verb = operation_id.partition("_")[0]
    if verb in {"replace", "update"}:
        assert any(change["before"] and change["after"] for change in entry["changes"])
    if verb in {"create", "upload"}:
        assert any(change["before"] is None for change in entry["changes"])


@every
def test_no_secret_is_told(told: dict[str, Told], operation_id: str) -> None:
    [entry] = told[operation_id].entries

    assert not SECRETS.search(json.dumps(entry))
    for secret in secrets_of(json.loads(told[operation_id].answer.body or "null")):
        assert secret not in json.dumps(entry)


def secrets_of(value: Any) -> Iterator[str]:
    """Yield the secret parts of an answer: of keys, tokens and registration tokens."""
    text = json.dumps(value)
    yield from re.findall(r"(?:sk_(?:live|test)|pat)_\w{12}(\w{38})", text)
    yield from re.findall(r"[0-9a-f]{12}\.[0-9a-f-]{36}\.([\w-]{32})", text)


@pytest.mark.parametrize("operation_id", list(IN_ORDER))
def test_its_refusals_are_none(told: dict[str, Told], operation_id: str) -> None:
    statuses = [answer.status_code for answer in told[operation_id].refused]

    assert len(statuses) >= 2
    assert all(400 <= status < 500 for status in statuses), statuses
    assert told[operation_id].of_refusals == []


@pytest.mark.parametrize(
    "operation_id",
    [
        name
        for name in IN_ORDER
        if any(p["name"] == "Idempotency-Key" for p in OPERATIONS[name].declared.get("parameters", ()))
    ],
)
def test_its_repetition_is_none(told: dict[str, Told], operation_id: str) -> None:
    first, repetition = told[operation_id].answer, told[operation_id].repetition

    assert repetition is not None
    assert repetition.status_code == first.status_code
    # The form of an import is signed anew.
    assert repetition.body == first.body or operation_id == "create_import"
    assert repetition.headers["Idempotency-Replayed"] == "true"
    assert told[operation_id].of_repetition == []


@pytest.mark.parametrize("operation_id", list(NOT_RECORDED))
def test_what_is_no_administration_is_not_recorded(told: dict[str, Told], operation_id: str) -> None:
    assert told[operation_id].answer.status_code < HTTPStatus.MULTIPLE_CHOICES, told[operation_id].answer.body
    assert told[operation_id].entries == []
