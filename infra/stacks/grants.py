"""What each need of the catalogue means in AWS: exact actions on exact resources, and the settings that name them.

A function has two roles. Its own reaches queues, workflows, IoT Core, the auth table and the platform's secret, and may
assume the other one, its *tenant role*, for one organization at a time: the session is tagged ``org``, and every
statement on tenants' data compares the keys with that tag. Two functions' tenant roles differ as their needs do.

``*`` stands where names are made at run time (things, certificates) or where the service knows no resource-level
permission (``UNSCOPED``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_sqs import Queue

from functions.catalogue import Needs
from infra.stacks.storage import Storage

UNSCOPED = ("*",)
"""For actions of IoT Core that accept no other resource."""

ANY_UUID = "????????-????-????-????-????????????"
"""Things are named by their device's id; nothing else in the account looks like one."""

ORG = "${aws:PrincipalTag/org}"
"""The organization of a tenant role's session."""

IMPORTS = f"organizations/{ORG}/imports/*"
"""The keys of imports' files."""

EXPORTS = f"organizations/{ORG}/exports/*"
"""The keys of exports' archives, and of those that are being made."""

_READ_ITEMS = ("dynamodb:GetItem", "dynamodb:Query")
_WRITE_ITEMS = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
_USE_KEY_TO_READ = ("kms:Decrypt", "kms:DescribeKey")
_USE_KEY_TO_WRITE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")


@dataclass(frozen=True, slots=True)
class Allow:
    """One statement of a role: *actions* on *resources*.

    With *via*, only on behalf of that service; with *leading*, only where every partition key is of that form.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    via: str = ""
    leading: str = ""

    def statement(self) -> iam.PolicyStatement:
        """Return it for a policy document."""
        conditions: dict[str, Any] = {}
        if self.via:
            conditions["StringEquals"] = {"kms:ViaService": self.via}
        if self.leading:
            # "For all" alone is true of a request without keys, such as a Scan; "for any" alone, of a batch with one
            # key that fits. With a mistyped key name the first always holds and the second never.
            for quantifier in ("ForAllValues", "ForAnyValue"):
                conditions[f"{quantifier}:StringLike"] = {"dynamodb:LeadingKeys": [self.leading]}
        return iam.PolicyStatement(
            actions=list(self.actions), resources=list(self.resources), conditions=conditions or None
        )


@dataclass(frozen=True, slots=True)
class Grant:
    """What one need gives: statements of the own role and of the tenant role, and the names of the resources."""

    own: tuple[Allow, ...] = ()
    tenant: tuple[Allow, ...] = ()
    environment: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNames:
    """What a device's certificate and thing are attached to."""

    policy: str
    thing_type: str


