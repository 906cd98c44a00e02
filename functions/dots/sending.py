"""Values in, by device, by variable and in bulk; the tokens that clients ask for before, and the tasks after."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.dots import dots, tasks
from functions.dots.api import DeviceName, Status, Timestamp, Type, VariableIdentifier, VariableName, resource
from functions.dots.dialect import credential
from functions.dots.ingestion import DeviceInactive, Sender, store_all, store_in_bulk, told
from functions.dots.models import (
    DotResult,
    DotResults,
    TaskId,
    Token,
    VariableResults,
)
from functions.dots.schemas import BULK, COLLECTION, DEVICE_VALUES, ENTRIES, VARIABLE_VALUES
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Sensor
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant, Exchange
from whimbrel.ids import Id, SensorId
from whimbrel.problems import InvalidRequest, NotFound
from whimbrel.store.labels import device_by
from whimbrel.store.tenant import Tenant
from whimbrel.strict_json import parse


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


@resource.operation("GET", "/tasks/{task}", scope=Scope.READINGS_READ, problems=[NotFound])
def get_task(task: Annotated[str, Path(max_length=64)], tenant: CurrentTenant) -> tasks.Task:
    """Get a task.

    What became of values sent in bulk, or of values to be deleted; for a week.
    """
    return tasks.task_of(tenant, task)


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
