"""One tenant's data: the only door to the stores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from whimbrel.aws.clients import client
from whimbrel.aws.compaction import request_compaction
from whimbrel.aws.objects import Objects
from whimbrel.aws.secret import derived_key
from whimbrel.domain.organizations import Organization
from whimbrel.pages import Cursors
from whimbrel.settings import settings
from whimbrel.store.equipment import Equipment
from whimbrel.store.readings import ReadingStore
from whimbrel.store.registry import Store
from whimbrel.store.transactions import commit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from whimbrel.entity import Entity
    from whimbrel.ids import OrganizationId

DAY_MS = 86_400_000

E = TypeVar("E", bound="Entity[Any]")


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization, as the source of its stores: nothing reached through it can be another's.

    Its client is a session of the tenant role, tagged with the organization: AWS itself refuses what a mistake of ours
    would let through.
    """

    organization_id: OrganizationId

    @property
    def client(self) -> DynamoDBClient:
        """DynamoDB, as far as it is this organization's; good for twenty minutes at least."""
        return client("dynamodb", self.organization_id)

    def things(self, entity: type[E]) -> Store[E]:
        """Return the organization's things of one kind."""
        return Store(
            self.client,
            settings().registry_table,
            self.organization_id,
            entity,
            cursor_key=partial(derived_key, "cursors"),
        )

    def commit(self, parts: Sequence[Any]) -> frozenset[int]:
        """Write *parts* of the organization's stores together, or none; as `whimbrel.store.transactions.commit`."""
        return commit(self.client, parts)

    def readings_to_append(self) -> ReadingStore:
        """Return the organization's readings for somebody who adds to them: a lane that grows asks to be compacted."""
        return self._readings(request_compaction(self.organization_id))

    def readings(self) -> ReadingStore:
        """Return the organization's readings, cut at its retention."""
        return self._readings(_nobody)

    def _readings(self, request_compaction: Callable[[str], None]) -> ReadingStore:
        organization = self.things(Organization).find(self.organization_id)
        days = organization.retention_days if organization else None
        return ReadingStore(
            self.client,
            settings().log_table,
            settings().blocks_table,
            self.organization_id,
            request_compaction=request_compaction,
            retention_ms=days * DAY_MS if days else None,
        )

    def equipment(self) -> Equipment:
        """Return the organization's devices as ingestion knows them, read afresh."""
        return Equipment(self.client, settings().registry_table, self.organization_id)

    @property
    def objects(self) -> Objects:
        """The organization's objects."""
        return Objects(client("s3", self.organization_id), settings().exports_bucket, self.organization_id)

    def cursors(self, *query: str) -> Cursors:
        """Return the cursors of one query of the organization."""
        return Cursors(derived_key("cursors"), (self.organization_id, *query))


def _nobody(lane: str) -> None:
    """Ask nobody: a reader has nothing to compact."""
