"""One organization with one of everything, whose state is taken, put back and compared."""

from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import moto.backends
import pytest
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.iot.models import IoTBackend

from tests import gateway
from tests.conftest import Organization, aws_in_process, make_organization
from tests.functions.conftest import a_csr, sign
from tests.gateway import Client
from whimbrel.aws import clients, secret
from whimbrel.domain.audit import Actor
from whimbrel.http.audit import recorded
from whimbrel.ids import OrganizationId
from whimbrel.store import limits, readings_lanes
from whimbrel.store.audit import FIRST, AuditLog
from whimbrel.store.tenant import Tenant

ACCOUNT, REGION = "123456789012", "eu-central-1"
TABLES = ("registry", "auth", "audit", "log", "blocks")

Known = dict[str, str]
Dump = Counter[str]

# What differs for good reasons between a run with a fault and one without.
TIMES_AND_MARKS = {"at", "lease", "expires", "ttl", "last_used", "previous_until", "write"}
"""When it was written, and by which attempt."""
ELSEWHERE = re.compile(r"ORG#[^#]+#(limit|call|audit_head|audit_id|audit|audit_intent)$|FAIL#")
"""Tokens taken; the calls themselves, whose answers are compared; the audit log, of which `audited` judges: each
attempt of a client is a call of its own, and has its own entry."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|(?<= version=)\d{13}")
CERTIFICATE = re.compile(r"\b[0-9a-f]{64}\b|-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\s*")
"""IoT Core names certificates by chance."""
TASK = re.compile(r"(#task'\}\), \('sk', \{'S': ')[0-9a-f]{24}\b")
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class State:
    """All that AWS keeps for us, to be put back."""

    tables: bytes
    objects: dict[str, bytes]
    iot: bytes
    executions: int


def _backend(service: str, region: str = REGION) -> Any:
    return moto.backends.get_backend(service)[ACCOUNT][region]  # pyright: ignore[reportCallIssue, reportArgumentType]


IOT_PARTS = ("things", "certificates", "principal_policies", "principal_things")


def _iot() -> dict[str, Any]:
    backend = _backend("iot")
    return {part: getattr(backend, part) for part in IOT_PARTS}


def _machines() -> list[Any]:
    return _backend("stepfunctions").state_machines


def objects() -> dict[str, bytes]:
    """Return every object by its key."""
    return {key: _backend("s3", "aws").buckets["exports"].keys[key].value for key in _keys()}


def _keys() -> list[str]:
    return list(_backend("s3", "aws").buckets["exports"].keys)


def items() -> list[tuple[str, dict[str, Any]]]:
    """Return every item of every table, in DynamoDB's JSON."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name in TABLES:
        for partition in _backend("dynamodb").tables[name].items.values():
            rows = partition.values() if isinstance(partition, dict) else [partition]
            found += [(name, row.to_json()["Attributes"]) for row in rows]
    return found


def take() -> State:
    """Take the state of AWS."""
    tables = {name: _backend("dynamodb").tables[name].items for name in TABLES}
    executions = sum(len(machine.executions) for machine in _machines())
    return State(pickle.dumps(tables), objects(), pickle.dumps(_iot()), executions)


def put_back(state: State) -> None:
    """Put the state of AWS back; a process begins anew that knows its clients, sessions and secret."""
    readings_lanes._KNOWN.clear()
    for name, kept in pickle.loads(state.tables).items():  # noqa: S301 (our own)
        _backend("dynamodb").tables[name].items = kept
    if pickle.dumps(_iot()) != state.iot:
        for part, kept in pickle.loads(state.iot).items():  # noqa: S301
            setattr(_backend("iot"), part, kept)
    there = objects()
    if there != state.objects:
        s3 = boto3.client("s3")
        for key in there.keys() - state.objects.keys():
            s3.delete_object(Bucket="exports", Key=key)
        for key, content in state.objects.items():
            s3.put_object(Bucket="exports", Key=key, Body=content)
    _backend("s3", "aws").buckets["exports"].multiparts.clear()
    for machine in _machines():
        machine.executions.clear()
    for queue in _backend("sqs").queues.values():
        queue._messages.clear()


def begin_cold() -> None:
    """Forget what a process learns with its first request: sessions, the secret, tokens of the limiter."""
    clients.forget_sessions()
    for cache in (secret._secret, secret.derived_key):
        cache.cache_clear()
    limits._OF_THIS_PROCESS.by_bucket.clear()


def begin_warm() -> None:
    """Have the limiter lease nothing in between."""
    for lease in limits._OF_THIS_PROCESS.by_bucket.values():
        lease.left, lease.taken_us = 1_000, limits.now_us()
        # Time may have been turned back.
        lease.full_at_us = lease.empty_until_us = 0


