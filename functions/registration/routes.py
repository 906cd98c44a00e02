"""``/api/v1/devices/registration`` and ``/provision``: how a device gets its identity."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.registration import rules
from functions.registration.models import (
    BatchOutcome,
    Broker,
    IssuedToken,
    Outcome,
    Provisioned,
    ProvisionRequest,
    RegisterDevice,
    RegisterDevices,
    Topics,
)
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.aws import iot
from whimbrel.aws.clients import client
from whimbrel.domain.audit import Actor
from whimbrel.domain.provisioning import (
    InvalidToken,
    RegistrationToken,
    RegistrationTokenId,
    Token,
    TokenClaimed,
    TokenSpent,
)
from whimbrel.http.audit import recorded
from whimbrel.http.exchange import CurrentExchange, CurrentTenant
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.repeats import Secret
from whimbrel.http.resource import Resource
from whimbrel.pages import Page
from whimbrel.problems import NotFound, TooManyRequests, Unavailable
from whimbrel.settings import settings
from whimbrel.store.limits import FailedAttempts
from whimbrel.store.registration import registrations
from whimbrel.store.tenant import Tenant

resource = Resource("/api/v1/devices", tag="Provisioning")

TOKEN = Secret("token", Token.public_part, Token.whole)


@resource.operation("POST", "/registration/tokens", scope=Scope.PROVISIONING_WRITE, status=201, secret=TOKEN)
def create_registration_token(body: RegisterDevice, tenant: CurrentTenant, exchange: CurrentExchange) -> IssuedToken:
    """Register a device: create it as PENDING, with a one-time token.

    The token is shown once. Flash it into the device, which exchanges it at `provisionEndpoint` for a certificate.
    """
    registered = rules.register(registrations(), tenant, body.device_name, body)
    return IssuedToken.of(registered, exchange.base_url)


@resource.operation("POST", "/registration/batch", scope=Scope.PROVISIONING_WRITE, secret=TOKEN)
def create_registration_tokens(body: RegisterDevices, tenant: CurrentTenant, exchange: CurrentExchange) -> BatchOutcome:
    """Register up to 1,000 devices.

    Each name has an outcome of its own, in the order of the request: its token, or why there is none. Repeated under
    its `Idempotency-Key`, the request goes on with those that are `FAILED`.
    """
    items = rules.register_all(registrations(), tenant, body, exchange.base_url)
    exchange.is_complete = all(item.outcome is not Outcome.FAILED for item in items)
    return BatchOutcome(items=items)


@resource.operation("GET", "/registration/tokens", scope=Scope.PROVISIONING_READ)
def list_registration_tokens(
    tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None
) -> Page[RegistrationToken]:
    """List the tokens that can still be used, oldest first.

    Secrets are not kept, so they are not shown. A page may be short before the list's end.
    """
    now = instants.now()
    return tenant.things(RegistrationToken).page(limit, cursor, where=lambda token: token.expires_at > now)


@resource.operation(
    "DELETE",
    "/registration/tokens/{tokenId}",
    scope=Scope.PROVISIONING_WRITE,
    status=204,
    problems=[NotFound, Unavailable],
)
def revoke_registration_token(
    token_id: Annotated[RegistrationTokenId, Path(alias="tokenId")], tenant: CurrentTenant
) -> None:
    """Revoke a token that has not been used. The device stays, and can get another."""
    tenant.things(RegistrationToken).get(token_id)
    rules.revoke(registrations(), token_id)


@resource.operation(
    "POST",
    "/provision",
    scope=None,
    status=201,
    problems=[InvalidToken, TokenClaimed, TokenSpent, TooManyRequests, Unavailable],
)
def provision_device(body: ProvisionRequest, exchange: CurrentExchange) -> Provisioned:
    """Exchange a registration token for a certificate.

    Called by the device; the token is its credential, and works once. The private key stays in the device: the request
    proves that it has it. If the answer is lost, the same token with the same public key gets the same certificate.
    """
    known = registrations()
    try:
        claim = known.authenticated(body.token)
    except InvalidToken:
        _note_guess(exchange.source_ip)
        raise
    device = Actor(kind="DEVICE", id=claim.device_id)
    with recorded(Tenant(claim.organization_id), device, "provision_device", exchange, 201):
        claim, certificate = rules.exchange(known, claim, body.csr_pem)
    readings = f"v1/readings/{claim.organization_id}/{claim.device_id}"
    own = f"v1/gateways/{claim.organization_id}/{claim.device_id}"
    return Provisioned(
        device_id=claim.device_id,
        organization_id=claim.organization_id,
        certificate_pem=claim.certificate_pem,
        ca_chain_pem=iot.ca_chain(),
        not_after=certificate.not_after,
        mqtt=Broker(host=settings().mqtt_host, port=int(settings().mqtt_port), client_id=claim.device_id),
        topics=Topics(
            readings=readings,
            readings_basic_ingest=f"$aws/rules/whimbrel_{settings().stage}_readings/{readings}",
            commands=f"{own}/commands",
            commands_response=f"{own}/commands/response",
            health=f"{own}/health",
            status=f"{own}/status",
            config_reported=f"{own}/config/reported",
        ),
    )


def _note_guess(address: str) -> None:
    """Count a token that is none against the address that sent it.

    Raises:
        TooManyRequests: it has sent too many.
    """
    retry_after_s = FailedAttempts(client("dynamodb"), settings().auth_table).note(address)
    if retry_after_s is not None:
        raise TooManyRequests(
            "Too many tokens from your address were none; wait, and send a valid one.", retryAfterSeconds=retry_after_s
        )
