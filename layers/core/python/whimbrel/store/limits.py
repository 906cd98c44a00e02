"""How much a caller may ask of us: token buckets that all processes share, and failed authentications counted.

| access pattern | table | partition key | sort key |
| --- | --- | --- | --- |
| the bucket of a key, of a user, of the whole organization | registry | ``ORG#<org>#limit`` | subject |
| failed authentications from an address in a minute | auth | ``FAIL#<address>#<minute>`` | |

A bucket is one number: when it will be full again, in microseconds since 1970 (``full_at``). A bucket that is full now
gives ``burst`` tokens; each token moves that moment by its interval. So taking tokens is an addition under a condition,
and processes that do so at the same time need not know of each other.

A process *leases* a few tokens with one update and spends them by itself, for a second at most. It leases more as it
spends faster, up to what flows into the bucket in a tenth of a second: whoever asks rarely wastes none, and whoever
asks often costs ten updates a second; twenty in each process where more is asked than allowed. A process that finds
less than it would lease knows when that much will have flowed in, and refuses until then without asking.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from whimbrel.logs import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

    from whimbrel.ids import OrganizationId

LEASE_US = 1_000_000
"""For how long a leased token may be spent."""
LEASES_A_SECOND = 10
MOST_LEASES = 10_000
"""How many buckets a process remembers; those unused the longest are forgotten."""
ATTEMPTS = 4
FORGET_AFTER_S = 3_600

MOST_FAILURES = 20
"""What an address may get wrong in a minute."""
MINUTE_S = 60


class Rate(NamedTuple):
    """So many requests a second in the long run, and *burst* of them at once."""

    per_second: int
    burst: int

    @classmethod
    def of(cls, per_second: int) -> Rate:
        """Return the rate that lets a second's requests come at once."""
        return cls(per_second, per_second)

    @property
    def interval_us(self) -> int:
        """The time that a token takes to come back."""
        return 1_000_000 // self.per_second


class Allowance(NamedTuple):
    """Whether a request may go on, and what is left: of ``limit`` tokens ``remaining``, and all after ``reset_s``.

    ``remaining`` is what this process knows; others may have taken of it meanwhile.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int


def headers(allowance: Allowance) -> dict[str, str]:
    """Return what tells a client of its *allowance*: the fields of the IETF's draft, and when to come again."""
    told = {
        "RateLimit-Limit": str(allowance.limit),
        "RateLimit-Remaining": str(allowance.remaining),
        "RateLimit-Reset": str(allowance.reset_s),
    }
    return told if allowance.allowed else told | {"Retry-After": str(allowance.retry_after_s)}


@dataclass(slots=True)
class Lease:
    """What a process holds of a bucket, and knows of it.

    ``left`` of the ``size`` tokens asked for at ``taken_us``; when the bucket is full again; until when it is not worth
    asking.
    """

    left: int = 0
    size: int = 1
    taken_us: int = 0
    full_at_us: int = 0
    empty_until_us: int = 0


@dataclass(slots=True, eq=False)
class Leases:
    """The leases of one process, by organization and subject."""

    by_bucket: OrderedDict[tuple[str, str], Lease] = field(default_factory=OrderedDict[tuple[str, str], Lease])

    def of(self, organization_id: str, subject: str) -> Lease:
        """Return the lease on a bucket, an empty one if there is none."""
        lease = self.by_bucket.setdefault((organization_id, subject), Lease())
        self.by_bucket.move_to_end((organization_id, subject))
        while len(self.by_bucket) > MOST_LEASES:
            self.by_bucket.popitem(last=False)
        return lease


_OF_THIS_PROCESS = Leases()
_TOO_MANY = OrderedDict[str, int]()


