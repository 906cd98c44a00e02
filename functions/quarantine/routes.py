"""``/api/v1/admin/quarantine``: readings that were refused."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic.json_schema import SkipJsonSchema

from whimbrel.auth import Scope
from whimbrel.bodies import Body
from whimbrel.domain.quarantine import QuarantinedReading
from whimbrel.domain.readings import Reason
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import StandardMethods
from whimbrel.ids import DeviceId
from whimbrel.pages import Page

resource = Resource("/api/v1/admin/quarantine", tag="Quarantine")


@resource.operation("GET", scope=Scope.ADMIN)
def list_quarantined_readings(
    tenant: CurrentTenant,
    device_id: Annotated[DeviceId | SkipJsonSchema[None], Query(alias="deviceId")] = None,
    reason: Annotated[Reason | SkipJsonSchema[None], Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[QuarantinedReading]:
    """List readings in quarantine, oldest first."""

    def matches(reading: QuarantinedReading) -> bool:
        return reading.reason is reason

    return tenant.things(QuarantinedReading).page(
        limit, cursor, parent=device_id, where=matches if reason else None, filters=(reason,)
    )


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
