"""The AWS clients of this process: the function's own, one a service, and a tenant's, one a service and organization.

The function's own role reaches no tenant's data. Those are behind a second role, which it can only assume for one
organization at a time: the session's tag ``org`` is what the role's policy compares keys with, so that a mistake in a
key is a refusal by AWS and not a leak. Sessions are kept per organization and process, so that AssumeRole is called
once in forty minutes for each.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

from whimbrel.logs import log
from whimbrel.problems import Unavailable
from whimbrel.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

    from whimbrel.ids import OrganizationId

SESSION_S = 3_600
"""What AWS allows a role that is assumed by a role."""
LEAST_LEFT_S = 1_200
"""A presigned link ends with the session that signed it; the longest-lived ones of ours have 15 minutes."""
MOST_SESSIONS = 128
"""Each costs the memory of its clients, about 250 kB."""
_PATIENCE_S = 30
"""Between two attempts to renew a session that is still good."""

CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = {"s3": 4}
"""Whole parts of uploads go to S3; everything else is small."""
USUAL_READ_TIMEOUT_S = 2
ATTEMPTS = 4


@dataclass(slots=True)
class Session:
    """Credentials of the tenant role for one organization, and the clients that have them."""

    credentials: dict[str, str]
    expires_s: float
    renew_at_s: float
    clients: dict[str, Any] = field(default_factory=dict[str, Any])


_sessions: OrderedDict[tuple[str, str], Session] = OrderedDict()
_lock = threading.Lock()


@overload
def client(service: Literal["dynamodb"], organization_id: OrganizationId | None = None) -> DynamoDBClient: ...
@overload
def client(service: Literal["s3"], organization_id: OrganizationId) -> S3Client: ...
@overload
def client(service: Literal["iot"]) -> IoTClient: ...
@overload
def client(service: Literal["iot-data"]) -> IoTDataPlaneClient: ...
@overload
def client(service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
@overload
def client(service: Literal["sqs"]) -> SQSClient: ...
@overload
def client(service: Literal["stepfunctions"]) -> SFNClient: ...
def client(service: str, organization_id: OrganizationId | None = None) -> Any:
    """Return the client of *service*: this function's own, or one that can reach the data of one organization only.

    Raises:
        Unavailable: no session for the organization can be had.
    """
    if organization_id is None:
        return _own(service)
    session = _session_of(organization_id)
    if service not in session.clients:
        session.clients[service] = _make(service, session.credentials)
    return session.clients[service]


def forget_sessions() -> None:
    """Begin without any session, as a new process does."""
    with _lock:
        _sessions.clear()


def tenant_role_arn() -> str:
    """Return the role by which this function reaches tenants' data."""
    return settings().tenant_role_arn


def _session_of(organization_id: OrganizationId) -> Session:
    key = (tenant_role_arn(), organization_id)
    with _lock:
        there = _sessions.get(key)
        if there:
            _sessions.move_to_end(key)
    now = time.time()
    if there and now < there.renew_at_s:
        return there
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        fresh = _assume(*key)
    except (ClientError, BotoCoreError) as error:
        if there and now < there.expires_s:
            log.exception("session not renewed")
            there.renew_at_s = now + _PATIENCE_S
            return there
        raise Unavailable("The store cannot be reached; send this again in a moment.") from error
    with _lock:
        _sessions[key] = fresh
        while len(_sessions) > MOST_SESSIONS:
            _sessions.popitem(last=False)
    return fresh


def _assume(role_arn: str, organization_id: str) -> Session:
    answer = _own("sts").assume_role(
        RoleArn=role_arn,
        # What CloudTrail shows of each call.
        RoleSessionName=organization_id,
        DurationSeconds=SESSION_S,
        Tags=[{"Key": "org", "Value": organization_id}],
    )["Credentials"]
    expires_s = answer["Expiration"].timestamp()
    return Session(
        {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        },
        expires_s,
        expires_s - LEAST_LEFT_S,
    )


@cache
def _own(service: str) -> Any:
    return _make(service, {})


def _make(service: str, credentials: dict[str, str]) -> Any:
    """Return a new client.

    One layer of retries: botocore's, four attempts with jitter, each bounded, so that a call ends well inside API
    Gateway's 29 s. Signature version 4 for S3, or presigned links with response headers are refused.
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,  # pyright: ignore[reportArgumentType, reportCallIssue]
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S.get(service, USUAL_READ_TIMEOUT_S),
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            signature_version="s3v4" if service == "s3" else None,
        ),
        **credentials,  # pyright: ignore[reportArgumentType]
    )
