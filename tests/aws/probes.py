"""What is asked of AWS: one call each, and what must come of it.

The organizations' ids are new ones, so that nothing that is there can be touched. `tests/infra/test_probes.py` holds
every expectation to our own evaluator of the template's policies; whether AWS agrees is for `test_live.py` to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403", "Forbidden"})
Params = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a deployment calls its tables and its bucket, by the environment variables of its functions."""

    registry: str
    auth: str
    log: str
    blocks: str
    audit: str
    bucket: str


@dataclass(frozen=True, slots=True)
class Probe:
    """One call in a session of *function*'s tenant role for one organization, about the data of organization *of*."""

    name: str
    function: str
    service: str
    operation: str
    params: Callable[[Names, str, str], Params]
    """Of the names, one's own organization, and the organization that the call is about."""
    allowed: bool
    foreign: bool = False


Key = Callable[[str], str]


def _things(organization: str) -> str:
    return f"ORG#{organization}#probe"


def _lane(organization: str) -> str:
    return f"L#{organization}#probe"


def _device(organization: str) -> str:
    return f"B#{organization}#probe"


def _item(key: str) -> Params:
    return {"pk": {"S": key}, "sk": {"S": "probe"}}


def _query(key: str, attribute: str = "pk") -> Params:
    return {"KeyConditionExpression": f"{attribute} = :pk", "ExpressionAttributeValues": {":pk": {"S": key}}}


def _get(table: str, key: Key) -> Callable[[Names, str, str], Params]:
    return lambda names, _, of: {"TableName": getattr(names, table), "Key": _item(key(of))}


def _put(table: str, key: Key) -> Callable[[Names, str, str], Params]:
    return lambda names, _, of: {"TableName": getattr(names, table), "Item": _item(key(of))}


def _ask(table: str, key: Key) -> Callable[[Names, str, str], Params]:
    return lambda names, _, of: {"TableName": getattr(names, table), **_query(key(of))}


def _by_parent(names: Names, _: str, of: str) -> Params:
    return {"TableName": names.registry, "IndexName": "by_parent", **_query(_things(of), "parent_pk")}


def _update(names: Names, _: str, of: str) -> Params:
    changed = {"UpdateExpression": "SET probed = :now", "ExpressionAttributeValues": {":now": {"N": "1"}}}
    return {"TableName": names.registry, "Key": _item(_things(of)), **changed}


def _batch_write(names: Names, own: str, of: str) -> Params:
    keys = sorted({_things(own), _things(of)})
    return {"RequestItems": {names.registry: [{"PutRequest": {"Item": _item(key)}} for key in keys]}}


def _transact(names: Names, own: str, of: str) -> Params:
    put = {"Put": {"TableName": names.registry, "Item": _item(_things(own))}}
    there = {"ConditionExpression": "attribute_not_exists(nothing)"}
    about = {**_item(_things(of)), "sk": {"S": "another"}}
    return {"TransactItems": [put, {"ConditionCheck": {"TableName": names.registry, "Key": about, **there}}]}


def _objects(names: Names, _: str, of: str) -> Params:
    return {"Bucket": names.bucket, "Key": f"organizations/{of}/exports/probe"}


ABOUT_ONE: tuple[tuple[str, str, str, str, Callable[[Names, str, str], Params]], ...] = (
    ("read a thing", "readings", "dynamodb", "GetItem", _get("registry", _things)),
    ("list things", "readings", "dynamodb", "Query", _ask("registry", _things)),
    ("list by parent", "readings", "dynamodb", "Query", _by_parent),
    ("write a thing", "readings", "dynamodb", "PutItem", _put("registry", _things)),
    ("change a thing", "readings", "dynamodb", "UpdateItem", _update),
    ("delete a thing", "readings", "dynamodb", "DeleteItem", _get("registry", _things)),
    ("write things at once", "readings", "dynamodb", "BatchWriteItem", _batch_write),
    ("write things together", "readings", "dynamodb", "TransactWriteItems", _transact),
    ("read a segment", "readings", "dynamodb", "GetItem", _get("log", _lane)),
    ("list segments", "readings", "dynamodb", "Query", _ask("log", _lane)),
    ("write a segment", "readings", "dynamodb", "PutItem", _put("log", _lane)),
    ("read a block", "readings", "dynamodb", "GetItem", _get("blocks", _device)),
    ("write a block", "readings", "dynamodb", "PutItem", _put("blocks", _device)),
    ("write an entry", "readings", "dynamodb", "PutItem", _put("audit", _things)),
    ("read entries", "access", "dynamodb", "Query", _ask("audit", _things)),
    ("read an object", "export_steps", "s3", "GetObject", _objects),
    ("delete an object", "export_steps", "s3", "DeleteObject", _objects),
)
"""What a session may do about its own organization, and not about another: the last of each item are its calls."""


