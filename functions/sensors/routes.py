"""``/api/v1/sensors``: single series of readings."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.sensors.models import SensorAnswer, SensorBody, SensorCreate
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Component, Sensor
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.fleet import create_sensor as create
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import ALL_METHODS, StandardMethods
from whimbrel.ids import ComponentId, DeviceId, SensorId
from whimbrel.pages import Page
from whimbrel.problems import AlreadyExists, NotFound
from whimbrel.store.newest import newest

resource = Resource("/api/v1/sensors", tag="Sensors")

SensorPath = Annotated[SensorId, Path(alias="sensorId")]


@resource.operation("GET", scope=Scope.DEVICES_READ)
def list_sensors(
    tenant: CurrentTenant,
    device_id: Annotated[DeviceId | SkipJsonSchema[None], Query(alias="deviceId")] = None,
    component_id: Annotated[ComponentId | SkipJsonSchema[None], Query(alias="componentId")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Sensor]:
    """List sensors, oldest first, of all devices or of one device or component."""
    sensors = tenant.things(Sensor)
    if component_id is None:
        return sensors.page(limit, cursor, parent=device_id)
    component = tenant.things(Component).find(component_id)
    if component is None or device_id not in {None, component.device_id}:
        return Page(items=[], next_cursor=None)
    return sensors.page(
        limit,
        cursor,
        parent=component.device_id,
        where=lambda sensor: sensor.component_id == component_id,
        filters=(component_id,),
    )


@resource.operation("POST", scope=Scope.DEVICES_WRITE, status=201, problems=[AlreadyExists])
def create_sensor(body: SensorCreate, tenant: CurrentTenant) -> Sensor:
    """Create a sensor.

    There is seldom need: sensors make themselves when a device first reports them. Do it to fix the type or the unit
    beforehand.
    """
    fields = {name: getattr(body, name) for name in ("value_type", "name", "unit", "retention_days")}
    return create(tenant, body.device_id, body.component, body.key, **fields)


@resource.operation("GET", "/{sensorId}", scope=Scope.DEVICES_READ, problems=[NotFound])
def get_sensor(sensor_id: SensorPath, tenant: CurrentTenant) -> SensorAnswer:
    """Get a sensor.

    With its `lastReading`, which lists leave out: to show many, get `/readings/latest`.
    """
    sensor = tenant.things(Sensor).get(sensor_id)
    found = newest(tenant.readings(), sensor.device_id, [sensor])
    return SensorAnswer.of_sensor(sensor, found.get(sensor_id))


StandardMethods(
    entity=Sensor,
    create=SensorCreate,
    fields=SensorBody,
    read=Scope.DEVICES_READ,
    write=Scope.DEVICES_WRITE,
    singular="sensor",
    plural="sensors",
    only=ALL_METHODS - {"list", "create", "get"},
).register(resource)
