"""``/api/v1.6``: devices by their labels, and dots for their variables.

A device is addressed by its identifier or its label, a variable by its identifier or, within a device, by its label.
What data names for the first time is made: devices and, by the intake, variables. Some clients escape the colons of a
label in the path, and no label has a percent sign: it is unescaped whatever the gateway has done.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.dots import dots, listing, tasks, values
from functions.dots.dialect import DIALECT, credential
from functions.dots.ingestion import DeviceInactive, Sender, store_all, store_in_bulk, told
from functions.dots.models import (
    Aggregate,
    Aggregated,
    Datasource,
    DatasourcePage,
    DotResult,
    DotResults,
    NewDatasource,
    NewVariable,
    RawQuery,
    ResampleQuery,
    Series,
    TaskId,
    Token,
    ValuePage,
    Variable,
    VariablePage,
    VariableResults,
)
from functions.dots.schemas import BULK, COLLECTION, DEVICE_VALUES, ENTRIES, VARIABLE_VALUES
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Device, Sensor
from whimbrel.domain.jobs import JobKind
from whimbrel.domain.readings import MAIN_COMPONENT
from whimbrel.domain.series import ValueType
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant, Exchange
from whimbrel.http.fleet import create_sensor, delete_device
from whimbrel.http.jobs import start as start_job
from whimbrel.http.resource import Resource
from whimbrel.ids import DeviceId, Id, SensorId
from whimbrel.problems import AlreadyExists, InvalidRequest, NotFound, Unavailable
from whimbrel.store.labels import create_labelled, device_by
from whimbrel.store.tasks import new_id
from whimbrel.store.tenant import Tenant
from whimbrel.strict_json import parse

MAX_PAGE = 500

resource = Resource("/api/v1.6", tag="Dots API", dialect=DIALECT)

DeviceName = Annotated[str, Path(description="The device's label, or its id.", max_length=65)]
VariableName = Annotated[str, Path(description="The variable's label, or its id.", max_length=65)]
DeviceIdentifier = Annotated[DeviceId, Path()]
VariableIdentifier = Annotated[SensorId, Path()]
Milliseconds = Annotated[int | SkipJsonSchema[None], Query(description="In milliseconds since 1970, included.")]
Timestamp = Annotated[
    str | SkipJsonSchema[None],
    Query(description="Of values that bring none themselves: milliseconds since 1970.", examples=["1767225600000"]),
]
Type = Annotated[
    str | SkipJsonSchema[None], Query(description="The key of a device profile, for a device that this call makes.")
]
Status = Annotated[bool, Query(description="Tell in `_status` of the device, too.")]
PageNumber = Annotated[int, Query(ge=1, description="From 1.")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE)]


@resource.operation("POST", "/auth/token", scope=Scope.ANY, reads=True)
def get_token(exchange: CurrentExchange) -> Token:
    """Get a token for an API key.

    The key comes in the header `X-Ubidots-ApiKey`. The token is the key itself: good for as long as that is, with its
    scopes.
    """
    return Token(token=credential(exchange))


@resource.operation(
    "POST",
    "/devices/{device}",
    scope=Scope.READINGS_WRITE,
    problems=[NotFound, DeviceInactive],
    validate=False,
    audited=False,
    request_schema=DEVICE_VALUES,
)
def send_device_values(
    device: DeviceName,
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    caller: CurrentCaller,
    timestamp: Timestamp = None,  # noqa: ARG001
    type: Type = None,  # noqa: ARG001
    status: Status = False,  # noqa: ARG001, FBT002
) -> DotResults:
    """Send values of a device.

    An object of variables, each with a number, a dot `{value, timestamp?, context?}` or an array of dots: all are
    stored, or none. A device or variable that is not there is made. Timestamps are in milliseconds since 1970; without
    any it is the server's time.
    """
    device = unquote(device)
    sent = dots.of_device(parse(exchange.body), device, _timestamp(exchange))
    made = store_all(_sender(exchange, tenant, caller), sent)
    return DotResults({**told(sent), **_status(exchange, tenant, device, made)})


@resource.operation(
    "POST",
    "/devices/{device}/{variable}/values",
    scope=Scope.READINGS_WRITE,
    problems=[NotFound, DeviceInactive],
    validate=False,
    audited=False,
    request_schema=VARIABLE_VALUES,
)
def send_device_variable_values(
    device: DeviceName,
    variable: VariableName,
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    caller: CurrentCaller,
    timestamp: Timestamp = None,  # noqa: ARG001
    type: Type = None,  # noqa: ARG001
    status: Status = False,  # noqa: ARG001, FBT002
) -> DotResults | VariableResults:
    """Send values of one variable of a device.

    A dot, or an array of dots: all are stored, or none. A device or variable that is not there is made. `_status` comes
    with the answer to a single dot.
    """
    body, device = parse(exchange.body), unquote(device)
    sent = dots.of_variable(body, device, unquote(variable), _timestamp(exchange))
    made = store_all(_sender(exchange, tenant, caller), sent)
    if isinstance(body, list):
        return VariableResults([DotResult() for _ in sent])
    return DotResults({"status_code": 201, **_status(exchange, tenant, device, made)})


@resource.operation(
    "POST",
    "/devices/{device}/_/bulk/values",
    scope=Scope.READINGS_WRITE,
    validate=False,
    audited=False,
    request_schema=ENTRIES,
)
def send_device_values_in_bulk(
    device: DeviceName,
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    caller: CurrentCaller,
    timestamp: Timestamp = None,  # noqa: ARG001
    type: Type = None,  # noqa: ARG001
) -> TaskId:
    """Send many values of a device.

    An array of objects of variables, each object with a timestamp of its own. What is good is stored when this answers;
    the task tells what is not, and why. That is in quarantine.
    """
    sent = dots.of_entries(parse(exchange.body), unquote(device), _timestamp(exchange))
    return TaskId(task_id=store_in_bulk(_sender(exchange, tenant, caller), sent))


@resource.operation(
    "POST",
    "/devices/_/bulk/values",
    scope=Scope.READINGS_WRITE,
    validate=False,
    audited=False,
    request_schema=BULK,
)
def send_values_in_bulk(
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    caller: CurrentCaller,
    timestamp: Timestamp = None,  # noqa: ARG001
    type: Type = None,  # noqa: ARG001
) -> TaskId:
    """Send many values of many devices.

    Of each device an array of objects of variables. The narrowest timestamp counts: the dot's, then its object's, then
    the device's, then the query's, then the server's. What is good is stored when this answers; the task tells what is
    not, and why. That is in quarantine.
    """
    sent = dots.of_devices(parse(exchange.body), _timestamp(exchange))
    return TaskId(task_id=store_in_bulk(_sender(exchange, tenant, caller), sent))


@resource.operation(
    "POST",
    "/collections/values",
    scope=Scope.READINGS_WRITE,
    problems=[DeviceInactive],
    validate=False,
    audited=False,
    request_schema=COLLECTION,
)
def send_collection(exchange: CurrentExchange, tenant: CurrentTenant, caller: CurrentCaller) -> VariableResults:
    """Send values of several variables.

    An array of dots, each naming its variable by id: all are stored, or none. Nothing is made.
    """
    items = dots.of_collection(parse(exchange.body))
    things = tenant.things(Sensor)
    names = {item["variable"] for item in items}
    sensors = {name: things.find(SensorId(name)) if Id.is_valid(name) else None for name in names}
    sent: list[dots.Dot] = []
    for index, item in enumerate(items):
        sensor = sensors[item["variable"]]
        if sensor is None:
            message = f"there is no variable {item['variable'][:64]!r}"
            raise InvalidRequest.of(f"[{index}].variable", message, code="unknown-reference")
        said = {name: value for name, value in item.items() if name != "variable"}
        sent.append(dots.Dot(sensor.device_id, sensor.id, said, _timestamp(exchange), f"[{index}]"))
    store_all(_sender(exchange, tenant, caller), sent)
    return VariableResults([DotResult() for _ in sent])


@resource.operation("GET", "/tasks/{task}", scope=Scope.READINGS_READ, problems=[NotFound])
def get_task(task: Annotated[str, Path(max_length=64)], tenant: CurrentTenant) -> tasks.Task:
    """Get a task.

    What became of values sent in bulk, or of values to be deleted; for a week.
    """
    return tasks.task_of(tenant, task)


@resource.operation("GET", "/devices/{device}/{variable}/values", scope=Scope.READINGS_READ, problems=[NotFound])
def get_device_variable_values(  # noqa: PLR0913, PLR0917 (one for each parameter)
    device: DeviceName,
    variable: VariableName,
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    start: Milliseconds = None,
    end: Milliseconds = None,
    page: PageNumber = 1,
    page_size: PageSize = 100,
    format: Annotated[Literal["json", "csv"], Query()] = "json",
) -> ValuePage | str:
    """Get the values of a device's variable, newest first.

    `count` is how many there are in the range; beyond 20,000,000 that are not summed up yet the range has to be
    shorter. `format=csv` answers with a table.
    """
    sensor = values.variable_by(tenant, unquote(device), unquote(variable))
    return _values(exchange, tenant, sensor, values.inclusive(start, end), page, page_size, format)


@resource.operation(
    "GET",
    "/devices/{device}/{variable}/lv",
    scope=Scope.READINGS_READ,
    problems=[NotFound],
    content_type="text/plain",
)
def get_last_value(device: DeviceName, variable: VariableName, tenant: CurrentTenant) -> str:
    """Get the newest value of a device's variable, as bare text."""
    sensor = values.variable_by(tenant, unquote(device), unquote(variable))
    last = values.newest(tenant, [sensor]).get(sensor.id)
    if last is None:
        raise NotFound("The variable has no value yet.")
    answer: Any = Response(200, "text/plain; charset=utf-8", values.plain(last))
    return answer


