"""Assembles ``openapi.json`` from the operations that the resources declare: ``python -m functions.openapi [--check]``.

What Powertools generates is made true here: problems instead of its own error form, no body under 204, closed answers.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import APIKey, HTTPBearer

from functions.catalogue import HTTP_FUNCTIONS
from functions.examples import Examples
from whimbrel.http.dialects import Dialect
from whimbrel.http.resource import Api, Resource
from whimbrel.problems import TYPE_BASE, Problem

FILE = Path(__file__).parent.parent / "openapi.json"

DESCRIPTION = """\
Everything that Whimbrel does, under `/api/v1`.

- **Credential**: an API key (`sk_…`), an access token (`pat_…`) or a session token, as \
`Authorization: Bearer …`. Each operation names the scope that it needs.
- **Times** are RFC 3339, in UTC; ranges have their beginning and not their end.
- **Lists** come in pages: `nextCursor` of one is the `cursor` of the next.
- **Errors** are `application/problem+json` (RFC 9457), with a stable `code`, and the `requestId` to quote.
- **Repeating** a POST under the same `Idempotency-Key` is safe for a day.
- **Limits**: `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` tell what is left; beyond it the answer \
is 429 with `Retry-After`."""

TAGS = {
    "Devices": "What reports readings, physical or virtual.",
    "Components": "The parts of a device, and by which profile each reports.",
    "Sensors": "One series of readings each; they make themselves when a device first reports them.",
    "Device groups": "Devices that have something in common, whichever those are at the time.",
    "Sites": "Where devices stand.",
    "Provisioning": "One-time tokens, and the certificates that devices get for them.",
    "Readings": "Send them; ask for them raw, by bucket, or for what they amount to.",
    "Quarantine": "Readings that were refused, kept to be replayed.",
    "Imports": "Files of readings, taken in.",
    "Exports": "Readings and annotations, to download.",
    "Jobs": "What goes on in the background.",
    "Annotation classes": "What annotations can say.",
    "Annotations": "What is said of a stretch of time.",
    "Sensor profiles": "What the readings of a component hold; versions of it never change.",
    "Device profiles": "What a kind of device is made of.",
    "Schemas": "Profiles as DTDL, for other tools.",
    "Packs": "Profiles, classes and dashboards that belong together, installed at once.",
    "Access": "Who you are to this API.",
    "Organization": "All of yours: its name, its retention, its end.",
    "Members": "Its people and their roles.",
    "Invitations": "How people become members.",
    "API keys": "What machines call with.",
    "Access tokens": "What your own scripts call with.",
    "Audit log": "Who changed what.",
    "Entity API": "The same data, in the words of another platform.",
    "Dots API": "The same data, in the words of another platform.",
    "Reference": "The API about itself.",
}
"""What each group of operations is about, in the order of the documentation."""

UNGRANTED = {"any": "Any credential will do.", "session": "Only a person's session will do."}
"""What is said of scopes that no key can be given."""

ALWAYS = {"internal-error"}
WITH_BODY = {"malformed-json", "payload-too-large", "unsupported-media-type"}
WITH_CREDENTIAL = {"unauthenticated", "missing-scope", "not-a-member"}
WITH_TOKEN = {"no-credential", "too-many-requests"}
"""Where an operation authenticates by itself."""
LIMITED = {"too-many-requests", "unavailable"}
REPEATABLE = {"still-running", "idempotency-key-reused"}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name for this call, such as a UUID. Sent again within a day, it is not done twice: the answer is "
    "the first one, with `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

SECURITY_SCHEMES = {
    "credential": HTTPBearer(description="An API key (`sk_…`), an access token (`pat_…`) or a session token."),
    "token": APIKey.model_validate(
        {"in": "header", "name": "X-Auth-Token", "description": "The same key or token, for the dots API."}
    ),
    "tokenParameter": APIKey.model_validate(
        {"in": "query", "name": "token", "description": "The same once more, where no header can be sent."}
    ),
}

PROBLEM_SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "A refusal, as RFC 9457 describes it.",
    "required": ["type", "title", "status", "detail", "code", "requestId"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": [TYPE_BASE + "not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What would make it right."},
        "code": {"type": "string", "examples": ["not-found"]},
        "requestId": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "examples": ["location.lat"]},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


def document() -> dict[str, Any]:
    """Return the whole OpenAPI 3.1 document."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": PROBLEM_SCHEMA}
    for function in HTTP_FUNCTIONS:
        for folder in function.folders:
            resource: Resource = import_module(f"functions.{folder}.routes").resource
            generated = _generated(resource)
            if resource.dialect:
                schemas[resource.dialect.name] = resource.dialect.schema
            _add_schemas(schemas, generated["components"].get("schemas", {}))
            for path, operations in generated["paths"].items():
                for method, operation in operations.items():
                    _finish(operation, method, path, resource.dialect)
                    operation["x-function"] = function.name
                    paths.setdefault(path, {})[method] = operation
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(name, None)
    _say_bounds([paths, schemas])
    examples = Examples(schemas)
    for path in paths.values():
        for operation in path.values():
            examples.add_to(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Whimbrel",
            "version": metadata_version(),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "securitySchemes": {
                name: scheme.model_dump(mode="json", by_alias=True, exclude_none=True)
                for name, scheme in SECURITY_SCHEMES.items()
            },
        },
    }