def _listed(prefix: str) -> Callable[[Names, str, str], Params]:
    return lambda names, own, _: {"Bucket": names.bucket, "Prefix": prefix.format(own)}


def _of_table(table: str, **more: Any) -> Callable[[Names, str, str], Params]:
    return lambda names, _own, _of: {"TableName": getattr(names, table), **more}


def _statement(names: Names, _: str, of: str) -> Params:
    # No request, and nobody's words but ours.
    return {"Statement": f"SELECT * FROM \"{names.registry}\" WHERE pk = '{_things(of)}'"}  # noqa: S608


NEVER: tuple[tuple[str, str, str, str, Callable[[Names, str, str], Params]], ...] = (
    ("scan things", "readings", "dynamodb", "Scan", _of_table("registry")),
    ("scan an index", "readings", "dynamodb", "Scan", _of_table("registry", IndexName="by_parent")),
    ("scan segments", "readings", "dynamodb", "Scan", _of_table("log")),
    ("scan blocks", "readings", "dynamodb", "Scan", _of_table("blocks")),
    ("ask in PartiQL", "readings", "dynamodb", "ExecuteStatement", _statement),
    ("describe a table", "readings", "dynamodb", "DescribeTable", _of_table("registry")),
    ("read a credential", "readings", "dynamodb", "GetItem", lambda names, _own, _of: {
        "TableName": names.auth, "Key": {"pk": {"S": "KEY#probe"}}}),
    ("list organizations", "readings", "dynamodb", "Query", lambda names, _own, _of: {
        "TableName": names.log, **_query("L#organizations")}),
    ("read entries without the right", "readings", "dynamodb", "Query", _ask("audit", _things)),
    ("delete an entry", "access", "dynamodb", "DeleteItem", _get("audit", _things)),
    ("change an entry", "access", "dynamodb", "UpdateItem", lambda names, own, of: {
        **_update(names, own, of), "TableName": names.audit}),
    ("list one's own objects", "export_steps", "s3", "ListObjectsV2", _listed("organizations/{}/")),
    ("list all objects", "export_steps", "s3", "ListObjectsV2", _listed("")),
)  # fmt: skip
"""What no session may do, be it about its own organization."""

PROBES = (
    *(Probe(f"{call[0]}, own", *call[1:], allowed=True) for call in ABOUT_ONE),
    *(Probe(f"{call[0]}, another's", *call[1:], allowed=False, foreign=True) for call in ABOUT_ONE),
    *(Probe(f"{call[0]}, own", *call[1:], allowed=False) for call in NEVER),
)


def left_behind(names: Names, organization: str) -> Iterator[Params]:
    """Yield what the probes about an organization may have left in tables, as a deletion takes it."""
    for table, key in (("registry", _things), ("log", _lane), ("blocks", _device), ("audit", _things)):
        yield {"TableName": getattr(names, table), "Key": _item(key(organization))}


TAGS: dict[str, tuple[dict[str, str], bool]] = {
    "its organization": ({"org": "{}"}, True),
    "no tag": ({}, False),
    "another tag": ({"tenant": "{}"}, False),
    "a tag too many": ({"org": "{}", "role": "admin"}, False),
    "a tag that is no id": ({"org": "everybody"}, False),
    "a tag that goes on": ({"org": "{}-and-more"}, False),
    "an empty tag": ({"org": ""}, False),
}
"""Which sessions a tenant role's trust policy lets be made, by their tags."""