@dataclass
class World:
    """An organization with one of everything. ``known`` are identifiers by the names that paths have for them."""

    organization: Organization
    known: Known = field(default_factory=dict[str, str])
    before: State = field(init=False)
    _identifiers: frozenset[str] = frozenset()
    _shown: dict[bytes, list[str]] = field(default_factory=dict[bytes, list[str]])
    """Readings by the state of their tables."""

    @property
    def tenant(self) -> Tenant:
        return Tenant(OrganizationId(self.organization.id))

    def settle(self) -> None:
        """Take what is there now for the beginning of every run; the audit log begins anew."""
        _backend("dynamodb").tables["audit"].items.clear()
        _backend("dynamodb").tables["registry"].items.pop(DynamoType({"S": f"ORG#{self.organization.id}#audit_head"}))
        with recorded(self.tenant, Actor(kind="OPERATOR", id="operator"), FIRST):
            pass
        self.before = take()
        self._identifiers = frozenset(IDENTIFIER.findall(repr(items())))

    def dump(self, *, exactly: bool = False) -> Dump:
        """Return what is there, how often; *exactly* tells new identifiers apart."""
        lines: list[str] = []
        for table, item in items():
            if table in {"log", "blocks"} or ELSEWHERE.match(item["pk"]["S"]):
                continue
            kept = {name: value for name, value in item.items() if name not in TIMES_AND_MARKS}
            lines.append(f"{table} {sorted(kept.items())}")
        lines += [f"object {key} {len(content)}" for key, content in objects().items()]
        # One that finds no record ends at once: it is of an attempt that took its record back.
        there = {item["sk"]["S"] for _, item in items() if "sk" in item}
        executions = [it for machine in _machines() for it in machine.executions if it.name in there]
        lines += [f"execution {it.execution_input}" for it in executions]
        lines += self._things()
        lines += self._readings()
        return Counter(self._canonical(line, exactly=exactly) for line in lines)

    def _canonical(self, line: str, *, exactly: bool) -> str:
        line = CERTIFICATE.sub("<certificate>", INSTANT.sub("<time>", line))
        if exactly:
            return line
        line = TASK.sub(r"\1<task>", line)
        return IDENTIFIER.sub(lambda it: it[0] if it[0] in self._identifiers else "<new>", line)

    def _things(self) -> list[str]:
        """Of IoT Core: things, and certificates but those that open nothing and never did: orphans of an attempt."""
        iot = _iot()
        policies = {key[0] for key in iot["principal_policies"]}
        owners = {key[0]: key[1] for key in iot["principal_things"]}
        recorded = repr([item for table, item in items() if table == "registry"])
        told = [f"thing {name}" for name in iot["things"]]
        for identifier, found in iot["certificates"].items():
            if found.status == "INACTIVE" and identifier not in recorded:
                continue
            told.append(f"certificate {found.status} {owners.get(found.arn)} {found.arn in policies}")
        return told

    def _readings(self) -> list[str]:
        """What the store shows: segments may differ, as what they hold may not."""
        kept = pickle.dumps([_backend("dynamodb").tables[name].items for name in ("log", "blocks")])
        if kept in self._shown:
            return self._shown[kept]
        told: list[str] = []
        for device in self.devices():
            for piece in self.tenant.readings().read(device, None, 0, 2**47):
                for column, series in piece.frame.items():
                    told += [f"reading {device} {column} {series.at(index)}" for index in range(len(series))]
        self._shown[kept] = told
        return told

    def devices(self) -> list[str]:
        pk = f"ORG#{self.organization.id}#device"
        return [item["sk"]["S"] for _, item in items() if item["pk"]["S"] == pk]

    def audited(self) -> list[dict[str, Any]]:
        """Return the entries of the audit log, which must be whole once what died is settled."""
        verdict = AuditLog.of(self.tenant).verify()
        assert verdict.fault is None, verdict
        pk = f"ORG#{self.organization.id}#audit"
        return [json.loads(item["doc"]["S"]) for _, item in items() if item["pk"]["S"] == pk]


