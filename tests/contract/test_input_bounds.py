"""Every bound that ``openapi.json`` states holds at n and is refused at n + 1; what is no JSON, no text or no gzip is
refused everywhere; and nobody sets what is not theirs to set."""

from __future__ import annotations

import ast
import gzip
import importlib
import json
import math
import pkgutil
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from re import _constants as opcodes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import pytest

from tests.contract.test_every_operation import OURS, Operation
from tests.gateway import DOCUMENT, ROOT, Answer, Client
from whimbrel.ids import Id
from whimbrel.pages import Cursors
from whimbrel.problems import InvalidCursor

SESSION = "session"
"""The scope that no key has."""
KEYS_MAY = [operation for operation in OURS if operation.scope != SESSION]
TAKING = [operation for operation in KEYS_MAY if operation.takes_body]
CHECKED_BY_ITSELF = "ingest_readings"
taking = pytest.mark.parametrize("operation", TAKING, ids=lambda o: f"{o.method} {o.path}")


class Bound(NamedTuple):
    """A place in a body, and what a schema says of it."""

    path: tuple[str, ...]
    keyword: str
    limit: float
    schema: dict[str, Any]

    @property
    def field(self) -> str:
        return "".join("[0]" if part == "[]" else f".{part}" for part in self.path).removeprefix(".")


