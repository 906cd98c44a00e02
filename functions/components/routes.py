"""``/api/v1/components``: the addressable parts of devices."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic.json_schema import SkipJsonSchema

from functions.components.models import ComponentBody, ComponentCreate
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Component
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import ALL_METHODS, StandardMethods
from whimbrel.ids import DeviceId
from whimbrel.pages import Page

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
