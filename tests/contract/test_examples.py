"""Every operation shows what it takes and answers, and what is shown is true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

from functions.examples import UNSAID
from tests.contract.test_every_operation import EVERY, Operation, ask
from tests.gateway import DOCUMENT, Client
from whimbrel.auth import Scope

pytestmark = pytest.mark.usefixtures("issuer")

SCHEMAS = DOCUMENT["components"]["schemas"]
REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}


class Shown(NamedTuple):
    """A place that holds an example, if it does, and the schema that this must fit."""

    where: str
    schema: dict[str, Any]
    examples: list[Any]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def shown(operation: Operation) -> Iterator[Shown]:
    for parameter in operation.declared.get("parameters", ()):
        schema = resolved(parameter["schema"])
        yield Shown(parameter["name"], schema, schema.get("examples", []))
    described = {"body": operation.declared.get("requestBody", {})} | {
        status: answer for status, answer in operation.declared["responses"].items() if status.startswith("2")
    }
    for where, each in described.items():
        if content := each.get("content", {}).get("application/json"):
            yield Shown(where, content["schema"], [content["example"]] if "example" in content else [])


@pytest.mark.parametrize("operation", EVERY, ids=lambda o: f"{o.method} {o.path}")
def test_every_part_of_it_has_an_example_that_fits(operation: Operation) -> None:
    for where, schema, examples in shown(operation):
        assert examples, f"{where} has no example"
        for example in examples:
            Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(example)
            assert f'"{UNSAID}"' not in json.dumps(example), f"{where}: give the field examples, or name it"


def test_every_group_is_described_and_has_operations() -> None:
    described = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}

    assert described == {tag for operation in EVERY for tag in operation.declared["tags"]}


@pytest.mark.parametrize(
    "operation", [each for each in EVERY if each.declared["security"]], ids=lambda o: f"{o.method} {o.path}"
)
def test_it_says_who_may_call_it(operation: Operation) -> None:
    scopes = {scope for way in operation.declared["security"] for needed in way.values() for scope in needed}

    said = operation.declared["description"]
    assert all(f"`{scope}`" in said or scope in {Scope.ANY, Scope.SESSION} for scope in scopes)
    assert said != operation.declared["summary"]


def a_query(operation: Operation) -> str:
    """The examples of what a query must have."""
    parameters = [each for each in operation.declared.get("parameters", ()) if each["in"] == "query"]
    return urlencode({each["name"]: resolved(each["schema"])["examples"][0] for each in parameters if each["required"]})


@pytest.mark.parametrize(
    "operation",
    [each for each in EVERY if each.takes_body or a_query(each)],
    ids=lambda o: f"{o.method} {o.path}",
)
def test_what_is_shown_is_accepted(client: Client, operation: Operation) -> None:
    content = operation.declared.get("requestBody", {}).get("content", {}).get("application/json")
    body = json.dumps(content["example"]) if content else None

    answer = ask(client, operation, body, "?" + a_query(operation))

    assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    if answer.status_code in REFUSED:  # what is shown may name things that are not there, in any dialect
        errors = answer.json().get("errors", ())
        assert {error["code"] for error in errors} == {"unknown-reference"} or "there is no " in answer.body
