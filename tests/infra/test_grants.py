"""Every function may do exactly what its needs call for: a second table of the grants, held against the template."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from functions.catalogue import FUNCTIONS, HTTP_FUNCTIONS, Function, Needs
from tests.infra.assembly import STAGE, Assembly
from whimbrel.settings import Settings

REGISTRY, AUTH, LOG, BLOCKS, AUDIT = (
    "<Registry4DB9CCA5.Arn>",
    "<AuthC256A5EC.Arn>",
    "<Log95422804.Arn>",
    "<Blocks32B0A367.Arn>",
    "<Audit3D8ADE0A.Arn>",
)
KEY, SECRET = "<Key961B73FD.Arn>", "<SecretA720EF05>"
EXPORTS = "<Exports25637AFB.Arn>/organizations/${aws:PrincipalTag/org}/exports/*"
COMPACTION = "<Queuescompaction40C482EB.Arn>"
ACCOUNT = "<AWS::Region>:<AWS::AccountId>"
IOT = f"arn:<AWS::Partition>:iot:{ACCOUNT}"
WORKFLOW = f"arn:<AWS::Partition>:states:{ACCOUNT}:stateMachine:whimbrel-{STAGE}-export"
JOBS = f"arn:<AWS::Partition>:states:{ACCOUNT}:stateMachine:whimbrel-{STAGE}-job"
IMPORTS = "<Exports25637AFB.Arn>/organizations/${aws:PrincipalTag/org}/imports/*"
A_UUID = "????????-????-????-????-????????????"

READ_KEY = {(f"kms:{action}", KEY, "") for action in ("Decrypt", "DescribeKey")}
WRITE_KEY = READ_KEY | {(f"kms:{action}", KEY, "") for action in ("Encrypt", "GenerateDataKey")}
ORG = "${aws:PrincipalTag/org}"


def on(resource: str, service: str, *actions: str, leading: str = "") -> set[tuple[str, str, str]]:
    return {(f"{service}:{action}", resource, leading) for action in actions}


def things(*actions: str, resource: str = REGISTRY, kind: str = "*") -> set[tuple[str, str, str]]:
    return on(resource, "dynamodb", *actions, leading=f"ORG#{ORG}#{kind}")


OWN: dict[Needs, set[tuple[str, str, str]]] = {
    Needs.READINESS: on(REGISTRY, "dynamodb", "GetItem", leading="READY") | READ_KEY,
    Needs.AUTHENTICATE: on(AUTH, "dynamodb", "GetItem", "UpdateItem") | READ_KEY | WRITE_KEY,
    Needs.AUTH_READ: on(AUTH, "dynamodb", "GetItem", "BatchGetItem") | READ_KEY,
    Needs.AUTH_WRITE: on(AUTH, "dynamodb", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem") | WRITE_KEY,
    Needs.ORGANIZATIONS_READ: on(LOG, "dynamodb", "Query", leading="L#organizations") | READ_KEY,
    Needs.ORGANIZATIONS_WRITE: on(LOG, "dynamodb", "PutItem", leading="L#organizations") | WRITE_KEY,
    Needs.COMPACT_QUEUE: on(COMPACTION, "sqs", "SendMessage"),
    Needs.SECRET: on(SECRET, "secretsmanager", "GetSecretValue") | on(KEY, "kms", "Decrypt"),
    Needs.CERTIFICATES_ISSUE: on("*", "iot", "CreateCertificateFromCsr", "AttachThingPrincipal", "ListThingPrincipals")
    | on(f"{IOT}:thing/{A_UUID}", "iot", "CreateThing")
    | on(f"{IOT}:cert/*", "iot", "DescribeCertificate", "UpdateCertificate", "DeleteCertificate", "AttachPolicy"),
    Needs.CERTIFICATES_END: on("*", "iot", "DetachThingPrincipal", "ListThingPrincipals")
    | on(f"{IOT}:thing/{A_UUID}", "iot", "DeleteThing")
    | on(f"{IOT}:cert/*", "iot", "DescribeCertificate", "UpdateCertificate", "DetachPolicy")
    | on(f"{IOT}:client/{A_UUID}", "iot", "DeleteConnection"),
    Needs.EXPORT_START: on(WORKFLOW, "states", "StartExecution"),
    Needs.JOB_START: on(JOBS, "states", "StartExecution"),
    Needs.ERASE_OUTSIDE: on(AUTH, "dynamodb", "PutItem", leading="KEY#*")
    | on(AUTH, "dynamodb", "UpdateItem", leading="USER#*")
    | on(AUTH, "dynamodb", "DeleteItem")
    | on(LOG, "dynamodb", "DeleteItem", leading="L#organizations")
    | WRITE_KEY,
    Needs.ENDPOINT: on("*", "iot", "DescribeEndpoint"),
}

TENANTS: dict[Needs, set[tuple[str, str, str]]] = {
    Needs.REGISTRY_READ: things("GetItem", "Query")
    | things("Query", resource=f"{REGISTRY}/index/by_parent")
    | READ_KEY,
    Needs.REGISTRY_WRITE: things("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem")
    | WRITE_KEY,
    Needs.LIMITS: things("UpdateItem", kind="limit") | WRITE_KEY,
    Needs.AUDIT_WRITE: things("PutItem", resource=AUDIT) | WRITE_KEY,
    Needs.AUDIT_READ: things("GetItem", "Query", resource=AUDIT) | READ_KEY,
    Needs.READINGS_READ: on(LOG, "dynamodb", "GetItem", "Query", leading=f"L#{ORG}#*")
    | on(BLOCKS, "dynamodb", "GetItem", "Query", leading=f"B#{ORG}#*")
    | READ_KEY,
    Needs.READINGS_WRITE: on(LOG, "dynamodb", "PutItem", "UpdateItem", "BatchWriteItem", leading=f"L#{ORG}#*")
    | WRITE_KEY,
    Needs.BLOCKS_WRITE: on(BLOCKS, "dynamodb", "PutItem", leading=f"B#{ORG}#*") | WRITE_KEY,
    Needs.ROLLUPS_WRITE: on(BLOCKS, "dynamodb", "PutItem", "BatchWriteItem", leading=f"B#{ORG}#*") | WRITE_KEY,
    Needs.ERASE: things("Query", "BatchWriteItem", resource=AUDIT)
    | on(LOG, "dynamodb", "BatchWriteItem", leading=f"L#{ORG}#*")
    | on(BLOCKS, "dynamodb", "BatchWriteItem", leading=f"B#{ORG}#*")
    | on(EXPORTS, "s3", "DeleteObject")
    | WRITE_KEY,
    Needs.EXPORT_READ: on(EXPORTS, "s3", "GetObject", "DeleteObject") | on(KEY, "kms", "Decrypt"),
    Needs.EXPORT_WRITE: on(EXPORTS, "s3", "GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload")
    | on(KEY, "kms", "Decrypt", "GenerateDataKey"),
    Needs.IMPORT_FILES: on(IMPORTS, "s3", "GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload")
    | on(KEY, "kms", "Decrypt", "GenerateDataKey"),
}

VARIABLES: dict[Needs, set[str]] = {
    Needs.REGISTRY_READ: {"REGISTRY_TABLE"},
    Needs.REGISTRY_WRITE: {"REGISTRY_TABLE"},
    Needs.LIMITS: {"REGISTRY_TABLE"},
    Needs.READINESS: {"REGISTRY_TABLE"},
    Needs.AUDIT_WRITE: {"AUDIT_TABLE"},
    Needs.AUDIT_READ: {"AUDIT_TABLE"},
    Needs.ORGANIZATIONS_READ: {"LOG_TABLE"},
    Needs.ORGANIZATIONS_WRITE: {"LOG_TABLE"},
    Needs.AUTHENTICATE: {"AUTH_TABLE"},
    Needs.AUTH_READ: {"AUTH_TABLE"},
    Needs.AUTH_WRITE: {"AUTH_TABLE"},
    Needs.READINGS_READ: {"LOG_TABLE", "BLOCKS_TABLE"},
    Needs.READINGS_WRITE: {"LOG_TABLE", "BLOCKS_TABLE"},
    Needs.BLOCKS_WRITE: {"LOG_TABLE", "BLOCKS_TABLE"},
    Needs.ROLLUPS_WRITE: {"LOG_TABLE", "BLOCKS_TABLE"},
    Needs.COMPACT_QUEUE: {"COMPACT_QUEUE_URL"},
    Needs.SECRET: {"SECRET_ARN"},
    Needs.CERTIFICATES_ISSUE: {"DEVICE_POLICY_NAME", "DEVICE_THING_TYPE"},
    Needs.CERTIFICATES_END: {"DEVICE_POLICY_NAME"},
    Needs.EXPORT_START: {"EXPORT_WORKFLOW_ARN"},
    Needs.EXPORT_READ: {"EXPORTS_BUCKET"},
    Needs.EXPORT_WRITE: {"EXPORTS_BUCKET"},
    Needs.JOB_START: {"JOB_WORKFLOW_ARN"},
    Needs.IMPORT_FILES: {"EXPORTS_BUCKET"},
    Needs.ERASE: {"AUDIT_TABLE", "EXPORTS_BUCKET", "LOG_TABLE", "BLOCKS_TABLE"},
    Needs.ERASE_OUTSIDE: {"AUTH_TABLE", "LOG_TABLE"},
    Needs.ENDPOINT: set(),
}

ALSO_TOLD = {
    "authorizer": {"OIDC_ISSUER", "OIDC_AUDIENCE", "OIDC_JWKS_URL", "OIDC_ORGANIZATION_CLAIM"},
    "provisioning": {"MQTT_HOST"},
    "dots": {"DOTS_BODY_BYTES"},
}

WILDCARDS = {
    "*",
    EXPORTS,
    IMPORTS,
    f"{IOT}:thing/{A_UUID}",
    f"{IOT}:client/{A_UUID}",
    f"{IOT}:cert/*",
}
"""Every wildcard there is; ``*`` alone is for X-Ray and for the actions of IoT Core that accept nothing else."""


def called_for(assembly: Assembly, spec: Function) -> set[tuple[str, str, str]]:
    """Return what the own role of *spec* may do: its needs, its log, its traces, its queue, its tenants' data."""
    log_group = assembly.text(assembly.functions()[spec.name]["LoggingConfig"]["LogGroup"])
    expected = on(f"{log_group[:-1]}.Arn>", "logs", "CreateLogStream", "PutLogEvents")
    expected |= on("*", "xray", "PutTraceSegments", "PutTelemetryRecords")
    expected = expected.union(*(allowed for need, allowed in OWN.items() if need in spec.needs))
    if spec.queue:
        [queue] = [
            name for name in assembly.of_type("AWS::SQS::Queue") if re.fullmatch(rf"Queues{spec.queue}\w{{8}}", name)
        ]
        expected |= on(
            f"<{queue}.Arn>", "sqs", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"
        )
    if tenant_role := assembly.tenant_role(spec.name):
        expected |= on(f"<{tenant_role}.Arn>", "sts", "AssumeRole", "TagSession")
    return expected


