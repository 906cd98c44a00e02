from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.get_device_profile_schema_response_200_item import (
    GetDeviceProfileSchemaResponse200Item,
)
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    device_profile_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/schemas/device-profile/{device_profile_id}".format(
            device_profile_id=quote(str(device_profile_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | list[GetDeviceProfileSchemaResponse200Item] | None:
    if response.status_code == 200:
        response_200 = []
        _response_200 = response.json()
        for response_200_item_data in _response_200:
            response_200_item = GetDeviceProfileSchemaResponse200Item.from_dict(response_200_item_data)

            response_200.append(response_200_item)

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
) -> Response[Problem | list[GetDeviceProfileSchemaResponse200Item]]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    device_profile_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | list[GetDeviceProfileSchemaResponse200Item]]:
    """Get a device profile as DTDL v3, in JSON-LD: its Interface, then those of its components

     Scope: `devices:read`.

    Args:
        device_profile_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | list[GetDeviceProfileSchemaResponse200Item]]
    """

    kwargs = _get_kwargs(
        device_profile_id=device_profile_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    device_profile_id: str,
    *,
    client: AuthenticatedClient,
) -> Problem | list[GetDeviceProfileSchemaResponse200Item] | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        device_profile_id=device_profile_id,
        client=client,
    ).parsed