CODES = {
    "maxLength": {"string-too-long", "too-long"},
    "minLength": {"string-too-short", "too-short"},
    "maxItems": {"too-long"},
    "minItems": {"too-short"},
    "maximum": {"less-than-equal"},
    "minimum": {"greater-than-equal"},
    "pattern": {"string-pattern-mismatch"},
}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference refers to, and of a choice the first that is not null; nothing of forms told apart."""
    if "discriminator" in schema:
        return {}  # the conditions of a pack's alert rules, each form of its own: tests/functions/test_packs.py
    if "$ref" in schema:
        return resolved(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return resolved(next(each for each in schema[choice] if each.get("type") != "null"))
    return schema


def longest(pattern: str) -> int | None:
    """Return how many times ``a`` may stand where *pattern* is to match, if that has an end."""
    lengths = [length for length in range(1, 300) if re.search(pattern.replace("$", r"\Z"), "a" * length)]
    return lengths[-1] if lengths and lengths[-1] < 299 else None


def bounds(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[Bound]:
    schema = resolved(schema)
    for keyword in CODES:
        if keyword == "pattern":
            if limit := longest(schema.get("pattern", "")):
                yield Bound(path, keyword, limit, schema)
        elif keyword in schema:
            # Of a tuple with a validator before the length pydantic says so.
            counted = keyword.replace("Length", "Items") if schema.get("type") == "array" else keyword
            yield Bound(path, counted, schema[keyword], schema)
    for name, member in schema.get("properties", {}).items():
        yield from bounds(member, (*path, name))
    if "items" in schema:
        yield from bounds(schema["items"], (*path, "[]"))


UNSAID: dict[str, Any] = {
    "ComponentDeclaration": {"sensorProfileKey": "temperature"},
    "DashboardWidget": {"subjects": [{"sensorProfile": "temperature", "field": "value"}]},
}
"""What a body must have although its schema does not say so."""


def example(schema: dict[str, Any]) -> Any:
    """Return something that *schema* lets through, as far as its own words go."""
    schema = resolved(schema)
    for fixed in ("const", "default"):
        if fixed in schema:
            return schema[fixed]
    if "enum" in schema or "examples" in schema:
        return (schema.get("enum") or schema["examples"])[0]
    identifier = "[0-9a-f]{8}" in schema.get("pattern", "")
    by_type: dict[str, Any] = {
        "string": Id.new() if identifier else "a" * max(1, schema.get("minLength", 1)),
        "integer": schema.get("minimum", 1),
        "number": schema.get("minimum", 1),
        "boolean": True,
        "array": [example(schema.get("items", {})) for _ in range(schema.get("minItems", 0))],
        "object": {name: example(schema["properties"][name]) for name in schema.get("required", ())}
        | UNSAID.get(schema.get("title", "").removesuffix("Input"), {}),
    }
    return by_type[schema.get("type", "object")]


def at(bound: Bound, beyond: int) -> Any:
    """Return the body in which the place of *bound* is at its limit, or *beyond* it."""
    step = -beyond if bound.keyword.startswith("min") else beyond
    limit = bound.limit
    value: Any
    if bound.keyword in {"maximum", "minimum"}:
        integer = bound.schema["type"] == "integer"
        value = int(limit) + step if integer else math.nextafter(limit, math.inf * step) if step else limit
    elif bound.keyword.endswith("Items"):
        value = [example(bound.schema["items"]) for _ in range(int(limit) + step)]
    else:
        value = "a" * (int(limit) + step)
    for part in reversed(bound.path):
        value = [value] if part == "[]" else {part: value}
    return value


def complaints(answer: Answer, bound: Bound) -> set[str]:
    """Return the codes of what *answer* says of the place of *bound*."""
    errors = answer.json().get("errors", ()) if answer.status_code == 422 else ()
    return {error["code"] for error in errors if error["field"] == bound.field}


def tells(kept: Answer, broken: Answer, bound: Bound) -> bool:
    """Tell whether *broken* is refused for *bound*, in the schema's words or in a rule's, and *kept* is not."""
    codes = CODES[bound.keyword]
    before, beyond = complaints(kept, bound), complaints(broken, bound)
    return not before & codes and bool(beyond & codes or "value-error" in beyond - before)


@taking
def test_every_bound_of_a_body_holds_at_its_limit_and_not_beyond(client: Client, operation: Operation) -> None:
    if operation.declared["operationId"] == CHECKED_BY_ITSELF:
        return  # tests/functions/test_ingestion.py: it refuses single readings, not the request
    schema = operation.declared["requestBody"]["content"]["application/json"]["schema"]
    for bound in bounds(schema):
        if bound.keyword.startswith("min") and bound.limit <= 0 and bound.keyword != "minimum":
            continue
        # The other field makes sure that nothing is done: a thousand devices take a while.
        kept = client.request(operation.method, operation.url, json=at(bound, 0) | {"nosuchfield": 1})
        broken = client.request(operation.method, operation.url, json=at(bound, 1) | {"nosuchfield": 1})

        assert kept.status_code == 422
        assert tells(kept, broken, bound), (bound, kept.body, broken.body)


@pytest.mark.parametrize("operation", KEYS_MAY, ids=lambda o: f"{o.method} {o.path}")
def test_every_bound_of_a_parameter_holds_at_its_limit_and_not_beyond(client: Client, operation: Operation) -> None:
    for parameter in operation.declared.get("parameters", ()):
        if parameter["in"] != "query" or parameter["name"] == "sensorIds":
            continue
        for bound in bounds(parameter["schema"], (parameter["name"],)):
            kept, broken = (
                client.request(
                    operation.method, f"{operation.url}?{parameter['name']}={at(bound, beyond)[parameter['name']]}"
                )
                for beyond in (0, 1)
            )
            assert tells(kept, broken, bound), (bound, kept.body, broken.body)


def test_metadata_has_ten_kilobytes(client: Client) -> None:
    room = 10_240 - len('{"ü":""}'.encode())
    client.post("/api/v1/devices", {"name": "x", "metadata": {"ü": "a" * room}}).ok()
    answer = client.post("/api/v1/devices", {"name": "x", "metadata": {"ü": "a" * (room + 1)}})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["metadata"]


DEFECTS = {
    "NaN": "no-number",
    "-Infinity": "no-number",
    "1e999": "number-out-of-range",
    "1" * 21: "number-out-of-range",
    "0." + "1" * 39: "number-out-of-range",
    '{"b":1,"b":2}': "duplicate-key",
    '"\\ud800"': "lone-surrogate",
    "[" * 32 + "]" * 32: "too-deep",
}


@taking
def test_a_value_that_is_no_json_is_refused_with_its_place(client: Client, operation: Operation) -> None:
    if operation.declared["operationId"] == CHECKED_BY_ITSELF:
        return
    for value, code in DEFECTS.items():
        answer = client.request(operation.method, operation.url, body=f'{{"metadata":{{"a":[0,{value}]}}}}')

        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json"), value
        [error] = answer.json()["errors"]
        assert error["code"] == code
        assert error["field"].startswith("metadata.a[1]")


@taking
def test_what_is_no_text_is_refused(client: Client, operation: Operation) -> None:
    for body in (b'{"name":"\xff"}', b'{"name":"\xed\xa0\x80"}', b"\xff\xfe{\x00}\x00"):
        answer = client.request(operation.method, operation.url, body=body)
        if operation.declared["operationId"] == CHECKED_BY_ITSELF and answer.status_code == 422:
            continue
        assert answer.status_code == 400, answer.body


@taking
def test_gzip_is_read_to_its_end_and_no_further_than_allowed(client: Client, operation: Operation) -> None:
    def send(body: bytes) -> int:
        headers = {"Content-Encoding": "gzip"}
        return client.request(operation.method, operation.url, body=body, headers=headers).status_code

    megabytes = 5 if operation.declared["operationId"] == CHECKED_BY_ITSELF else 1
    unknown = b'{"nosuchfield":1}'
    whole = send(gzip.compress(unknown))
    assert whole in {404, 422}
    assert send(gzip.compress(unknown[:5]) + gzip.compress(unknown[5:])) == whole
    assert send(gzip.compress(unknown.ljust(megabytes * 1024 * 1024), 1)) == whole
    assert send(gzip.compress(unknown.ljust(megabytes * 1024 * 1024 + 1), 1)) == 413
    assert send(gzip.compress(unknown) + b"junk") == 400
    assert send(gzip.compress(unknown)[:-1]) == 400


BOMB = """
import base64, zlib
from whimbrel.http.encodings import inflated
from whimbrel.http.exchange import Exchange
from whimbrel.problems import PayloadTooLarge

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

