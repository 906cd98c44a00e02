"""What the tests stand on: AWS in process (moto), the platform's tables, and two organizations with a client each."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "STAGE": "test",
    "REGISTRY_TABLE": "registry",
    "AUTH_TABLE": "auth",
    "LOG_TABLE": "log",
    "BLOCKS_TABLE": "blocks",
    "AUDIT_TABLE": "audit",
    "TENANT_ROLE_ARN": "arn:aws:iam::123456789012:role/whimbrel-test-tenant",
    "EXPORTS_BUCKET": "exports",
    "COMPACT_QUEUE_URL": "",
    "SECRET_ARN": "whimbrel/secret",
    "DEVICE_POLICY_NAME": "whimbrel-device",
    "DEVICE_THING_TYPE": "whimbrel-device",
    "MQTT_HOST": "mqtt.whimbrel.test",
    # As on a laptop: tests of the limits set their own.
    "KEY_REQUESTS_PER_SECOND": "100000",
    "ORGANIZATION_REQUESTS_PER_SECOND": "100000",
    "OIDC_ISSUER": "https://issuer.whimbrel.test",
    "OIDC_AUDIENCE": "whimbrel",
    "OIDC_JWKS_URL": "https://issuer.whimbrel.test/jwks.json",
}
os.environ.pop("AWS_PROFILE", None)


# Functions look at the environment when they are imported.
from tests import gating

gating.be_functions()

# Each test has a session of its own, and each would read the same descriptions of services again: 10 ms a client.
_described = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda self, file_path: _described(file_path)  # noqa: ARG005

hypothesis_settings.register_profile(
    "whimbrel", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True
)
hypothesis_settings.load_profile("whimbrel")


def key(name: str, kind: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": kind}


def create_tables(dynamodb: Any) -> None:
    """Make the tables as the template has them."""
    pk, sk = key("pk", "HASH"), key("sk", "RANGE")
    for name in ("log", "blocks", "audit"):
        dynamodb.create_table(
            TableName=name,
            KeySchema=[pk, sk],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
    dynamodb.create_table(
        TableName="registry",
        KeySchema=[pk, sk],
        AttributeDefinitions=[
            {"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "parent_pk", "parent_sk")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_parent",
                "KeySchema": [key("parent_pk", "HASH"), key("parent_sk", "RANGE")],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.create_table(
        TableName="auth",
        KeySchema=[pk],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@contextmanager
def aws_in_process() -> Generator[None]:
    """AWS in process, with what the platform stands on; everything gone afterwards."""
    import boto3
    from moto import mock_aws

    from whimbrel.aws import secret
    from whimbrel.settings import settings
    from whimbrel.store import limits

    caches = [secret._secret, secret.derived_key, settings]
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch:
        region: Any = os.environ["AWS_DEFAULT_REGION"]
        create_tables(boto3.client("dynamodb"))
        boto3.client("s3").create_bucket(Bucket="exports", CreateBucketConfiguration={"LocationConstraint": region})
        boto3.client("secretsmanager").create_secret(Name="whimbrel/secret", SecretString="a secret of the tests")
        queue = boto3.client("sqs").create_queue(QueueName="compaction")["QueueUrl"]
        monkeypatch.setenv("COMPACT_QUEUE_URL", queue)
        workflow = boto3.client("stepfunctions").create_state_machine(
            name="whimbrel-local-export",
            definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
            roleArn="arn:aws:iam::123456789012:role/export",
        )
        monkeypatch.setenv("EXPORT_WORKFLOW_ARN", workflow["stateMachineArn"])
        jobs = boto3.client("stepfunctions").create_state_machine(
            name="whimbrel-local-job",
            definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
            roleArn="arn:aws:iam::123456789012:role/job",
        )
        monkeypatch.setenv("JOB_WORKFLOW_ARN", jobs["stateMachineArn"])
        for cache in caches:
            cache.cache_clear()
        limits._TOO_MANY.clear()
        with gating.gated():
            yield
        for cache in caches:
            cache.cache_clear()


@pytest.fixture
def aws() -> Iterator[None]:
    """AWS in process, of one test's own."""
    with aws_in_process():
        yield


@dataclass(frozen=True)
class Organization:
    id: str
    api_key: str
    client: Any


def make_organization(name: str = "Acme") -> Organization:
    """Make an organization with an API key of all scopes."""
    from functions.organizations.operator import handler as operator
    from tests.gateway import Client

    made = operator({"action": "create-organization", "name": name}, None)
    return Organization(made["organizationId"], made["apiKey"], Client(made["apiKey"]))


def client_with(organization: Organization, *scopes: str) -> Any:
    """Make a client of an organization with the scopes given."""
    from functions.organizations.operator import handler as operator
    from tests.gateway import Client

    request = {"action": "create-api-key", "organizationId": organization.id, "name": "k", "scopes": scopes}
    return Client(operator(request, None)["apiKey"])


@pytest.fixture
def an_organization(aws: None) -> Callable[..., Organization]:
    """Return a maker of organizations, each with an API key of all scopes."""
    return make_organization


@pytest.fixture
def organization(an_organization: Callable[..., Organization]) -> Organization:
    return an_organization("Acme")


@pytest.fixture
def client(organization: Organization) -> Any:
    """A client of the first organization, with all scopes."""
    return organization.client


@pytest.fixture
def other(an_organization: Callable[..., Organization]) -> Any:
    """A client of another organization, with all scopes."""
    return an_organization("Umbrella").client


@pytest.fixture
def scoped(organization: Organization) -> Callable[..., Any]:
    """Return a maker of clients of the first organization with the scopes given."""
    return partial(client_with, organization)


@pytest.fixture
def stranger() -> Any:
    """A client without a credential."""
    from tests.gateway import Client

    return Client()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(gating)
    assert Path("openapi.json").exists(), "run the tests from the repository's root"
