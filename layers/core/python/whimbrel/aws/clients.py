"""The AWS clients of this process: made at first use, one a service."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient


@overload
def client(service: Literal["dynamodb"]) -> DynamoDBClient: ...
@overload
def client(service: Literal["iot"]) -> IoTClient: ...
@overload
def client(service: Literal["iot-data"]) -> IoTDataPlaneClient: ...
@overload
def client(service: Literal["s3"]) -> S3Client: ...
@overload
def client(service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
@overload
def client(service: Literal["sqs"]) -> SQSClient: ...
@overload
def client(service: Literal["stepfunctions"]) -> SFNClient: ...
def client(service: str) -> Any:
    """Return the client of *service*.

    One layer of retries: ours are botocore's, four attempts with jitter, each bounded, so that a call ends well inside
    API Gateway's 29 s. Signature version 4 for S3, or presigned links with response headers are refused.
    """
    return _client(service)


@cache
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,  # pyright: ignore[reportArgumentType, reportCallIssue]
        config=Config(
            connect_timeout=1,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 4},
            signature_version="s3v4" if service == "s3" else None,
        ),
    )