def excess_and_lack(assembly: Assembly, spec: Function) -> set[tuple[str, str, str]]:
    """Return what is granted and not called for, or the reverse."""
    of_tenants: set[tuple[str, str, str]] = set()
    of_tenants = of_tenants.union(*(allowed for need, allowed in TENANTS.items() if need in spec.needs))
    return (assembly.granted(assembly.own_role(spec.name)) ^ called_for(assembly, spec)) | (
        assembly.granted(assembly.tenant_role(spec.name)) ^ of_tenants
    )


def every_grant(assembly: Assembly) -> set[tuple[str, str, str]]:
    """Return what all roles of all functions together may do."""
    roles = [role(name) for name in assembly.functions() for role in (assembly.own_role, assembly.tenant_role)]
    return {grant for role in roles for grant in assembly.granted(role)}


def test_every_need_is_in_the_table() -> None:
    assert set(OWN) | set(TENANTS) == set(VARIABLES) == set(Needs)
    assert not set(OWN) & set(TENANTS)


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_a_function_is_granted_exactly_its_needs(assembly: Assembly, spec: Function) -> None:
    assert excess_and_lack(assembly, spec) == set()


def test_no_policy_is_too_long_for_iam(assembly: Assembly) -> None:
    for policy in assembly.of_type("AWS::IAM::Policy").values():
        assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) < 10_240


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_a_function_is_told_exactly_what_it_needs(assembly: Assembly, spec: Function) -> None:
    expected = {"STAGE"}.union(*(names for need, names in VARIABLES.items() if need in spec.needs))
    expected |= ALSO_TOLD.get(spec.name, set())
    if any(need in spec.needs for need in TENANTS):
        expected.add("TENANT_ROLE_ARN")
    if spec in HTTP_FUNCTIONS:
        expected |= {"KEY_REQUESTS_PER_SECOND", "ORGANIZATION_REQUESTS_PER_SECOND", "CORS_ORIGINS"}

    told = set(assembly.functions()[spec.name]["Environment"]["Variables"])

    assert told == expected
    assert told <= {field.name.upper() for field in fields(Settings)}


