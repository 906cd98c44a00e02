"""IoT Core for the tests of operations: moto, with what the template makes there and what moto lacks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from moto.iot.models import IoTBackend

from tests.functions import sessions
from whimbrel.aws.clients import client as aws_client

issuer = sessions.issuer


@dataclass
class IotCore:
    """What a test asks IoT Core."""

    disconnected: list[str] = field(default_factory=list)
    """The clients whose connection was cut, in order."""

    def statuses(self) -> dict[str, str]:
        """Return every certificate by its id, with its status."""
        certificates = aws_client("iot").list_certificates(pageSize=250)["certificates"]
        return {found["certificateId"]: found["status"] for found in certificates}

    def active(self) -> list[str]:
        return [found for found, status in self.statuses().items() if status == "ACTIVE"]

    def attached(self, device_id: str) -> list[str]:
        """Return the certificates of a thing that also have the device policy."""
        iot = aws_client("iot")
        targets = iot.list_targets_for_policy(policyName="whimbrel-device")["targets"]
        principals = iot.list_thing_principals(thingName=device_id)["principals"]
        return [arn.rpartition("/")[2] for arn in principals if arn in targets]

    def able_to_connect(self, device_id: str) -> list[str]:
        """Return the active certificates of a device, which may be gone."""
        if device_id not in self.things():
            return []
        return [found for found in self.attached(device_id) if found in self.active()]

    def things(self) -> dict[str, dict[str, str]]:
        return {thing["thingName"]: thing["attributes"] for thing in aws_client("iot").list_things()["things"]}


AUTHORITY_KEY = ec.generate_private_key(ec.SECP256R1())


def sign(backend: IoTBackend, csr: str, set_as_active: str) -> Any:
    """Do what IoT Core does with a request; moto makes a key of its own, and takes the text "false" for true."""
    request = x509.load_pem_x509_csr(csr.encode())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "Amazon Web Services")]))
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC))
        .not_valid_after(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC))
        .sign(AUTHORITY_KEY, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM).decode()
    active = set_as_active == "true"
    return backend.register_certificate(pem, ca_certificate_pem=None, set_as_active=active, status="INACTIVE")


@pytest.fixture
def iot_core(aws: None, monkeypatch: pytest.MonkeyPatch) -> IotCore:
    monkeypatch.setattr(IoTBackend, "create_certificate_from_csr", sign)
    iot = boto3.client("iot")
    iot.create_policy(policyName="whimbrel-device", policyDocument='{"Version": "2012-10-17", "Statement": []}')
    iot.create_thing_type(thingTypeName="whimbrel-device")
    core = IotCore()

    def delete_connection(params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        core.disconnected.append(params["url_path"].rpartition("/")[2])
        return type("Http", (), {"status_code": 200, "headers": {}})(), {}

    # moto does not know the operation.
    events: Any = aws_client("iot-data").meta.events
    events.register("before-call.iot-data-plane.DeleteConnection", delete_connection)
    return core


class Crash(Exception):
    """The function dies."""


@dataclass
class Calls:
    """Every call to AWS passes here, one at a time: moto itself is not atomic, and a test may want one to go wrong."""

    made: list[str] = field(default_factory=list)
    plan: dict[int, str] = field(default_factory=dict)
    """What happens at which call: ``before`` or ``after`` it the caller dies; its answer is lost once (``twice``) or
    for good (``timeout``)."""
    meanwhile: dict[int, Callable[[], Any]] = field(default_factory=dict)
    """What somebody else does just before a call."""

    def begin(
        self, plan: dict[int, str] | None = None, *, meanwhile: dict[int, Callable[[], Any]] | None = None
    ) -> None:
        """Count from here; positions are those of the calls to come."""
        self.made = []
        self.plan = plan or {}
        self.meanwhile = meanwhile or {}


@pytest.fixture
def calls(aws: None, monkeypatch: pytest.MonkeyPatch) -> Calls:
    recorded = Calls()
    lock = threading.Lock()
    any_client: Any = BaseClient
    call = any_client._make_api_call

    def make(self: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        somebody_else = recorded.meanwhile.pop(len(recorded.made), None)
        if somebody_else:
            somebody_else()
        with lock:
            fault = recorded.plan.get(len(recorded.made))
            recorded.made.append(operation)
            if fault == "before":
                raise Crash
            answer = call(self, operation, arguments)
            if fault == "after":
                raise Crash
            if fault == "timeout":
                raise ReadTimeoutError(endpoint_url="https://dynamodb.test")
            return call(self, operation, arguments) if fault == "twice" else answer

    monkeypatch.setattr(BaseClient, "_make_api_call", make)
    return recorded


def a_csr(key: Any = None, *, common_name: str = "", authority: bool = False, padding: int = 0) -> str:
    """Return a signing request in PEM."""
    names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if padding:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"x" * padding)
        builder = builder.add_extension(unknown, critical=False)
    signed = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()
