from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.sensor_answer import SensorAnswer
from ...types import Response


def _get_kwargs(
    sensor_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/sensors/{sensor_id}".format(
            sensor_id=quote(str(sensor_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | SensorAnswer | None:
    if response.status_code == 200:
        response_200 = SensorAnswer.from_dict(response.json())

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
) -> Response[Problem | SensorAnswer]:
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
) -> Response[Problem | SensorAnswer]:
    """Get a sensor

     With its `lastReading`, which lists leave out: to show many, get `/readings/latest`.

    Scope: `devices:read`.

    Args:
        sensor_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SensorAnswer]
    """

    kwargs = _get_kwargs(
        sensor_id=sensor_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    sensor_id: str,
    *,
    client: AuthenticatedClient,
) -> Problem | SensorAnswer | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        sensor_id=sensor_id,
        client=client,
    ).parsed