@contextmanager
def a_world() -> Generator[World]:
    """AWS in process with a world in it; the gateway asks the authorizer once for each credential."""
    answers: dict[str, dict[str, Any]] = {}
    authorized = gateway.authorized

    def remembered(headers: dict[str, str], *more: Any) -> dict[str, Any]:
        name = f"{headers.get('Authorization')} {headers.get('X-Organization-Id')}"
        if name not in answers:
            answers[name] = authorized(headers, *more)
        return answers[name]

    with aws_in_process(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(IoTBackend, "create_certificate_from_csr", sign)
        patch.setattr(gateway, "authorized", remembered)
        iot = boto3.client("iot")
        iot.create_policy(policyName="whimbrel-device", policyDocument='{"Version": "2012-10-17", "Statement": []}')
        iot.create_thing_type(thingTypeName="whimbrel-device")
        yield World(make_organization())


FIXED = {"function": "mean", "start": "0", "end": "1767312000000", "device.send_device_values": "fresh"}
"""Parts of paths that name nothing that is made here."""


def fill(world: World, person: Client) -> None:
    """Make one of everything; what one operation needs of its own is called ``<name>.<operation>``."""
    client, known = world.organization.client, world.known
    api = "/api/v1"

    def made(path: str, body: dict[str, Any], by: Client = client) -> dict[str, Any]:
        return by.post(f"{api}/{path}", body).ok()

    known["siteId"] = made("sites", {"name": "Yard"})["id"]
    known["deviceGroupId"] = made("device-groups", {"name": "All", "match": {}})["id"]
    profile = {"key": "air", "name": "Air", "fields": [{"key": "t", "type": "DOUBLE"}]}
    known["sensorProfileId"] = made("sensor-profiles", profile)["id"]
    known["deviceProfileId"] = made("device-profiles", {"key": "box", "name": "Box", "components": []})["id"]
    made("packs", {"key": "own", "version": "1.0.0", "name": "Own", "sensorProfiles": [profile | {"key": "own"}]})
    known["key"] = "own"
    grown = {"key": "grown", "version": "1.0.0", "name": "Grown", "sensorProfiles": [profile | {"key": "grown"}]}
    made("packs", grown)
    client.post(f"{api}/packs/grown/install").ok()
    made("packs", grown | {"version": "1.1.0", "name": "Grown up"})
    known["key.upgrade_pack"] = "grown"
    registered = made("devices/registration/tokens", {"deviceName": "Pump"})
    known["deviceId"] = registered["deviceId"]
    provisioned = Client().post(f"{api}/devices/provision", {"token": registered["token"], "csrPem": a_csr()}).ok()
    assert provisioned["deviceId"] == known["deviceId"]
    certificates = client.get(f"{api}/devices/{known['deviceId']}/certificates").ok()["items"]
    known["certificateId"] = certificates[0]["id"]
    component = {"deviceId": known["deviceId"], "key": "spare", "name": "Spare"}
    known["componentId"] = made("components", component)["id"]
    readings = [
        {"deviceId": known["deviceId"], "sensorId": "t", "timestamp": 1_767_225_600_000 + at, "value": float(at)}
        for at in range(3)
    ]
    assert made("readings", readings)["accepted"] == 3  # pyright: ignore[reportArgumentType]
    made("readings", [readings[0] | {"value": {}}])  # pyright: ignore[reportArgumentType]
    known["sensorId"] = client.get(f"{api}/sensors").ok()["items"][0]["id"]
    known["quarantineId"] = client.get(f"{api}/admin/quarantine").ok()["items"][0]["id"]
    known["annotationClassId"] = made("annotation-classes", {"key": "f", "name": "F", "scopes": ["DEVICE"]})["id"]
    about = {"scopeType": "DEVICE", "scopeId": known["deviceId"]}
    annotation = about | {"classId": known["annotationClassId"], "startAt": "2026-01-01T00:00:00Z"}
    known["annotationId"] = made("annotations", annotation)["id"]
    export = about | {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "includes": ["READINGS"]}
    known["exportId"] = made("exports", export)["id"]
    asked = made("imports", {"format": "CSV"})
    known["importId"] = asked["id"]
    content = f"deviceId,sensorId,timestamp,value\n{known['deviceId']},t,1767225700000,7\n"
    boto3.client("s3").put_object(Bucket="exports", Key=asked["upload"]["fields"]["key"], Body=content.encode())
    known["jobId"] = made("admin/quarantine/replay", {"filter": {}})["id"]
    known["keyId"] = made("api-keys", {"name": "k", "scopes": ["devices:read"]})["id"]
    known["userId"] = "somebody"
    known["tokenId"] = made("access-tokens", {"name": "t"}, person)["id"]
    known["invitationId"] = made("invitations", {"email": "guest@example.com", "role": "MEMBER"})["id"]
    known |= {"entityId": known["deviceId"], "device": known["deviceId"], "variable": known["sensorId"]} | FIXED
    bulk = [{"device": known["deviceId"], "timestamp": 1_767_225_800_000, "values": [{"t": 9}]}]
    known["task"] = client.post("/api/v1.6/devices/_/bulk/values", bulk).ok()["task_id"]
    pending = made("devices/registration/tokens", {"deviceName": "Next"})
    known["tokenId.revoke_registration_token"] = pending["token"].partition(".")[0]
    known["token"] = pending["token"]
