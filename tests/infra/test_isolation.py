"""No tenant reaches another's data: shown of the policies that are deployed, not of the code before them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from functions.catalogue import FUNCTIONS
from infra.isolation.evaluator import Request, listed
from infra.isolation.policies import Policies, Principal, of
from infra.isolation.requests import LEADING_KEYS
from tests.infra.assembly import Assembly
from tests.infra.isolation import (
    A_FEW,
    ACCOUNT,
    HOSTILE_TAGS,
    ITEM_ACTIONS,
    KEYS,
    NAMES,
    NEVER,
    ORGANIZATIONS,
    REGION,
    TABLES,
    Proof,
    examine,
    examine_devices,
)
from whimbrel.ids import OrganizationId

AUTHENTICATE = {("auth", "GetItem"), ("auth", "UpdateItem")}
AUTH_READ = {("auth", "GetItem"), ("auth", "BatchGetItem")}
AUTH_WRITE = {("auth", action) for action in ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")}
BEYOND_TENANTS = {
    "reference": {("READY", "GetItem")},
    "authorizer": AUTHENTICATE,
    "dots": AUTHENTICATE,
    "provisioning": AUTH_READ | AUTH_WRITE,
    "access": AUTH_READ | AUTH_WRITE,
    "presence": AUTH_READ,
    "operator": AUTH_READ | AUTH_WRITE | {("L#organizations", "PutItem")},
    "compact": {("L#organizations", "Query")},
    "job_steps": {("auth", "DeleteItem"), ("L#organizations", "DeleteItem")},
}
"""Reviewed: all that functions' own roles may do with items. It is no tenant's data: see docs/data-model.md."""
Templates = list[dict[str, Any]]
# What is decided once serves all tests here.
pytestmark = pytest.mark.xdist_group("isolation")


def policies_of(templates: Templates) -> Policies:
    return of(templates, names=NAMES, region=REGION, account=ACCOUNT)


@pytest.fixture(scope="session")
def templates(synthesized: Assembly) -> Templates:
    return [synthesized.templates["storage"], synthesized.templates["platform"]]


@pytest.fixture(scope="session")
def policies(templates: Templates) -> Policies:
    return policies_of(templates)


@pytest.fixture(scope="session")
def proof(policies: Policies) -> Proof:
    return examine(policies)


def test_the_organizations_are_such_as_there_may_be() -> None:
    assert all(OrganizationId.is_valid(organization) for organization in ORGANIZATIONS)
    assert len(set(ORGANIZATIONS)) == 12


def test_no_role_reaches_another_tenants_data(proof: Proof) -> None:
    print(f"{proof.decisions:,} decisions, {len(proof.opened)} open")

    assert proof.opened == []


def test_each_function_reaches_what_is_its_own_tenants(proof: Proof, policies: Policies) -> None:
    """So that nothing open above does not mean that everything is shut."""
    for spec in FUNCTIONS:
        tenant = policies.functions[spec.import_path].tenant
        allowed = {(action, table) for who, action, table in proof.own if who == spec.name and table in KEYS}
        written = [statement for statement in (tenant.statements if tenant else ()) if "Condition" in statement]
        stated = {
            (action.removeprefix("dynamodb:"), resource.removeprefix(TABLES))
            for statement in written
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
            if action.startswith("dynamodb:")
        }
        assert allowed == stated, spec.name
        minted = {action for who, action, what in proof.own if who == spec.name and what == "tenant role"}
        assert minted == ({"sts:AssumeRole", "sts:TagSession"} if tenant else set())
    objects = {(who, pattern) for who, _, pattern in proof.own if pattern.startswith("organizations/")}
    assert objects == {
        ("jobs", "organizations/{}/imports/x/file"),
        ("job_steps", "organizations/{}/imports/x/file"),
        ("job_steps", "organizations/{}/exports/x.zip"),
        ("exports", "organizations/{}/exports/x.zip"),
        ("export_steps", "organizations/{}/exports/x.zip"),
    }


@pytest.mark.parametrize("name", [spec.name for spec in FUNCTIONS])
def test_a_functions_own_role_reaches_no_items_but_those_reviewed(policies: Policies, name: str) -> None:
    own = Principal(policies.functions[next(spec.import_path for spec in FUNCTIONS if spec.name == name)].own)
    partitions = {"auth": "auth", "READY": "registry", "L#organizations": "log", "L#": "log", "ORG#": "registry"}
    partitions |= {"B#": "blocks", "": "registry", "KEY#": "audit"}

    allowed = {
        (partition, action)
        for partition, table in partitions.items()
        for action in (*ITEM_ACTIONS, *NEVER)
        if own.may(Request(f"dynamodb:{action}", TABLES + table, {LEADING_KEYS: (partition,)}), policies)
    }

    assert allowed == BEYOND_TENANTS.get(name, set())


def test_no_other_role_reaches_data(policies: Policies) -> None:
    """Workflows, rules and the gateway hand on identifiers; they read and write nothing themselves."""
    of_functions = {role.arn for roles in policies.functions.values() for role in (roles.own, roles.tenant) if role}
    others = [role for arn, role in policies.roles.items() if arn not in of_functions]

    assert others
    for role in others:
        for statement in role.statements:
            services = {action.partition(":")[0] for action in listed(statement["Action"])}
            assert services <= {"sqs", "lambda", "logs", "xray", "kinesis"}, (role.arn, statement)


def test_devices_reach_their_own_topics_and_nothing_else(policies: Policies) -> None:
    proof = examine_devices(policies)

    print(f"{proof.decisions:,} decisions, {len(proof.opened)} open")
    assert proof.opened == []
    assert {action for _, action, _ in proof.own} == {
        f"iot:{action}" for action in ("Connect", "Publish", "RetainPublish", "Subscribe", "Receive")
    }


def test_what_the_bucket_says_of_itself_allows_nobody_anything(templates: Templates) -> None:
    documents = [
        made["Properties"]["PolicyDocument"]
        for template in templates
        for made in template["Resources"].values()
        if made["Type"] in {"AWS::S3::BucketPolicy", "AWS::DynamoDB::ResourcePolicy"}
    ]

    assert documents
    assert {statement["Effect"] for document in documents for statement in document["Statement"]} == {"Deny"}


def test_the_key_serves_only_on_behalf_of_the_services_that_are_encrypted_by_it(policies: Policies) -> None:
    via = {f"{service}.{REGION}.amazonaws.com" for service in ("dynamodb", "s3", "secretsmanager", "sqs")}
    for role in policies.roles.values():
        for statement in role.statements:
            if any(action.startswith(("kms:", "*")) for action in listed(statement["Action"])):
                assert set(listed(statement["Condition"]["StringEquals"]["kms:ViaService"])) <= via
                assert listed(statement["Resource"]) != ["*"]


# Mutants: the same templates, weaker in one place.

Statement = dict[str, Any]


def with_condition(statement: Statement, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    statement["Condition"] = change(statement["Condition"])


def without(prefix: str) -> Callable[[Statement], None]:
    def change(statement: Statement) -> None:
        with_condition(statement, lambda found: {name: found[name] for name in found if not name.startswith(prefix)})

    return change


def mistyped(statement: Statement) -> None:
    """As one of AWS's own samples has it, for years. With "for any" besides, it shuts everything instead."""
    without("ForAny")(statement)
    with_condition(statement, lambda found: json.loads(json.dumps(found).replace("dynamodb:Lead", "dynamodb: Lead")))


