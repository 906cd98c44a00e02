"""Deleting an organization: nothing of it is left, nothing of another is touched, whatever happens meanwhile."""

from __future__ import annotations

import importlib
import json
import pickle
import pkgutil
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
import moto.backends
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import functions
import whimbrel
from functions.jobs import closing, steps
from functions.organizations.operator import handler as operator
from functions.readings.ingest import handler as ingest
from tests.conftest import aws_in_process
from tests.contract import planting
from tests.contract.planting import NOON, Planted
from tests.functions.conftest import IotCore
from tests.functions.exporting import Killed
from tests.functions.sessions import issuing, session
from tests.functions.working import dying, played
from tests.gateway import Client
from tests.watching import watched
from whimbrel import instants
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain.exports import ExportId, draft_key, object_key
from whimbrel.domain.fleet import Device
from whimbrel.domain.imports import ImportId, errors_key, file_key
from whimbrel.entity import Entity
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.store.tenant import Tenant

URL = "/api/v1/organization"
TABLES = ("registry", "auth", "audit", "log", "blocks")
IOT_PARTS = ("things", "certificates", "principal_policies", "principal_things")
IDENTIFIER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BESIDE = ("audit_head", "audit_intent", "call", "limit", "task", "trace")
"""Partitions of the registry that are of no entity."""
ADDRESS = "olga-acme@example.com"


def backend(service: str, region: str = "eu-central-1") -> Any:
    return moto.backends.get_backend(service)["123456789012"][region]  # pyright: ignore[reportCallIssue, reportArgumentType]


def items() -> set[str]:
    """Return every item of every table, and every object."""
    found: set[str] = set()
    for name in TABLES:
        for partition in backend("dynamodb").tables[name].items.values():
            rows = partition.values() if isinstance(partition, dict) else [partition]
            found |= {f"{name} {json.dumps(row.to_json()['Attributes'], sort_keys=True, default=str)}" for row in rows}
    keys = backend("s3", "aws").buckets["exports"].keys
    return found | {f"object {key} {keys[key].value!r}" for key in list(keys)}


def taken() -> bytes:
    tables = {name: backend("dynamodb").tables[name].items for name in TABLES}
    keys = backend("s3", "aws").buckets["exports"].keys
    iot = {part: getattr(backend("iot"), part) for part in IOT_PARTS}
    return pickle.dumps((tables, {key: keys[key].value for key in list(keys)}, iot))


def put_back(state: bytes) -> None:
    tables, objects, iot = pickle.loads(state)  # noqa: S301 (our own)
    for name, kept in tables.items():
        backend("dynamodb").tables[name].items = kept
    for part, kept in iot.items():
        setattr(backend("iot"), part, kept)
    s3 = boto3.client("s3")
    for key in list(backend("s3", "aws").buckets["exports"].keys):
        s3.delete_object(Bucket="exports", Key=key)
    for key, content in objects.items():
        s3.put_object(Bucket="exports", Key=key, Body=content)


@dataclass
class World:
    """Two organizations with one of everything, and somebody who belongs to both."""

    ours: Planted
    theirs: Planted

    @property
    def tenant(self) -> Tenant:
        return Tenant(OrganizationId(self.ours.id))

    def deleted(self, **how: Any) -> list[str]:
        """Have an owner delete our organization; return the steps that it took."""
        answer = self.ours.person("olga").delete(URL)
        assert answer.status_code == 202, answer.body
        return played(self.ours.id, answer.json()["id"], **how)

    def assert_nothing_is_left(self, before: set[str]) -> None:
        """Nothing names the organization or anything it had, and all that named none of it is as it was *before*."""
        its = {each for each in before if self.ours.id in each}
        others = {each for each in before if self.ours.id not in each}
        names = {name for each in its for name in IDENTIFIER.findall(each)}
        names -= {name for each in others for name in IDENTIFIER.findall(each)} | {self.theirs.id}
        now = items()
        assert {each for each in now if any(name in each for name in names)} == set()
        assert others - now == set()
        # What a key or a user was called is kept: for a day, and for other organizations.
        left = [json.loads(each.partition(" ")[2]) for each in now - others]
        ended = [each for each in left if each["pk"]["S"].startswith("KEY#")]
        users = {each["pk"]["S"]: each for each in left if each not in ended}
        assert all(each.keys() == {"pk", "ttl"} for each in ended)
        assert users.pop("USER#olga-acme").keys() == {"pk", self.theirs.id}
        assert all(each.keys() == {"pk"} for each in users.values()), users
        assert users.keys() <= {f"USER#{who}-acme" for who in ("adam", "mia", "max")}


def compacted(tenant: Tenant) -> None:
    store = tenant.readings()
    tomorrow = instants.now_ms() + 86_400_000
    store._clock = lambda: tomorrow
    assert sum(store.compact(lane).segments for lane in list(store.lanes())) > 0


