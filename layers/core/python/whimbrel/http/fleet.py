"""Deleting devices and making sensors: what more than one API lets a client do."""

from __future__ import annotations

from typing import Any

from whimbrel.auth import Caller
from whimbrel.aws import iot
from whimbrel.domain.fleet import Component, Device, Sensor
from whimbrel.domain.jobs import JobAnswer, JobKind
from whimbrel.domain.provisioning import RegistrationToken
from whimbrel.domain.readings import MAIN_COMPONENT
from whimbrel.http.exchange import Exchange
from whimbrel.http.jobs import start as start_job
from whimbrel.http.standard import InUse, check_references
from whimbrel.ids import ComponentId, DeviceId, SensorId
from whimbrel.problems import InvalidRequest
from whimbrel.store.tenant import Tenant
from whimbrel.store.traces import DEVICE, leaving


def delete_device(
    tenant: Tenant, caller: Caller, exchange: Exchange, device_id: DeviceId, *, purge: bool = False
) -> JobAnswer | None:
    """Delete a device, revoke its certificates and cut its connection.

    With *purge*, start the job that deletes its readings, and return it.

    Raises:
        Unavailable: the job was not started; the device is there.
    """
    # Before, so that a delete that fails half-way can be repeated; after, for a device that was being provisioned.
    iot.retire_device(device_id)
    # Before the device goes, too: while it is there, a purge that was not started can be asked for again.
    job = start_job(tenant, caller, exchange, JobKind.PURGE_DEVICE, {"deviceId": device_id}) if purge else None
    tenant.commit(deleting_device(tenant, device_id))
    iot.retire_device(device_id)
    return job


def deleting_device(tenant: Tenant, device_id: DeviceId) -> list[dict[str, Any]]:
    """Return the parts of a transaction that delete a device, in whatever version, and what waits to make it one.

    Being cut off, it may just have been seen to leave.
    """
    pending = tenant.things(RegistrationToken)
    tokens = [pending.removing(token.id) for token in pending.all(device_id)]
    return [tenant.things(Device).removing(device_id), *tokens, leaving(tenant, DEVICE, device_id)]


def require_no_sensors(tenant: Tenant, component: Component) -> None:
    """Do nothing if a component can be deleted.

    Raises:
        InUse: it has a sensor.
    """
    if any(sensor.component_id == component.id for sensor in tenant.things(Sensor).all(component.device_id)):
        raise InUse("It still has a sensor; remove those first.")


def create_sensor(tenant: Tenant, device_id: DeviceId, component: str, key: str, **fields: Any) -> Sensor:
    """Store a new sensor of a component of a device; the component ``main`` is made when first needed.

    Raises:
        InvalidRequest: there is no such device or component. AlreadyExists: it has such a sensor.
    """
    component_id = ComponentId.named(device_id, component)
    components = tenant.things(Component)
    if components.find(component_id) is None:
        if component != MAIN_COMPONENT:
            raise InvalidRequest.of("component", "the device has no component of that key", code="unknown-reference")
        main = Component(id=component_id, device_id=device_id, key=MAIN_COMPONENT, name=MAIN_COMPONENT)
        check_references(main, tenant)
        components.ensure(main)
    identifier = SensorId.named(device_id, component, key)
    sensor = Sensor(id=identifier, device_id=device_id, component_id=component_id, key=key, **fields)
    check_references(sensor, tenant)
    return tenant.things(Sensor).add(sensor)
