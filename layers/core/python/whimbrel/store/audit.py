"""One tenant's audit log: append only, in a table of its own, and its head in the registry.

| access pattern | table | partition key | sort key |
| --- | --- | --- | --- |
| an entry; the log, newest or oldest first | audit | ``ORG#<org>#audit`` | twelve digits: the sequence |
| an entry's sequence by its identifier: so that it is added once | audit | ``ORG#<org>#audit_id`` | ``<entry id>`` |
| the last entry's sequence and hash | registry | ``ORG#<org>#audit_head`` | ``head`` |
| calls that are under way, or died | registry | ``ORG#<org>#audit_intent`` | ``<entry id>`` |

A call that may change something first leaves its *intent*: who, what, when. When it ends, one transaction adds the
entry, moves the head and removes the intent. So a change without an entry cannot be: of a call that died the intent
remains, and whoever next reads the log makes an entry of it that says so.

The head's seal names the version of the platform's secret that it was made under. A head that is not ours is never
sealed again: what is added after it is in the log, and the log stays not whole.
"""

from __future__ import annotations

import hmac
import json
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from whimbrel import instants
from whimbrel.aws.secret import VersionedKey, versioned_key
from whimbrel.domain.audit import AuditEntryId, Head, Verdict, chained, judged
from whimbrel.problems import Unavailable
from whimbrel.settings import settings
from whimbrel.store.queries import queried
from whimbrel.store.transactions import commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from whimbrel.ids import OrganizationId
    from whimbrel.store.tenant import Tenant

DIED_AFTER_MS = 60_000
"""An intent this old has nobody behind it: a call ends within 29 s."""
_ATTEMPTS = 25
_NOT_OURS = ""
"""In place of a seal."""
FIRST = "create-organization"
"""The action that every log begins with: one that begins otherwise has lost what was before."""

