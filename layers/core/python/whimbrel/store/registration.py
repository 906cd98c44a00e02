"""The auth table's part for devices: how far the exchange of each token has come, and whose each device is.

| access pattern | key |
| --- | --- |
| a registration token by the identifier inside it | ``TOKEN#<token id>`` |
| the organization of a device that has a certificate | ``DEVICE#<device id>`` |

Of a token only a digest is here. It stays for a month beyond its end: that long it is *gone*, and not *unknown*.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whimbrel.aws.clients import client
from whimbrel.aws.secret import derived_key
from whimbrel.domain.fleet import Device
from whimbrel.domain.profiles import DeviceProfile
from whimbrel.domain.provisioning import (
    Certificate,
    Claim,
    ClaimState,
    InvalidToken,
    Registration,
    RegistrationToken,
    RegistrationTokenId,
    Token,
    TokenSpent,
)
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.instants import to_ms
from whimbrel.logs import log
from whimbrel.problems import Unavailable
from whimbrel.settings import settings
from whimbrel.store.profiles import components_of
from whimbrel.store.tenant import Tenant
from whimbrel.store.traces import TOKEN, leaving
from whimbrel.store.transactions import MAX_PARTS, commit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_S = 30 * 86_400
_NO_DIGEST = bytes(32)


@dataclass(frozen=True, slots=True)
class Registrations:
    """Registration tokens of all organizations. ``key`` keys their digests."""

    client: DynamoDBClient
    table: str
    key: bytes

    def add(self, tenant: Tenant, registered: Sequence[Registration], profile: DeviceProfile | None = None) -> None:
        """Store new devices, each with its token and the components of *profile*: all of them or none.

        They are at most ``most_together``. The tokens go first, to another table under another principal: one without
        its device opens nothing.

        Raises:
            Unavailable: the profile has been deleted meanwhile, or the store does not answer.
        """
        devices, tokens = tenant.things(Device), tenant.things(RegistrationToken)
        parts = [tenant.things(DeviceProfile).requiring(profile.id)] if profile else []
        secrets: list[Any] = []
        for device, pending, token in registered:
            expires_ms = to_ms(pending.expires_at)
            claim = Claim(
                token_id=pending.id,
                device_id=device.id,
                organization_id=tenant.organization_id,
                expires_ms=expires_ms,
            )
            item = _item(claim) | {
                "digest": {"B": token.digest(self.key)},
                "ttl": {"N": str(expires_ms // 1000 + _KEPT_S)},
            }
            secrets.append(
                {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
            )
            parts += [
                devices.adding(device),
                tokens.adding(pending, ttl=expires_ms // 1000),
                leaving(tenant, TOKEN, pending.id, ttl=expires_ms // 1000 + _KEPT_S),
                *components_of(tenant, device, profile),
            ]
        for at in commit(self.client, secrets):
            # An earlier attempt of this call has stored them; by now a device may even have claimed one.
            _, pending, token = registered[at]
            there = self._get(pending.id) or {}
            if not hmac.compare_digest(there.get("digest", {}).get("B", _NO_DIGEST), token.digest(self.key)):
                raise AssertionError("new identifiers were taken")
        failed = tenant.commit(parts)
        if profile and 0 in failed:
            raise Unavailable("The device profile has been deleted meanwhile; choose another.")
        if failed:
            raise AssertionError("new identifiers were taken")

    def authenticated(self, text: str) -> Claim:
        """Return how far the token *text* has come.

        One read and one comparison, whatever the text: unknown, malformed and wrong ones take the same time.

        Raises:
            InvalidToken: it is not a token of ours, or not its secret.
        """
        token = Token.parse(text)
        item = self._get(token.id)
        stored = item["digest"]["B"] if item else _NO_DIGEST
        if not hmac.compare_digest(token.digest(self.key), stored) or item is None:
            log.warning("registration token refused", extra={"tokenId": token.id, "isKnown": item is not None})
            raise InvalidToken("The registration token is not valid.")
        return _claim(item)

    def current(self, claim: Claim) -> Claim:
        """Return *claim* as it is now.

        Raises:
            TokenSpent: it is no longer kept.
        """
        item = self._get(claim.token_id)
        if item is None:
            raise TokenSpent("This registration token has expired; ask for another.")
        return _claim(item)

    def replace(self, claim: Claim) -> bool:
        """Store the next version of a claim over the version that it grew from; tell whether it was still that one."""
        try:
            self.client.update_item(**self._update(claim))
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def finish(self, claim: Claim, certificate: Certificate) -> bool:
        """Store at once that the token is used, and whose the device is; then `record` the certificate.

        Tells whether the claim was still the one given.

        Raises:
            TokenSpent: the device has been deleted.
        """
        used = claim.next_version(state=ClaimState.USED)
        owner = {"pk": {"S": f"DEVICE#{claim.device_id}"}, "org": {"S": claim.organization_id}}
        if commit(self.client, [{"Update": self._update(used)}, {"Put": {"TableName": self.table, "Item": owner}}]):
            return False
        self.record(claim, certificate)
        return True

    def record(self, claim: Claim, certificate: Certificate) -> None:
        """Store the certificate that a used token was for; it may be there. The token is no longer pending then.

        Raises:
            TokenSpent: the device has been deleted.
        """
        tenant = Tenant(claim.organization_id)
        failed = tenant.commit(
            [
                tenant.things(Device).requiring(claim.device_id),
                tenant.things(Certificate).adding(certificate),
                tenant.things(RegistrationToken).removing(claim.token_id),
            ]
        )
        if 0 in failed:
            raise TokenSpent("The device of this registration token has been deleted.")

    def revoke(self, claim: Claim) -> bool:
        """Store that the token is revoked, and then no longer pending; tell whether the claim was the one given."""
        if claim.state is not ClaimState.REVOKED and not self.replace(claim.next_version(state=ClaimState.REVOKED)):
            return False
        tenant = Tenant(claim.organization_id)
        tenant.commit([tenant.things(RegistrationToken).removing(claim.token_id)])
        return True

    def find(self, token_id: RegistrationTokenId) -> Claim | None:
        """Return how far a token has come, by its identifier."""
        item = self._get(token_id)
        return _claim(item) if item else None

    def _get(self, token_id: RegistrationTokenId) -> dict[str, Any] | None:
        answer = self.client.get_item(TableName=self.table, Key={"pk": {"S": f"TOKEN#{token_id}"}}, ConsistentRead=True)
        return answer.get("Item")

    def _update(self, claim: Claim) -> dict[str, Any]:
        item = _item(claim)
        key = {"pk": item.pop("pk")}
        return {
            "TableName": self.table,
            "Key": key,
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in item),
            "ConditionExpression": "#version = :before",
            "ExpressionAttributeNames": {f"#{name}": name for name in item},
            "ExpressionAttributeValues": {f":{name}": value for name, value in item.items()}
            | {":before": {"N": str(claim.version - 1)}},
        }


def most_together(profile: DeviceProfile | None) -> int:
    """Return how many devices of a profile can be registered in one transaction."""
    return (MAX_PARTS - 1) // (3 + len(profile.components)) if profile else MAX_PARTS // 3


def registrations() -> Registrations:
    """Return the registration tokens of this deployment."""
    return Registrations(client("dynamodb"), settings().auth_table, derived_key("registration-tokens"))


def organization_of(device_id: DeviceId) -> OrganizationId | None:
    """Return whose a device is; None for one that never got a certificate."""
    answer = client("dynamodb").get_item(TableName=settings().auth_table, Key={"pk": {"S": f"DEVICE#{device_id}"}})
    return OrganizationId(answer["Item"]["org"]["S"]) if "Item" in answer else None


def forget_token(token_id: str) -> None:
    """Have it that there never was a registration token; its exchange, if one is under way, fails."""
    _forget(f"TOKEN#{token_id}")


def forget_device(device_id: str) -> None:
    """Have it that a device is nobody's."""
    _forget(f"DEVICE#{device_id}")


