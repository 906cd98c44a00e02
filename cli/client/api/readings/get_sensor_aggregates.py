import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.get_sensor_aggregates_fill import GetSensorAggregatesFill
from ...models.problem import Problem
from ...models.sensor_buckets import SensorBuckets
from ...types import UNSET, Response, Unset


def _get_kwargs(
    sensor_id: str,
    *,
    from_: datetime.datetime,
    to: datetime.datetime,
    interval: str,
    fn: list[str] | Unset = UNSET,
    tz: str | Unset = "UTC",
    fill: GetSensorAggregatesFill | Unset = GetSensorAggregatesFill.NONE,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_from_ = from_.isoformat()
    params["from"] = json_from_

    json_to = to.isoformat()
    params["to"] = json_to

    params["interval"] = interval

    json_fn: list[str] | Unset = UNSET
    if not isinstance(fn, Unset):
        json_fn = fn

    params["fn"] = json_fn

    params["tz"] = tz

    json_fill: str | Unset = UNSET
    if not isinstance(fill, Unset):
        json_fill = fill.value

    params["fill"] = json_fill

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/readings/sensor/{sensor_id}/aggregated".format(
            sensor_id=quote(str(sensor_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | SensorBuckets | None:
    if response.status_code == 200:
        response_200 = SensorBuckets.from_dict(response.json())

        return response_200

    if 400 <= response.status_code <= 499:
        response_4xx = Problem.from_dict(response.json())

        return response_4xx

    if 500 <= response.status_code <= 599:
        response_5xx = Problem.from_dict(response.json())

        return response_5xx

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | SensorBuckets]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    sensor_id: str,
    *,
    client: AuthenticatedClient,
    from_: datetime.datetime,
    to: datetime.datetime,
    interval: str,
    fn: list[str] | Unset = UNSET,
    tz: str | Unset = "UTC",
    fill: GetSensorAggregatesFill | Unset = GetSensorAggregatesFill.NONE,
) -> Response[Problem | SensorBuckets]:
    """Get a sensor's readings by bucket

     Of the half-open range `[from, to)`, in at most 10,000 buckets that begin and end where the calendar
    of `tz` says:
    the first may begin before `from`, and counts only what is in the range. The increase from one
    reading to the next
    belongs to the bucket of the later; a value is held until the next reading, from bucket to bucket.

    Scope: `readings:read`.

    Args:
        sensor_id (str):
        from_ (datetime.datetime):
        to (datetime.datetime):
        interval (str): How long buckets are: `10s`, `15m`, `1h`, `1d`, `1w`, `3mo`, or ISO 8601
            as in `PT15M`.
        fn (list[str] | Unset): With commas between or given repeatedly: `avg`, `min`, `max`,
            `range`, `sum`, `count`, `first`, `last`, `stddev`, `delta`, `timeWeightedAvg`, and
            percentiles such as `p95`. Booleans know `avg` (the share of true), `count`, `first` and
            `last`; texts the last three.
        tz (str | Unset): Whose calendar, by its IANA name. Default: 'UTC'.
        fill (GetSensorAggregatesFill | Unset): What empty buckets say: they are left out, or have
            null, the figure before, or one on a line. Default: GetSensorAggregatesFill.NONE.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SensorBuckets]
    """

    kwargs = _get_kwargs(
        sensor_id=sensor_id,
        from_=from_,
        to=to,
        interval=interval,
        fn=fn,
        tz=tz,
        fill=fill,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    sensor_id: str,
    *,
    client: AuthenticatedClient,
    from_: datetime.datetime,
    to: datetime.datetime,
    interval: str,
    fn: list[str] | Unset = UNSET,
    tz: str | Unset = "UTC",
    fill: GetSensorAggregatesFill | Unset = GetSensorAggregatesFill.NONE,
) -> Problem | SensorBuckets | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        sensor_id=sensor_id,
        client=client,
        from_=from_,
        to=to,
        interval=interval,
        fn=fn,
        tz=tz,
        fill=fill,
    ).parsed
