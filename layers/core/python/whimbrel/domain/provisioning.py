"""How a device gets its identity: a one-time token, its exchange, and the certificate that comes of it."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, ClassVar, NamedTuple, Self

from pydantic import Field

from whimbrel import chance
from whimbrel.bodies import Instant, Name
from whimbrel.domain.credentials import ALPHABET
from whimbrel.domain.fleet import Device
from whimbrel.entity import Entity
from whimbrel.ids import DeviceId, Id, OrganizationId
from whimbrel.problems import Conflict, Gone, Unauthenticated

LEASE_MS = 60_000
"""How long a claim keeps other keys away. An attempt lives 29 s at most: an older claim has nobody behind it."""

VALIDITY = timedelta(days=365)
OVERLAP = timedelta(days=7)
"""How long a certificate outlives its renewal."""

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOKEN = re.compile(rf"({_UUID})\.({_UUID})\.([A-Za-z0-9_-]{{32}})\Z", re.ASCII)


class InvalidToken(Unauthenticated):
    """The same for every token that is not right, whatever is wrong with it."""

    title = "Invalid registration token"


class TokenClaimed(Conflict):
    """Another key's claim of this token is in progress."""

    title = "Registration token claimed"


class TokenSpent(Gone):
    """The token was good once."""

    title = "Registration token spent"


class RegistrationTokenId(Id):
    """A registration token; the first part of its text."""

    __slots__ = ()


class CertificateId(Id):
    """A certificate, as this platform names it."""

    __slots__ = ()


class Token(NamedTuple):
    """A registration token in clear: shown once, never stored."""

    id: RegistrationTokenId
    device_id: DeviceId
    secret: str

    @classmethod
    def new(cls, device_id: DeviceId) -> Token:
        """Return a new token for a device; its secret has 190 random bits."""
        identifier = RegistrationTokenId.new()
        return cls(identifier, device_id, chance.secret(identifier, 32, ALPHABET))

    @staticmethod
    def public_part(text: str) -> str:
        """Return what may be kept of a token's *text*: all but its secret."""
        return text.rpartition(".")[0]

    @staticmethod
    def whole(public: str) -> str:
        """Return the text of the token that *public* is of, in the call that made it or one that repeats that."""
        return f"{public}.{chance.secret(public.partition('.')[0], 32, ALPHABET)}"

    @classmethod
    def parse(cls, text: str) -> Token:
        """Return the token that *text* is; for what is none, one that nobody was ever given.

        So all of them go the same way from here, and time does not tell them apart.
        """
        found = _TOKEN.match(text)
        return cls(RegistrationTokenId(found[1]), DeviceId(found[2]), found[3]) if found else cls.new(DeviceId.new())

    @property
    def text(self) -> str:
        """What the device is given: ``<token id>.<device id>.<secret>``."""
        return ".".join(self)

    def digest(self, key: bytes) -> bytes:
        """Return what is stored of it: an HMAC of all of it. A slow hash would add nothing to 192 random bits."""
        return hmac.digest(key, self.text.encode(), sha256)


class RegistrationToken(Entity[RegistrationTokenId]):
    """A registration token that no device has exchanged yet; the secret is not kept."""

    kind: ClassVar[str] = "registration_token"
    parent: ClassVar[str | None] = "device_id"

    device_id: DeviceId
    device_name: Name
    expires_at: Instant


class Registration(NamedTuple):
    """A device that is being registered, with its token; ``token`` alone is secret."""

    device: Device
    pending: RegistrationToken
    token: Token

    @classmethod
    def new(cls, device: Device, expires_at: datetime) -> Registration:
        """Return the registration of a new *device*, whose token is good until *expires_at*."""
        token = Token.new(device.id)
        pending = RegistrationToken(id=token.id, device_id=device.id, device_name=device.name, expires_at=expires_at)
        return cls(device, pending, token)