@resource.operation("GET", "/variables/{variable}/values", scope=Scope.READINGS_READ, problems=[NotFound])
def get_variable_values(
    variable: VariableIdentifier,
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    start: Milliseconds = None,
    end: Milliseconds = None,
    page: PageNumber = 1,
    page_size: PageSize = 100,
    format: Annotated[Literal["json", "csv"], Query()] = "json",
) -> ValuePage | str:
    """Get the values of a variable, newest first.

    `count` is how many there are in the range; beyond 20,000,000 that are not summed up yet the range has to be
    shorter. `format=csv` answers with a table.
    """
    sensor = tenant.things(Sensor).get(variable)
    return _values(exchange, tenant, sensor, values.inclusive(start, end), page, page_size, format)


@resource.operation(
    "POST",
    "/variables/{variable}/values",
    scope=Scope.READINGS_WRITE,
    problems=[NotFound, DeviceInactive],
    validate=False,
    audited=False,
    request_schema=VARIABLE_VALUES,
)
def send_variable_values(
    variable: VariableIdentifier,
    exchange: CurrentExchange,
    tenant: CurrentTenant,
    caller: CurrentCaller,
    timestamp: Timestamp = None,  # noqa: ARG001
) -> VariableResults:
    """Send values of a variable.

    A dot, or an array of dots: all are stored, or none.
    """
    sensor = tenant.things(Sensor).get(SensorId(variable))
    body = parse(exchange.body)
    sent = dots.of_variable(body, sensor.device_id, sensor.id, _timestamp(exchange))
    store_all(_sender(exchange, tenant, caller), sent)
    return VariableResults([DotResult() for _ in sent] if isinstance(body, list) else DotResult())


