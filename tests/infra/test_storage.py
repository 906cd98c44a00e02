"""What must survive a mistake: tables, bucket, key, secret."""

from __future__ import annotations

from typing import Any

from tests.infra.assembly import Assembly, listed

KEY = "<Key961B73FD.Arn>"
STATEFUL = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret")


def keys(table: dict[str, Any]) -> list[str]:
    return [part["AttributeName"] for part in table["KeySchema"]]


def test_everything_stateful_is_retained(assembly: Assembly) -> None:
    stateful = [resource for kind in STATEFUL for resource in assembly.attributes(kind).values()]

    assert len(stateful) == 8
    assert {(r["DeletionPolicy"], r["UpdateReplacePolicy"]) for r in stateful} == {("Retain", "Retain")}


def test_tables_are_protected(assembly: Assembly) -> None:
    tables = assembly.of_type("AWS::DynamoDB::Table").values()

    assert len(tables) == 5
    for table in tables:
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["DeletionProtectionEnabled"] is True
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
        assert table["SSESpecification"]["SSEType"] == "KMS"
        assert assembly.text(table["SSESpecification"]["KMSMasterKeyId"]) == KEY


def test_tables_have_the_keys_that_the_stores_use(assembly: Assembly) -> None:
    tables = {name[:-8]: table for name, table in assembly.of_type("AWS::DynamoDB::Table").items()}

    assert {name: keys(table) for name, table in tables.items()} == {
        "Registry": ["pk", "sk"],
        "Auth": ["pk"],
        "Log": ["pk", "sk"],
        "Blocks": ["pk", "sk"],
        "Audit": ["pk", "sk"],
    }
    [index] = tables["Registry"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by_parent"
    assert keys(index) == ["parent_pk", "parent_sk"]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert tables["Registry"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_bucket_is_private_encrypted_and_swept(assembly: Assembly) -> None:
    [bucket] = assembly.of_type("AWS::S3::Bucket").values()
    [policy] = assembly.of_type("AWS::S3::BucketPolicy").values()

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert assembly.text(encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == KEY
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == 3
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    denied = {
        str(statement["Condition"])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    }
    assert str({"Bool": {"aws:SecureTransport": "false"}}) in denied
    assert {statement["Effect"] for statement in policy["PolicyDocument"]["Statement"]} == {"Deny"}


def test_the_key_rotates_and_serves_the_account_alone(assembly: Assembly) -> None:
    [key] = assembly.of_type("AWS::KMS::Key").values()

    assert key["EnableKeyRotation"] is True
    principals = {assembly.text(statement["Principal"]["AWS"]) for statement in key["KeyPolicy"]["Statement"]}
    assert principals == {"arn:<AWS::Partition>:iam::<AWS::AccountId>:root"}


def test_the_secret_is_made_by_aws_and_never_written_down(assembly: Assembly) -> None:
    [secret] = assembly.of_type("AWS::SecretsManager::Secret").values()

    assert secret["GenerateSecretString"]["PasswordLength"] >= 64
    assert "SecretString" not in secret
    assert assembly.text(secret["KmsKeyId"]) == KEY


def test_only_roles_that_read_or_write_data_use_the_key(assembly: Assembly) -> None:
    roles = {name: (assembly.own_role(name), assembly.tenant_role(name)) for name in assembly.functions()}
    users = {
        name
        for name, both in roles.items()
        if any(action.startswith("kms:") for role in both for action, _, _ in assembly.granted(role))
    }
    outside = [
        statement
        for name, policy in assembly.of_type("AWS::IAM::Policy").items()
        if not name.startswith("Functions")
        for statement in policy["PolicyDocument"]["Statement"]
        if any(action.startswith("kms:") for action in listed(statement["Action"]))
    ]

    assert users == set(assembly.functions()) - {"endpoint"}
    assert outside == []
    for role in {role for name in users for role in roles[name] if role}:
        for statement in assembly.statements(role):
            if any(action.startswith("kms:") for action in listed(statement["Action"])):
                assert set(statement["Condition"]["StringEquals"]) == {"kms:ViaService"}
