"""``/api/v1/audit-log``: who did what."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic.json_schema import SkipJsonSchema

from whimbrel.auth import Scope
from whimbrel.bodies import Instant
from whimbrel.domain.audit import AuditEntry
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.pages import Page
from whimbrel.store.audit import AuditLog

MOST_LOOKED_AT = 2_000

resource = Resource("/api/v1/audit-log", tag="Audit log")

Text = str | SkipJsonSchema[None]


@resource.operation("GET", scope=Scope.ADMIN)
def list_audit_entries(
    tenant: CurrentTenant,
    actor_id: Annotated[Text, Query(alias="actorId", max_length=256, description="Only what they did.")] = None,
    action: Annotated[Text, Query(max_length=128, description="Only this operation, such as `update_device`.")] = None,
    changed_id: Annotated[Text, Query(alias="changedId", max_length=64, description="Only what changed this.")] = None,
    start: Annotated[Instant | SkipJsonSchema[None], Query(alias="from", description="Since then.")] = None,
    end: Annotated[Instant | SkipJsonSchema[None], Query(alias="to", description="Before then.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """List what was changed, newest first.

    Each call that changed something is one entry, with who, when, from where, and the fields that differ. Entries are
    never changed, and each has the hash of the one before, so that a missing one is found out. Sending readings is not
    recorded here. A page of a filtered list may be short before the list's end.
    """
    log = AuditLog.of(tenant)
    log.settle()
    filters = (actor_id, action, changed_id, start, end)
    cursors = tenant.cursors("audit-log", *map(repr, filters))
    found: list[AuditEntry] = []
    position = int(cursors.open(cursor)) if cursor else None
    for looked_at, document in enumerate(log.newest_first(position)):
        if len(found) == limit or looked_at == MOST_LOOKED_AT:
            return Page(items=found, next_cursor=cursors.seal(str(position)))
        entry = AuditEntry.model_validate(document)
        position = entry.sequence
        wanted = (
            # An entry may come later than the call that it is about, so that times are not quite in order.
            (not start or entry.at >= start)
            and (actor_id in {None, entry.actor.id})
            and (action in {None, entry.action})
            and (not changed_id or any(thing.id == changed_id for thing in entry.changes))
            and (not end or entry.at < end)
        )
        if wanted:
            found.append(entry)
    return Page(items=found, next_cursor=None)
