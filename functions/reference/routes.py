"""``/api/health``, ``/api/v3/api-docs`` and ``/api/docs``: the platform about itself."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi import swagger_ui

from functions.reference.models import Health
from whimbrel.aws.clients import client
from whimbrel.http.exchange import CurrentExchange
from whimbrel.http.resource import Resource
from whimbrel.problems import Unavailable
from whimbrel.settings import settings

DOCUMENT = Path(__file__).parents[2] / "openapi.json"
ASSETS = Path(swagger_ui.__file__).parent

resource = Resource("/api", tag="Reference")


@resource.operation("GET", "/health/live", scope=None)
def get_liveness() -> Health:
    """Tell that the API answers."""
    return Health(status="UP")


@resource.operation("GET", "/health/ready", scope=None, problems=[Unavailable])
def get_readiness() -> Health:
    """Tell that the API can serve: its registry answers."""
    dynamodb = client("dynamodb")
    try:
        dynamodb.get_item(TableName=settings().registry_table, Key={"pk": {"S": "READY"}, "sk": {"S": "READY"}})
    except dynamodb.exceptions.ClientError as error:
        raise Unavailable("The registry does not answer; try again in a moment.") from error
    return Health(status="UP")


@resource.operation("GET", "/v3/api-docs", scope=None)
def get_api_document() -> dict[str, Any]:
    """Get this API's OpenAPI 3.1 document."""
    return json.loads(DOCUMENT.read_text())


@resource.operation("GET", "/docs", scope=None, content_type="text/html", validate=False)
def get_documentation_page(exchange: CurrentExchange) -> Response[str]:
    """Read this API's documentation, and try calls, in a browser."""
    # The page holds its own script and style, and calls nobody but this API.
    exchange.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'"
    )
    return Response(status_code=200, content_type="text/html; charset=utf-8", body=_page())


@cache
def _page() -> str:
    page = swagger_ui.generate_swagger_html(
        spec=DOCUMENT.read_text().replace("</", "<\\/"),
        swagger_js=(ASSETS / "swagger-ui-bundle.min.js").read_text(),
        swagger_css=(ASSETS / "swagger-ui.min.css").read_text(),
        swagger_base_url="",
        oauth2_config=None,
        persist_authorization=False,
    )
    # Its link to the document is Powertools' own; ours has a path of its own.
    return page.replace('currentUrl.pathname + "?format=json"', 'currentUrl.pathname.replace(/docs$/, "v3/api-docs")')
