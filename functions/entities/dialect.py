"""How the entity API says no: problem details (RFC 9457), with the messages of each field under its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whimbrel.http.dialects import Dialect

if TYPE_CHECKING:
    from whimbrel.problems import Problem

SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "EntityProblem",
    "description": "A refusal of the entity API.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What would make it right."},
        "errors": {
            "type": "object",
            "description": "What is wrong with each field, by its path.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}


def refusal(problem: Problem, request_id: str) -> dict[str, Any]:
    """Return the refusal's document."""
    document = problem.document(request_id)
    if problem.errors:
        by_field: dict[str, list[str]] = {}
        for error in problem.errors:
            by_field.setdefault(error.field or "body", []).append(error.message)
        document["errors"] = by_field
    return document


DIALECT = Dialect(name="EntityProblem", schema=SCHEMA, refusal=refusal, media_type="application/problem+json")