pack = zlib.compressobj(9, wbits=31)
chunks = [pack.compress(bytes(1 << 20)) for _ in range(1024)] + [pack.flush()]
event = {"headers": {"Content-Encoding": "gzip"}, "body": base64.b64encode(b"".join(chunks)).decode(),
         "isBase64Encoded": True}
before = peak()
try:
    inflated(Exchange(event, "request"), 5 * 1024 * 1024)
except PayloadTooLarge:
    print(peak() - before)
"""


def test_a_bomb_of_a_gigabyte_costs_little_memory() -> None:
    environment = {"PYTHONPATH": "layers/core/python", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        [sys.executable, "-c", BOMB], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )

    assert int(ran.stdout) < 64 * 1024, "in kB"


OWN = ("id", "organizationId", "createdAt", "updatedAt", "status", "role", "version", "verified", "kind", "etag")
MEANT = {
    ("create_device", "status"),
    ("create_invitation", "role"),
    ("replace_device", "status"),
    ("update_device", "status"),
    ("update_member", "role"),
    ("upload_pack", "version"),
}
"""Where a client may say what elsewhere is ours to say."""


def test_what_clients_may_say_of_what_is_ours_is_meant() -> None:
    assert {
        (operation.declared["operationId"], field) for operation in TAKING for field in declared(operation) & set(OWN)
    } == MEANT


@taking
def test_nobody_sets_what_is_not_theirs_to_set(client: Client, operation: Operation) -> None:
    forms: dict[str, Any] = {"readings": []} if operation.declared["operationId"] == CHECKED_BY_ITSELF else {}
    for field in set(OWN) - declared(operation):
        answer = client.request(operation.method, operation.url, json={field: "2026-01-01T00:00:00Z"} | forms)

        assert answer.status_code == 422, answer.body
        assert field in {error["field"] for error in answer.json()["errors"]}


def declared(operation: Operation) -> set[str]:
    """Return the fields of an operation's body, of all its forms."""
    schema = operation.declared["requestBody"]["content"]["application/json"]["schema"]
    forms = schema.get("oneOf") or schema.get("anyOf") or [schema]
    return {name for form in forms for name in resolved(form).get("properties", {})}


def test_ten_thousand_altered_cursors_open_nothing() -> None:
    cursors = Cursors(b"k" * 32, ("organization", "site"))
    cursor = cursors.seal("0190abcd-1234-7abc-8def-000000000001")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=. "
    chance = random.Random(1)  # the same mutations every time
    altered = {cursor[:place] + letter + cursor[place + 1 :] for place in range(len(cursor)) for letter in alphabet}
    altered |= {cursor[:end] for end in range(len(cursor))} | {cursor + letter for letter in alphabet}
    while len(altered) < 10_001:
        letters = list(cursor)
        for _ in range(chance.randint(2, 6)):
            letters[chance.randrange(len(letters))] = chance.choice(alphabet)
        altered.add("".join(letters))
    altered.discard(cursor)

    assert len(altered) >= 10_000
    assert cursors.open(cursor)
    assert sum(opens(cursors, each) for each in altered) == 0


