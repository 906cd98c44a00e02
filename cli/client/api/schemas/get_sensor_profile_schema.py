from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.get_sensor_profile_schema_return import GetSensorProfileSchemaReturn
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    sensor_profile_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/schemas/sensor-profile/{sensor_profile_id}".format(
            sensor_profile_id=quote(str(sensor_profile_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> GetSensorProfileSchemaReturn | Problem | None:
    if response.status_code == 200:
        response_200 = GetSensorProfileSchemaReturn.from_dict(response.json())

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
) -> Response[GetSensorProfileSchemaReturn | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    sensor_profile_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[GetSensorProfileSchemaReturn | Problem]:
    """Get a sensor profile as DTDL v3, in JSON-LD: one Interface

     Scope: `devices:read`.

    Args:
        sensor_profile_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[GetSensorProfileSchemaReturn | Problem]
    """

    kwargs = _get_kwargs(
        sensor_profile_id=sensor_profile_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    sensor_profile_id: str,
    *,
    client: AuthenticatedClient,
) -> GetSensorProfileSchemaReturn | Problem | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        sensor_profile_id=sensor_profile_id,
        client=client,
    ).parsed
