from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.ingest_readings_body_type_0_item import IngestReadingsBodyType0Item
from ...models.ingest_readings_body_type_1 import IngestReadingsBodyType1
from ...models.ingest_readings_body_type_2 import IngestReadingsBodyType2
from ...models.ingestion_result import IngestionResult
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: IngestReadingsBodyType1 | IngestReadingsBodyType2 | list[IngestReadingsBodyType0Item],
    atomic: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    params: dict[str, Any] = {}

    params["atomic"] = atomic

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/readings",
        "params": params,
    }

    if isinstance(body, list):
        _kwargs["json"] = []
        for body_type_0_item_data in body:
            body_type_0_item = body_type_0_item_data.to_dict()
            _kwargs["json"].append(body_type_0_item)

    elif isinstance(body, IngestReadingsBodyType1):
        _kwargs["json"] = body.to_dict()
    else:
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> IngestionResult | Problem | None:
    if response.status_code == 200:
        response_200 = IngestionResult.from_dict(response.json())

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
) -> Response[IngestionResult | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: IngestReadingsBodyType1 | IngestReadingsBodyType2 | list[IngestReadingsBodyType0Item],
    atomic: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> Response[IngestionResult | Problem]:
    """Send readings

     An array of up to 50,000 readings, simple or structured, each naming its device; `{"deviceId",
    "readings"}`; or
    columns, `{"deviceId", "series": {"<sensor>": {"timestamps", "values"}}}`, whose readings are
    counted through the
    series in order. `Content-Encoding: gzip` is accepted. What is accepted is durable when this
    answers. What is not is
    in quarantine, with a reason each.

    Scope: `readings:write`.

    Args:
        atomic (bool | Unset): All of them or none: the first that is refused refuses all.
            Default: False.
        idempotency_key (str | Unset):
        body (IngestReadingsBodyType1 | IngestReadingsBodyType2 |
            list[IngestReadingsBodyType0Item]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[IngestionResult | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        atomic=atomic,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: IngestReadingsBodyType1 | IngestReadingsBodyType2 | list[IngestReadingsBodyType0Item],
    atomic: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> IngestionResult | Problem | None:
    """As ``sync_detailed``, but only what was parsed."""

    return sync_detailed(
        client=client,
        body=body,
        atomic=atomic,
        idempotency_key=idempotency_key,
    ).parsed