def grown(organization: Planted) -> None:
    """Add what is left behind by what is gone, and what work leaves."""
    client = organization.key
    tenant = Tenant(OrganizationId(organization.id))
    for name, query in (("kept", ""), ("purged", "?purge=true")):
        device = client.post("/api/v1/devices", {"name": name}).ok()["id"]
        client.post("/api/v1/readings", [{"deviceId": device, "sensorId": "t", "timestamp": NOON, "value": 1}]).ok()
        if query:
            compacted(tenant)
        asked = client.delete(f"/api/v1/devices/{device}{query}")
        if query:
            played(organization.id, asked.json()["id"])
    enrolled = client.post("/api/v1/devices/registration/tokens", {"deviceName": "gone"}).ok()
    identifier = enrolled["token"].partition(".")[0]
    assert client.delete(f"/api/v1/devices/registration/tokens/{identifier}").status_code == 204
    client.post("/api/v1/sites", {"name": "again"}, headers={"Idempotency-Key": "one"}).ok()
    export, asked = ExportId(organization.things["exportId"]), ImportId(organization.things["importId"])
    for key in (object_key(export), draft_key(export), file_key(asked), errors_key(asked)):
        tenant.objects.put(key, b"content")


@dataclass(frozen=True)
class Ready:
    """The world as every test finds it."""

    world: World
    state: bytes
    items: set[str]


@pytest.fixture(scope="module")
def ready() -> Iterator[Ready]:
    with aws_in_process(), issuing(), planting.iot_core(), pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(closing, "QUIET_MS", 0)
        # moto does not know the operation.
        events: Any = aws_client("iot-data").meta.events
        answer = type("Http", (), {"status_code": 200, "headers": {}})(), dict[str, Any]()
        events.register("before-call.iot-data-plane.DeleteConnection", lambda **_: answer, unique_id="deletion")
        world = World(planting.planted("acme"), planting.planted("umbrella"))
        for each in (world.ours, world.theirs):
            grown(each)
        invited = world.theirs.key.post("/api/v1/invitations", {"email": ADDRESS, "role": "MEMBER"}).ok()
        session("olga-acme").post(f"/api/v1/invitations/{invited['id']}/accept").ok()
        yield Ready(world, taken(), items())


@pytest.fixture
def world(ready: Ready) -> World:
    put_back(ready.state)
    return ready.world


def test_nothing_is_left_and_nothing_else_is_touched(world: World) -> None:
    before = items()

    taken_steps = world.deleted()

    assert taken_steps == ["run", "run"]
    world.assert_nothing_is_left(before)


def test_it_ends_at_once_for_everybody_and_others_go_on(world: World) -> None:
    disconnected: list[str] = []
    iot_core = IotCore()
    certified, theirs = world.ours.things["certified"], world.theirs.things["certified"]
    assert iot_core.able_to_connect(certified)

    asked = world.ours.person("olga").delete(URL)

    assert asked.json()["kind"] == "DELETE_ORGANIZATION"
    assert asked.headers["Location"] == f"/api/v1/jobs/{asked.json()['id']}"
    assert world.ours.key.get("/api/v1/me").status_code == 401
    for who in ("olga", "adam", "mia"):
        assert world.ours.person(who).get(URL).status_code == 403

    def note(operation: str, params: dict[str, Any]) -> None:
        if operation == "DeleteConnection":
            disconnected.append(params["clientId"])

    with watched(after=note):
        played(world.ours.id, asked.json()["id"])
    assert certified in disconnected
    assert certified not in iot_core.things()
    assert len(iot_core.active()) == 1
    assert iot_core.able_to_connect(theirs)
    assert theirs not in disconnected
    assert session("olga-acme").get("/api/v1/me").ok()["organization"]["id"] == world.theirs.id
    assert world.theirs.key.get("/api/v1/devices").ok()["items"]


def test_only_an_owner_by_their_own_session_deletes_it(world: World) -> None:
    token = world.ours.person("olga").post("/api/v1/access-tokens", {"name": "t"}).ok()["token"]
    etag = world.ours.key.get(URL).headers["ETag"]
    world.ours.key.patch(URL, {"name": "Acme Works"}).ok()
    before = {each for each in items() if each.startswith("registry") and "#organization" in each}

    refused = [
        world.ours.key.delete(URL),
        Client(token).delete(URL),
        world.ours.person("adam").delete(URL),
        world.ours.person("mia").delete(URL),
        session("olga-acme", world.ours.id).delete(URL, headers={"If-Match": etag}),
    ]

    assert [each.status_code for each in refused] == [403, 403, 403, 403, 412]
    assert before <= items()
    assert world.ours.person("olga").get("/api/v1/devices").ok()["items"]


def test_the_operator_deletes_it_and_is_told_when_it_is_gone(world: World) -> None:
    before = items()
    request = {"action": "delete-organization", "organizationId": world.ours.id}

    first, again = operator(request, None), operator(request, None)
    played(world.ours.id, first["jobId"])

    assert first == again
    assert operator(request, None) == {"jobId": None}
    world.assert_nothing_is_left(before)


