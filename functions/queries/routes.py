"""``/api/v1/readings``: what many readings amount to. numpy is loaded by the first call that needs it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.queries.models import (
    BatchAnswer,
    BatchBuckets,
    BatchPoints,
    BatchQuery,
    BooleanStats,
    NumberStats,
    SensorBuckets,
    TextStats,
)
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.bodies import Instant
from whimbrel.domain.durations import parse_duration
from whimbrel.domain.fleet import Sensor
from whimbrel.http.exchange import CurrentExchange, CurrentTenant
from whimbrel.http.resource import Resource
from whimbrel.ids import SensorId
from whimbrel.problems import InvalidRequest, NotFound

resource = Resource("/api/v1/readings", tag="Readings")

SensorPath = Annotated[SensorId, Path(alias="sensorId")]
Fill = Literal["none", "null", "previous", "linear"]

_AHEAD_MS = 300_001
"""A device's clock may be up to five minutes ahead of ours; what it sent is not to be missing from "the last while"."""


@resource.operation("GET", "/sensor/{sensorId}/aggregated", scope=Scope.READINGS_READ, problems=[NotFound])
def get_sensor_aggregates(
    sensor_id: SensorPath,
    tenant: CurrentTenant,
    start: Annotated[Instant, Query(alias="from", description="Inclusive.")],
    end: Annotated[Instant, Query(alias="to", description="Exclusive.")],
    interval: Annotated[
        str,
        Query(
            max_length=32,
            description="How long buckets are: `10s`, `15m`, `1h`, `1d`, `1w`, `3mo`, or ISO 8601 as in `PT15M`.",
            examples=["1h"],
        ),
    ],
    fn: Annotated[
        list[str] | SkipJsonSchema[None],
        Query(
            description="With commas between or given repeatedly: `avg`, `min`, `max`, `range`, `sum`, `count`, "
            "`first`, `last`, `stddev`, `delta`, `timeWeightedAvg`, and percentiles such as `p95`. Booleans know `avg` "
            "(the share of true), `count`, `first` and `last`; texts the last three.",
        ),
    ] = None,
    tz: Annotated[str, Query(max_length=64, description="Whose calendar, by its IANA name.")] = "UTC",
    fill: Annotated[
        Fill,
        Query(
            description="What empty buckets say: they are left out, or have null, the figure before, or one on a line."
        ),
    ] = "none",
) -> SensorBuckets:
    """Get a sensor's readings by bucket.

    Of the half-open range `[from, to)`, in at most 10,000 buckets that begin and end where the calendar of `tz` says:
    the first may begin before `from`, and counts only what is in the range. The increase from one reading to the next
    belongs to the bucket of the later; a value is held until the next reading, from bucket to bucket.
    """
    from functions.queries import rules
    from whimbrel.store.history import History

    sensor = tenant.things(Sensor).get(sensor_id)
    span = _range(start, end)
    functions = rules.functions_of(fn, sensor, fill)
    bucketing = rules.Bucketing.of(interval, tz, fill, span)
    history = History(tenant.readings())
    buckets = rules.buckets_of(history, {sensor_id: sensor}, {sensor_id: functions}, bucketing, span)
    return SensorBuckets(
        sensor_id=sensor_id,
        value_type=sensor.value_type,
        unit=sensor.unit,
        interval=interval,
        tz=tz,
        buckets=buckets[sensor_id],
    )


@resource.operation("GET", "/sensor/{sensorId}/stats", scope=Scope.READINGS_READ, problems=[NotFound])
def get_sensor_stats(
    sensor_id: SensorPath,
    tenant: CurrentTenant,
    start: Annotated[Instant | SkipJsonSchema[None], Query(alias="from", description="Inclusive.")] = None,
    end: Annotated[Instant | SkipJsonSchema[None], Query(alias="to", description="Exclusive.")] = None,
) -> NumberStats | BooleanStats | TextStats:
    """Get what a sensor's readings amount to.

    Of the half-open range `[from, to)`, without either of all time.
    """
    from functions.queries.stats import stats_of
    from whimbrel.store.history import History

    sensor = tenant.things(Sensor).get(sensor_id)
    return stats_of(History(tenant.readings()), sensor, _range(start, end))


@resource.operation("POST", "/batch", scope=Scope.READINGS_READ, problems=[NotFound], reads=True)
def query_readings(body: BatchQuery, tenant: CurrentTenant, exchange: CurrentExchange) -> BatchAnswer:
    """Get the readings of up to 50 sensors.

    Of `[from, to)`, or of the `last` while. With `interval` by bucket, as of a single sensor; with `maxPoints` in as
    many points as that, which keep the peaks (of booleans and texts: where they change); without either all readings,
    at most 50,000 together.
    """
    from functions.queries import rules
    from whimbrel.store.history import History

    if body.interval is not None and body.max_points is not None:
        raise InvalidRequest.of("maxPoints", "send it or interval, not both")
    if body.interval is None and body.fn is not None:
        raise InvalidRequest.of("fn", "it needs an interval")
    span = _span(body, exchange.received_ms)
    things = tenant.things(Sensor)
    sensors = {sensor_id: things.get(sensor_id) for sensor_id in dict.fromkeys(body.sensor_ids)}
    history = History(tenant.readings())
    found: dict[str, BatchBuckets | BatchPoints] = {}
    if body.interval is None:
        points = rules.points_of(history, sensors, body.max_points, span)
        for sensor_id, sensor in sensors.items():
            found[sensor_id] = BatchPoints(value_type=sensor.value_type, unit=sensor.unit, points=points[sensor_id])
    else:
        fn = [body.fn] if isinstance(body.fn, str) else body.fn
        functions = {sensor_id: rules.functions_of(fn, sensor, body.fill) for sensor_id, sensor in sensors.items()}
        bucketing = rules.Bucketing.of(body.interval, body.tz, body.fill, span)
        buckets = rules.buckets_of(history, sensors, functions, bucketing, span)
        for sensor_id, sensor in sensors.items():
            found[sensor_id] = BatchBuckets(value_type=sensor.value_type, unit=sensor.unit, buckets=buckets[sensor_id])
    return BatchAnswer(start=instants.from_ms(span[0]), end=instants.from_ms(span[1]), sensors=found)


def _range(start: datetime | None, end: datetime | None) -> tuple[int, int]:
    first = instants.to_ms(start) if start else 0
    last = instants.to_ms(end) if end else instants.END_OF_TIME_MS
    if first >= last:
        raise InvalidRequest.of("from", "it must be before to", code="empty-range")
    return first, last


def _span(body: BatchQuery, now_ms: int) -> tuple[int, int]:
    if body.last is None:
        for name, value in (("from", body.start), ("to", body.end)):
            if value is None:
                raise InvalidRequest.of(name, "send from and to, or last", code="missing")
        return _range(body.start, body.end)
    if body.start or body.end:
        raise InvalidRequest.of("last", "send it or from and to, not both")
    try:
        width = parse_duration(body.last) // timedelta(milliseconds=1)
    except ValueError as error:
        raise InvalidRequest.of("last", str(error)) from error
    # What is reduced by bucket ends now: a bucket of the next minutes would be empty, and a value be held into them.
    return now_ms - width, now_ms + (_AHEAD_MS if body.interval is None else 1)
