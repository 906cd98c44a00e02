"""What holds for every operation of openapi.json, whatever it does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

import pytest
from openapi_spec_validator import validate

from tests.functions.sessions import session
from tests.gateway import DOCUMENT, ROOT, Answer, Client
from whimbrel.auth import Scope
from whimbrel.ids import Id
from whimbrel.problems import TYPE_BASE

NO_IDENTIFIERS = {"function": "mean", "start": "0", "end": "1"}
"""Parameters of paths that name nothing of an organization."""

MADE_BY_NAME = {"send_device_values", "send_device_values_in_bulk", "send_device_variable_values"}
"""What makes the device that its path names."""


class Operation(NamedTuple):
    method: str
    path: str
    declared: dict[str, Any]

    @property
    def scope(self) -> str | None:
        return next(iter(self.declared["security"][0].values()))[0] if self.declared["security"] else None

    @property
    def dialect(self) -> str:
        """Which other platform's words it speaks: none if empty."""
        return {"Entity API": "entities", "Dots API": "dots"}.get(self.declared["tags"][0], "")

    @property
    def url(self) -> str:
        """The path with an identifier that nobody has in each place."""
        return self.with_identifiers(Id.new)

    def with_identifiers(self, new: Callable[[], str]) -> str:
        """Return the path with what *new* returns in each place of an identifier."""
        return re.sub(r"\{(\w+)\}", lambda place: NO_IDENTIFIERS.get(place[1]) or new(), self.path)

    @property
    def takes_body(self) -> bool:
        return "requestBody" in self.declared


def operations() -> Iterator[Operation]:
    for path, methods in DOCUMENT["paths"].items():
        for method, declared in methods.items():
            yield Operation(method.upper(), path, declared)


EVERY = list(operations())
OURS = [operation for operation in EVERY if not operation.dialect]
NAMES = [f"{operation.method} {operation.path}" for operation in EVERY]
every = pytest.mark.parametrize("operation", EVERY, ids=NAMES)
protected = pytest.mark.parametrize(
    "operation",
    [operation for operation in EVERY if operation.scope],
    ids=[name for name, operation in zip(NAMES, EVERY, strict=True) if operation.scope],
)


pytestmark = pytest.mark.usefixtures("issuer")

INCLUDED_IN = {Scope.ACCESS_READ: Scope.ADMIN}
"""Scopes that come with a wider one."""

OWNERS_ONLY = ("DELETE", "/api/v1/organization")
"""A session is not enough."""


def ask(client: Client, operation: Operation, body: str | None = None, query: str = "", **options: Any) -> Answer:
    """Ask as *client*, or where only a person can, as somebody."""
    if operation.scope == Scope.SESSION and client.token:
        client = session("somebody")
    return client.request(operation.method, operation.url + query, body=body, **options)


def assert_is_problem(answer: Answer, status: int, operation: Operation | None = None) -> None:
    if operation and operation.dialect == "dots":
        assert_is_refusal_of_dots(answer, 400 if status == HTTPStatus.UNPROCESSABLE_ENTITY else status, operation)
        return
    assert answer.status_code == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["type"] == TYPE_BASE + document["code"]
    assert {"title", "detail", "requestId"} <= document.keys()
    if operation:
        declared = operation.declared["responses"].get(str(status), {"description": "nothing"})
        assert f"`{document['code']}`" in declared["description"], f"{document['code']} is not documented"


def assert_is_refusal_of_dots(answer: Answer, status: int, operation: Operation) -> None:
    assert answer.status_code == status, answer.body
    assert answer.headers["Content-Type"] == "application/json"
    document = answer.json()
    assert document["detail"].startswith("JSON parse error") if "code" not in document else document["message"]
    assert document.get("code", status * 1000) // 1000 == status
    assert str(status) in operation.declared["responses"], f"{status} is not documented"


