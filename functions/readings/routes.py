"""``/api/v1/readings``: readings in, and back out."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.readings.ingestion import ingest
from functions.readings.models import (
    INGESTION_SCHEMA,
    IngestionResult,
    LatestReading,
    LatestReadings,
    Point,
    SensorReadings,
)
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.bodies import Instant
from whimbrel.domain.durations import parse_duration
from whimbrel.domain.fleet import Component, Device, Sensor, retained_since
from whimbrel.domain.jobs import JobAnswer
from whimbrel.domain.series import Reading
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant
from whimbrel.http.jobs import delete_readings
from whimbrel.http.parameters import Cursor
from whimbrel.http.resource import Resource
from whimbrel.ids import ComponentId, DeviceId, SensorId
from whimbrel.problems import InvalidRequest, NotFound, Unavailable
from whimbrel.store.newest import newest
from whimbrel.store.tenant import Tenant

MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_POINTS = 10_000
MAX_SENSORS = 1_000

resource = Resource("/api/v1/readings", tag="Readings")

SensorPath = Annotated[SensorId, Path(alias="sensorId")]
PointLimit = Annotated[int, Query(ge=1, le=MAX_POINTS, description="How many points at most.")]
Order = Annotated[Literal["asc", "desc"], Query(description="Oldest or newest first.")]


@resource.operation(
    "POST",
    scope=Scope.READINGS_WRITE,
    max_body_bytes=MAX_BODY_BYTES,
    validate=False,
    audited=False,
    request_schema=INGESTION_SCHEMA,
)
def ingest_readings(
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    atomic: Annotated[bool, Query(description="All of them or none: the first that is refused refuses all.")] = False,  # noqa: ARG001, FBT002 (read from the exchange: this operation is not validated)
) -> IngestionResult:
    """Send readings.

    An array of up to 50,000 readings, simple or structured, each naming its device; `{"deviceId", "readings"}`; or
    columns, `{"deviceId", "series": {"<sensor>": {"timestamps", "values"}}}`, whose readings are counted through the
    series in order. `Content-Encoding: gzip` is accepted. What is accepted is durable when this answers. What is not is
    in quarantine, with a reason each.
    """
    return ingest(exchange, tenant)


@resource.operation("GET", "/sensor/{sensorId}", scope=Scope.READINGS_READ, problems=[NotFound])
def get_sensor_readings(
    sensor_id: SensorPath,
    tenant: CurrentTenant,
    start: Annotated[Instant | SkipJsonSchema[None], Query(alias="from", description="Inclusive.")] = None,
    end: Annotated[Instant | SkipJsonSchema[None], Query(alias="to", description="Exclusive.")] = None,
    limit: PointLimit = 1_000,
    order: Order = "asc",
    cursor: Cursor = None,
) -> SensorReadings:
    """Get a sensor's readings.

    Of the half-open time range `[from, to)`, without either of all time.
    """
    return _page(tenant, sensor_id, _range(start, end), limit, order, cursor)


@resource.operation("GET", "/sensor/{sensorId}/window", scope=Scope.READINGS_READ, problems=[NotFound])
def get_sensor_window(
    sensor_id: SensorPath,
    tenant: CurrentTenant,
    last: Annotated[
        str,
        Query(max_length=32, description="How far back from now: `15m`, `24h`, `7d` or ISO 8601 as in `PT15M`."),
    ] = "15m",
    limit: PointLimit = 1_000,
    order: Order = "asc",
    cursor: Cursor = None,
) -> SensorReadings:
    """Get a sensor's readings of the last while.

    While paging, the window goes on moving with the time.
    """
    try:
        width = parse_duration(last)
    except ValueError as error:
        raise InvalidRequest.of("last", str(error)) from error
    # A device's clock may be up to five minutes ahead of ours; what it sent is not to be missing from "the last while".
    now = instants.now_ms()
    window = (max(0, now - width // timedelta(milliseconds=1)), now + 300_001)
    return _page(tenant, sensor_id, window, limit, order, cursor, query=last)


@resource.operation("GET", "/latest", scope=Scope.READINGS_READ, problems=[NotFound])
def get_latest_readings(
    tenant: CurrentTenant,
    device_id: Annotated[DeviceId | SkipJsonSchema[None], Query(alias="deviceId")] = None,
    component_id: Annotated[ComponentId | SkipJsonSchema[None], Query(alias="componentId")] = None,
    sensor_ids: Annotated[list[SensorId] | SkipJsonSchema[None], Query(alias="sensorIds", max_length=50)] = None,
) -> LatestReadings:
    """Get the newest reading of each sensor of a device or component, or of up to 50 sensors.

    Name exactly one of `deviceId`, `componentId` and `sensorIds`.
    """
    if sum(given is not None for given in (device_id, component_id, sensor_ids)) != 1:
        raise InvalidRequest.of("deviceId", "name one of deviceId, componentId and sensorIds")
    sensors = _sensors(tenant, device_id, component_id, sensor_ids)
    by_device: dict[DeviceId, list[Sensor]] = {}
    for sensor in sensors:
        by_device.setdefault(sensor.device_id, []).append(sensor)
    store = tenant.readings()
    items: list[LatestReading] = []
    for device, members in by_device.items():
        found = newest(store, device, members)
        items += [_latest(sensor, found[sensor.id]) for sensor in members if sensor.id in found]
    return LatestReadings(items=items)


@resource.operation(
    "DELETE", "/sensor/{sensorId}", scope=Scope.READINGS_WRITE, status=202, problems=[NotFound, Unavailable]
)
def delete_sensor_readings(
    sensor_id: SensorPath,
    tenant: CurrentTenant,
    caller: CurrentCaller,
    exchange: CurrentExchange,
    start: Annotated[Instant | SkipJsonSchema[None], Query(alias="from", description="Inclusive.")] = None,
    end: Annotated[Instant | SkipJsonSchema[None], Query(alias="to", description="Exclusive.")] = None,
) -> JobAnswer:
    """Delete a sensor's readings.

    Of the half-open time range `[from, to)`, without either of all time. A job deletes what was accepted before this
    request, however late it is delivered again, and counts it in `counts.readings`; what is accepted later stays.
    """
    sensor = tenant.things(Sensor).get(sensor_id)
    _range(start, end)
    bounds = {name: instants.format_instant(at) for name, at in (("from", start), ("to", end)) if at}
    return delete_readings(tenant, caller, exchange, sensor, bounds)


def _sensors(
    tenant: Tenant,
    device_id: DeviceId | None,
    component_id: ComponentId | None,
    sensor_ids: list[SensorId] | None,
) -> list[Sensor]:
    things = tenant.things(Sensor)
    if sensor_ids is not None:
        return [things.get(identifier) for identifier in dict.fromkeys(sensor_ids)]
    if component_id is not None:
        device_id = tenant.things(Component).get(component_id).device_id
    elif device_id is not None and tenant.things(Device).find(device_id) is None:
        raise tenant.things(Device).not_found(device_id)
    return [sensor for sensor in things.all(device_id) if component_id in {None, sensor.component_id}]


def _range(start: datetime | None, end: datetime | None) -> tuple[int, int]:
    first = instants.to_ms(start) if start else 0
    last = instants.to_ms(end) if end else instants.END_OF_TIME_MS
    if first >= last:
        raise InvalidRequest.of("from", "it must be before to", code="empty-range")
    return max(0, first), last


def _page(
    tenant: Tenant,
    sensor_id: SensorId,
    window: tuple[int, int],
    limit: int,
    order: Literal["asc", "desc"],
    cursor: str | None,
    query: str = "",
) -> SensorReadings:
    sensor = tenant.things(Sensor).get(sensor_id)
    cursors = tenant.cursors("readings", sensor_id, order, query or str(window))
    start, end = window
    if cursor:
        at = int(cursors.open(cursor))
        start, end = (max(start, at + 1), end) if order == "asc" else (start, min(end, at))
    points: list[Point] = []
    next_cursor: str | None = None
    kept_since = retained_since([sensor], instants.now_ms())
    found = tenant.readings().read(sensor.device_id, [sensor_id], start, end, order=order, not_before=kept_since)
    for piece in found:
        for column, series in piece.frame.items():
            if column.value_type is not sensor.value_type:
                continue
            room = limit - len(points)
            points += [_point(series.at(index)) for index in range(min(room, len(series)))]
            if len(series) > room:
                next_cursor = cursors.seal(str(instants.to_ms(points[-1].timestamp)))
        if next_cursor:
            break
    return SensorReadings(
        sensor_id=sensor_id,
        value_type=sensor.value_type,
        unit=sensor.unit,
        points=points,
        next_cursor=next_cursor,
    )


def _point(reading: Reading) -> Point:
    return Point(
        timestamp=instants.from_ms(reading.timestamp),
        value=reading.value,
        metadata=_metadata(reading.metadata),
    )


def _latest(sensor: Sensor, reading: Reading) -> LatestReading:
    return LatestReading(
        sensor_id=sensor.id,
        device_id=sensor.device_id,
        key=sensor.key,
        value_type=sensor.value_type,
        unit=sensor.unit,
        timestamp=instants.from_ms(reading.timestamp),
        value=reading.value,
        metadata=_metadata(reading.metadata),
    )


def _metadata(text: str | None) -> dict[str, Any] | None:
    return json.loads(text) if text is not None else None
