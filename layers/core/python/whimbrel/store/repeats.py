"""Calls that their client may repeat: what each was, and what was answered.

| access pattern | table | partition key | sort key |
| --- | --- | --- | --- |
| a call by what names it: caller, route and the client's key, digested | registry | ``ORG#<org>#call`` | digest |

An item is ``pk, sk, request, at, lease, write, ttl`` while the call is under way, and has ``answer`` once it has ended
well. ``at`` seeds the identifiers that the call makes; a call whose ``lease`` is over has died, and whoever repeats it
goes on under the same ``at``. Answers are kept without their secrets.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from whimbrel import chance, instants
from whimbrel.problems import Conflict, Unprocessable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from whimbrel.ids import OrganizationId

KEPT_MS = 86_400_000
LEASE_MS = 40_000
"""A call ends within API Gateway's 29 s."""
MOST_KEPT_OCTETS = 300_000
"""Of an answer, compressed; DynamoDB's items end at 400 KB."""


class StillRunning(Conflict):
    """The first call under this key has not ended."""

    title = "Still running"
    retry_after_s = 1


class IdempotencyKeyReused(Unprocessable):
    """The key was used for another request."""

    title = "Idempotency key reused"


class Ended(NamedTuple):
    """A call that ended well: its answer, without secrets, and the time that seeded it."""

    at_ms: int
    status: int
    headers: dict[str, str]
    body: str


class Begun(NamedTuple):
    """A call that is this process's to do now, under the time *at_ms*; ``lease_ms`` tells it from later attempts."""

    at_ms: int
    lease_ms: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """The repeatable calls of one organization."""

    client: DynamoDBClient
    table: str
    organization_id: OrganizationId

    def begin(self, name: str, request: str) -> Begun | Ended:
        """Begin the call *name*, whose content is *request* (both digests), or return how it ended.

        Raises:
            IdempotencyKeyReused: it was another request. StillRunning: it is under way.
        """
        now = instants.now_ms()
        mark = f"{chance.bits(64):016x}"
        item = {
            **self._key(name),
            "request": {"S": request},
            "at": {"N": str(now)},
            "lease": {"N": str(now + LEASE_MS)},
            "write": {"S": mark},
            "ttl": {"N": str((now + KEPT_MS) // 1000)},
        }
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                # What is over is removed some time after.
                ConditionExpression="attribute_not_exists(pk) OR #at < :forgotten",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":forgotten": {"N": str(now - KEPT_MS)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            there: Any = error.response.get("Item", {})
            if there.get("write", {}).get("S") != mark:
                return self._there(name, request, there, now)
        return Begun(now, now + LEASE_MS)

    def end(self, name: str, begun: Begun, status: int, headers: dict[str, str], body: str) -> None:
        """Keep the answer of a call that ended well; too large a one is made again by whoever repeats the call."""
        kept = zlib.compress(body.encode(), 6)
        if len(kept) > MOST_KEPT_OCTETS:
            self.give_up(name, begun)
            return
        self._update(
            name,
            begun,
            "SET answer = :answer, body = :body",
            {":answer": {"S": json.dumps({"status": status, "headers": headers})}, ":body": {"B": kept}},
        )

    def give_up(self, name: str, begun: Begun) -> None:
        """Let the call be taken up again at once: nobody knows how far it came."""
        self._update(name, begun, "SET lease = :over", {":over": {"N": "0"}})

    def forget(self, name: str, begun: Begun) -> None:
        """Forget a call that was refused, and so has changed nothing."""
        try:
            self.client.delete_item(
                TableName=self.table,
                Key=self._key(name),
                ConditionExpression="attribute_not_exists(pk) OR lease = :lease",
                ExpressionAttributeValues={":lease": {"N": str(begun.lease_ms)}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return

    def _there(self, name: str, request: str, there: Any, now: int) -> Begun | Ended:
        if there["request"]["S"] != request:
            raise IdempotencyKeyReused("This Idempotency-Key was used for another request; take a new one.")
        at_ms, lease_ms = int(there["at"]["N"]), int(there["lease"]["N"])
        if "answer" in there:
            answer = json.loads(there["answer"]["S"])
            return Ended(at_ms, answer["status"], answer["headers"], zlib.decompress(there["body"]["B"]).decode())
        taken = Begun(at_ms, now + LEASE_MS)
        values = {":new": {"N": str(taken.lease_ms)}}
        if lease_ms >= now or not self._update(name, Begun(at_ms, lease_ms), "SET lease = :new", values):
            raise StillRunning("The first call under this Idempotency-Key is under way; repeat this in a moment.")
        return taken

    def _update(self, name: str, begun: Begun, expression: str, values: dict[str, Any]) -> bool:
        """Change the item of an attempt that nobody has taken over; tell whether it was that one."""
        mark = {"S": f"{chance.bits(64):016x}"}
        try:
            self.client.update_item(
                TableName=self.table,
                Key=self._key(name),
                UpdateExpression=f"{expression}, #write = :mark",
                ConditionExpression="lease = :lease",
                ExpressionAttributeNames={"#write": "write"},
                ExpressionAttributeValues={":lease": {"N": str(begun.lease_ms)}, ":mark": mark, **values},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            # The SDK repeats a call whose answer was lost, and then meets its own write.
            there: Any = error.response.get("Item", {})
            return there.get("write") == mark
        return True

    def _key(self, name: str) -> Any:
        return {"pk": {"S": f"ORG#{self.organization_id}#call"}, "sk": {"S": name}}