def test_the_document_is_valid_and_current() -> None:
    validate(DOCUMENT)
    environment = {"PYTHONPATH": "layers/core/python", "PATH": "/usr/bin:/bin"}
    check = [sys.executable, "-m", "functions.openapi", "--check"]
    assert subprocess.run(check, cwd=ROOT, env=environment, check=False).returncode == 0


def test_operation_ids_are_unique() -> None:
    ids = [operation.declared["operationId"] for operation in EVERY]

    assert len(ids) == len(set(ids)) > 40


@every
def test_it_is_documented(operation: Operation) -> None:
    declared = operation.declared

    assert declared["summary"].strip()
    assert declared["tags"]
    assert any(status.startswith("2") for status in declared["responses"])
    assert set(re.findall(r"\{(\w+)\}", operation.path)) == {
        parameter["name"] for parameter in declared.get("parameters", ()) if parameter["in"] == "path"
    }


@protected
@pytest.mark.usefixtures("aws")
def test_a_stranger_gets_401(stranger: Client, operation: Operation) -> None:
    assert_is_problem(
        ask(stranger, operation), HTTPStatus.UNAUTHORIZED, operation if operation.dialect == "dots" else None
    )
    assert "401" in operation.declared["responses"]


@pytest.mark.parametrize(
    "operation",
    [operation for operation in EVERY if operation.scope not in {None, Scope.ANY, Scope.SESSION}],
    ids=lambda o: f"{o.method} {o.path}",
)
def test_a_caller_without_the_scope_gets_403_before_anything_is_looked_at(
    scoped: Callable[..., Client], operation: Operation
) -> None:
    enough = {operation.scope, INCLUDED_IN.get(Scope(operation.scope or "")), Scope.ALL}
    others = [scope for scope in Scope if scope.is_grantable and scope not in enough]

    refused = ask(scoped(*others), operation, body="{ not json" if operation.takes_body else None, query="?no=such")

    assert_is_problem(refused, HTTPStatus.FORBIDDEN, operation)


@pytest.mark.parametrize(
    "operation",
    [each for each in EVERY if each.scope and (each.method, each.path) != OWNERS_ONLY],
    ids=lambda o: f"{o.method} {o.path}",
)
def test_the_scope_alone_is_enough(scoped: Callable[..., Client], operation: Operation) -> None:
    scope = Scope(operation.scope or "")
    allowed = ask(
        scoped(scope if scope.is_grantable else Scope.DEVICES_READ),
        operation,
        body="{}" if operation.takes_body else None,
    )

    assert allowed.status_code not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    assert allowed.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


@pytest.mark.parametrize(
    "operation",
    [each for each in EVERY if "{" in each.path and each.declared["operationId"] not in MADE_BY_NAME],
    ids=lambda o: f"{o.method} {o.path}",
)
def test_an_unknown_identifier_is_not_found(client: Client, operation: Operation) -> None:
    body = json.dumps(an_example(operation)) if operation.takes_body else None

    assert_is_problem(ask(client, operation, body=body, query=a_query(operation)), HTTPStatus.NOT_FOUND, operation)
    odd = ask(client, operation._replace(path=operation.with_identifiers(lambda: "no-such-id")), body=body)
    assert_is_problem(odd, HTTPStatus.NOT_FOUND, operation)


def a_query(operation: Operation) -> str:
    """An example of each parameter that a query must have."""
    required = [p for p in operation.declared.get("parameters", ()) if p["required"] and p["in"] == "query"]
    return "?" + "&".join(f"{parameter['name']}={parameter['schema']['examples'][0]}" for parameter in required)


def an_example(operation: Operation) -> dict[str, Any]:
    """A body that is right as far as the operation can tell before it looks for what the path names."""
    examples = {
        "renew_certificate": {"csrPem": CSR},
        "rotate_api_key": {},
        "replace_component": {"name": "x"},
        "replace_sensor": {"name": "x"},
        "replace_device_group": {"name": "x", "match": {}},
        "replace_annotation_class": {"name": "x", "scopes": ["DEVICE"]},
        "replace_annotation": {"startAt": "2026-01-01T00:00:00Z"},
    }
    if operation.dialect:
        [content] = operation.declared["requestBody"]["content"].values()
        return content["example"]
    verb = operation.declared["operationId"].split("_")[0]
    return examples.get(operation.declared["operationId"], {} if verb == "update" else {"name": "x"})


