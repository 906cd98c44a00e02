from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.published_sensor_profile import PublishedSensorProfile
from ...models.sensor_profile_body import SensorProfileBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: SensorProfileBody,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/sensor-profiles",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | PublishedSensorProfile | None:
    if response.status_code == 201:
        response_201 = PublishedSensorProfile.from_dict(response.json())

        return response_201

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
) -> Response[Problem | PublishedSensorProfile]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: SensorProfileBody,
    idempotency_key: str | Unset = UNSET,
) -> Response[Problem | PublishedSensorProfile]:
    """Publish a version of a sensor profile

     The server says what it is to the newest version of its key, and so what it is called: `INITIAL` is
    1.0, after an
    `ADDITIVE` change the minor number grows, after a `BREAKING` one the major. What says the same
    (`NONE`) is the
    newest version again, and nothing new. Components keep the version that they are bound to until they
    are bound
    to another.

    Scope: `devices:write`.

    Args:
        idempotency_key (str | Unset):
        body (SensorProfileBody): A sensor profile; its version is decided by what differs from
            the newest one of its key.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | PublishedSensorProfile]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: SensorProfileBody,
    idempotency_key: str | Unset = UNSET,
) -> Problem | PublishedSensorProfile | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed
