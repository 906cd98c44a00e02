"""Renewal: another certificate for a device, and an end in sight for those before it."""

from __future__ import annotations

from whimbrel import instants
from whimbrel.aws import iot
from whimbrel.domain.fleet import Device
from whimbrel.domain.provisioning import Certificate, CertificateId, CertificateStatus
from whimbrel.domain.signing import SigningRequest, signing_request, valid_until
from whimbrel.ids import DeviceId
from whimbrel.store.tenant import Tenant


def renew(tenant: Tenant, device_id: DeviceId, csr_pem: str) -> Certificate:
    """Return an active certificate of a device for the key in *csr_pem*, and let its others end soon.

    Raises:
        NotFound: there is no such device.
        InvalidRequest: no certificate for such a request.
    """
    tenant.things(Device).get(device_id)
    request = signing_request(csr_pem, device_id)
    certificates = tenant.things(Certificate)
    now = instants.now()
    active = [found for found in certificates.all(device_id) if found.status is CertificateStatus.ACTIVE]
    same = (found for found in active if found.public_key_sha256 == request.key and not found.is_due(now))
    certificate = next(same, None) or _issue(tenant, device_id, request)
    iot.activate(certificate.principal)
    for other in active:
        if other.id != certificate.id and other.superseded(now) is not other:
            certificates.change(other.id, lambda found: found.superseded(now))
    return certificate


def _issue(tenant: Tenant, device_id: DeviceId, request: SigningRequest) -> Certificate:
    """Return a new certificate, attached and on record, still inactive."""
    issued = iot.issue(request.pem)
    iot.attach(issued.arn, device_id, tenant.organization_id)
    principal = iot.principal(issued.arn)
    certificate = Certificate(
        id=CertificateId.named(device_id, principal),
        device_id=device_id,
        principal=principal,
        public_key_sha256=request.key,
        not_after=valid_until(issued.pem, instants.now()),
    )
    devices, certificates = tenant.things(Device), tenant.things(Certificate)
    if 0 in tenant.commit([devices.requiring(device_id), certificates.adding(certificate)]):
        iot.retire_device(device_id)
        raise devices.not_found(device_id)
    return certificate
