from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.batch_answer import BatchAnswer
from ...models.batch_query import BatchQuery
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: BatchQuery,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/readings/batch",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> BatchAnswer | Problem | None:
    if response.status_code == 200:
        response_200 = BatchAnswer.from_dict(response.json())

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
) -> Response[BatchAnswer | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: BatchQuery,
) -> Response[BatchAnswer | Problem]:
    """Get the readings of up to 50 sensors

     Of `[from, to)`, or of the `last` while. With `interval` by bucket, as of a single sensor; with
    `maxPoints` in as
    many points as that, which keep the peaks (of booleans and texts: where they change); without either
    all readings,
    at most 50,000 together.

    Scope: `readings:read`.

    Args:
        body (BatchQuery): Readings of which sensors, of when, and how they are to be reduced: by
            `interval`, by `maxPoints`, or not.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchAnswer | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: BatchQuery,
) -> BatchAnswer | Problem | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        client=client,
        body=body,
    ).parsed
