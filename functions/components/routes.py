"""``/api/v1/components``: the addressable parts of devices."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.components.models import ComponentBody, ComponentCreate
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Component, Sensor
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import ALL_METHODS, InUse, StandardMethods, require_match
from whimbrel.ids import ComponentId, DeviceId
from whimbrel.pages import Page
from whimbrel.problems import NotFound, StaleVersion

resource = Resource("/api/v1/components", tag="Components")


@resource.operation("GET", scope=Scope.DEVICES_READ)
def list_components(
    tenant: CurrentTenant,
    device_id: Annotated[DeviceId | SkipJsonSchema[None], Query(alias="deviceId")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Component]:
    """List components, oldest first, of all devices or of one."""
    return tenant.things(Component).page(limit, cursor, parent=device_id)


StandardMethods(
    entity=Component,
    create=ComponentCreate,
    fields=ComponentBody,
    read=Scope.DEVICES_READ,
    write=Scope.DEVICES_WRITE,
    singular="component",
    plural="components",
    only=ALL_METHODS - {"list", "delete"},
).register(resource)


@resource.operation(
    "DELETE",
    "/{componentId}",
    scope=Scope.DEVICES_WRITE,
    status=204,
    problems=[NotFound, StaleVersion, InUse],
)
def delete_component(
    component_id: Annotated[ComponentId, Path(alias="componentId")],
    tenant: CurrentTenant,
    if_match: IfMatch = None,
) -> None:
    """Delete a component that has no sensors."""
    components = tenant.things(Component)
    component = components.get(component_id)
    require_match(component, if_match)
    if any(sensor.component_id == component_id for sensor in tenant.things(Sensor).all(component.device_id)):
        raise InUse("It still has a sensor; remove those first.")
    components.remove(component)
