"""Deploys a cloud assembly to the emulator, as ``cdk deploy`` does to AWS, with boto3 alone."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.local.assembly import Assembly, Asset, StackArtifact
from infra.local.settings import ACCOUNT, REGION

BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
BOOTSTRAP = {"Name": "/cdk-bootstrap/hnb659fds/version", "Value": "30", "Type": "String"}
PATIENCE_S = 300.0
POLL_S = 0.1


class DeploymentFailed(Exception):
    """A stack did not reach its new state; the message names the resources that failed."""


def deploy(assembly: Assembly) -> None:
    """Create the stacks of *assembly*, or update those that are there, keeping their data.

    Raises:
        DeploymentFailed: a stack was rolled back, or is not done in five minutes.
    """
    boto3.client("ssm").put_parameter(**BOOTSTRAP, Overwrite=True)
    _make_bucket()
    for stack in assembly.stacks():
        for asset in stack.assets:
            _upload(asset)
        _bring_up(stack)


def _make_bucket() -> None:
    s3 = boto3.client("s3")
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)


def _upload(asset: Asset) -> None:
    content = _zipped(asset.path) if asset.zipped and asset.path.is_dir() else asset.path.read_bytes()
    boto3.client("s3").put_object(Bucket=BUCKET, Key=asset.key, Body=content)


def _zipped(folder: Path) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return target.getvalue()


def _bring_up(stack: StackArtifact) -> None:
    cloudformation = boto3.client("cloudformation")
    endpoint = cloudformation.meta.endpoint_url
    request: dict[str, Any] = {
        "StackName": stack.name,
        "TemplateURL": f"{endpoint}/{BUCKET}/{stack.template_key}",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    try:
        if _status(stack.name):
            cloudformation.update_stack(**request)
        else:
            cloudformation.create_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" in error.response["Error"]["Message"]:
            return
        raise
    deadline = time.monotonic() + PATIENCE_S
    while (status := _status(stack.name)).endswith("IN_PROGRESS") and time.monotonic() < deadline:
        time.sleep(POLL_S)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        events = cloudformation.describe_stack_events(StackName=stack.name)["StackEvents"]
        failures = [
            f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
            for event in events
            if event["ResourceStatus"].endswith("FAILED")
        ]
        raise DeploymentFailed(f"The stack {stack.name} is {status}:\n" + "\n".join(failures))


def _status(name: str) -> str:
    """Return the status of the stack *name*, empty if there is none."""
    try:
        return str(boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return ""
        raise
