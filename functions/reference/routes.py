"""``/api/health``, ``/api/v3/api-docs`` and ``/api/docs``: the platform about itself."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi import swagger_ui
from pydantic import Field

from functions.reference.models import Health
from whimbrel.aws.clients import client
from whimbrel.http.exchange import CurrentExchange
from whimbrel.http.resource import Resource
from whimbrel.problems import Unavailable
from whimbrel.settings import settings

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "openapi.json"
SWAGGER_UI = Path(swagger_ui.__file__).parent

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
def get_api_document() -> Annotated[
    dict[str, Any], Field(examples=[{"openapi": "3.1.0", "info": {"title": "Whimbrel", "version": "0.1.0"}}])
]:
    """Get this API's OpenAPI 3.1 document."""
    return json.loads(DOCUMENT.read_text())


@resource.operation("GET", "/docs", scope=None, content_type="text/html", validate=False)
def get_documentation_page(exchange: CurrentExchange) -> Response[str]:
    """Read this API's documentation, and try calls, in a browser."""
    page, policy = _page()
    exchange.headers["Content-Security-Policy"] = policy
    return Response(status_code=200, content_type="text/html; charset=utf-8", body=page)


@cache
def _page() -> tuple[str, str]:
    """Return the page, and the policy that lets it run its own two scripts and call nobody but this API."""
    parts = {
        "swagger_style": (SWAGGER_UI / "swagger-ui.min.css").read_text(),
        "swagger_script": (SWAGGER_UI / "swagger-ui-bundle.min.js").read_text(),
        "style": (HERE / "page.css").read_text(),
        "script": (HERE / "page.js").read_text(),
    }
    scripts = " ".join(f"'sha256-{_digest(parts[name])}'" for name in ("swagger_script", "script"))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Template((HERE / "page.html").read_text()).substitute(parts), policy


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