@resource.operation(
    "DELETE",
    "/variables/{variable}/values/{start}/{end}",
    scope=Scope.READINGS_WRITE,
    problems=[NotFound, Unavailable],
)
def delete_variable_values(
    variable: VariableIdentifier,
    start: Annotated[int, Path(description="In milliseconds since 1970, included.")],
    end: Annotated[int, Path(description="In milliseconds since 1970, included.")],
    tenant: CurrentTenant,
    caller: CurrentCaller,
    exchange: CurrentExchange,
) -> TaskId:
    """Delete values of a variable.

    Those of the range that were accepted before this request; the task tells how far that is.
    """
    first, last = values.inclusive(start, end)
    sensor = tenant.things(Sensor).get(variable)
    asked = {
        "deviceId": sensor.device_id,
        "sensorId": sensor.id,
        "acceptedUntil": instants.format_ms(exchange.received_ms),
        "from": instants.format_ms(first),
        **({"to": instants.format_ms(last)} if last < instants.END_OF_TIME_MS else {}),
    }
    task_id = new_id()
    tasks.deletion_task(tenant, task_id, start_job(tenant, caller, exchange, JobKind.DELETE_READINGS, asked))
    return TaskId(task_id=task_id)


@resource.operation(
    "GET", "/variables/{variable}/statistics/{function}/{start}/{end}", scope=Scope.READINGS_READ, problems=[NotFound]
)
def get_variable_statistics(
    variable: VariableIdentifier,
    function: Annotated[Literal["mean", "variance", "min", "max", "sum", "count"], Path()],
    start: Annotated[int, Path(description="In milliseconds since 1970, included.")],
    end: Annotated[int, Path(description="In milliseconds since 1970, included.")],
    tenant: CurrentTenant,
) -> dict[str, float | None]:
    """Get what a variable's values amount to.

    Under the function's name; null without values. The variance is that of the sample, null below two values.
    """
    from functions.dots.series import statistics_of

    sensor, span = tenant.things(Sensor).get(variable), values.inclusive(start, end)
    return {function: statistics_of(tenant.readings(), sensor, function, span)}


