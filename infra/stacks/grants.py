"""What each need of the catalogue means in AWS: exact actions on exact resources, and the settings that name them.

``*`` stands where names are made at run time (objects, things, certificates) or where the service knows no
resource-level permission (``UNSCOPED``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_sqs import Queue

from functions.catalogue import Needs
from infra.stacks.storage import Storage

UNSCOPED = ("*",)
"""For actions of IoT Core that accept no other resource."""

ANY_UUID = "????????-????-????-????-????????????"
"""Things are named by their device's id; nothing else in the account looks like one."""

IMPORTS = "organizations/*/imports/*"
"""The keys of imports' files."""

_READ_ITEMS = ("dynamodb:GetItem", "dynamodb:Query")
_WRITE_ITEMS = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
_USE_KEY_TO_READ = ("kms:Decrypt", "kms:DescribeKey")
_USE_KEY_TO_WRITE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")


@dataclass(frozen=True, slots=True)
class Allow:
    """One statement of a role: *actions* on *resources*; with *via*, only on behalf of that service."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    via: str = ""

    def statement(self) -> iam.PolicyStatement:
        """Return it for a policy document."""
        return iam.PolicyStatement(
            actions=list(self.actions),
            resources=list(self.resources),
            conditions={"StringEquals": {"kms:ViaService": self.via}} if self.via else None,
        )


@dataclass(frozen=True, slots=True)
class Grant:
    """What one need gives: statements of the role, and the environment that names the resources."""

    allows: tuple[Allow, ...]
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

    registry = storage.registry.table_arn
    auth = storage.auth.table_arn
    log = storage.log.table_arn
    blocks = storage.blocks.table_arn
    objects = storage.exports.arn_for_objects("*")
    registry_name = {"REGISTRY_TABLE": storage.registry.table_name}
    auth_name = {"AUTH_TABLE": storage.auth.table_name}
    readings_names = {"LOG_TABLE": storage.log.table_name, "BLOCKS_TABLE": storage.blocks.table_name}
    exports_name = {"EXPORTS_BUCKET": storage.exports.bucket_name}
    read_key = key("dynamodb", _USE_KEY_TO_READ)
    write_key = key("dynamodb", _USE_KEY_TO_WRITE)
    return {
        Needs.REGISTRY_READ: Grant(
            (
                Allow(_READ_ITEMS, (registry,)),
                Allow(("dynamodb:Query",), (f"{registry}/index/by_parent",)),
                read_key,
            ),
            registry_name,
        ),
        Needs.REGISTRY_WRITE: Grant(
            (
                Allow((*_WRITE_ITEMS, "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"), (registry,)),
                write_key,
            ),
            registry_name,
        ),
        Needs.AUTH_READ: Grant((Allow(("dynamodb:GetItem",), (auth,)), read_key), auth_name),
        Needs.AUTH_WRITE: Grant((Allow((*_WRITE_ITEMS, "dynamodb:ConditionCheckItem"), (auth,)), write_key), auth_name),
        Needs.READINGS_READ: Grant((Allow(_READ_ITEMS, (log, blocks)), read_key), readings_names),
        Needs.READINGS_WRITE: Grant(
            (
                Allow(("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"), (log,)),
                write_key,
            ),
            readings_names,
        ),
        Needs.BLOCKS_WRITE: Grant((Allow(("dynamodb:PutItem",), (blocks,)), write_key), readings_names),
        Needs.ROLLUPS_WRITE: Grant(
            (Allow(("dynamodb:PutItem", "dynamodb:BatchWriteItem"), (blocks,)), write_key), readings_names
        ),
        Needs.COMPACT_QUEUE: Grant(
            (Allow(("sqs:SendMessage",), (compaction.queue_arn,)),),
            {"COMPACT_QUEUE_URL": compaction.queue_url},
        ),
        Needs.SECRET: Grant(
            (
                Allow(("secretsmanager:GetSecretValue",), (storage.secret.secret_arn,)),
                key("secretsmanager", ("kms:Decrypt",)),
            ),
            {"SECRET_ARN": storage.secret.secret_arn},
        ),
        Needs.CERTIFICATES_ISSUE: Grant(
            (
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
            {"DEVICE_POLICY_NAME": devices.policy, "DEVICE_THING_TYPE": devices.thing_type},
        ),
        Needs.CERTIFICATES_END: Grant(
            (
                Allow(("iot:DetachThingPrincipal", "iot:ListThingPrincipals"), UNSCOPED),
                Allow(("iot:DeleteThing",), (iot("thing", ANY_UUID),)),
                Allow(("iot:DescribeCertificate", "iot:UpdateCertificate", "iot:DetachPolicy"), (iot("cert", "*"),)),
                Allow(("iot:DeleteConnection",), (iot("client", ANY_UUID),)),
            ),
            {"DEVICE_POLICY_NAME": devices.policy},
        ),
        Needs.EXPORT_START: Grant(
            (Allow(("states:StartExecution",), (export_arn,)),), {"EXPORT_WORKFLOW_ARN": export_arn}
        ),
        Needs.JOB_START: Grant((Allow(("states:StartExecution",), (job_arn,)),), {"JOB_WORKFLOW_ARN": job_arn}),
        Needs.IMPORT_FILES: Grant(
            (
                Allow(
                    ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
                    (storage.exports.arn_for_objects(IMPORTS),),
                ),
                key("s3", ("kms:Decrypt", "kms:GenerateDataKey")),
            ),
            exports_name,
        ),
        Needs.EXPORT_READ: Grant(
            (Allow(("s3:GetObject", "s3:DeleteObject"), (objects,)), key("s3", ("kms:Decrypt",))),
            exports_name,
        ),
        Needs.EXPORT_WRITE: Grant(
            (
                Allow(
                    (
                        "s3:GetObject",
                        "s3:PutObject",
                        "s3:DeleteObject",
                        "s3:AbortMultipartUpload",
                    ),
                    (objects,),
                ),
                key("s3", ("kms:Decrypt", "kms:GenerateDataKey")),
            ),
            exports_name,
        ),
        Needs.ENDPOINT: Grant((Allow(("iot:DescribeEndpoint",), UNSCOPED),)),
    }
