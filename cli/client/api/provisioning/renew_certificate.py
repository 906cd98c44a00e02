from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.renew_certificate import RenewCertificate
from ...models.renewed_certificate import RenewedCertificate
from ...types import UNSET, Response, Unset


def _get_kwargs(
    device_id: str,
    *,
    body: RenewCertificate,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/devices/{device_id}/certificates/renew".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RenewedCertificate | None:
    if response.status_code == 201:
        response_201 = RenewedCertificate.from_dict(response.json())

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
) -> Response[Problem | RenewedCertificate]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    device_id: str,
    *,
    client: AuthenticatedClient,
    body: RenewCertificate,
    idempotency_key: str | Unset = UNSET,
) -> Response[Problem | RenewedCertificate]:
    """Issue another certificate to a device

     Its other certificates live a week longer at most, so that it can change over. The same public key
    again gets the
    same certificate, until that is in its last week itself.

    Scope: `provisioning:write`.

    Args:
        device_id (str):
        idempotency_key (str | Unset):
        body (RenewCertificate): A request for another certificate, by a key that never left the
            device.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RenewedCertificate]
    """

    kwargs = _get_kwargs(
        device_id=device_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    device_id: str,
    *,
    client: AuthenticatedClient,
    body: RenewCertificate,
    idempotency_key: str | Unset = UNSET,
) -> Problem | RenewedCertificate | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        device_id=device_id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed
