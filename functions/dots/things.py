"""Devices and variables themselves: listed, shown, made and deleted."""

from __future__ import annotations

from typing import Any

from functions.dots import listing
from functions.dots.api import DeviceIdentifier, PageNumber, PageSize, VariableIdentifier, resource
from functions.dots.models import (
    Datasource,
    DatasourcePage,
    NewDatasource,
    NewVariable,
    Variable,
    VariablePage,
)
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Device, Sensor
from whimbrel.domain.readings import MAIN_COMPONENT
from whimbrel.domain.series import ValueType
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant
from whimbrel.http.fleet import create_sensor, delete_device
from whimbrel.ids import DeviceId
from whimbrel.problems import AlreadyExists, InvalidRequest, NotFound
from whimbrel.store.labels import create_labelled
from whimbrel.store.newest import newest


@resource.operation("GET", "/datasources", scope=Scope.DEVICES_READ, problems=[NotFound])
def list_datasources(
    exchange: CurrentExchange, tenant: CurrentTenant, page: PageNumber = 1, page_size: PageSize = 100
) -> DatasourcePage:
    """List devices, oldest first.

    The first 10,000: a longer list is that of `/api/v1/devices`.
    """
    total, found = listing.cut(tenant.things(Device).all(), page, page_size)
    shown = [listing.datasource(exchange, device) for device in found]
    return DatasourcePage(**listing.links(exchange, total, page, page_size), results=shown)


@resource.operation("POST", "/datasources", scope=Scope.DEVICES_WRITE, status=201, problems=[AlreadyExists])
def create_datasource(body: NewDatasource, exchange: CurrentExchange, tenant: CurrentTenant) -> Datasource:
    """Create a device.

    With a `label`, data can name it by that; else by its id.
    """
    fields: dict[str, Any] = {"name": body.name, "tags": body.tags, "metadata": body.metadata}
    if body.label is None:
        device = tenant.things(Device).add(Device(id=DeviceId.new(), **fields))
    else:
        device = create_labelled(tenant, body.label, **fields)
    return listing.datasource(exchange, device)


@resource.operation("GET", "/datasources/{device}", scope=Scope.DEVICES_READ, problems=[NotFound])
def get_datasource(device: DeviceIdentifier, exchange: CurrentExchange, tenant: CurrentTenant) -> Datasource:
    """Get a device."""
    return listing.datasource(exchange, tenant.things(Device).get(device))


@resource.operation("DELETE", "/datasources/{device}", scope=Scope.DEVICES_WRITE, status=204, problems=[NotFound])
def delete_datasource(
    device: DeviceIdentifier, exchange: CurrentExchange, tenant: CurrentTenant, caller: CurrentCaller
) -> None:
    """Delete a device.

    Its variables and their values stay, until retention takes them. Data under its label makes a new device.
    """
    tenant.things(Device).get(device)
    delete_device(tenant, caller, exchange, device)


@resource.operation("GET", "/datasources/{device}/variables", scope=Scope.DEVICES_READ, problems=[NotFound])
def list_datasource_variables(
    device: DeviceIdentifier,
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    page: PageNumber = 1,
    page_size: PageSize = 100,
) -> VariablePage:
    """List the variables of a device, oldest first."""
    there = tenant.things(Device).get(device)
    total, found = listing.cut(tenant.things(Sensor).all(there.id), page, page_size)
    shown = [listing.variable(exchange, sensor, there) for sensor in found]
    return VariablePage(**listing.links(exchange, total, page, page_size), results=shown)


@resource.operation(
    "POST",
    "/datasources/{device}/variables",
    scope=Scope.DEVICES_WRITE,
    status=201,
    problems=[NotFound, AlreadyExists],
)
def create_variable(
    device: DeviceIdentifier, body: NewVariable, exchange: CurrentExchange, tenant: CurrentTenant
) -> Variable:
    """Create a variable of a device.

    There is seldom need: variables make themselves when data first names them.
    """
    there = tenant.things(Device).get(device)
    label = body.label or listing.label_of(body.name)
    if not label:
        raise InvalidRequest.of("label", "send one: no letter of the name can be in a label", code="missing")
    sensor = create_sensor(
        tenant, there.id, MAIN_COMPONENT, label, name=body.name, unit=body.unit or None, value_type=ValueType.DOUBLE
    )
    return listing.variable(exchange, sensor, there)


@resource.operation("GET", "/variables", scope=Scope.DEVICES_READ, problems=[NotFound])
def list_variables(
    exchange: CurrentExchange, tenant: CurrentTenant, page: PageNumber = 1, page_size: PageSize = 100
) -> VariablePage:
    """List the variables of all devices, oldest first.

    The first 10,000: a longer list is that of `/api/v1/sensors`.
    """
    total, found = listing.cut(tenant.things(Sensor).all(), page, page_size)
    devices = {each: tenant.things(Device).find(each) for each in {sensor.device_id for sensor in found}}
    shown = [listing.variable(exchange, sensor, devices[sensor.device_id]) for sensor in found]
    return VariablePage(**listing.links(exchange, total, page, page_size), results=shown)


@resource.operation("GET", "/variables/{variable}", scope=Scope.DEVICES_READ, problems=[NotFound])
def get_variable(variable: VariableIdentifier, exchange: CurrentExchange, tenant: CurrentTenant) -> Variable:
    """Get a variable, with its last value."""
    sensor = tenant.things(Sensor).get(variable)
    device = tenant.things(Device).find(sensor.device_id)
    last = newest(tenant.readings(), sensor.device_id, [sensor]).get(sensor.id)
    return listing.variable(exchange, sensor, device, last)


@resource.operation("DELETE", "/variables/{variable}", scope=Scope.DEVICES_WRITE, status=204, problems=[NotFound])
def delete_variable(variable: VariableIdentifier, tenant: CurrentTenant) -> None:
    """Delete a variable.

    Its values stay, until retention takes them.
    """
    things = tenant.things(Sensor)
    things.remove(things.get(variable))