def grants(
    stack: Stack, *, storage: Storage, compaction: Queue, export_arn: str, job_arn: str, devices: DeviceNames
) -> dict[Needs, Grant]:
    """Return what each need gives to a function of *stack*."""

    def key(service: str, actions: tuple[str, ...]) -> Allow:
        return Allow(actions, (storage.key.key_arn,), via=f"{service}.{stack.region}.amazonaws.com")

    def iot(kind: str, name: str) -> str:
        return stack.format_arn(service="iot", resource=kind, resource_name=name)

    def things(*actions: str, index: str = "", kind: str = "*") -> Allow:
        return Allow(actions, (storage.registry.table_arn + index,), leading=f"ORG#{ORG}#{kind}")

    def segments(*actions: str) -> Allow:
        return Allow(actions, (storage.log.table_arn,), leading=f"L#{ORG}#*")

    def blocks(*actions: str) -> Allow:
        # The device's id ends the key.
        return Allow(actions, (storage.blocks.table_arn,), leading=f"B#{ORG}#*")

    def audit(*actions: str) -> Allow:
        return Allow(actions, (storage.audit.table_arn,), leading=f"ORG#{ORG}#*")

    def every_organization(*actions: str) -> Allow:
        return Allow(actions, (storage.log.table_arn,), leading="L#organizations")

    def objects(keys: str, *actions: str) -> Allow:
        return Allow(actions, (storage.exports.arn_for_objects(keys),))

    auth = storage.auth.table_arn
    registry_name = {"REGISTRY_TABLE": storage.registry.table_name}
    auth_name = {"AUTH_TABLE": storage.auth.table_name}
    log_name = {"LOG_TABLE": storage.log.table_name}
    readings_names = {**log_name, "BLOCKS_TABLE": storage.blocks.table_name}
    exports_name = {"EXPORTS_BUCKET": storage.exports.bucket_name}
    audit_name = {"AUDIT_TABLE": storage.audit.table_name}
    read_key = key("dynamodb", _USE_KEY_TO_READ)
    write_key = key("dynamodb", _USE_KEY_TO_WRITE)
    return {
        Needs.REGISTRY_READ: Grant(
            tenant=(things(*_READ_ITEMS), things("dynamodb:Query", index="/index/by_parent"), read_key),
            environment=registry_name,
        ),
        Needs.REGISTRY_WRITE: Grant(
            tenant=(things(*_WRITE_ITEMS, "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"), write_key),
            environment=registry_name,
        ),
        Needs.LIMITS: Grant(
            tenant=(things("dynamodb:UpdateItem", kind="limit"), write_key),
            environment=registry_name,
        ),
        Needs.AUDIT_WRITE: Grant(
            # Nothing here can change or remove an entry but by overwriting it, which the chain shows.
            tenant=(audit("dynamodb:PutItem"), write_key),
            environment=audit_name,
        ),
        Needs.AUDIT_READ: Grant(tenant=(audit(*_READ_ITEMS), read_key), environment=audit_name),
        Needs.READINESS: Grant(
            own=(Allow(("dynamodb:GetItem",), (storage.registry.table_arn,), leading="READY"), read_key),
            environment=registry_name,
        ),
        Needs.AUTHENTICATE: Grant(
            own=(Allow(("dynamodb:GetItem", "dynamodb:UpdateItem"), (auth,)), read_key, write_key),
            environment=auth_name,
        ),
        Needs.AUTH_READ: Grant(
            own=(Allow(("dynamodb:GetItem", "dynamodb:BatchGetItem"), (auth,)), read_key), environment=auth_name
        ),
        Needs.AUTH_WRITE: Grant(
            own=(Allow((*_WRITE_ITEMS, "dynamodb:ConditionCheckItem"), (auth,)), write_key), environment=auth_name
        ),
        Needs.ORGANIZATIONS_READ: Grant(own=(every_organization("dynamodb:Query"), read_key), environment=log_name),
        Needs.ORGANIZATIONS_WRITE: Grant(own=(every_organization("dynamodb:PutItem"), write_key), environment=log_name),
        Needs.READINGS_READ: Grant(
            tenant=(segments(*_READ_ITEMS), blocks(*_READ_ITEMS), read_key), environment=readings_names
        ),
        Needs.READINGS_WRITE: Grant(
            tenant=(segments("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"), write_key),
            environment=readings_names,
        ),
        Needs.BLOCKS_WRITE: Grant(tenant=(blocks("dynamodb:PutItem"), write_key), environment=readings_names),
        Needs.ROLLUPS_WRITE: Grant(
            tenant=(blocks("dynamodb:PutItem", "dynamodb:BatchWriteItem"), write_key), environment=readings_names
        ),
        Needs.COMPACT_QUEUE: Grant(
            own=(Allow(("sqs:SendMessage",), (compaction.queue_arn,)),),
            environment={"COMPACT_QUEUE_URL": compaction.queue_url},
        ),
        Needs.SECRET: Grant(
            own=(
                Allow(("secretsmanager:GetSecretValue",), (storage.secret.secret_arn,)),
                key("secretsmanager", ("kms:Decrypt",)),
            ),
            environment={"SECRET_ARN": storage.secret.secret_arn},
        ),
        Needs.CERTIFICATES_ISSUE: Grant(
            own=(
                Allow(
                    ("iot:CreateCertificateFromCsr", "iot:AttachThingPrincipal", "iot:ListThingPrincipals"), UNSCOPED
                ),
                Allow(("iot:CreateThing",), (iot("thing", ANY_UUID),)),
                Allow(
                    (
                        "iot:DescribeCertificate",
                        "iot:UpdateCertificate",
                        "iot:DeleteCertificate",
                        "iot:AttachPolicy",
                    ),
                    (iot("cert", "*"),),
                ),
            ),
            environment={"DEVICE_POLICY_NAME": devices.policy, "DEVICE_THING_TYPE": devices.thing_type},
        ),
        Needs.CERTIFICATES_END: Grant(
            own=(
                Allow(("iot:DetachThingPrincipal", "iot:ListThingPrincipals"), UNSCOPED),
                Allow(("iot:DeleteThing",), (iot("thing", ANY_UUID),)),
                Allow(("iot:DescribeCertificate", "iot:UpdateCertificate", "iot:DetachPolicy"), (iot("cert", "*"),)),
                Allow(("iot:DeleteConnection",), (iot("client", ANY_UUID),)),
            ),
            environment={"DEVICE_POLICY_NAME": devices.policy},
        ),
        Needs.EXPORT_START: Grant(
            own=(Allow(("states:StartExecution",), (export_arn,)),), environment={"EXPORT_WORKFLOW_ARN": export_arn}
        ),
        Needs.JOB_START: Grant(
            own=(Allow(("states:StartExecution",), (job_arn,)),), environment={"JOB_WORKFLOW_ARN": job_arn}
        ),
        Needs.IMPORT_FILES: Grant(
            tenant=(
                objects(IMPORTS, "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
                key("s3", ("kms:Decrypt", "kms:GenerateDataKey")),
            ),
            environment=exports_name,
        ),
        Needs.EXPORT_READ: Grant(
            tenant=(objects(EXPORTS, "s3:GetObject", "s3:DeleteObject"), key("s3", ("kms:Decrypt",))),
            environment=exports_name,
        ),
        Needs.EXPORT_WRITE: Grant(
            tenant=(
                objects(EXPORTS, "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
                key("s3", ("kms:Decrypt", "kms:GenerateDataKey")),
            ),
            environment=exports_name,
        ),
        Needs.ERASE: Grant(
            tenant=(
                audit("dynamodb:Query", "dynamodb:BatchWriteItem"),
                segments("dynamodb:BatchWriteItem"),
                blocks("dynamodb:BatchWriteItem"),
                objects(EXPORTS, "s3:DeleteObject"),
                write_key,
            ),
            environment=audit_name | exports_name | readings_names,
        ),
        Needs.ERASE_OUTSIDE: Grant(
            own=(
                # A key that was ended keeps its name for a day, a user the memberships in other organizations.
                Allow(("dynamodb:PutItem",), (auth,), leading="KEY#*"),
                Allow(("dynamodb:UpdateItem",), (auth,), leading="USER#*"),
                Allow(("dynamodb:DeleteItem",), (auth,)),
                every_organization("dynamodb:DeleteItem"),
                write_key,
            ),
            environment=auth_name | log_name,
        ),
        Needs.ENDPOINT: Grant(own=(Allow(("iot:DescribeEndpoint",), UNSCOPED),)),
    }
