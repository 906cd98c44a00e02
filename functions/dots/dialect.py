"""How the dots API takes credentials and says no.

A refusal is ``{"code", "message", "detail"}``, the code being the HTTP status and three digits: 400001 something in the
request is wrong, ``detail`` saying of each field what; 401001 no credential; 401002 a credential of nobody; 403001 not
with this one; 404001 no such device, variable, task or page; 409001 the same call is under way; 413001 the body is too
long; 415001 it is not called JSON; 423001 the device is INACTIVE; 429001 slow down; 503001 send it again in a moment.
402001 stands for a limit of the plan. What is no JSON gets ``{"detail"}`` alone, with the place.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from whimbrel.http.dialects import Dialect
from whimbrel.problems import MalformedJson, NoCredential
from whimbrel.settings import settings

if TYPE_CHECKING:
    from whimbrel.http.exchange import Exchange
    from whimbrel.problems import Problem

STATUSES = {422: 400}
"""What it has in place of ours."""

NO_CREDENTIAL, WRONG_CREDENTIAL = 401_001, 401_002

SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "DotsRefusal",
    "description": "A refusal of the dots API: a code of the HTTP status and three digits, or what is wrong with JSON.",
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "detail": {
            "description": "What is wrong with JSON, and where; what is wrong with each field; else what would help.",
            "oneOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
            ],
        },
    },
}


KEY_HEADER = "X-Ubidots-ApiKey"
"""Where clients send an API key to get a token for it, and nowhere else."""


def credential(exchange: Exchange) -> str:
    """Return the credential of the header ``X-Auth-Token``, else of the query parameter ``token``."""
    if exchange.event["resource"].rstrip("/").endswith("/auth/token"):
        return exchange.header(KEY_HEADER).strip()
    in_query = (exchange.event.get("queryStringParameters") or {}).get("token") or ""
    return exchange.header("X-Auth-Token").strip() or in_query


def refusal(problem: Problem, _request_id: str) -> dict[str, Any]:
    """Return the refusal's document."""
    if isinstance(problem, MalformedJson):
        cause = problem.__cause__
        return {"detail": f"JSON parse error - {cause if isinstance(cause, json.JSONDecodeError) else problem.detail}"}
    status = STATUSES.get(problem.status, problem.status)
    if status == 401:  # noqa: PLR2004
        if isinstance(problem, NoCredential):
            return {"code": NO_CREDENTIAL, "message": "Authentication credentials were not provided."}
        return {"code": WRONG_CREDENTIAL, "message": "Incorrect authentication credentials."}
    by_field: dict[str, list[str]] = {}
    for error in problem.errors:
        by_field.setdefault(error.field or "body", []).append(error.message)
    return {"code": status * 1000 + 1, "message": problem.title, "detail": by_field or problem.detail}


def most_bytes() -> int:
    """Return how long a body may be in this deployment."""
    return int(settings().dots_body_bytes)


DIALECT = Dialect(
    name="DotsRefusal",
    schema=SCHEMA,
    refusal=refusal,
    statuses=STATUSES,
    credential=credential,
    most_bytes=most_bytes,
)