def test_a_deletion_that_failed_is_begun_anew(world: World) -> None:
    before = items()
    request = {"action": "delete-organization", "organizationId": world.ours.id}
    first = operator(request, None)["jobId"]
    event = {"step": "fail", "organizationId": world.ours.id, "jobId": first, "error": {"Error": "x", "Cause": "{}"}}
    steps.handler(event, None)

    second = operator(request, None)["jobId"]
    played(world.ours.id, second)

    assert second != first
    world.assert_nothing_is_left(before)


def test_a_later_organization_of_the_same_name_sees_nothing(world: World) -> None:
    world.deleted()

    members = [{"userId": "olga-acme", "email": ADDRESS, "role": "OWNER"}]
    made = operator({"action": "create-organization", "name": "acme", "members": members}, None)

    client = Client(made["apiKey"])
    for path in ("devices", "sensors", "sites", "jobs", "exports", "imports", "annotations", "invitations"):
        assert client.get(f"/api/v1/{path}").ok()["items"] == [], path
    assert len(client.get("/api/v1/api-keys").ok()["items"]) == 1
    assert len(client.get("/api/v1/members").ok()["items"]) == 1
    assert session("olga-acme", world.ours.id).get("/api/v1/me").status_code == 403


def published(world: World) -> dict[str, Any]:
    said = [{"sensorId": "t", "timestamp": NOON, "value": 2}, {"sensorId": "t", "timestamp": "soon", "value": 2}]
    body = {
        "orgId": world.ours.id,
        "deviceId": world.ours.things["deviceId"],
        "receivedAt": instants.now_ms(),
        "data": b64encode(json.dumps(said).encode()).decode(),
    }
    return {"Records": [{"messageId": "m", "body": json.dumps(body)}]}


def test_what_devices_have_sent_is_dropped(world: World) -> None:
    before = items()
    request = {"action": "delete-organization", "organizationId": world.ours.id}
    job = operator(request, None)["jobId"]
    meanwhile = items()

    assert ingest(published(world), None) == {"batchItemFailures": []}
    assert items() == meanwhile
    played(world.ours.id, job)
    assert ingest(published(world), None) == {"batchItemFailures": []}
    world.assert_nothing_is_left(before)


def test_it_waits_for_what_is_under_way_and_removes_that_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "QUIET_MS", 1_020_000)
    before, now_ms, slept = items(), instants.now_ms, list[float]()

    def sleep(seconds: float) -> None:
        if not slept:
            operator({"action": "create-api-key", "organizationId": world.ours.id, "name": "late"}, None)
            world.tenant.things(Device).add(Device(id=DeviceId.new(), name="late"))
            world.tenant.objects.put(file_key(ImportId(world.ours.things["importId"])), b"late")
        slept.append(seconds)

    monkeypatch.setattr(closing.time, "sleep", sleep)
    monkeypatch.setattr(instants, "now_ms", lambda: now_ms() + int(sum(slept) * 1000))
    world.deleted()

    assert 1_000 < sum(slept) < 1_100
    world.assert_nothing_is_left(before)


def test_other_jobs_end(world: World) -> None:
    world.ours.person("olga").delete(URL)
    job = [each for each in world.tenant.things(closing.Job).all() if each.task is closing.JobKind.DELETE_ORGANIZATION]

    closing._stop_jobs(world.tenant)

    jobs = {each.id: each.status for each in world.tenant.things(closing.Job).all()}
    assert jobs.pop(job[0].id) == "PENDING"
    assert set(jobs.values()) == {"FAILED", "SUCCEEDED"}


def counted(work: Callable[[], Any]) -> int:
    made: list[str] = []

    def note(operation: str, _: dict[str, Any]) -> None:
        if operation != "AssumeRole":
            made.append(operation)

    with watched(before=note):
        work()
    return len(made)


@pytest.fixture(scope="module")
def calls(ready: Ready) -> int:
    """Return how many calls to AWS it takes, from the request to the end."""
    put_back(ready.state)
    request = {"action": "delete-organization", "organizationId": ready.world.ours.id}
    return counted(lambda: played(ready.world.ours.id, operator(request, None)["jobId"]))


@settings(max_examples=30)
@given(data=st.data())
def test_whoever_dies_anywhere_it_goes_on_when_repeated(ready: Ready, calls: int, data: st.DataObject) -> None:
    at, event = data.draw(st.integers(1, calls)), data.draw(st.sampled_from(["before-call", "after-call"]))
    world, request = ready.world, {"action": "delete-organization", "organizationId": ready.world.ours.id}
    put_back(ready.state)

    with dying(at, event):
        job = None
        while job is None:
            with suppress(Killed):
                job = operator(request, None)["jobId"]
        played(world.ours.id, job, attempts=2)

    world.assert_nothing_is_left(ready.items)


def test_every_kind_of_thing_is_among_those_removed() -> None:
    for package in (whimbrel, functions):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)

    def kinds(entity: type[Any]) -> set[str]:
        own = {entity.kind} if "kind" in vars(entity) else set[str]()
        return own.union(*(kinds(each) for each in entity.__subclasses__()))

    assert sorted(kinds(Entity) - {"job", "organization"} | set(BESIDE)) == list(closing.KINDS)