def of_any_tenant(statement: Statement) -> None:
    with_condition(statement, lambda found: json.loads(json.dumps(found).replace("${aws:PrincipalTag/org}", "*")))


def of_any_key_too(statement: Statement) -> None:
    for expected in statement["Condition"].values():
        expected["dynamodb:LeadingKeys"] = [*listed(expected["dynamodb:LeadingKeys"]), "*"]


def null_instead_of_any(statement: Statement) -> None:
    without("ForAny")(statement)
    statement["Condition"]["Null"] = {"dynamodb:LeadingKeys": "false"}
    mistyped_key = json.loads(json.dumps(statement["Condition"]["ForAllValues:StringLike"]).replace(":Lead", ":lead-"))
    statement["Condition"]["ForAllValues:StringLike"] = mistyped_key


def if_there_are_any(statement: Statement) -> None:
    with_condition(statement, lambda found: {f"{name}IfExists": found[name] for name in found})


def negated(statement: Statement) -> None:
    with_condition(statement, lambda found: {name.replace("Like", "NotLike"): found[name] for name in found})


def unconditional(statement: Statement) -> None:
    del statement["Condition"]


def on_every_table(statement: Statement) -> None:
    statement["Resource"] = "*"


def every_action(statement: Statement) -> None:
    statement["Action"] = "dynamodb:*"