Content = dict[str, Any]
"""An entry before it has its place: all of `whimbrel.domain.audit.AuditEntry` but sequence and hashes."""


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The log of one organization. ``key`` gives what seals its head, by the version of the secret."""

    client: DynamoDBClient
    table: str
    registry: str
    organization_id: OrganizationId
    key: Callable[[str], VersionedKey | None]

    @classmethod
    def of(cls, tenant: Tenant) -> AuditLog:
        """Return the log of *tenant*."""
        names = settings()
        return cls(
            tenant.client,
            names.audit_table,
            names.registry_table,
            tenant.organization_id,
            partial(versioned_key, "audit"),
        )

    def intend(self, content: Content) -> None:
        """Leave word of a call that is about to change something."""
        item = {**self._intent(content["id"]), "doc": {"S": json.dumps(content)}}
        self.client.put_item(TableName=self.registry, Item=item)

    def forget(self, entry_id: str) -> None:
        """Take the intent of a call back: it has changed nothing."""
        self.client.delete_item(TableName=self.registry, Key=self._intent(entry_id))

    def append(self, content: Content) -> None:
        """Add the entry of a call that has left its intent, once, however often it is told.

        A call that did not end well has another entry when it is repeated and does.

        Raises:
            Unavailable: others kept adding theirs, or the store does not answer.
        """
        call_id = AuditEntryId(content["id"])
        if not (content["status"] and content["status"] < 400):  # noqa: PLR2004
            content = {**content, "id": AuditEntryId.named(call_id, "not done")}
        for attempt in range(_ATTEMPTS):
            there = self._head_item()
            head = _head_of(there)
            document = chained(content, head.sequence + 1, head.hash)
            is_ours = self._is_ours(there) or (not there and content["action"] == FIRST)
            seal = self._sealed(Head(document["sequence"], document["hash"])) if is_ours else _NOT_OURS
            failed = commit(self.client, self._adding(call_id, document, head, seal))
            if not failed:
                return
            if 0 in failed:
                # An earlier attempt of this call has added it.
                self.forget(call_id)
                return
            time.sleep(min(0.5, 0.01 * 2**attempt) * random.random())  # noqa: S311 (jitter)
        raise Unavailable("Others are writing to the audit log; it will have this entry a little later.")

    def settle(self) -> None:
        """Make entries of the intents of calls that died."""
        before = instants.now_ms() - DIED_AFTER_MS
        for item in list(queried(self.client, self._query(self.registry, "audit_intent"))):
            content = json.loads(item["doc"]["S"])
            if instants.parse_ms(content["at"]) < before:
                with suppress(Unavailable):
                    self.append(content)

    def newest_first(self, before: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the entries' documents, those of lower sequence than *before* only."""
        query: dict[str, Any] = {**self._query(self.table, "audit"), "ScanIndexForward": False}
        if before is not None:
            query["KeyConditionExpression"] = "pk = :pk AND sk < :before"
            query["ExpressionAttributeValues"][":before"] = {"S": _position(before)}
        return (json.loads(item["doc"]["S"]) for item in queried(self.client, query))

    def verify(self) -> Verdict:
        """Tell whether every entry is there, as it was written."""
        self.settle()
        there = self._head_item()
        head = _head_of(there)
        items = queried(self.client, self._query(self.table, "audit"))
        documents = (_document_of(item) for item in items)
        verdict = judged(islice(documents, head.sequence), head)
        if verdict.fault:
            return verdict
        # Others may be adding to it; but an entry comes together with the head that says so.
        if next(documents, None) is not None and _head_of(self._head_item()) == head:
            return Verdict(verdict.entries, f"entry {head.sequence + 1} is not of this log")
        return verdict if self._is_ours(there) else Verdict(verdict.entries, "the head is not ours")

    def _adding(self, call_id: str, document: dict[str, Any], head: Head, seal: str) -> list[Any]:
        """Return the parts of the transaction that adds an entry; the first fails if its call has one already."""
        sequence = document["sequence"]
        entry = {**self._key("audit", _position(sequence)), "doc": {"S": json.dumps(document)}}
        named = {**self._key("audit_id", document["id"]), "sequence": {"N": str(sequence)}}
        moved = {
            **self._key("audit_head", "head"),
            "sequence": {"N": str(sequence)},
            "hash": {"S": document["hash"]},
            "seal": {"S": seal},
        }
        is_first = {"ConditionExpression": "attribute_not_exists(pk)"}
        is_next = {
            "ConditionExpression": "#sequence = :before AND #hash = :hash",
            "ExpressionAttributeNames": {"#sequence": "sequence", "#hash": "hash"},
            "ExpressionAttributeValues": {":before": {"N": str(head.sequence)}, ":hash": {"S": head.hash}},
        }
        return [
            {"Put": {"TableName": self.table, "Item": named, **is_first}},
            {"Put": {"TableName": self.table, "Item": entry, **is_first}},
            {"Put": {"TableName": self.registry, "Item": moved, **(is_next if head.sequence else is_first)}},
            {"Delete": {"TableName": self.registry, "Key": self._intent(call_id)}},
        ]

    def _sealed(self, head: Head) -> str:
        key = self.key("")
        if key is None:
            raise AssertionError("the platform's secret has no current version")
        return f"{key.version}:{head.seal(key.key, self.organization_id)}"

    def _is_ours(self, item: Any) -> bool:
        """Tell whether there is a head, by somebody who has the secret."""
        version, _, seal = item["seal"]["S"].rpartition(":") if item else ("", "", "")
        key = self.key(version) if version else None
        return key is not None and hmac.compare_digest(_head_of(item).seal(key.key, self.organization_id), seal)

    def _head_item(self) -> Any:
        key = self._key("audit_head", "head")
        return self.client.get_item(TableName=self.registry, Key=key, ConsistentRead=True).get("Item")

    def _intent(self, entry_id: str) -> Any:
        return self._key("audit_intent", entry_id)

    def _key(self, kind: str, position: str) -> Any:
        return {"pk": {"S": f"ORG#{self.organization_id}#{kind}"}, "sk": {"S": position}}

    def _query(self, table: str, kind: str) -> dict[str, Any]:
        return {
            "TableName": table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"ORG#{self.organization_id}#{kind}"}},
        }


def _head_of(item: Any) -> Head:
    return Head(int(item["sequence"]["N"]), item["hash"]["S"]) if item else Head()


def _document_of(item: Any) -> dict[str, Any]:
    """Return what an item of the log says; nothing if it is not one that we wrote."""
    with suppress(KeyError, ValueError):
        document = json.loads(item["doc"]["S"])
        return document if isinstance(document, dict) else {}
    return {}


def _position(sequence: int) -> str:
    return f"{sequence:012d}"
