"""Requests that schemathesis makes up from openapi.json: every answer is as documented, and none is a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from werkzeug import Request
from werkzeug import Response as Answer

from tests.conftest import Organization
from tests.gateway import DOCUMENT, Client

CLIENTS: list[Client] = []
"""The client that sends the generated requests, while there is one."""


@Request.application
def server(request: Request) -> Answer:
    """The gateway as a WSGI application."""
    if request.path == "/openapi.json":
        return Answer(json.dumps(DOCUMENT), content_type="application/json")
    url = quote(request.path) + (f"?{request.query_string.decode()}" if request.query_string else "")
    headers = {name: value for name, value in request.headers.items() if name != "Authorization"}
    answer = CLIENTS[0].request(request.method, url, body=request.get_data(as_text=True) or None, headers=headers)
    return Answer(answer.body, answer.status_code, answer.headers)


schema = schemathesis.openapi.from_wsgi("/openapi.json", server)


@pytest.fixture(scope="module")
def seeded(organization: Organization) -> Iterator[None]:
    """Send requests as a client whose organization has one of everything, so that a good identifier finds something."""
    client: Client = organization.client
    site = client.post("/api/v1/sites", {"name": "Works"}).ok()
    device = client.post("/api/v1/devices", {"name": "Pump", "siteId": site["id"]}).ok()
    client.post("/api/v1/readings", [{"deviceId": device["id"], "sensorId": "a", "value": 1}, {"value": 1}]).ok()
    CLIENTS.append(client)
    yield
    CLIENTS.clear()


CHECKED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


EVERY = [(method.upper(), path) for path, operations in DOCUMENT["paths"].items() for method in operations]


# By hand, and not by schema.parametrize(): that gives all its tests one name, and xdist then runs only one of them.
@pytest.mark.parametrize(("method", "path"), EVERY, ids=[" ".join(operation) for operation in EVERY])
@pytest.mark.usefixtures("seeded")
def test_no_generated_request_surprises(method: str, path: str) -> None:
    answered = 0

    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=schema[path][method].as_strategy())
    def ask(case: Any) -> None:
        nonlocal answered
        case.call_and_validate(checks=CHECKED)
        answered += 1

    ask()
    assert answered > 0