def with_scan(statement: Statement) -> None:
    statement["Action"] = [*listed(statement["Action"]), "dynamodb:Scan"]


def with_partiql(statement: Statement) -> None:
    statement["Action"] = [*listed(statement["Action"]), "dynamodb:PartiQL*"]


def with_backups(statement: Statement) -> None:
    statement |= {"Action": ["dynamodb:ExportTableToPointInTime", "dynamodb:CreateBackup"]}
    del statement["Condition"]


OF_ITEMS = (
    without("ForAll"),
    without("ForAny"),
    mistyped,
    of_any_tenant,
    of_any_key_too,
    null_instead_of_any,
    if_there_are_any,
    negated,
    unconditional,
    on_every_table,
    every_action,
    with_scan,
    with_partiql,
    with_backups,
)


def trust_anybody(statement: Statement) -> None:
    statement["Principal"] = {"AWS": "*"}


def trust_the_account(statement: Statement) -> None:
    statement["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def of_any_shape(statement: Statement) -> None:
    statement["Condition"]["StringLike"] = {"aws:RequestTag/org": "*"}


def shaped_if_given(statement: Statement) -> None:
    statement["Condition"]["StringLikeIfExists"] = statement["Condition"].pop("StringLike")


def another_tag(statement: Statement) -> None:
    statement["Condition"]["ForAllValues:StringEquals"]["aws:TagKeys"] = ["org", "admin"]


OF_TRUST = (
    unconditional,
    trust_anybody,
    trust_the_account,
    of_any_shape,
    shaped_if_given,
    without("StringLike"),
    another_tag,
    without("ForAll"),
)


def whole_bucket(statement: Statement) -> None:
    statement["Resource"] = "arn:aws:s3:::exports/*"


def objects_of_all(statement: Statement) -> None:
    statement["Resource"] = json.loads(json.dumps(statement["Resource"]).replace("${aws:PrincipalTag/org}", "*"))


def every_object_action(statement: Statement) -> None:
    statement["Action"] = "s3:*"


def with_lists(statement: Statement) -> None:
    statement |= {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::exports"}


OF_OBJECTS = (whole_bucket, objects_of_all, every_object_action, with_lists)


def any_role(statement: Statement) -> None:
    statement["Resource"] = "*"


def reading_besides(statement: Statement) -> None:
    statement |= {"Action": "dynamodb:GetItem", "Resource": f"{TABLES}registry"}


OF_OWN_ROLES = (any_role, reading_besides)


def topics_of_all(statement: Statement) -> None:
    text = json.dumps(statement["Resource"])
    statement["Resource"] = json.loads(text.replace("${iot:Connection.Thing.Attributes[org]}", "*"))


def things_of_all(statement: Statement) -> None:
    text = json.dumps(statement["Resource"])
    statement["Resource"] = json.loads(text.replace("${iot:Connection.Thing.ThingName}", "*"))


def every_topic(statement: Statement) -> None:
    statement |= {"Action": "iot:*", "Resource": "*"}
    statement.pop("Condition", None)


OF_DEVICES = (topics_of_all, things_of_all, every_topic)


Place = tuple[str, str, int]
"""A function, one of its lists of statements, and which statement of it."""


def places(policies: Policies) -> Iterator[tuple[Place, tuple[Callable[[Statement], None], ...]]]:
    """Yield where a statement could be weakened, and how. What two functions have in common is one place."""
    known = set[str]()
    for spec in FUNCTIONS:
        roles = policies.functions[spec.import_path]
        if not roles.tenant:
            continue
        for part, statements in (
            ("statements", roles.tenant.statements),
            ("trust", roles.tenant.trust),
            ("own", roles.own.statements),
        ):
            for number, statement in enumerate(statements):
                text = json.dumps(statement)
                changes = (
                    OF_TRUST
                    if part == "trust"
                    else OF_ITEMS * ("LeadingKeys" in text and part == "statements")
                    + OF_OBJECTS * ('"s3:' in text)
                    + OF_OWN_ROLES * ("sts:AssumeRole" in text)
                )
                common = text.replace(roles.own.arn, "own").replace(roles.tenant.arn, "tenant")
                if changes and common not in known:
                    known.add(common)
                    yield (spec.name, part, number), changes


def weakened(policies: Policies, place: Place, change: Callable[[Statement], None]) -> Policies:
    """Return *policies* with one statement changed."""
    name, part, number = place
    path = next(spec.import_path for spec in FUNCTIONS if spec.name == name)
    roles = policies.functions[path]
    assert roles.tenant
    role = roles.own if part == "own" else roles.tenant
    field = "trust" if part == "trust" else "statements"
    statements = list(getattr(role, field))
    statements[number] = changed(statements[number], change)
    mutant = replace(role, **{field: tuple(statements)})
    both = replace(roles, own=mutant) if part == "own" else replace(roles, tenant=mutant)
    return replace(policies, functions={**policies.functions, path: both}, roles={**policies.roles, mutant.arn: mutant})


def changed(statement: Any, change: Callable[[Statement], None]) -> Statement:
    mutant = copy.deepcopy(statement)
    change(mutant)
    assert mutant != statement, f"{change.__qualname__} changes nothing of {statement}"
    return mutant


def test_weakened_in_any_one_place_it_is_found_out(policies: Policies) -> None:
    """Each statement of tenant roles, of their trust, and of the way to them, in each way that we could think of."""
    mutants = [(place, change) for place, changes in places(policies) for change in changes]

    missed = [
        f"{place}: {change.__qualname__}"
        for place, change in mutants
        if not examine(weakened(policies, place, change), (place[0],), A_FEW).opened
    ]

    print(f"mutants found {len(mutants) - len(missed)}/{len(mutants)}")
    assert missed == []
    assert {change for _, change in mutants} == {*OF_ITEMS, *OF_TRUST, *OF_OBJECTS, *OF_OWN_ROLES}


@pytest.mark.parametrize("change", OF_DEVICES, ids=lambda change: change.__qualname__)
def test_a_weaker_policy_of_devices_is_found_out(policies: Policies, change: Callable[[Statement], None]) -> None:
    for number, statement in enumerate(policies.device):
        if change is topics_of_all and statement["Action"] == "iot:Connect":
            continue  # a client is called as its thing, whose ever it is
        mutant = [*policies.device[:number], changed(statement, change), *policies.device[number + 1 :]]

        assert examine_devices(replace(policies, device=tuple(mutant)), A_FEW).opened


def test_a_tag_that_is_another_pattern_opens_nothing_even_if_it_were_given(policies: Policies) -> None:
    """A second line: wildcards in a tag are letters. The first is that no such tag is given, above."""
    for spec in FUNCTIONS:
        tenant = policies.functions[spec.import_path].tenant
        for tag in HOSTILE_TAGS if tenant else ():
            assert tenant
            session = Principal(tenant, tag)
            for table, patterns in KEYS.items():
                for pattern in patterns:
                    key = {LEADING_KEYS: (pattern.format(ORGANIZATIONS[0]),)}
                    assert not session.may(Request("dynamodb:GetItem", TABLES + table, key), policies)
                    assert not session.may(Request("dynamodb:Query", TABLES + table, key), policies)