def a_csr() -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


CSR = a_csr()

with_body = pytest.mark.parametrize(
    "operation", [operation for operation in EVERY if operation.takes_body], ids=lambda o: f"{o.method} {o.path}"
)


@with_body
@pytest.mark.parametrize(
    "body",
    ["{", "", '{"a":1,}', '{"name": NaN}', '{"name": 1, "name": 2}', "[" * 40 + "]" * 40, '"\\ud800"', "nul"],
    ids=["cut", "none", "comma", "nan", "twice", "deep", "surrogate", "word"],
)
def test_what_is_no_json_is_refused_and_not_an_error(client: Client, operation: Operation, body: str) -> None:
    refused = ask(client, operation, body=body)

    if operation.declared["operationId"] == "ingest_readings" and refused.status_code == HTTPStatus.OK:
        assert refused.json()["accepted"] == 0
        return
    assert refused.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND}
    assert_is_problem(refused, refused.status_code, operation)


@with_body
def test_another_media_type_is_refused(client: Client, operation: Operation) -> None:
    for media_type in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "\x00"):
        refused = ask(client, operation, body="{}", headers={"Content-Type": media_type})
        assert_is_problem(refused, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, operation)


@with_body
def test_a_body_that_is_too_large_is_refused(client: Client, operation: Operation) -> None:
    refused = ask(client, operation, body='"' + "x" * (5 * 1024 * 1024) + '"')

    assert_is_problem(refused, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, operation)


@pytest.mark.parametrize("operation", [each for each in OURS if each.takes_body], ids=lambda o: f"{o.method} {o.path}")
def test_an_unknown_field_is_named(client: Client, operation: Operation) -> None:
    refused = ask(client, operation, body='{"nosuchfield": 1}')

    assert refused.status_code in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND}
    if refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        assert "nosuchfield" in {error["field"] for error in refused.json()["errors"]}


@pytest.mark.parametrize(
    "operation", [each for each in EVERY if each.dialect and each.method == "GET"], ids=lambda o: f"{o.method} {o.path}"
)
def test_an_unknown_query_parameter_is_passed_over_where_others_do(client: Client, operation: Operation) -> None:
    without, answer = (ask(client, operation, query=query) for query in ("", "?nosuch=1"))

    assert answer.status_code == without.status_code
    assert "nosuch" not in answer.body


@pytest.mark.parametrize("operation", OURS, ids=lambda o: f"{o.method} {o.path}")
def test_an_unknown_query_parameter_is_named(client: Client, operation: Operation) -> None:
    refused = ask(client, operation, query="?nosuch=1")

    assert refused.status_code in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND}
    assert_is_problem(refused, refused.status_code, operation)


@every
def test_every_answer_has_its_request_id_and_guards(client: Client, operation: Operation) -> None:
    answer = ask(client, operation)

    assert answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "operation",
    [
        o
        for o in EVERY
        if any(p["name"] == "cursor" for p in o.declared.get("parameters", ()))
        and not any(p["required"] and p["in"] == "query" for p in o.declared["parameters"])
    ],
    ids=lambda o: o.path,
)
@pytest.mark.parametrize("cursor", ["x", "e30", "%C3%BC", "AAAA" * 20, "%00", "=", "a" * 1_024])
def test_a_cursor_of_somebody_else_is_refused(client: Client, operation: Operation, cursor: str) -> None:
    refused = ask(client, operation, query=f"?cursor={cursor}")

    if "{" not in operation.path:
        assert_is_problem(refused, HTTPStatus.BAD_REQUEST, operation)
    assert refused.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