def opens(cursors: Cursors, cursor: str) -> bool:
    try:
        cursors.open(cursor)
    except InvalidCursor:
        return False
    return True


def test_a_cursor_is_good_for_its_own_list_and_nobody_elses(client: Client) -> None:
    from tests.conftest import make_organization

    other = make_organization("Umbrella").client
    for name in ("a", "b"):
        client.post("/api/v1/sites", {"name": name}).ok()
        client.post("/api/v1/devices", {"name": name, "tags": ["t"]}).ok()
        other.post("/api/v1/sites", {"name": name}).ok()
    cursor = client.get("/api/v1/sites?limit=1").ok()["nextCursor"]
    filtered = client.get("/api/v1/devices?limit=1&tag=t").ok()["nextCursor"]

    client.get(f"/api/v1/sites?cursor={cursor}").ok()
    client.get(f"/api/v1/devices?tag=t&cursor={filtered}").ok()
    for whose, url in [
        (other, f"/api/v1/sites?cursor={cursor}"),
        (client, f"/api/v1/device-groups?cursor={cursor}"),
        (client, f"/api/v1/devices?cursor={filtered}"),
        (client, f"/api/v1/devices?tag=u&cursor={filtered}"),
        (client, f"/api/v1/devices?tag=t&q=a&cursor={filtered}"),
    ]:
        answer = whose.get(url)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor"), url


def patterns() -> Iterator[str]:
    """Yield every regular expression of ours: what modules keep, what they use in passing, what the document says."""
    for package in ("whimbrel", "functions"):
        [place] = importlib.import_module(package).__path__
        for found in pkgutil.walk_packages([place], f"{package}."):
            for value in vars(importlib.import_module(found.name)).values():
                expression = getattr(value, "__self__", value)  # or only its method is kept
                if isinstance(expression, re.Pattern) and isinstance(expression.pattern, str):
                    yield expression.pattern
        for file in Path(place).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id="re")), args=[ast.Constant(value=str() as pattern), *_]
                    ):
                        yield pattern
                    case _:
                        pass
    yield from re.findall(r'"pattern": (".*?[^\\]")', json.dumps(DOCUMENT))


OFTEN = 100


def repeats(tree: Any, depth: int = 0) -> int:
    """Return how deeply repetitions without a small bound are nested in a parsed expression."""
    deepest = depth
    for operator, argument in tree:
        inner: list[tuple[Any, int]] = []
        if operator in {opcodes.MAX_REPEAT, opcodes.MIN_REPEAT}:
            _, most, repeated = argument
            inner = [(repeated, depth + (most == opcodes.MAXREPEAT or most > OFTEN))]
        elif operator is opcodes.SUBPATTERN:
            inner = [(argument[-1], depth)]
        elif operator is opcodes.BRANCH:
            inner = [(branch, depth) for branch in argument[1]]
        elif operator in {opcodes.ASSERT, opcodes.ASSERT_NOT}:
            inner = [(argument[1], depth)]
        deepest = max([deepest, *(repeats(each, level) for each, level in inner)])
    return deepest


def runs_into_another(tree: Any) -> bool:
    """Tell whether a repetition without a bound is followed at once by another: the two share a text in n ways."""
    often = [
        operator in {opcodes.MAX_REPEAT, opcodes.MIN_REPEAT} and argument[1] == opcodes.MAXREPEAT
        for operator, argument in tree
    ]
    return any(one and other for one, other in pairwise(often))


def test_our_regular_expressions_take_time_in_proportion_to_the_text() -> None:
    found = set(patterns())

    assert len(found) > 15
    for pattern in found:
        tree = parser.parse(pattern)
        assert repeats(tree) <= 1, pattern
        assert not runs_into_another(tree), pattern


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(?:a*b?)*", r"(a|b+)*c", r"a*a*$", r"(x{1,200}y?){1,200}"])
def test_an_expression_that_takes_longer_would_be_found(pattern: str) -> None:
    tree = parser.parse(pattern)

    assert repeats(tree) > 1 or runs_into_another(tree)
