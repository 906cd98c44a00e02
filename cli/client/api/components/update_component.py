from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.component import Component
from ...models.component_patch import ComponentPatch
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    component_id: str,
    *,
    body: ComponentPatch,
    if_match: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["if-match"] = if_match

    _kwargs: dict[str, Any] = {
        "method": "patch",
        "url": "/api/v1/components/{component_id}".format(
            component_id=quote(str(component_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Component | Problem | None:
    if response.status_code == 200:
        response_200 = Component.from_dict(response.json())

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


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Component | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    component_id: str,
    *,
    client: AuthenticatedClient,
    body: ComponentPatch,
    if_match: str | Unset = UNSET,
) -> Response[Component | Problem]:
    """Change some fields of a component

     Bound to another version of a profile, it takes the readings that follow by that; this is how a
    schema evolves.

    Scope: `devices:write`.

    Args:
        component_id (str):
        if_match (str | Unset): The `ETag` that the change is based on; another one there answers
            412.
        body (ComponentPatch):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Component | Problem]
    """

    kwargs = _get_kwargs(
        component_id=component_id,
        body=body,
        if_match=if_match,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    component_id: str,
    *,
    client: AuthenticatedClient,
    body: ComponentPatch,
    if_match: str | Unset = UNSET,
) -> Component | Problem | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        component_id=component_id,
        client=client,
        body=body,
        if_match=if_match,
    ).parsed