def metadata_version() -> str:
    """Return the version that ``pyproject.toml`` gives the project."""
    import tomllib

    return tomllib.loads((FILE.parent / "pyproject.toml").read_text())["project"]["version"]


def _generated(resource: Resource) -> dict[str, Any]:
    text = Api(resource).resolver.get_openapi_json_schema(
        title="Whimbrel", version="1", security_schemes={**SECURITY_SCHEMES}
    )
    # A model that reads otherwise than it writes has two schemas; the one that is written has the plain name.
    return json.loads(text.replace('-Output"', '"').replace('-Input"', 'Input"'))


def _add_schemas(schemas: dict[str, Any], added: dict[str, Any]) -> None:
    """Add what a resource speaks of; two things of one name would make the document untrue.

    Raises:
        ValueError: another resource means something else by a name.
    """
    for name, schema in added.items():
        schema["title"] = name
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"{name} means two things: rename a class")


def _finish(operation: dict[str, Any], method: str, path: str, dialect: Dialect | None) -> None:
    request_schema = operation.pop("x-request-schema", None)
    content_type = operation.pop("x-content-type")
    or_job = operation.pop("x-or-job")
    is_repeatable = operation.pop("x-repeatable")
    if is_repeatable:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if request_schema:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": request_schema}},
        }
    operation.setdefault("security", [])
    _describe(operation)
    if dialect and dialect.credential:
        operation["x-authenticates"] = bool(operation["security"])
    for parameter in operation.get("parameters", ()):
        parameter["schema"].pop("title", None)
    responses = operation["responses"]
    responses.pop("422", None)
    success = next(iter(responses))
    responses[success]["description"] = "Done."
    if success == "204":
        responses[success].pop("content", None)
    elif content_type != "application/json":
        responses[success]["content"] = {content_type: {"schema": {"type": "string"}}}
    if or_job:
        schema = {"$ref": "#/components/schemas/JobAnswer"}
        responses["202"] = {"description": "A job goes on.", "content": {"application/json": {"schema": schema}}}
    _document_refusals(operation, method, path, dialect, is_repeatable=is_repeatable)


def _describe(operation: dict[str, Any]) -> None:
    """Say what an operation needs, after what it says of itself beyond its summary."""
    told = operation.pop("description")
    scopes = {scope for way in operation["security"] for needed in way.values() for scope in needed}
    said = [] if told.rstrip(".") == operation["summary"] else [told]
    said += [UNGRANTED.get(scope, f"Scope: `{scope}`.") for scope in sorted(scopes)]
    if said:
        operation["description"] = "\n\n".join(said)


def _document_refusals(
    operation: dict[str, Any], method: str, path: str, dialect: Dialect | None, *, is_repeatable: bool
) -> None:
    by_status: dict[int, list[str]] = {}
    for code in sorted(_problems_of(operation, method, path, is_repeatable=is_repeatable)):
        status = PROBLEMS[code].status
        by_status.setdefault(dialect.status(status) if dialect else status, []).append(code)
    media_type, schema = (dialect.media_type, dialect.name) if dialect else ("application/problem+json", "Problem")
    for status, codes in sorted(by_status.items()):
        operation["responses"][str(status)] = {
            "description": " · ".join(f"`{code}`" for code in codes),
            "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
        }


def _problems_of(operation: dict[str, Any], method: str, path: str, *, is_repeatable: bool) -> set[str]:
    """Return the codes of everything that an operation may be refused for."""
    problems = ALWAYS | set(operation.pop("x-problems"))
    groups = (
        (LIMITED, operation.pop("x-limited")),
        (REPEATABLE, is_repeatable),
        (WITH_CREDENTIAL, operation["security"]),
        (WITH_TOKEN, operation.get("x-authenticates")),
        (WITH_BODY, "requestBody" in operation),
        ({"not-found"}, "{" in path),
        ({"invalid-cursor"}, any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ()))),
        ({"invalid-request"}, True),
    )
    for group, applies in groups:
        problems |= group if applies else set()
    return problems - ({"stale-version"} if method == "get" else set())


def _say_bounds(schema: Any) -> None:
    """Say bounds in JSON Schema's words.

    Pydantic gives tuples behind a validator the length of a text, and numbers of either type its own words.
    """
    if isinstance(schema, list):
        for each in schema:
            _say_bounds(each)
    if isinstance(schema, dict):
        if schema.get("type") == "array":
            for end in ("min", "max"):
                if (length := schema.pop(f"{end}Length", None)) is not None:
                    schema[f"{end}Items"] = length
        for word, said in (("ge", "minimum"), ("le", "maximum")):
            if isinstance(schema.get(word), int | float):
                schema[said] = schema.pop(word)
        _say_bounds(list(schema.values()))


def _all_problems() -> dict[str, type[Problem]]:
    found: dict[str, type[Problem]] = {}
    waiting: list[type[Problem]] = [Problem]
    for function in HTTP_FUNCTIONS:
        for folder in function.folders:
            import_module(f"functions.{folder}.routes")
    while waiting:
        problem = waiting.pop()
        found[problem.code()] = problem
        waiting += problem.__subclasses__()
    return found


PROBLEMS = _all_problems()


def main() -> int:
    """Write the document, or with ``--check`` say whether the one there is current."""
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv[1:]:
        if FILE.read_text() == text:
            return 0
        sys.stderr.write("openapi.json is stale: run make openapi and review the difference\n")
        return 1
    FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
