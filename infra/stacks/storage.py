"""What must outlive every deployment: the tables, the exports bucket, the key they are encrypted with, the secret."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.stacks.review import accept
from infra.stacks.stage import Stage

EXPORT_LIFETIME = Duration.days(3)
"""Longer than the day for which the API offers a download, and than the day for which an export may be at work."""


class Storage(Stack):
    """Five tables, a bucket, a key and a secret. All are retained when the stack goes."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"{stage.prefix}: tables, exports and the secret",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.registry = self._table("Registry", sort_key="sk", stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES)
        self.registry.add_global_secondary_index(
            index_name="by_parent",
            partition_key=_text("parent_pk"),
            sort_key=_text("parent_sk"),
            projection_type=dynamodb.ProjectionType.ALL,
        )
        self.auth = self._table("Auth")
        self.log = self._table("Log", sort_key="sk")
        self.blocks = self._table("Blocks", sort_key="sk")
        self.audit = self._table("Audit", sort_key="sk")
        self.exports = s3.Bucket(
            self,
            "Exports",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="exports-expire",
                    expiration=EXPORT_LIFETIME,
                    noncurrent_version_expiration=Duration.days(1),
                    abort_incomplete_multipart_upload_after=Duration.days(2),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"{stage.prefix}: the root that cursor and credential keys are derived from",
            encryption_key=self.key,
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=RemovalPolicy.RETAIN,
        )

        CfnOutput(self, "ExportsBucket", value=self.exports.bucket_name)
        accept(
            self.exports,
            "S1",
            reason="Objects live for days, and the API logs every link to one; a bucket of logs would outlive them.",
        )
        accept(
            self.secret,
            "SMG4",
            reason="Every stored credential is a MAC under it: it is rotated by version, not by a schedule.",
        )

    def _table(
        self, construct_id: str, *, sort_key: str | None = None, stream: dynamodb.StreamViewType | None = None
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            construct_id,
            partition_key=_text("pk"),
            sort_key=_text(sort_key) if sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="ttl",
            stream=stream,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
