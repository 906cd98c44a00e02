"""The registry: everything but readings, one table, reached through a store that belongs to one tenant.

| access pattern | index | partition key | sort key |
| --- | --- | --- | --- |
| one thing by its identifier; a tenant's things of a kind, oldest first | table | ``ORG#<org>#<kind>`` | ``<id>`` |
| the things of a kind under a parent | ``by_parent`` | ``ORG#<org>#<parent id>`` | ``<kind>#<id>`` |
| all that a device is made of, as ingestion needs it | ``by_parent`` | ``ORG#<org>#<device id>`` | any |

An item is ``pk, sk, doc, version, write`` and, where it applies, ``parent_pk, parent_sk, ttl``: ``doc`` is the thing's
JSON, so that numbers keep every digit; ``write`` names the write that made it.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from whimbrel import chance
from whimbrel.entity import Entity
from whimbrel.ids import Id, OrganizationId
from whimbrel.pages import Cursors, Page
from whimbrel.problems import AlreadyExists, NotFound, StaleVersion, Unavailable
from whimbrel.store import changes
from whimbrel.store.queries import queried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

E = TypeVar("E", bound=Entity[Any])

_BATCH = 25  # of BatchWriteItem
_WORTH_THREADS = 4
_WRITERS = 10
MAX_LOOKED_AT = 2_000
"""How many items a filtered list looks at for one page; what it then has is the page, and the cursor goes on."""


class Store(Generic[E]):
    """The things of one kind of one tenant. Foreign and unknown identifiers are alike: not found."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        organization_id: OrganizationId,
        entity: type[E],
        cursor_key: Callable[[], bytes] = bytes,
    ) -> None:
        self._client = client
        self._table = table
        self._organization_id = organization_id
        self._entity = entity
        self._cursor_key = cursor_key
        self._partition = f"ORG#{organization_id}#{entity.kind}"

    def get(self, identifier: Id) -> E:
        """Return one thing.

        Raises:
            NotFound: there is none of this tenant.
        """
        found = self.find(identifier)
        if found is None:
            raise self.not_found(identifier)
        return found

    def find(self, identifier: Id) -> E | None:
        """Return one thing, or None."""
        answer = self._client.get_item(TableName=self._table, Key=self._key(identifier), ConsistentRead=True)
        if "Item" not in answer:
            return None
        thing = self._thing(answer["Item"])
        changes.saw(thing)
        return thing

    def add(self, thing: E, *, ttl: int | None = None) -> E:
        """Store a new thing; *ttl* is when it may be forgotten, in seconds since 1970.

        Raises:
            AlreadyExists: its identifier is taken.
        """
        item = self._item(thing) | ({"ttl": {"N": str(ttl)}} if ttl else {})
        there = self._put(item, "attribute_not_exists(pk)")
        if there is None:
            raise AlreadyExists(f"This {self._noun} exists already.", id=thing.id)
        changes.wrote(thing)
        return thing if there is item else self._thing(there)

    def ensure(self, thing: E) -> E:
        """Store a thing, unless one of its identifier is there; return the one that is there then."""
        try:
            return self.add(thing)
        except AlreadyExists:
            return self.get(thing.id)

    def put_all(self, things: Sequence[E]) -> None:
        """Store many things whatever is there: for those whose identifier follows from their content."""
        for thing in things:
            changes.wrote(thing)
        self._write_all([{"PutRequest": {"Item": self._item(thing)}} for thing in things])

    def remove_all(self, identifiers: Iterable[Id]) -> None:
        """Remove many things, in whatever version; those that are gone already do no harm."""
        going = list(dict.fromkeys(identifiers))
        for identifier in going:
            changes.removed(self._entity.kind, identifier)
        self._write_all([{"DeleteRequest": {"Key": self._key(each)}} for each in going])

    def _write_all(self, requests: list[Any]) -> None:
        batches = [requests[start : start + _BATCH] for start in range(0, len(requests), _BATCH)]
        if len(batches) < _WORTH_THREADS:
            for batch in batches:
                self._write_batch(batch)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(self._write_batch, batches))

    def _write_batch(self, requests: list[Any]) -> None:
        waiting: Any = {self._table: requests}
        for attempt in range(8):
            waiting = self._client.batch_write_item(RequestItems=waiting).get("UnprocessedItems")
            if not waiting:
                return
            time.sleep(min(1.0, 0.05 * 2**attempt) * random.random())  # noqa: S311 (jitter)
        raise Unavailable("The registry is busy; send this again in a moment.")

    def replace(self, thing: E) -> E:
        """Store the next version of a thing, only over the version that it grew from.

        Raises:
            StaleVersion: somebody else was faster, or it is gone.
        """
        if self._put(self._item(thing), "version = :before", {":before": {"N": str(thing.version - 1)}}) is None:
            raise StaleVersion(f"This {self._noun} has changed meanwhile; get it again and repeat the change.")
        changes.wrote(thing)
        return thing

    def change(self, identifier: Id, next_version: Callable[[E], E]) -> E:
        """Apply *next_version* to a thing, again if somebody was faster; give the same thing back to leave it.

        Raises:
            NotFound: there is none.
            StaleVersion: five others were faster.
        """
        attempts = 5
        for attempt in range(attempts):
            before = self.get(identifier)
            after = next_version(before)
            if after is before:
                return before
            try:
                return self.replace(after)
            except StaleVersion:
                if attempt == attempts - 1:
                    raise
        raise AssertionError

    def remove(self, thing: E) -> None:
        """Remove a thing, only in the version given.

        Raises:
            StaleVersion: it has changed meanwhile.
        """
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=self._key(thing.id),
                # A repeated delete, after a lost answer, finds nothing; that is success.
                ConditionExpression="attribute_not_exists(pk) OR version = :before",
                ExpressionAttributeValues={":before": {"N": str(thing.version)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise StaleVersion(f"This {self._noun} has changed meanwhile; get it again and repeat.") from error
        changes.saw(thing)
        changes.removed(thing.kind, thing.id)

    def page(
        self,
        limit: int,
        cursor: str | None = None,
        *,
        parent: Id | None = None,
        where: Callable[[E], bool] | None = None,
        filters: tuple[object, ...] = (),
        after: str | None = None,
    ) -> Page[E]:
        """Return up to *limit* things, oldest first, that satisfy *where*; *filters* are what made it, for the cursor.

        A list that has no cursor begins behind *after*, the identifier of a thing or the beginning of one.
        A page of a filtered list may be short, or empty, before the list's end: ``next_cursor`` alone tells the end.

        Raises:
            InvalidCursor: *cursor* is not one of this list.
        """
        cursors = Cursors(
            self._cursor_key(), (self._organization_id, self._entity.kind, str(parent), *map(repr, filters))
        )
        after = cursors.open(cursor) if cursor else after
        found: list[E] = []
        for looked_at, thing in enumerate(self._walk(parent, after, limit + 1 if where is None else 200)):
            if len(found) == limit or looked_at == MAX_LOOKED_AT:
                return Page(items=found, next_cursor=cursors.seal(after or ""))
            after = thing.id
            if where is None or where(thing):
                found.append(thing)
        return Page(items=found, next_cursor=None)

    def all(self, parent: Id | None = None, *, after: str | None = None) -> Iterator[E]:
        """Yield every thing of this kind, or every one under *parent*, oldest first; only those behind *after*."""
        return self._walk(parent, after, 1_000)

    def adding(self, thing: E, *, ttl: int | None = None) -> dict[str, Any]:
        """Return the part of a transaction that adds a new thing; it fails if the identifier is taken."""
        changes.wrote(thing)
        item = self._item(thing) | ({"ttl": {"N": str(ttl)}} if ttl else {})
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def replacing(self, thing: E) -> dict[str, Any]:
        """Return the part of a transaction that stores the next version of a thing, over the one it grew from only."""
        changes.wrote(thing)
        return {
            "Put": {
                "TableName": self._table,
                "Item": self._item(thing),
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": {"N": str(thing.version - 1)}},
            }
        }

    def removing(self, identifier: Id) -> dict[str, Any]:
        """Return the part of a transaction that removes a thing, in whatever version."""
        changes.removed(self._entity.kind, identifier)
        return {"Delete": {"TableName": self._table, "Key": self._key(identifier)}}

    def requiring(self, identifier: Id) -> dict[str, Any]:
        """Return the part of a transaction that fails unless the thing is there."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": self._key(identifier),
                "ConditionExpression": "attribute_exists(pk)",
            }
        }

    def not_found(self, identifier: Id) -> NotFound:
        """Return the problem that there is no such thing."""
        return NotFound(f"There is no {self._noun} {identifier}.")

    @property
    def _noun(self) -> str:
        return self._entity.kind.replace("_", " ")

    def _key(self, identifier: Id) -> dict[str, Any]:
        return {"pk": {"S": self._partition}, "sk": {"S": identifier}}

    def _parent_partition(self, parent: Id) -> str:
        return f"ORG#{self._organization_id}#{parent}"

    def _item(self, thing: E) -> dict[str, Any]:
        item = self._key(thing.id) | {
            "doc": {"S": thing.model_dump_json(by_alias=True)},
            "version": {"N": str(thing.version)},
            "write": {"S": f"{chance.bits(64):016x}"},
        }
        parent = getattr(thing, thing.parent) if thing.parent else None
        if parent:
            item |= {
                "parent_pk": {"S": self._parent_partition(parent)},
                "parent_sk": {"S": f"{thing.kind}#{thing.id}"},
            }
        return item

    def _thing(self, item: Mapping[str, Any]) -> E:
        thing = self._entity.model_validate_json(item["doc"]["S"])
        return thing.model_copy(update={"version": int(item["version"]["N"])})

    def _put(self, item: dict[str, Any], condition: str, values: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Put *item* and return it, or what an earlier attempt of this call has put; None if the condition fails."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if values:
            request["ExpressionAttributeValues"] = values
        try:
            self._client.put_item(**request)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # The SDK repeats a put whose answer was lost, and a client its call: the repetition meets our own write.
            there: dict[str, Any] = error.response.get("Item", {})
            return there if there.get("write") == item["write"] else None
        return item

    def _walk(self, parent: Id | None, after: str | None, size: int) -> Iterator[E]:
        kind = self._entity.kind
        query: dict[str, Any] = {"TableName": self._table, "Limit": size}
        if parent is None:
            query |= {
                "KeyConditionExpression": "pk = :pk" + (" AND sk > :after" if after else ""),
                "ExpressionAttributeValues": {":pk": {"S": self._partition}}
                | ({":after": {"S": after}} if after else {}),
                "ConsistentRead": True,
            }
        else:
            query |= {
                "IndexName": "by_parent",
                "KeyConditionExpression": "parent_pk = :pk AND parent_sk BETWEEN :low AND :high",
                "ExpressionAttributeValues": {
                    ":pk": {"S": self._parent_partition(parent)},
                    # "~" sorts behind every character of an identifier, "!" before.
                    ":low": {"S": f"{kind}#{after}!" if after else f"{kind}#"},
                    ":high": {"S": f"{kind}#~"},
                },
            }
        return (self._thing(item) for item in queried(self._client, query))