def test_no_function_has_a_wildcard_that_is_not_listed(assembly: Assembly) -> None:
    granted = every_grant(assembly)

    assert {resource for _, resource, _ in granted if re.search(r"[*?]", resource)} == WILDCARDS
    assert {action for action, _, _ in granted if "*" in action} == set()
    assert {action.partition(":")[0] for action, resource, _ in granted if resource == "*"} == {"xray", "iot"}


def test_only_provisioning_makes_devices(assembly: Assembly) -> None:
    making = {"iot:CreateCertificateFromCsr", "iot:AttachPolicy", "iot:AttachThingPrincipal", "iot:CreateThing"}
    makers = {
        name
        for name in assembly.functions()
        for action, _, _ in assembly.granted(assembly.own_role(name))
        if action in making
    }

    assert makers == {"provisioning"}


def test_nobody_scans(assembly: Assembly) -> None:
    granted = {action for action, _, _ in every_grant(assembly)}

    assert not granted & {"dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:PartiQLUpdate", "dynamodb:DeleteTable"}


def test_no_two_functions_share_a_role(assembly: Assembly) -> None:
    roles = [assembly.text(properties["Role"]) for properties in assembly.functions().values()]

    assert len(set(roles)) == len(roles) == len(FUNCTIONS)


def widen_the_action(statement: dict[str, Any]) -> None:
    statement["Action"] = "dynamodb:*"


def widen_the_resource(statement: dict[str, Any]) -> None:
    statement["Resource"] = "*"


def add_scan(statement: dict[str, Any]) -> None:
    statement["Action"] = [*statement["Action"], "dynamodb:Scan"]


def take_an_action(statement: dict[str, Any]) -> None:
    statement["Action"] = statement["Action"][1:]


def name_another_table(statement: dict[str, Any]) -> None:
    statement["Resource"] = {"Fn::GetAtt": ["AuthC256A5EC", "Arn"]}


@pytest.mark.parametrize("spoil", [widen_the_action, widen_the_resource, add_scan, take_an_action, name_another_table])
def test_a_spoilt_grant_is_seen(assembly: Assembly, spoil: Callable[[dict[str, Any]], None]) -> None:
    [reading] = [s for s in assembly.statements(assembly.own_role("reference")) if "dynamodb:GetItem" in s["Action"]]
    [reference] = [spec for spec in FUNCTIONS if spec.name == "reference"]

    spoil(reading)

    assert excess_and_lack(assembly, reference) != set()
