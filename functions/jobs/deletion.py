"""Deleting readings: of a sensor in a range of time, or all that a deleted device has left.

They are counted first, and deleted then: a deletion that is repeated finds nothing left to count.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from functions.jobs.advance import Advance
from whimbrel.domain import codec
from whimbrel.domain.fleet import Component, Device, Sensor
from whimbrel.domain.jobs import Job
from whimbrel.domain.quarantine import QuarantinedReading
from whimbrel.ids import DeviceId
from whimbrel.instants import END_OF_TIME_MS, parse_ms
from whimbrel.store.tenant import Tenant
from whimbrel.store.traces import DEVICE, leaving

PULSE_S = 10
"""How often the record is told how far the work is."""

CHUNK = 500
"""So many quarantined readings are removed between two notes."""

FOREVER = END_OF_TIME_MS
"""The version of a purge: a device that is gone accepts nothing any more, and what is still under way goes too."""


def delete_readings(tenant: Tenant, job: Job) -> Iterator[Advance]:
    """Delete a sensor's readings: ``{deviceId, sensorId, from?, to?, acceptedUntil}``."""
    asked = job.parameters
    device_id, sensor_id = asked["deviceId"], asked["sensorId"]
    start_ms = max(0, parse_ms(asked["from"])) if "from" in asked else 0
    end_ms = parse_ms(asked["to"]) if "to" in asked else END_OF_TIME_MS
    version = parse_ms(asked["acceptedUntil"])
    if not job.position.get("counted"):
        yield from _counted(tenant, job, device_id, {sensor_id}, (start_ms, end_ms), version)
    tenant.readings().delete_range(device_id, sensor_id, start_ms, end_ms, version)


def purge_device(tenant: Tenant, job: Job) -> Iterator[Advance]:
    """Delete what a device has left, ``{deviceId}``: its readings, in quarantine too, its sensors and components."""
    device_id = DeviceId(job.parameters["deviceId"])
    # Whoever asked for this deletes it, too; should that have been interrupted, nobody else does.
    tenant.commit([tenant.things(Device).removing(device_id), leaving(tenant, DEVICE, device_id)])
    position = job.position
    if not position.get("counted"):
        registered = [sensor.id for sensor in tenant.things(Sensor).all(parent=device_id)]
        for advance in _counted(tenant, job, device_id, None, (0, FOREVER), FOREVER, registered):
            position = advance.position
            yield advance
    store, told = tenant.readings(), time.monotonic()
    for place, sensor_id in enumerate(position["sensors"], 1):
        store.delete_range(device_id, sensor_id, 0, FOREVER, FOREVER)
        if time.monotonic() >= told + PULSE_S:
            yield Advance(position=position | {"sensors": position["sensors"][place:]})
            told = time.monotonic()
    yield from _quarantine_emptied(tenant, device_id, position)
    for kind in (Sensor, Component):
        things = tenant.things(kind)
        things.remove_all([thing.id for thing in things.all(parent=device_id)])


def _counted(
    tenant: Tenant,
    job: Job,
    device_id: str,
    sensor_ids: Collection[str] | None,
    window: tuple[int, int],
    version: int,
    registered: Collection[str] = (),
) -> Iterator[Advance]:
    """Count the readings of a range accepted up to *version*, and find the sensors that have any."""
    codec.vectorise()
    start_ms, end_ms = window
    at_ms = job.position.get("atMs", start_ms)
    sensors = dict.fromkeys([*job.position.get("sensors", ()), *registered])
    readings, told = 0, time.monotonic()
    for part in tenant.readings().read(device_id, sensor_ids, at_ms, end_ms):
        for column, series in part.frame.items():
            sensors[column.sensor_id] = None
            readings += sum(map(version.__ge__, series.versions))
        if time.monotonic() >= told + PULSE_S:
            position: dict[str, Any] = {"atMs": part.end_ms, "sensors": list(sensors)}
            yield Advance(position=position, counted={"readings": readings})
            readings, told = 0, time.monotonic()
    yield Advance(position={"counted": True, "sensors": list(sensors)}, counted={"readings": readings})


def _quarantine_emptied(tenant: Tenant, device_id: DeviceId, position: dict[str, Any]) -> Iterator[Advance]:
    things = tenant.things(QuarantinedReading)
    things.remove_all(position.get("forget", ()))
    after = position.get("after")
    while True:
        found = [each.id for each in islice(things.all(device_id, after=after), CHUNK)]
        if not found:
            return
        after = found[-1]
        yield Advance(position=position | {"forget": found, "after": after}, counted={"quarantined": len(found)})
        things.remove_all(found)