@resource.operation("POST", "/data/raw/series", scope=Scope.READINGS_READ, problems=[NotFound], reads=True)
def get_raw_series(body: RawQuery, tenant: CurrentTenant) -> Series:
    """Get values of several variables, newest first.

    `results` are the rows of each variable, `columns` what stands in them; with `join_dataframes` a row for each
    timestamp, with the columns of all variables. An answer holds 50,000 values.
    """
    from functions.dots.series import raw

    return Series(**raw(tenant, body))


@resource.operation("POST", "/data/stats/aggregation", scope=Scope.READINGS_READ, problems=[NotFound], reads=True)
def get_aggregation(body: Aggregate, tenant: CurrentTenant, exchange: CurrentExchange) -> Aggregated:
    """Get what values of several variables amount to.

    `results` are a figure for each variable; with `join_dataframes` one for all together. Without a range it is of the
    last 100 values of each.
    """
    from functions.dots.series import aggregated

    return Aggregated(**aggregated(tenant, body, exchange.received_ms))


@resource.operation("POST", "/data/stats/resample", scope=Scope.READINGS_READ, problems=[NotFound], reads=True)
def get_resampled(body: ResampleQuery, tenant: CurrentTenant, exchange: CurrentExchange) -> Series:
    """Get what values of several variables amount to by period, oldest first.

    `results` are, of each variable, the periods that have values; with `join_dataframes` a row for each period, with a
    figure for each variable. Periods are the calendar's in `tz`; weeks begin on Monday.
    """
    from functions.dots.series import resampled

    return Series(**resampled(tenant, body, exchange.received_ms))


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
    return listing.variable(exchange, sensor, device, values.newest(tenant, [sensor]).get(sensor.id))


@resource.operation("DELETE", "/variables/{variable}", scope=Scope.DEVICES_WRITE, status=204, problems=[NotFound])
def delete_variable(variable: VariableIdentifier, tenant: CurrentTenant) -> None:
    """Delete a variable.

    Its values stay, until retention takes them.
    """
    things = tenant.things(Sensor)
    things.remove(things.get(variable))


def _sender(exchange: Exchange, tenant: Tenant, caller: CurrentCaller) -> Sender:
    return Sender(tenant, caller, exchange, _asked(exchange).get("type") or None)


def _timestamp(exchange: Exchange) -> tuple[Any, ...]:
    """Return the query's timestamp, as what stands around all others; empty if there is none."""
    given = _asked(exchange).get("timestamp")
    return (given,) if given else ()


def _status(exchange: Exchange, tenant: Tenant, device: str, made: list[str]) -> dict[str, Any]:
    if _asked(exchange).get("status") != "true":
        return {}
    there = device_by(tenant, device)
    return {"_status": {"device": {"id": there.id, "label": there.label or there.id, "created": bool(made)}}}


def _asked(exchange: Exchange) -> dict[str, str]:
    return dict(exchange.event.get("queryStringParameters") or {})


def _values(
    exchange: Exchange, tenant: Tenant, sensor: Sensor, span: values.Range, number: int, size: int, form: str
) -> Any:
    total, readings = values.page_of(tenant.readings(), sensor, span, number, size)
    if form == "csv":
        return Response(200, "text/csv; charset=utf-8", values.as_csv(readings))
    return {**listing.links(exchange, total, number, size), "results": [values.row(each) for each in readings]}
