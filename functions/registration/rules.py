"""Registering devices, and the exchange of a registration token for a certificate.

The exchange is a walk from state to state of the claim, each step repeatable and each stored only over the state that
it grew from: whoever comes again with the same key, after a crash anywhere or at the same time, goes on where the claim
is. The certificate becomes active after the token is used up, so that no active certificate is without a used token. A
crash between making a certificate and noting it leaves one that is inactive and attached to nothing; the next attempt
makes another.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from functions.registration.models import BatchItem, IssuedToken, Outcome, RegisterDevices, Registering
from whimbrel import chance, instants
from whimbrel.aws import iot
from whimbrel.bodies import Name
from whimbrel.domain.fleet import Device
from whimbrel.domain.profiles import DeviceProfile
from whimbrel.domain.provisioning import (
    Certificate,
    CertificateId,
    CertificateStatus,
    Claim,
    ClaimState,
    Registration,
    RegistrationTokenId,
    TokenClaimed,
    TokenSpent,
)
from whimbrel.domain.signing import SigningRequest, signing_request, valid_until
from whimbrel.http.standard import check_references
from whimbrel.ids import DeviceId
from whimbrel.logs import log
from whimbrel.problems import NotFound, Unavailable
from whimbrel.store import profiles
from whimbrel.store.registration import Registrations, most_together
from whimbrel.store.tenant import Tenant

MAX_STEPS = 12
NAME: TypeAdapter[str] = TypeAdapter(Name)


def register(registrations: Registrations, tenant: Tenant, name: str, what: Registering) -> Registration:
    """Store a new device with its token.

    Raises:
        InvalidRequest: there is no such site, or no such profile.
    """
    profile = profiles.bind(tenant, DeviceProfile, {"device_profile_id": what.device_profile_id})
    registered = _registration(name, what, profile)
    check_references(registered.device, tenant)
    registrations.add(tenant, [registered], profile)
    return registered


def register_all(registrations: Registrations, tenant: Tenant, what: RegisterDevices, base_url: str) -> list[BatchItem]:
    """Store new devices with their tokens, and return what became of each name, in their order.

    Raises:
        InvalidRequest: there is no such site, or no such profile.
    """
    profile = profiles.bind(tenant, DeviceProfile, {"device_profile_id": what.device_profile_id})
    check_references(_registration("any", what, profile).device, tenant)
    items = [_invalid(name) or BatchItem(device_name=name, outcome=Outcome.FAILED) for name in what.device_names]
    valid = [at for at, item in enumerate(items) if item.outcome is not Outcome.INVALID]
    together = most_together(profile)
    for start in range(0, len(valid), together):
        chunk = {
            at: _registration(NAME.validate_python(items[at].device_name), what, profile)
            for at in valid[start : start + together]
        }
        try:
            registrations.add(tenant, list(chunk.values()), profile)
        except Unavailable as problem:
            for at in chunk:
                items[at] = items[at].model_copy(update={"detail": problem.detail})
            continue
        for at, registered in chunk.items():
            issued = IssuedToken.of(registered, base_url)
            items[at] = BatchItem(device_name=issued.device_name, outcome=Outcome.REGISTERED, registration=issued)
    return items


def revoke(registrations: Registrations, token_id: RegistrationTokenId) -> None:
    """Revoke a token, and whatever certificate an unfinished exchange has made.

    Raises:
        NotFound: it has been used meanwhile.
        Unavailable: others kept changing it.
    """
    for _ in range(MAX_STEPS):
        claim = registrations.find(token_id)
        if claim is None or claim.state is ClaimState.USED:
            raise NotFound(f"There is no registration token {token_id} that could still be used.")
        if registrations.revoke(claim):
            if claim.certificate_arn:
                iot.discard(claim.certificate_arn, claim.device_id)
            return
    raise Unavailable("The token is being used; try again in a moment.")


def exchange(registrations: Registrations, claim: Claim, csr_pem: str) -> tuple[Claim, Certificate]:
    """Return *claim*, finished by the key in *csr_pem*, and its certificate, which is active.

    Raises:
        InvalidRequest: no certificate for such a request; the token is as it was.
        TokenClaimed, TokenSpent: the token is right, but another key's, or of no use any more.
        Unavailable: others kept changing the claim.
    """
    request = signing_request(csr_pem, claim.device_id)
    try:
        return _exchange(registrations, claim, request)
    except (TokenClaimed, TokenSpent) as refusal:
        log.warning("registration token refused", extra={"tokenId": claim.token_id, "reason": refusal.code()})
        raise


def _exchange(registrations: Registrations, claim: Claim, request: SigningRequest) -> tuple[Claim, Certificate]:
    if Tenant(claim.organization_id).things(Device).find(claim.device_id) is None:
        raise TokenSpent("The device of this registration token has been deleted.")
    for _ in range(MAX_STEPS):
        claim.admit(request.key, instants.now_ms())
        if claim.state is ClaimState.USED:
            return claim, _active(registrations, claim, request)
        _step(registrations, claim, request)
        claim = registrations.current(claim)
    raise Unavailable("Others are using this registration token; try again in a moment.")


def _step(registrations: Registrations, claim: Claim, request: SigningRequest) -> None:
    now_ms = instants.now_ms()
    if not claim.is_held_by(request.key, now_ms):
        taken = registrations.replace(claim.claimed(request.key, now_ms))
        if taken and claim.key != request.key and claim.certificate_arn:
            log.warning("registration token taken over", extra={"tokenId": claim.token_id})
            iot.discard(claim.certificate_arn, claim.device_id)
    elif not claim.certificate_arn:
        issued = iot.issue(request.pem)
        recorded = claim.next_version(
            certificate_id=CertificateId.named(claim.device_id, iot.principal(issued.arn)),
            certificate_arn=issued.arn,
            certificate_pem=issued.pem,
        )
        if not registrations.replace(recorded) and registrations.current(claim).certificate_arn != issued.arn:
            iot.discard(issued.arn, claim.device_id)
    else:
        iot.attach(claim.certificate_arn, claim.device_id, claim.organization_id)
        try:
            if registrations.finish(claim, _certificate(claim, request)):
                log.info("device provisioned", extra={"tokenId": claim.token_id, "deviceId": claim.device_id})
        except TokenSpent:
            iot.retire_device(claim.device_id)
            raise


def _certificate(claim: Claim, request: SigningRequest) -> Certificate:
    return Certificate(
        id=CertificateId(claim.certificate_id),
        device_id=claim.device_id,
        principal=iot.principal(claim.certificate_arn),
        public_key_sha256=request.key,
        not_after=valid_until(claim.certificate_pem, instants.now()),
    )


def _active(registrations: Registrations, claim: Claim, request: SigningRequest) -> Certificate:
    """Return the certificate of a finished claim, active unless it has been revoked since."""
    certificates = Tenant(claim.organization_id).things(Certificate)
    certificate = certificates.find(CertificateId(claim.certificate_id))
    if certificate is None:
        # Whoever finished the claim died before he had recorded it: what is revoked stays on record.
        certificate = _certificate(claim, request)
        try:
            registrations.record(claim, certificate)
        except TokenSpent:
            iot.retire_device(claim.device_id)
            raise
    if certificate.status is CertificateStatus.REVOKED:
        raise TokenSpent("The certificate of this registration token was revoked; ask for another token.")
    iot.activate(certificate.principal)
    return certificate


def _registration(name: str, what: Registering, profile: DeviceProfile | None) -> Registration:
    device = Device(
        id=DeviceId.new(),
        name=name,
        device_profile_id=profile and profile.id,
        device_profile_version=profile and profile.number,
        site_id=what.site_id,
        tags=what.tags,
    )
    # The time that a repeated call begins with again: both stores are told the same.
    begun_at = instants.from_ms(chance.now_ms())
    return Registration.new(device, begun_at + timedelta(seconds=what.ttl_seconds))


def _invalid(name: str) -> BatchItem | None:
    try:
        NAME.validate_python(name)
    except ValidationError as error:
        detail = error.errors()[0]["msg"].removeprefix("Value error, ")
        return BatchItem(device_name=name, outcome=Outcome.INVALID, detail=detail)
    return None