def now_us() -> int:
    """Return the time in microseconds since 1970."""
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The buckets of one organization."""

    client: DynamoDBClient
    table: str
    organization_id: OrganizationId
    leases: Leases = _OF_THIS_PROCESS
    clock_us: Callable[[], int] = now_us

    def take(self, subject: str, rate: Rate) -> Allowance:
        """Take a token of *subject*'s bucket, if there is one; if the table cannot be asked, there is."""
        now = self.clock_us()
        lease = self.leases.of(self.organization_id, subject)
        if not lease.left or now - lease.taken_us > LEASE_US:
            self._renew(lease, subject, rate, now)
        if lease.left:
            lease.left -= 1
            return _allowance(lease, rate, now, allowed=True)
        return _allowance(lease, rate, now, allowed=False)

    def take_all(self, rates: Iterable[tuple[str, Rate]]) -> Allowance:
        """Take a token of each bucket, or of none; return what the bucket says that has the least."""
        allowances: list[Allowance] = []
        taken_of: list[str] = []
        for subject, rate in rates:
            allowance = self.take(subject, rate)
            if not allowance.allowed:
                for earlier in taken_of:
                    self.leases.of(self.organization_id, earlier).left += 1
                return allowance
            allowances.append(allowance)
            taken_of.append(subject)
        return min(allowances, key=lambda allowance: allowance.remaining)

    def _renew(self, lease: Lease, subject: str, rate: Rate, now: int) -> None:
        """Lease tokens anew, as many as are to be had of those that this process will spend; none, if there are none.

        A lease of which the second half is spent early is followed by one of twice its size, a lapsed one by one token.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        lease.left = 0
        if now < lease.empty_until_us:
            return
        age = now - lease.taken_us
        wanted = 1 if age > LEASE_US else lease.size * 2 if age < LEASE_US // 2 else lease.size
        wanted = max(1, min(wanted, rate.per_second // LEASES_A_SECOND, rate.burst))
        for _ in range(ATTEMPTS):
            tokens = min(wanted, _there_are(rate, lease.full_at_us, now))
            if tokens < 1:
                self._wait(lease, rate, wanted)
                return
            try:
                lease.full_at_us = self._debit(subject, rate, tokens, lease.full_at_us, now)
            except self.client.exceptions.ConditionalCheckFailedException as error:
                lease.full_at_us = _full_at(error.response.get("Item"))
            except (ClientError, BotoCoreError):
                log.exception("rate limit not known")
                break
            else:
                lease.left, lease.size, lease.taken_us = tokens, wanted, now
                if tokens < wanted:
                    self._wait(lease, rate, wanted)
                return
        else:
            log.warning("rate limit contended")
        # The limiter must not be what fails: go on for as long as a lease, and then ask again.
        lease.left, lease.size, lease.taken_us = wanted, wanted, now

    @staticmethod
    def _wait(lease: Lease, rate: Rate, wanted: int) -> None:
        """Ask no more until a whole lease is there: an empty bucket would be asked for each of its drops."""
        lease.empty_until_us = lease.full_at_us - (rate.burst - wanted) * rate.interval_us

    def _debit(self, subject: str, rate: Rate, tokens: int, known_full_at: int, now: int) -> int:
        """Take *tokens*; return when the bucket is full again then. What is known of it decides what is tried."""
        cost = tokens * rate.interval_us
        values = {":now": _number(now), ":ttl": _number(now // 1_000_000 + FORGET_AFTER_S)}
        if known_full_at > now:
            expression = "SET full_at = full_at + :cost, #ttl = :ttl"
            condition = "full_at BETWEEN :now AND :latest"
            values |= {":cost": _number(cost), ":latest": _number(now + rate.burst * rate.interval_us - cost)}
        else:
            expression = "SET full_at = :after, #ttl = :ttl"
            condition = "attribute_not_exists(full_at) OR full_at <= :now"
            values[":after"] = _number(now + cost)
        answer = self.client.update_item(
            TableName=self.table,
            Key={"pk": {"S": f"ORG#{self.organization_id}#limit"}, "sk": {"S": subject}},
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return _full_at(answer.get("Attributes"))


def _number(value: int) -> Any:
    return {"N": str(value)}


def _full_at(item: Any) -> int:
    return int(item["full_at"]["N"]) if item else 0


def _there_are(rate: Rate, full_at_us: int, now: int) -> int:
    """Return how many tokens a bucket has."""
    return rate.burst - ceil(max(0, full_at_us - now) / rate.interval_us)


def _allowance(lease: Lease, rate: Rate, now: int, *, allowed: bool) -> Allowance:
    until_full = max(0, lease.full_at_us - now)
    until_some = max(0, lease.empty_until_us - now)
    return Allowance(
        allowed=allowed,
        limit=rate.burst,
        remaining=min(rate.burst, max(0, _there_are(rate, lease.full_at_us, now)) + lease.left) if allowed else 0,
        reset_s=ceil(until_full / 1_000_000),
        retry_after_s=0 if allowed else max(1, ceil(until_some / 1_000_000)),
    )


@dataclass(frozen=True, slots=True)
class FailedAttempts:
    """How often each address has sent a credential that is none, in this minute."""

    client: DynamoDBClient
    table: str
    too_many: OrderedDict[str, int] = field(default_factory=lambda: _TOO_MANY)
    """The minute in which this process found an address to be over the limit."""
    clock_us: Callable[[], int] = now_us

    def note(self, address: str) -> int | None:
        """Count a failure; return after how many seconds *address* may fail again, None if it may now."""
        if not address:
            return None
        minute, second = divmod(self.clock_us() // 1_000_000, MINUTE_S)
        source = _source(address)
        if self.too_many.get(source) != minute:
            if self._count(source, minute) <= MOST_FAILURES:
                return None
            self.too_many[source] = minute
            while len(self.too_many) > MOST_LEASES:
                self.too_many.popitem(last=False)
        return MINUTE_S - second

    def _count(self, source: str, minute: int) -> int:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": f"FAIL#{source}#{minute}"}},
                UpdateExpression="ADD failures :one SET #ttl = :ttl",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={":one": _number(1), ":ttl": _number((minute + 2) * MINUTE_S)},
                ReturnValues="UPDATED_NEW",
            )
        except (ClientError, BotoCoreError):
            log.exception("failed attempt not counted")
            return 0
        return int(answer.get("Attributes", {})["failures"]["N"])


def _source(address: str) -> str:
    """Return what stands for one client: an IPv4 address, or the /64 that an IPv6 client has to itself."""
    from ipaddress import IPv6Address, ip_address

    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
