"""The platform as its users meet it: one port for HTTP, one for MQTT, and a file that says how."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import jwt
import pytest
from botocore.exceptions import ClientError

from tests.e2e.launch import ROOT, Platform

pytestmark = pytest.mark.e2e

MEBIBYTE = 1024 * 1024
CREDENTIALS = {
    "apiUrl",
    "organizationId",
    "apiKey",
    "secondOrganizationId",
    "secondApiKey",
    "userToken",
    "memberToken",
    "issuer",
    "mqtt",
    "awsEndpointUrl",
    "awsRegion",
}


def test_credentials_are_complete_and_private(platform: Platform) -> None:
    credentials = platform.credentials

    assert set(credentials) == CREDENTIALS
    assert set(credentials["issuer"]) == {"issuer", "audience", "kid", "privateKeyPath"}
    assert set(credentials["mqtt"]) == {"host", "port", "caPath"}
    for path in (platform.state_dir / "credentials.json", Path(credentials["issuer"]["privateKeyPath"])):
        assert path.stat().st_mode & 0o077 == 0


def test_each_credential_is_somebody(platform: Platform) -> None:
    credentials = platform.credentials

    callers = {
        name: platform.call("GET", "/api/v1/me", key=credentials[name]).json()
        for name in ("apiKey", "secondApiKey", "userToken", "memberToken")
    }

    assert callers["userToken"]["role"] == "OWNER"
    assert callers["memberToken"]["role"] == "MEMBER"
    for name in ("apiKey", "userToken", "memberToken"):
        assert callers[name]["organization"]["id"] == credentials["organizationId"]
    assert callers["secondApiKey"]["organization"]["id"] == credentials["secondOrganizationId"]


def test_tools_mint_tokens_with_the_issuers_key(platform: Platform) -> None:
    issuer = platform.credentials["issuer"]
    now = int(time.time())
    claims = {"iss": issuer["issuer"], "aud": issuer["audience"], "sub": "demo-owner", "email": "owner@demo.example"}
    claims |= {"org": platform.credentials["organizationId"], "iat": now, "nbf": now, "exp": now + 60}
    key = Path(issuer["privateKeyPath"]).read_text()

    minted = jwt.encode(claims, key, algorithm="RS256", headers={"kid": issuer["kid"]})
    expired = jwt.encode({**claims, "exp": now - 60}, key, algorithm="RS256", headers={"kid": issuer["kid"]})

    assert platform.call("GET", "/api/v1/me", key=minted).status == HTTPStatus.OK
    assert platform.call("GET", "/api/v1/me", key=expired).status == HTTPStatus.UNAUTHORIZED


def test_a_body_may_come_as_gzip(platform: Platform) -> None:
    body = gzip.compress(json.dumps({"name": "squeezed"}).encode())

    created = platform.call("POST", "/api/v1/devices", body, headers={"Content-Encoding": "gzip"})

    assert created.status == HTTPStatus.CREATED
    assert created.json()["name"] == "squeezed"


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b" " * (10 * MEBIBYTE + 1), "identity", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (gzip.compress(bytes(50 * MEBIBYTE)), "gzip", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (gzip.compress(b"{}")[:-4], "gzip", HTTPStatus.BAD_REQUEST),
        (b"plain", "gzip", HTTPStatus.BAD_REQUEST),
    ],
    ids=["large", "bomb", "cut off", "not gzip"],
)
def test_the_gateway_refuses_what_it_cannot_carry(
    platform: Platform, body: bytes, encoding: str, status: HTTPStatus
) -> None:
    refused = platform.call("POST", "/api/v1/devices", body, headers={"Content-Encoding": encoding})

    assert refused.status == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["status"] == status


def test_the_api_answers_by_any_name(platform: Platform) -> None:
    answer = platform.call("GET", "/api/v1/devices", headers={"Host": f"whimbrel.test:{platform.http_port}"})

    assert answer.status == HTTPStatus.OK


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "rebound.example"},
    ],
    ids=lambda headers: next(iter(headers.items())),
)
def test_a_page_of_another_site_cannot_reach_aws(platform: Platform, headers: dict[str, str]) -> None:
    tools = platform.call("GET", "/", key="", headers={})
    page = platform.call("GET", "/", key="", headers=headers)

    assert tools.status != HTTPStatus.FORBIDDEN or b"this machine's tools" not in tools.body
    assert (page.status, b"this machine's tools" in page.body) == (HTTPStatus.FORBIDDEN, True)


def test_nobody_wipes_the_emulator(platform: Platform) -> None:
    assert platform.call("POST", "/_ministack/reset", key="").status == HTTPStatus.FORBIDDEN


def test_only_loopback_is_listened_on(platform: Platform) -> None:
    for port in (platform.http_port, platform.mqtt_port):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        with pytest.raises(OSError, match=r"refused|unreachable|assign|timed out"):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_device_without_a_certificate_is_refused(platform: Platform) -> None:
    mqtt = platform.credentials["mqtt"]
    tls = ssl.create_default_context(cafile=mqtt["caPath"])
    connect = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04none"

    def answer() -> bytes:
        with (
            socket.create_connection((mqtt["host"], mqtt["port"]), timeout=5) as plain,
            tls.wrap_socket(plain, server_hostname=mqtt["host"]) as secure,
        ):
            secure.sendall(connect)
            return secure.recv(4)  # TLS 1.3 tells at the first read, by an alert or the end of the connection

    with suppress(ssl.SSLError, ConnectionResetError):
        assert answer() == b""


def test_a_presigned_link_works_as_printed(platform: Platform) -> None:
    s3 = platform.aws("s3")
    bucket = next(bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if "export" in bucket["Name"])
    s3.put_object(Bucket=bucket, Key="größe 1/ü.csv", Body=b"1,2,3")
    options = {"Bucket": bucket, "Key": "größe 1/ü.csv", "ResponseContentDisposition": 'attachment; filename="ü.csv"'}

    link = s3.generate_presigned_url("get_object", Params=options)

    assert link.startswith(platform.credentials["awsEndpointUrl"])
    with urlopen(link) as download:  # noqa: S310 (our own link)
        assert download.read() == b"1,2,3"


def test_a_function_has_its_own_role_only(platform: Platform) -> None:
    """With worker processes and policies enforced, a Lambda is denied what its role does not grant."""
    sts = platform.aws("sts")
    functions = platform.aws("lambda").list_functions(MaxItems=50)["Functions"]
    presence = next(function for function in functions if function["FunctionName"].endswith("-presence"))
    role = sts.assume_role(RoleArn=presence["Role"], RoleSessionName="test")["Credentials"]
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=platform.credentials["awsEndpointUrl"],
        region_name=platform.credentials["awsRegion"],
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )
    tables = platform.aws("dynamodb").list_tables()["TableNames"]

    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.scan(TableName=next(name for name in tables if "Blocks" in name))


def test_a_session_for_one_tenant_does_not_reach_another(platform: Platform) -> None:
    """The policy of a tenant role as it is deployed, in a role that this test may assume."""
    iam: Any = platform.aws("iam")
    roles = iam.list_roles(MaxItems=200)["Roles"]
    tenant = next(role["RoleName"] for role in roles if "fleettenantrole" in role["RoleName"])
    [policy] = iam.list_role_policies(RoleName=tenant)["PolicyNames"]
    document = iam.get_role_policy(RoleName=tenant, PolicyName=policy)["PolicyDocument"]
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}]
    }
    made = iam.create_role(RoleName="of-a-test", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName="of-a-test", PolicyName="as-deployed", PolicyDocument=json.dumps(document))
    ours, theirs = (platform.credentials[name] for name in ("organizationId", "secondOrganizationId"))
    session = platform.aws("sts").assume_role(
        RoleArn=made["Arn"], RoleSessionName="test", Tags=[{"Key": "org", "Value": ours}]
    )["Credentials"]
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=platform.credentials["awsEndpointUrl"],
        region_name=platform.credentials["awsRegion"],
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    tables = platform.aws("dynamodb").list_tables()["TableNames"]
    registry = next(name for name in tables if "Registry" in name)

    def read(organization: str) -> Any:
        key = {"pk": {"S": f"ORG#{organization}#organization"}, "sk": {"S": organization}}
        return dynamodb.get_item(TableName=registry, Key=key)

    def query(organization: str) -> Any:
        values = {":pk": {"S": f"ORG#{organization}#device"}}
        return dynamodb.query(
            TableName=registry,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=values,  # type: ignore[arg-type]
        )

    assert read(ours)["Item"]
    query(ours)
    for call in (lambda: read(theirs), lambda: query(theirs), lambda: dynamodb.scan(TableName=registry)):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()
    with pytest.raises(ClientError, match="AccessDenied"):
        platform.aws("sts").assume_role(
            RoleArn=next(role["Arn"] for role in roles if role["RoleName"] == tenant),
            RoleSessionName="test",
            Tags=[{"Key": "org", "Value": ours}],
        )


def test_what_is_under_way_is_finished_before_the_end(a_platform: Callable[..., Platform]) -> None:
    platform = a_platform()
    connection = HTTPConnection("127.0.0.1", platform.http_port, timeout=30)
    headers = {"Authorization": f"Bearer {platform.credentials['apiKey']}", "Content-Type": "application/json"}
    body = json.dumps({"name": "last"}).encode()
    connection.putrequest("POST", "/api/v1/devices")
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body[:5])
    time.sleep(0.3)
    platform.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    connection.send(body[5:])

    answer = connection.getresponse()
    connection.close()

    assert answer.status == HTTPStatus.CREATED
    assert platform.process.wait(timeout=10) == 0


def test_a_restart_changes_nothing(a_platform: Callable[..., Platform]) -> None:
    platform = a_platform()
    before = platform.credentials
    device = platform.call("POST", "/api/v1/devices", {"name": "kept"}).json()
    deployed = (platform.state_dir / "deployed.json").stat().st_mtime_ns

    assert platform.stop() == 0
    platform.start()

    assert platform.call("GET", f"/api/v1/devices/{device['id']}").json() == device
    unchanging = CREDENTIALS - {"userToken", "memberToken"}
    assert {name: platform.credentials[name] for name in unchanging} == {name: before[name] for name in unchanging}
    assert (platform.state_dir / "deployed.json").stat().st_mtime_ns == deployed


def test_another_template_is_deployed_over_the_data(a_platform: Callable[..., Platform], tmp_path: Path) -> None:
    platform = a_platform()
    device = platform.call("POST", "/api/v1/devices", {"name": "kept"}).json()
    platform.stop()
    platform.assembly = an_assembly_with_a_queue_more(platform.assembly, tmp_path / "changed")

    platform.start()

    assert platform.call("GET", f"/api/v1/devices/{device['id']}").json() == device
    assert any("one-more" in url for url in platform.aws("sqs").list_queues()["QueueUrls"])
    assert platform.call("POST", "/api/v1/devices", {"name": "new"}).status == HTTPStatus.CREATED


def an_assembly_with_a_queue_more(assembly: Path, changed: Path) -> Path:
    """Copy *assembly* with a new queue in a stack, and every Lambda a little larger."""
    import shutil

    shutil.copytree(assembly, changed)
    path = next(changed.glob("*-platform.template.json"))
    template = json.loads(path.read_text())
    template["Resources"]["OneMore"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "one-more"}}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["MemorySize"] = 600
    path.write_text(json.dumps(template))
    return changed


def test_an_interrupted_execution_is_started_again(a_platform: Callable[..., Platform]) -> None:
    platform = a_platform()
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 2, "End": True}}}
    states = platform.aws("stepfunctions")
    role = "arn:aws:iam::000000000000:role/any"
    machine = states.create_state_machine(name="waits", definition=json.dumps(wait), roleArn=role)["stateMachineArn"]
    states.start_execution(stateMachineArn=machine, name="first", input='{"n": 1}')
    platform.kill()

    platform.start()

    executions = platform.aws("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    again, first = sorted(executions, key=lambda execution: execution["name"], reverse=True)
    assert (first["name"], first["status"]) == ("first", "FAILED")
    assert again["name"].startswith("first-again-")
    assert again["status"] == "RUNNING"


@pytest.mark.parametrize(
    ("environment", "message"),
    [({"STAGE": "prod"}, "never production"), ({}, "Another platform runs on")],
    ids=["production", "second on one state"],
)
def test_it_refuses_to_start(platform: Platform, environment: dict[str, str], message: str) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "infra.local"],
        cwd=ROOT,
        env={**os.environ, "STAGE": "", "WHIMBREL_STATE_DIR": str(platform.state_dir), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert refused.returncode == 1
    assert message in refused.stderr


def test_a_port_that_is_taken_is_named(a_platform: Callable[..., Platform], platform: Platform) -> None:
    with pytest.raises(AssertionError, match=f"Port {platform.http_port} is taken; set WHIMBREL_HTTP_PORT"):
        a_platform(http_port=platform.http_port)
