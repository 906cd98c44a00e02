"""IoT Core: the certificates, things and connections of devices.

Every verb but ``issue`` may be repeated, after a crash or a lost answer: what is done already is no error.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from whimbrel.aws.clients import client
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.logs import log
from whimbrel.problems import InvalidRequest
from whimbrel.settings import settings

AMAZON_ROOT_CA = Path(__file__).with_name("amazon_root_ca_1.pem")
"""Amazon Root CA 1, from https://www.amazontrust.com/repository/: it signs IoT Core's server certificates."""


class Issued(NamedTuple):
    """A certificate as IoT Core made it."""

    arn: str
    pem: str


def issue(csr_pem: str) -> Issued:
    """Return a new certificate, inactive and of nobody yet. The same request again makes another certificate.

    Raises:
        InvalidRequest: IoT Core does not accept the request.
    """
    iot = client("iot")
    try:
        answer = iot.create_certificate_from_csr(certificateSigningRequest=csr_pem, setAsActive=False)
    except iot.exceptions.InvalidRequestException as error:
        raise InvalidRequest.of("csrPem", "IoT Core does not accept it", code="malformed-csr") from error
    return Issued(answer["certificateArn"], answer["certificatePem"])


def attach(certificate_arn: str, device_id: DeviceId, organization_id: OrganizationId) -> None:
    """Make a certificate that of a device, and the device a thing that knows its organization.

    The device policy trusts both: the thing's name is the client id, its attribute the organization in every topic.
    """
    iot = client("iot")
    # Another configuration under this name is a thing that its owner has extended since.
    with suppress(iot.exceptions.ResourceAlreadyExistsException):
        iot.create_thing(
            thingName=device_id,
            thingTypeName=settings().device_thing_type,
            attributePayload={"attributes": {"org": organization_id}},
        )
    iot.attach_policy(policyName=settings().device_policy_name, target=certificate_arn)
    try:
        iot.attach_thing_principal(thingName=device_id, principal=certificate_arn, thingPrincipalType="EXCLUSIVE_THING")
    except iot.exceptions.InvalidRequestException:
        # An exclusive attachment made twice: the documentation does not say that it succeeds.
        if certificate_arn not in _principals(device_id):
            raise


def activate(principal_id: str) -> None:
    """Let the holder of a certificate connect."""
    client("iot").update_certificate(certificateId=principal_id, newStatus="ACTIVE")


def certificate_pem(principal_id: str) -> str:
    """Return a certificate in PEM."""
    description = client("iot").describe_certificate(certificateId=principal_id)["certificateDescription"]
    return description["certificatePem"]


def revoke(principal_id: str, device_id: DeviceId) -> None:
    """End a certificate, and cut the device's connection: if it has another certificate, it comes back with that.

    The certificate stays in IoT Core, inactive and attached to nothing: to delete it, detachments must have spread.
    """
    iot = client("iot")
    with suppress(iot.exceptions.ResourceNotFoundException):
        description = iot.describe_certificate(certificateId=principal_id)["certificateDescription"]
        _withdraw(description["certificateArn"], device_id)
    _disconnect(device_id)


def discard(certificate_arn: str, device_id: DeviceId) -> None:
    """Delete a certificate that was never active; what cannot be deleted yet stays, attached to nothing."""
    iot = client("iot")
    _withdraw(certificate_arn, device_id)
    with suppress(iot.exceptions.ResourceNotFoundException, iot.exceptions.DeleteConflictException):
        iot.delete_certificate(certificateId=principal(certificate_arn))


def retire_device(device_id: DeviceId) -> None:
    """End all certificates of a device, cut its connection and delete its thing; one that never had any is no thing."""
    iot = client("iot")
    try:
        certificate_arns = _principals(device_id)
    except iot.exceptions.ResourceNotFoundException:
        return
    for certificate_arn in certificate_arns:
        _withdraw(certificate_arn, device_id)
    _disconnect(device_id)
    try:
        iot.delete_thing(thingName=device_id)
    except iot.exceptions.InvalidRequestException:
        # Detaching takes seconds to spread. A thing without certificates is a name and nothing more.
        log.warning("thing not deleted yet", extra={"deviceId": device_id})


@cache
def ca_chain() -> str:
    """Return the certificates, in PEM, by which a device verifies the broker."""
    path = settings().mqtt_ca_path
    return (Path(path) if path else AMAZON_ROOT_CA).read_text(encoding="ascii")


def principal(certificate_arn: str) -> str:
    """Return the id that IoT Core gave a certificate."""
    return certificate_arn.rpartition("/")[2]


def _withdraw(certificate_arn: str, device_id: DeviceId) -> None:
    iot = client("iot")
    gone = iot.exceptions.ResourceNotFoundException
    with suppress(gone):
        iot.update_certificate(certificateId=principal(certificate_arn), newStatus="INACTIVE")
    with suppress(gone):
        iot.detach_policy(policyName=settings().device_policy_name, target=certificate_arn)
    with suppress(gone):
        iot.detach_thing_principal(thingName=device_id, principal=certificate_arn)


def _disconnect(device_id: DeviceId) -> None:
    broker = client("iot-data")
    with suppress(broker.exceptions.ResourceNotFoundException):  # not connected
        broker.delete_connection(clientId=device_id)


def _principals(device_id: DeviceId) -> list[str]:
    pages = client("iot").get_paginator("list_thing_principals").paginate(thingName=device_id)
    return [arn for page in pages for arn in page["principals"]]