class ClaimState(StrEnum):
    """ISSUED → CLAIMED by a public key → USED, once that key's certificate is on record; REVOKED before that."""

    ISSUED = "ISSUED"
    CLAIMED = "CLAIMED"
    USED = "USED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """How far the exchange of one token has come. A change is the next version.

    ``key`` is the SHA-256 of the public key that claimed the token, ``lease_ms`` until when others have to wait;
    ``certificate_arn`` and ``certificate_pem`` are what was issued to it and ``certificate_id`` our name for that.
    """

    token_id: RegistrationTokenId
    device_id: DeviceId
    organization_id: OrganizationId
    expires_ms: int
    state: ClaimState = ClaimState.ISSUED
    version: int = 1
    key: str = ""
    lease_ms: int = 0
    certificate_id: str = ""
    certificate_arn: str = ""
    certificate_pem: str = ""

    def admit(self, key: str, now_ms: int) -> None:
        """Do nothing if whoever holds *key* may go on with this token.

        A used token admits the key that used it, since the answer may have been lost: the certificate is no secret.

        Raises:
            TokenSpent: it was used with another key, has expired or is revoked.
            TokenClaimed: another key is at it.
        """
        if self.state is ClaimState.REVOKED:
            raise TokenSpent("This registration token was revoked; ask for another.")
        if self.state is ClaimState.USED:
            if self.key != key:
                raise TokenSpent("This registration token was used with another key; ask for another token.")
        elif self.expires_ms <= now_ms:
            raise TokenSpent("This registration token has expired; ask for another.")
        elif self.key != key and now_ms < self.lease_ms:
            raise TokenClaimed("Another key is being registered with this token; try again in a minute.")

    def is_held_by(self, key: str, now_ms: int) -> bool:
        """Tell whether *key* has claimed this token, and nobody may take it away yet."""
        return self.key == key and now_ms < self.lease_ms

    def claimed(self, key: str, now_ms: int) -> Self:
        """Return it in the hands of *key*; what was issued to another key is not this one's."""
        mine = self if self.key == key else replace(self, certificate_id="", certificate_arn="", certificate_pem="")
        return mine.next_version(state=ClaimState.CLAIMED, key=key, lease_ms=now_ms + LEASE_MS)

    def next_version(self, **changes: object) -> Self:
        """Return it with *changes*, one version on."""
        return replace(self, version=self.version + 1, **changes)  # pyright: ignore[reportArgumentType]


class CertificateStatus(StrEnum):
    """A REVOKED certificate stays on record and never comes back."""

    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"


class Certificate(Entity[CertificateId]):
    """A certificate by which a device is known to the broker; its identifier follows from device and principal."""

    kind: ClassVar[str] = "certificate"
    parent: ClassVar[str | None] = "device_id"

    device_id: DeviceId
    principal: Annotated[str, Field(description="Its id in IoT Core, as `principal()` and lifecycle events name it.")]
    public_key_sha256: Annotated[str, Field(description="Of the DER-encoded SubjectPublicKeyInfo, in hex.")]
    not_after: Annotated[Instant, Field(description="Renew it before; a renewed certificate keeps a week.")]
    status: CertificateStatus = CertificateStatus.ACTIVE
    revoked_at: Instant | None = None

    def is_due(self, at: datetime) -> bool:
        """Tell whether it is in its last days, by age or because it was renewed."""
        return self.not_after - OVERLAP <= at

    def superseded(self, at: datetime) -> Self:
        """Return it as it is once renewed at *at*."""
        if self.status is CertificateStatus.REVOKED or self.not_after <= at + OVERLAP:
            return self
        return self.next_version(not_after=at + OVERLAP)

    def revoked(self, at: datetime) -> Self:
        """Return it revoked; once is enough."""
        if self.status is CertificateStatus.REVOKED:
            return self
        return self.next_version(status=CertificateStatus.REVOKED, revoked_at=at)
