"""``/v1/entities``: devices and components as entities, their sensors as attributes."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.entities.dialect import DIALECT
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Device
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.resource import Resource
from whimbrel.ids import DeviceId
from whimbrel.problems import NotFound

resource = Resource("/v1/entities", tag="Entity API", dialect=DIALECT)


@resource.operation("GET", "/{entityId}", scope=Scope.READINGS_READ, problems=[NotFound])
def get_entity(entity_id: Annotated[DeviceId, Path(alias="entityId")], tenant: CurrentTenant) -> dict[str, Any]:
    """Get an entity."""
    return {"id": tenant.things(Device).get(entity_id).id}
