"""One tenant's data: the only door to the stores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from whimbrel.aws.clients import client
from whimbrel.aws.secret import derived_key
from whimbrel.settings import settings
from whimbrel.store.registry import Store

if TYPE_CHECKING:
    from whimbrel.entity import Entity
    from whimbrel.ids import OrganizationId

E = TypeVar("E", bound="Entity[Any]")


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization, as the source of its stores: nothing reached through it can be another's."""

    organization_id: OrganizationId

    def things(self, entity: type[E]) -> Store[E]:
        """Return the organization's things of one kind."""
        return Store(
            client("dynamodb"),
            settings().registry_table,
            self.organization_id,
            entity,
            cursor_key=partial(derived_key, "cursors"),
        )
