"""An organization that has people of each role and one thing of every kind that a path can name."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.iot.models import IoTBackend

from functions.organizations.operator import handler as operator
from tests.conftest import aws_in_process
from tests.contract.test_every_operation import Operation
from tests.functions.conftest import a_csr, sign
from tests.functions.sessions import issuing, session
from tests.gateway import Client

PEOPLE = {"olga": "OWNER", "adam": "ADMIN", "mia": "MEMBER", "max": "MEMBER"}
NOON, UNTIL = "2026-01-01T12:00:00Z", "2026-01-02T00:00:00Z"
QUERY = {"from": NOON, "to": UNTIL, "interval": "1h", "source": "MANUAL"}


@dataclass(frozen=True)
class Planted:
    """An organization named ``name``; its people are called ``<person>-<name>``."""

    name: str
    id: str
    key: Client
    """With a key of all scopes."""
    things: dict[str, str]
    """What stands for each parameter, by its name, with the collection before it where the name alone is not enough."""

    def person(self, who: str, organization_id: str = "", **claims: object) -> Client:
        return session(f"{who}-{self.name}", organization_id or self.id, **claims)

    def path(self, path: str, **others: str) -> str:
        """Return *path* with what this organization has in each place, or with *others*."""
        certified = {"deviceId": self.things["certified"]} if "/certificates" in path else {}
        named = self.things | certified | others

        def put(place: re.Match[str]) -> str:
            collection, parameter = place.groups()
            return f"{collection}/" + (
                others.get(parameter) or named.get(f"{collection}/{parameter}") or named[parameter]
            )

        return re.sub(r"([\w-]*)/\{(\w+)\}", put, path)


def required(operation: Operation) -> str:
    """Return a query of what it must have."""
    parameters = [each for each in operation.declared.get("parameters", ()) if each["in"] == "query"]
    return "?" + "&".join(f"{each['name']}={QUERY[each['name']]}" for each in parameters if each["required"])


def organization_of(name: str, people: dict[str, str]) -> tuple[str, Client]:
    members = [
        {"userId": f"{who}-{name}", "email": f"{who}@{name}.example.com", "role": role} for who, role in people.items()
    ]
    made = operator({"action": "create-organization", "name": name, "members": members}, None)
    return made["organizationId"], Client(made["apiKey"])


@contextmanager
def iot_core() -> Generator[None]:
    """Give moto what the template makes in IoT Core, and what moto itself lacks."""
    iot = boto3.client("iot")
    iot.create_policy(policyName="whimbrel-device", policyDocument='{"Version": "2012-10-17", "Statement": []}')
    iot.create_thing_type(thingTypeName="whimbrel-device")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(IoTBackend, "create_certificate_from_csr", sign)
        yield


def planted(name: str) -> Planted:
    """Make an organization with one of everything."""
    identifier, client = organization_of(name, PEOPLE)
    olga = session(f"olga-{name}", identifier)

    def made(path: str, body: Any, by: Client = client) -> str:
        answer = by.post(f"/api/v1{path}", body).ok()
        return answer["id"]

    site = made("/sites", {"name": name})
    device = made("/devices", {"name": name, "siteId": site})
    component = made("/components", {"name": name, "deviceId": device, "key": "motor"})
    sensor = made("/sensors", {"name": name, "deviceId": device, "key": "t", "valueType": "DOUBLE"})
    reading = {"deviceId": device, "sensorId": "t", "timestamp": NOON, "value": 1}
    client.post("/api/v1/readings", [reading]).ok()
    strange = client.post("/api/v1/readings", [reading | {"timestamp": "soon"}]).ok()
    annotation_class = made("/annotation-classes", {"key": "fault", "name": name, "scopes": ["DEVICE"]})
    said = {"classId": annotation_class, "scopeType": "DEVICE", "scopeId": device, "startAt": NOON}
    fields = [{"key": "t", "type": "DOUBLE"}]
    sensor_profile = made("/sensor-profiles", {"key": "probe", "name": name, "fields": fields})
    client.post("/api/v1/packs", {"key": f"pack-{name}", "version": "1.0.0", "name": name}).ok()
    wanted = {"scopeType": "DEVICE", "scopeId": device, "from": NOON, "to": UNTIL}
    registration = client.post("/api/v1/devices/registration/tokens", {"deviceName": name}).ok()
    enrolled = client.post("/api/v1/devices/registration/tokens", {"deviceName": name}).ok()
    provided = Client().post("/api/v1/devices/provision", {"token": enrolled["token"], "csrPem": a_csr()}).ok()
    certified = provided["deviceId"]
    [certificate] = client.get(f"/api/v1/devices/{certified}/certificates").ok()["items"]
    value = [{"device": f"dots-{name}", "timestamp": 1_767_225_600_000, "values": [{"t": 1}]}]
    task = client.post("/api/v1.6/devices/_/bulk/values", value).ok()["task_id"]
    things = {
        "siteId": site,
        "deviceId": device,
        "componentId": component,
        "sensorId": sensor,
        "deviceGroupId": made("/device-groups", {"name": name, "match": {"siteIds": [site]}}),
        "annotationClassId": annotation_class,
        "annotationId": made("/annotations", said),
        "sensorProfileId": sensor_profile,
        "deviceProfileId": made("/device-profiles", {"key": "pump", "name": name}),
        "key": f"pack-{name}",
        "keyId": made("/api-keys", {"name": name, "scopes": ["devices:read"]}),
        "access-tokens/tokenId": made("/access-tokens", {"name": name}, olga),
        "tokens/tokenId": registration["token"].split(".")[0],
        "certificateId": certificate["id"],
        "certified": certified,
        "invitationId": made("/invitations", {"email": f"ida@{name}.example.com", "role": "MEMBER"}),
        "userId": f"max-{name}",
        "exportId": made("/exports", {**wanted, "includes": ["READINGS"]}),
        "importId": made("/imports", {"format": "CSV"}),
        "jobId": made("/admin/quarantine/replay", {"filter": {}}),
        "quarantineId": strange["errors"][0]["quarantineId"],
        "entityId": device,
        "device": device,
        "variable": sensor,
        "task": task,
        "function": "mean",
        "start": "0",
        "end": "1767312000000",
    }
    return Planted(name, identifier, client, things)


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    """AWS in process of a module's own, and an issuer of sessions."""
    with aws_in_process(), issuing(), iot_core():
        yield


@pytest.fixture(scope="module")
def ours(aws: None) -> Planted:
    return planted("acme")


@pytest.fixture(scope="module")
def theirs(aws: None) -> Planted:
    return planted("umbrella")
