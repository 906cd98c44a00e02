"""What registering and provisioning say and hear."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, JsonValue

from whimbrel.bodies import Body, Instant, Name, Tags, Wire
from whimbrel.domain.fleet import SiteId
from whimbrel.domain.profiles import DeviceProfileId
from whimbrel.domain.provisioning import Registration
from whimbrel.domain.signing import MAX_PEM_LENGTH
from whimbrel.ids import DeviceId, OrganizationId

DAY_S = 86_400

_TOKEN = "019bb77c-e000-7bfd-8f53-4284ae410328.019bb77c-e000-7c12-8057-48e150eeff28.Zm9yeW91…"  # noqa: S105


class Registering(Body):
    """What all devices of a request have in common."""

    device_profile_id: Annotated[
        DeviceProfileId | None, Field(description="The components that it declares are made at once.")
    ] = None
    site_id: SiteId | None = None
    tags: Tags = ()
    ttl_seconds: Annotated[int, Field(ge=1, le=30 * DAY_S, description="How long the token is good.")] = DAY_S


class RegisterDevice(Registering):
    """A device to be registered."""

    device_name: Annotated[Name, Field(examples=["warehouse-gateway-01"])]


class RegisterDevices(Registering):
    """Devices to be registered. A name that cannot be one fails alone."""

    device_names: Annotated[list[str], Field(min_length=1, max_length=1_000, examples=[["gateway-01", "gateway-02"]])]


class IssuedToken(Wire):
    """A registration token in clear; it is not shown again."""

    token: Annotated[str, Field(description="`<token id>.<device id>.<secret>`", examples=[_TOKEN])]
    device_id: DeviceId
    device_name: str
    provision_endpoint: str
    expires_at: Instant

    @classmethod
    def of(cls, registered: Registration, base_url: str) -> Self:
        """Return what the client of the API at *base_url* is told of a registration."""
        return cls(
            token=registered.token.text,
            device_id=registered.device.id,
            device_name=registered.device.name,
            provision_endpoint=f"{base_url}/v1/devices/provision",
            expires_at=registered.pending.expires_at,
        )


class Outcome(StrEnum):
    """What became of one device of a batch."""

    REGISTERED = "REGISTERED"
    INVALID = "INVALID"
    FAILED = "FAILED"


class BatchItem(Wire):
    """One device of a batch: its token, or why there is none."""

    device_name: str
    outcome: Outcome
    registration: IssuedToken | None = None
    detail: str | None = None


class BatchOutcome(Wire):
    """What became of a batch, in the order of its names."""

    items: list[BatchItem]


class ProvisionRequest(Body):
    """A token, and a request for the certificate it is exchanged for."""

    token: Annotated[str, Field(max_length=512, examples=[_TOKEN])]
    csr_pem: Annotated[
        str,
        Field(max_length=MAX_PEM_LENGTH, description="PKCS #10 in PEM: P-256, P-384, or RSA of 2,048 to 4,096 bits."),
    ]


class Broker(Wire):
    """Where a device connects, by TLS 1.2 or later with its certificate, and as what."""

    host: str
    port: int
    client_id: str


_TOPICS: dict[str, JsonValue] = {
    "readings": "v1/readings/<organization id>/<device id>",
    "readingsBasicIngest": "$aws/rules/readings/v1/readings/<organization id>/<device id>",
    "commands": "v1/gateways/<organization id>/<device id>/commands",
    "commandsResponse": "v1/gateways/<organization id>/<device id>/commands/response",
    "health": "v1/gateways/<organization id>/<device id>/health",
    "status": "v1/gateways/<organization id>/<device id>/status",
    "configReported": "v1/gateways/<organization id>/<device id>/config/reported",
}


class Topics(Wire):
    """Where a device may speak and listen."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOPICS]})

    readings: str
    readings_basic_ingest: Annotated[
        str, Field(description="The same, without a retained or fanned out message: cheaper.")
    ]
    commands: str
    commands_response: str
    health: str
    status: str
    config_reported: str


class Provisioned(Wire):
    """All that a device needs to connect; its private key never left it."""

    device_id: DeviceId
    organization_id: OrganizationId
    certificate_pem: str
    ca_chain_pem: Annotated[str, Field(description="To verify the broker by.")]
    not_after: Instant
    mqtt: Broker
    topics: Topics
