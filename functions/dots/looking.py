"""Values out: as they are, by page, and what they amount to. And away."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from functions.dots import listing, tasks, values
from functions.dots.api import (
    DeviceName,
    Milliseconds,
    PageNumber,
    PageSize,
    VariableIdentifier,
    VariableName,
    resource,
)
from functions.dots.models import (
    Aggregate,
    Aggregated,
    RawQuery,
    ResampleQuery,
    Series,
    TaskId,
    ValuePage,
)
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Sensor
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant, Exchange
from whimbrel.http.jobs import delete_readings
from whimbrel.problems import NotFound, Unavailable
from whimbrel.store.newest import newest
from whimbrel.store.tasks import new_id
from whimbrel.store.tenant import Tenant


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
    last = newest(tenant.readings(), sensor.device_id, [sensor]).get(sensor.id)
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
    bounds = {"from": instants.format_ms(first)}
    if last < instants.END_OF_TIME_MS:
        bounds["to"] = instants.format_ms(last)
    task_id = new_id()
    tasks.deletion_task(tenant, task_id, delete_readings(tenant, caller, exchange, sensor, bounds))
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


def _values(
    exchange: Exchange, tenant: Tenant, sensor: Sensor, span: values.Range, number: int, size: int, form: str
) -> Any:
    total, readings = values.page_of(tenant.readings(), sensor, span, number, size)
    if form == "csv":
        return Response(200, "text/csv; charset=utf-8", values.as_csv(readings))
    return {**listing.links(exchange, total, number, size), "results": [values.row(each) for each in readings]}
