from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.device_group import DeviceGroup
from ...models.device_group_body import DeviceGroupBody
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    device_group_id: str,
    *,
    body: DeviceGroupBody,
    if_match: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["if-match"] = if_match

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/api/v1/device-groups/{device_group_id}".format(
            device_group_id=quote(str(device_group_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> DeviceGroup | Problem | None:
    if response.status_code == 200:
        response_200 = DeviceGroup.from_dict(response.json())

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
) -> Response[DeviceGroup | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    device_group_id: str,
    *,
    client: AuthenticatedClient,
    body: DeviceGroupBody,
    if_match: str | Unset = UNSET,
) -> Response[DeviceGroup | Problem]:
    """Replace a device group; what is left out falls back

     Scope: `devices:write`.

    Args:
        device_group_id (str):
        if_match (str | Unset): The `ETag` that the change is based on; another one there answers
            412.
        body (DeviceGroupBody): A device group, as a client sends it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DeviceGroup | Problem]
    """

    kwargs = _get_kwargs(
        device_group_id=device_group_id,
        body=body,
        if_match=if_match,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    device_group_id: str,
    *,
    client: AuthenticatedClient,
    body: DeviceGroupBody,
    if_match: str | Unset = UNSET,
) -> DeviceGroup | Problem | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        device_group_id=device_group_id,
        client=client,
        body=body,
        if_match=if_match,
    ).parsed