def _forget(key: str) -> None:
    client("dynamodb").delete_item(TableName=settings().auth_table, Key={"pk": {"S": key}})


def _item(claim: Claim) -> dict[str, Any]:
    return {
        "pk": {"S": f"TOKEN#{claim.token_id}"},
        "device": {"S": claim.device_id},
        "org": {"S": claim.organization_id},
        "expires": {"N": str(claim.expires_ms)},
        "state": {"S": claim.state.value},
        "version": {"N": str(claim.version)},
        "key": {"S": claim.key},
        "lease": {"N": str(claim.lease_ms)},
        "certificate": {"S": claim.certificate_id},
        "arn": {"S": claim.certificate_arn},
        "pem": {"S": claim.certificate_pem},
    }


def _claim(item: dict[str, Any]) -> Claim:
    return Claim(
        token_id=RegistrationTokenId(item["pk"]["S"].removeprefix("TOKEN#")),
        device_id=DeviceId(item["device"]["S"]),
        organization_id=OrganizationId(item["org"]["S"]),
        expires_ms=int(item["expires"]["N"]),
        state=ClaimState(item["state"]["S"]),
        version=int(item["version"]["N"]),
        key=item["key"]["S"],
        lease_ms=int(item["lease"]["N"]),
        certificate_id=item["certificate"]["S"],
        certificate_arn=item["arn"]["S"],
        certificate_pem=item["pem"]["S"],
    )
