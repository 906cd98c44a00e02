from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.device_status import DeviceStatus
from ...models.page_device import PageDevice
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    status: DeviceStatus | Unset = UNSET,
    site_id: str | Unset = UNSET,
    group_id: str | Unset = UNSET,
    device_profile_id: str | Unset = UNSET,
    tag: str | Unset = UNSET,
    q: str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    params["siteId"] = site_id

    params["groupId"] = group_id

    params["deviceProfileId"] = device_profile_id

    params["tag"] = tag

    params["q"] = q

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/devices",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> PageDevice | Problem | None:
    if response.status_code == 200:
        response_200 = PageDevice.from_dict(response.json())

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
) -> Response[PageDevice | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    status: DeviceStatus | Unset = UNSET,
    site_id: str | Unset = UNSET,
    group_id: str | Unset = UNSET,
    device_profile_id: str | Unset = UNSET,
    tag: str | Unset = UNSET,
    q: str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> Response[PageDevice | Problem]:
    """List devices, oldest first

     Filters narrow each other; a filtered page may be short before the list's end.

    Scope: `devices:read`.

    Args:
        status (DeviceStatus | Unset): PENDING until first seen; ACTIVE and OFFLINE as the broker
            sees it; INACTIVE and MAINTENANCE by hand.
        site_id (str | Unset):
        group_id (str | Unset):
        device_profile_id (str | Unset):
        tag (str | Unset):
        q (str | Unset): How the name begins.
        limit (int | Unset): How many items at most. Default: 50.
        cursor (str | Unset): `nextCursor` of the page before; opaque.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PageDevice | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
        site_id=site_id,
        group_id=group_id,
        device_profile_id=device_profile_id,
        tag=tag,
        q=q,
        limit=limit,
        cursor=cursor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    status: DeviceStatus | Unset = UNSET,
    site_id: str | Unset = UNSET,
    group_id: str | Unset = UNSET,
    device_profile_id: str | Unset = UNSET,
    tag: str | Unset = UNSET,
    q: str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: str | Unset = UNSET,
) -> PageDevice | Problem | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        client=client,
        status=status,
        site_id=site_id,
        group_id=group_id,
        device_profile_id=device_profile_id,
        tag=tag,
        q=q,
        limit=limit,
        cursor=cursor,
    ).parsed
