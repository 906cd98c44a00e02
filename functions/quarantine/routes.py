"""``/api/v1/admin/quarantine``: readings that were refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.quarantine.models import BulkBody, ReplayAnswer
from whimbrel.auth import Scope
from whimbrel.bodies import Body, Instant
from whimbrel.domain.jobs import JobAnswer, JobKind
from whimbrel.domain.quarantine import QuarantinedReading, QuarantineFilter, QuarantineId
from whimbrel.domain.readings import Reason
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant
from whimbrel.http.jobs import start as start_job
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import StandardMethods
from whimbrel.ids import DeviceId
from whimbrel.logs import log
from whimbrel.pages import Page
from whimbrel.problems import InvalidRequest, NotFound, Unavailable
from whimbrel.store.replay import judge_again, note_refusals

resource = Resource("/api/v1/admin/quarantine", tag="Quarantine")


@resource.operation("GET", scope=Scope.ADMIN)
def list_quarantined_readings(
    tenant: CurrentTenant,
    device_id: Annotated[DeviceId | SkipJsonSchema[None], Query(alias="deviceId")] = None,
    reason: Annotated[Reason | SkipJsonSchema[None], Query()] = None,
    start: Annotated[Instant | SkipJsonSchema[None], Query(alias="from", description="Received then or later.")] = None,
    end: Annotated[Instant | SkipJsonSchema[None], Query(alias="to", description="Received before.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[QuarantinedReading]:
    """List readings in quarantine, oldest first.

    Filters narrow each other; a filtered page may be short before the list's end.
    """
    wanted = _filter(device_id, reason, start, end)
    is_filtered = any(given is not None for given in (reason, start, end))
    return tenant.things(QuarantinedReading).page(
        limit,
        cursor,
        parent=device_id,
        where=wanted.matches if is_filtered else None,
        filters=(reason, start, end),
        after=wanted.after(),
    )


def _filter(
    device_id: DeviceId | None, reason: Reason | None, start: datetime | None, end: datetime | None
) -> QuarantineFilter:
    if start and end and end <= start:
        raise InvalidRequest.of("from", "it must be before to", code="empty-range")
    return QuarantineFilter(device_id=device_id, reason=reason, start=start, end=end)


@resource.operation("POST", "/replay", scope=Scope.ADMIN, status=202, problems=[Unavailable])
def replay_quarantine(
    body: BulkBody, tenant: CurrentTenant, caller: CurrentCaller, exchange: CurrentExchange
) -> JobAnswer:
    """Replay readings in quarantine, all that the filter finds.

    A job judges them again. What is accepted now is stored as if it had been accepted when it came, and leaves
    quarantine; what is not stays, with its new reason. Repeat it as often as you like.
    """
    return start_job(tenant, caller, exchange, JobKind.REPLAY_QUARANTINE, _asked(body))


@resource.operation("POST", "/discard", scope=Scope.ADMIN, status=202, problems=[Unavailable])
def discard_quarantine(
    body: BulkBody, tenant: CurrentTenant, caller: CurrentCaller, exchange: CurrentExchange
) -> JobAnswer:
    """Discard readings in quarantine, all that the filter finds.

    A job removes them for good.
    """
    return start_job(tenant, caller, exchange, JobKind.DISCARD_QUARANTINE, _asked(body))


def _asked(body: BulkBody) -> dict[str, object]:
    return {"filter": body.filter.model_dump(mode="json", by_alias=True, exclude_none=True)}


StandardMethods(
    entity=QuarantinedReading,
    create=Body,
    fields=Body,
    read=Scope.ADMIN,
    write=Scope.ADMIN,
    singular="quarantined reading",
    plural="quarantined readings",
    only=frozenset({"get", "delete"}),
).register(resource)


@resource.operation("POST", "/{quarantineId}/replay", scope=Scope.ADMIN, problems=[NotFound, Unavailable])
def replay_quarantined_reading(
    quarantine_id: Annotated[QuarantineId, Path(alias="quarantineId")], tenant: CurrentTenant
) -> ReplayAnswer:
    """Replay a reading in quarantine.

    It is judged again, as of the time when it came. Accepted, it is stored at its own timestamp and leaves quarantine;
    refused, it stays, with its new reason.
    """
    things = tenant.things(QuarantinedReading)
    item = things.get(quarantine_id)
    replay = judge_again(tenant.equipment(), [item])
    failures = tenant.readings_to_append().append(replay.frames, replay.names)
    if failures:
        log.error("reading not stored", exc_info=next(iter(failures.values())))
        raise Unavailable("The reading could not be stored; replay it again in a moment.")
    refusal = replay.refused.get(item.id)
    if refusal is None:
        things.remove_all([item.id])
        return ReplayAnswer(id=item.id, accepted=True)
    note_refusals(tenant, [item], replay)
    return ReplayAnswer(id=item.id, accepted=False, reason=refusal.reason, detail=refusal.detail)
