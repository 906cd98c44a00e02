"""``/api/v1/components``: the addressable parts of devices."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.components import rules
from functions.components.models import ComponentBody, ComponentCreate, ComponentPatch
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Component
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.fleet import require_no_sensors
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import InUse, StandardMethods, require_match
from whimbrel.ids import ComponentId, DeviceId
from whimbrel.pages import Page
from whimbrel.problems import AlreadyExists, NotFound, StaleVersion

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
    only=frozenset({"get"}),
).register(resource)


@resource.operation("POST", scope=Scope.DEVICES_WRITE, status=201, problems=[AlreadyExists])
def create_component(body: ComponentCreate, tenant: CurrentTenant) -> Component:
    """Create a component."""
    return rules.create(tenant, body)


@resource.operation("PUT", "/{componentId}", scope=Scope.DEVICES_WRITE, problems=[NotFound, StaleVersion])
def replace_component(
    component_id: Annotated[ComponentId, Path(alias="componentId")],
    body: ComponentBody,
    tenant: CurrentTenant,
    if_match: IfMatch = None,
) -> Component:
    """Replace a component; what is left out falls back."""
    return rules.change(tenant, component_id, body, if_match)


@resource.operation("PATCH", "/{componentId}", scope=Scope.DEVICES_WRITE, problems=[NotFound, StaleVersion])
def update_component(
    component_id: Annotated[ComponentId, Path(alias="componentId")],
    body: ComponentPatch,  # pyright: ignore[reportInvalidTypeForm, reportUnknownParameterType]
    tenant: CurrentTenant,
    if_match: IfMatch = None,
) -> Component:
    """Change some fields of a component.

    Bound to another version of a profile, it takes the readings that follow by that; this is how a schema evolves.
    """
    return rules.change(tenant, component_id, body, if_match)


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
    require_no_sensors(tenant, component)
    components.remove(component)
