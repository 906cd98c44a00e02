"""``/api/v1/devices/{deviceId}/certificates``: by what a device is known to the broker."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.certificates import rules
from functions.certificates.models import RenewCertificate, RenewedCertificate
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.aws import iot
from whimbrel.domain.fleet import Device
from whimbrel.domain.provisioning import Certificate, CertificateId
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.ids import DeviceId
from whimbrel.pages import Page
from whimbrel.problems import NotFound, Unavailable

resource = Resource("/api/v1/devices/{deviceId}/certificates", tag="Provisioning")

ThisDevice = Annotated[DeviceId, Path(alias="deviceId")]


@resource.operation("GET", scope=Scope.PROVISIONING_READ, problems=[NotFound])
def list_certificates(
    device_id: ThisDevice, tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None
) -> Page[Certificate]:
    """List the certificates of a device, oldest first, revoked ones too."""
    tenant.things(Device).get(device_id)
    page = tenant.things(Certificate).page(limit, cursor, parent=device_id)
    # Identifiers of one device's certificates follow from their principals, and tell nothing of their age.
    return Page(items=sorted(page.items, key=lambda it: it.created_at), next_cursor=page.next_cursor)


@resource.operation("POST", "/renew", scope=Scope.PROVISIONING_WRITE, status=201, problems=[NotFound, Unavailable])
def renew_certificate(device_id: ThisDevice, body: RenewCertificate, tenant: CurrentTenant) -> RenewedCertificate:
    """Issue another certificate to a device.

    Its other certificates live a week longer at most, so that it can change over. The same public key again gets the
    same certificate, until that is in its last week itself.
    """
    certificate = rules.renew(tenant, device_id, body.csr_pem)
    return RenewedCertificate(
        certificate=certificate, certificate_pem=iot.certificate_pem(certificate.principal), ca_chain_pem=iot.ca_chain()
    )


@resource.operation("DELETE", "/{certificateId}", scope=Scope.PROVISIONING_WRITE, status=204, problems=[NotFound])
def revoke_certificate(
    device_id: ThisDevice, certificate_id: Annotated[CertificateId, Path(alias="certificateId")], tenant: CurrentTenant
) -> None:
    """Revoke a certificate and cut the device's connection.

    A device that has another certificate may come back with that. Revoking twice is harmless.
    """
    certificates = tenant.things(Certificate)
    certificate = certificates.get(certificate_id)
    if certificate.device_id != device_id:
        raise certificates.not_found(certificate_id)
    certificates.change(certificate_id, lambda found: found.revoked(instants.now()))
    iot.revoke(certificate.principal, device_id)
