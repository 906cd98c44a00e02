"""``/v1/entities``: devices and components as entities, their sensors as attributes."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.entities.batch import Batch, create
from functions.entities.dialect import DIALECT
from functions.entities.making import delete
from functions.entities.models import (
    AggregateFunction,
    CurrentValue,
    Direction,
    EntityBatch,
    EntityBatchAnswer,
    EntityChart,
    EntityCreate,
    EntityHistory,
    EntityMade,
    EntityMetrics,
    EntityState,
    EntityUpdate,
    MetricsTaken,
    UpdateOperation,
    WrongShape,
)
from functions.entities.naming import entity_named, equipment_of, sensors_named
from functions.entities.recording import Recording
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Component, Device
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant
from whimbrel.http.resource import Resource
from whimbrel.http.standard import InUse
from whimbrel.problems import AlreadyExists, InvalidRequest, NotFound, Unavailable
from whimbrel.store.newest import newest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from functions.entities.models import Given
    from whimbrel.http.exchange import Exchange
    from whimbrel.store.tenant import Tenant

resource = Resource("/v1/entities", tag="Entity API", dialect=DIALECT)

DAY_MS = 86_400_000
OURS = {"from": "start", "interval": "bucket_width", "fn": "aggregate_func"}
"""What a refusal of the layer calls fields that have other names here."""

_UNIX_SECONDS = re.compile(r"(\d{1,12})(?:\.(\d{1,3})\d*)?\Z", re.ASCII)

EntityPath = Annotated[
    str, Path(alias="entityId", description="The id of a device or component, or the id that the client chose for it.")
]
AttributeIds = Annotated[
    list[str] | SkipJsonSchema[None],
    Query(description="Ids or slugs, with commas between or given repeatedly; absent: all."),
]
_MOMENT = "Unix seconds, or RFC 3339; inclusive."
Start = Annotated[str | SkipJsonSchema[None], Query(max_length=64, description=_MOMENT, examples=["1767225600"])]
End = Annotated[str | SkipJsonSchema[None], Query(max_length=64, description=_MOMENT, examples=["1767312000"])]


@resource.operation(
    "POST",
    scope=Scope.DEVICES_WRITE,
    status=201,
    problems=[AlreadyExists, WrongShape, Unavailable],
)
def create_entity(
    body: EntityCreate, tenant: CurrentTenant, caller: CurrentCaller, exchange: CurrentExchange
) -> EntityMade:
    """Make an entity.

    It is a device, bound to the device profile `template_id` if there is one. With values, the credential also needs
    `readings:write`; if one is refused, nothing is made. An `id` that the client chooses names one entity at a time:
    while there is one, the answer is 409; when it was deleted, the next of that id is another one.
    """
    if next(body.values(), None):
        caller.require(Scope.READINGS_WRITE)
    return EntityMade(id=create(tenant, exchange, body))


@resource.operation(
    "POST", "/batch", scope=Scope.READINGS_WRITE, problems=[NotFound, AlreadyExists, InUse, WrongShape, Unavailable]
)
def run_batch(
    body: EntityBatch, tenant: CurrentTenant, caller: CurrentCaller, exchange: CurrentExchange
) -> EntityBatchAnswer:
    """Do up to 100 operations on entities, in order.

    One that is refused is told in `results`, by its `index`, and the others are done all the same. To make or delete
    entities, the credential also needs `devices:write`. To delete what was deleted already is no failure.

    With `atomic` all are done or none: the first that is refused refuses the batch, with its `failed_index`. Values
    are in another store than entities, so such a batch either records values (all are judged before the first is
    stored) or makes and deletes entities (in one transaction), from what there was before it. What is no operation at
    all is refused in either case before anything is done.
    """
    if not all(isinstance(operation, UpdateOperation) for operation in body.operations):
        from whimbrel.http.fresh import as_of_now

        as_of_now(caller, tenant).require(Scope.DEVICES_WRITE)
    return Batch(tenant, caller, exchange, body).run()


@resource.operation("DELETE", "/{entityId}", scope=Scope.DEVICES_WRITE, status=204, problems=[NotFound, InUse])
def delete_entity(
    entity_id: EntityPath, tenant: CurrentTenant, caller: CurrentCaller, exchange: CurrentExchange
) -> None:
    """Delete an entity.

    A device is cut off; its values stay, until retention takes them. A component can be deleted while it has no
    attributes.
    """
    delete(tenant, caller, exchange, entity_named(tenant, equipment_of(tenant), entity_id))


@resource.operation("GET", "/{entityId}", scope=Scope.READINGS_READ, problems=[NotFound])
def get_entity(entity_id: EntityPath, tenant: CurrentTenant) -> EntityState:
    """Get an entity, with the current value of each attribute."""
    entity = entity_named(tenant, equipment_of(tenant), entity_id)
    if entity.component is None:
        thing = tenant.things(Device).get(entity.device.id)
        template_id = thing.device_profile_id
    else:
        thing = tenant.things(Component).get(entity.component_id)
        template_id = thing.sensor_profile_id
    sensors = sensors_named(tenant, entity, None)
    current = newest(tenant.readings(), entity.device.id, sensors.values()) if sensors else {}
    found = {
        sensor_id: CurrentValue(value=reading.value, updated_at=instants.from_ms(reading.timestamp))
        for sensor_id, reading in current.items()
    }
    return EntityState(
        id=entity_id,
        template_id=template_id,
        created_at=thing.created_at,
        updated_at=max([thing.updated_at, *(value.updated_at for value in found.values())]),
        attribute_values={**found},
    )


@resource.operation(
    "PUT",
    "/{entityId}",
    scope=Scope.READINGS_WRITE,
    status=204,
    audited=False,
    problems=[NotFound, WrongShape, Unavailable],
)
def put_entity(entity_id: EntityPath, body: EntityUpdate, tenant: CurrentTenant, exchange: CurrentExchange) -> None:
    """Record values of an entity's attributes.

    Each value with `updated_at` goes to its exact place in the history, however often its attribute stands in the
    request; one without is of now. All are stored, durably, or none: the first that is refused refuses the request.
    Values are appended: none is replaced or cleared because the request does not name its attribute. A slug that is
    new makes an attribute.
    """
    _record(tenant, exchange, entity_id, body.values())


@resource.operation(
    "PATCH",
    "/{entityId}",
    scope=Scope.READINGS_WRITE,
    status=204,
    audited=False,
    problems=[NotFound, WrongShape, Unavailable],
)
def patch_entity(entity_id: EntityPath, body: EntityUpdate, tenant: CurrentTenant, exchange: CurrentExchange) -> None:
    """Record values of some of an entity's attributes.

    The same as PUT: values are appended, and what is not named stays as it is.
    """
    _record(tenant, exchange, entity_id, body.values())


@resource.operation(
    "POST",
    "/{entityId}/metrics",
    scope=Scope.READINGS_WRITE,
    status=202,
    audited=False,
    problems=[NotFound, WrongShape, Unavailable],
)
def add_metrics(
    entity_id: EntityPath, body: EntityMetrics, tenant: CurrentTenant, exchange: CurrentExchange
) -> MetricsTaken:
    """Record numbers of an entity's attributes.

    As PUT does, for attributes that are numbers; they are stored, durably, when this answers.
    """
    return MetricsTaken(accepted=_record(tenant, exchange, entity_id, body.values()))


@resource.operation("GET", "/{entityId}/history", scope=Scope.READINGS_READ, problems=[NotFound])
def get_entity_history(  # noqa: PLR0913, PLR0917 (one for each parameter)
    entity_id: EntityPath,
    tenant: CurrentTenant,
    page: Annotated[int, Query(ge=1, description="From 1; as far as the 100,000th value.")] = 1,
    limit: Annotated[int, Query(ge=1, le=100, description="How many values a page has.")] = 20,
    sort_by: Annotated[Literal["created_at"], Query()] = "created_at",  # noqa: ARG001 (there is one way)
    sort_direction: Annotated[Direction, Query(description="Newest or oldest first.")] = "desc",
    attribute_ids: AttributeIds = None,
    start: Start = None,
    end: End = None,
) -> EntityHistory:
    """Get the values that an entity's attributes had.

    Counting them looks at 20,000,000 values at most, of which those of past days count little, once they have been
    counted before; of a longer history name `start` and `end`.
    """
    from functions.entities.looking import MOST_DEEP, Past

    if page * limit > MOST_DEEP:
        message = f"pages end at the {MOST_DEEP:,}th value; name start and end, or sort the other way round"
        raise InvalidRequest.of("page", message)
    span = _span(start, end, 0, instants.END_OF_TIME_MS - 1)
    entity = entity_named(tenant, equipment_of(tenant), entity_id)
    sensors = sensors_named(tenant, entity, _listed(attribute_ids))
    past = Past(tenant.readings(), sensors, span)
    with _in_our_words():
        total = past.total()
    items = past.page(entity_id, page, limit, sort_direction)
    return EntityHistory(items=items, total=total, page=page, limit=limit)


@resource.operation("GET", "/{entityId}/chart", scope=Scope.READINGS_READ, problems=[NotFound])
def get_entity_chart(
    entity_id: EntityPath,
    tenant: CurrentTenant,
    exchange: CurrentExchange,
    attribute_ids: AttributeIds = None,
    start: Start = None,
    end: End = None,
    aggregate_func: Annotated[AggregateFunction, Query()] = "avg",
    bucket_width: Annotated[
        str,
        Query(
            max_length=64,
            description="`15 minutes`, `1 hour`, `1 day`, `1 month`, or short as in `15m`.",
            examples=["15 minutes"],
        ),
    ] = "1 hour",
) -> EntityChart:
    """Get an entity's attributes by bucket.

    Without `attribute_ids` of all that are numbers; without `start` from a day before `end`, without `end` until now.
    Buckets begin and end where the calendar of UTC says: the first may begin before `start`, and counts only what is
    from there on.
    """
    from functions.entities.looking import chart, is_numeric

    last_ms = _moment("end", end) if end else exchange.received_ms
    span = _span(start, end, last_ms - DAY_MS, last_ms)
    entity = entity_named(tenant, equipment_of(tenant), entity_id)
    sensors = sensors_named(tenant, entity, _listed(attribute_ids))
    if not attribute_ids:
        sensors = {sensor_id: sensor for sensor_id, sensor in sensors.items() if is_numeric(sensor)}
    with _in_our_words():
        return EntityChart(series=chart(tenant.readings(), sensors, aggregate_func, bucket_width, span))


def _record(tenant: Tenant, exchange: Exchange, entity_id: str, values: Iterable[Given]) -> int:
    equipment = equipment_of(tenant)
    recording = Recording(equipment, exchange.received_ms)
    recording.add(entity_named(tenant, equipment, entity_id), values)
    recording.check()
    return recording.store(tenant)


def _listed(given: list[str] | None) -> list[str] | None:
    """Return the names in a list that also has commas; None where there is none."""
    names = [name.strip() for each in given or () for name in each.split(",")]
    return [name for name in names if name] or None


def _span(start: str | None, end: str | None, first_ms: int, last_ms: int) -> tuple[int, int]:
    """Return the half-open range from one moment to another, each inclusive."""
    first_ms = _moment("start", start) if start else first_ms
    last_ms = _moment("end", end) if end else last_ms
    if first_ms > last_ms:
        raise InvalidRequest.of("start", "it must not be after end", code="empty-range")
    return first_ms, last_ms + 1


def _moment(field: str, text: str) -> int:
    if seconds := _UNIX_SECONDS.match(text):
        at_ms = int(seconds[1]) * 1000 + int((seconds[2] or "").ljust(3, "0"))
    else:
        try:
            at_ms = instants.parse_ms(text)
        except (ValueError, OverflowError) as error:
            message = "send Unix seconds, or RFC 3339 as in 2026-01-31T12:00:00Z"
            raise InvalidRequest.of(field, message) from error
    if not 0 <= at_ms < instants.END_OF_TIME_MS:
        raise InvalidRequest.of(field, "it is before 1970 or beyond 9999; send Unix seconds, not milliseconds")
    return at_ms


@contextmanager
def _in_our_words() -> Generator[None]:
    """Name the fields of a refusal as this API does."""
    try:
        yield
    except InvalidRequest as refusal:
        raise refusal.renamed(OURS) from refusal
