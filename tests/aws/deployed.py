"""A deployment as its probes see it, and roles like its own that a person may assume."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError

from functions.catalogue import FUNCTIONS
from tests.aws.probes import Names, left_behind
from whimbrel.ids import Id

NAMES = {
    "registry": "REGISTRY_TABLE",
    "auth": "AUTH_TABLE",
    "log": "LOG_TABLE",
    "blocks": "BLOCKS_TABLE",
    "audit": "AUDIT_TABLE",
    "bucket": "EXPORTS_BUCKET",
}


@dataclass(frozen=True)
class Deployment:
    """A stage: its account, and of each function its settings and the role that it has."""

    session: boto3.Session
    account: str
    variables: dict[str, dict[str, str]]
    roles: dict[str, str]

    @classmethod
    def of(cls, session: boto3.Session, stage: str) -> Self:
        """Return what is deployed as *stage*."""
        functions = session.client("lambda")
        found = {
            spec.name: functions.get_function_configuration(FunctionName=f"whimbrel-{stage}-{spec.name}")
            for spec in FUNCTIONS
        }
        return cls(
            session,
            session.client("sts").get_caller_identity()["Account"],
            {name: dict(each.get("Environment", {}).get("Variables", {})) for name, each in found.items()},
            {name: each["Role"] for name, each in found.items()},
        )

    @property
    def names(self) -> Names:
        """What the tables and the bucket are called."""
        everything = {key: value for variables in self.variables.values() for key, value in variables.items()}
        return Names(**{name: everything[variable] for name, variable in NAMES.items()})

    def tenant_role(self, function: str) -> str:
        """Return the ARN of a function's tenant role."""
        return self.variables[function]["TENANT_ROLE_ARN"]

    def documents(self, role_arn: str) -> list[dict[str, Any]]:
        """Return the policies of a role, as IAM has them."""
        iam, name = self.session.client("iam"), role_arn.rpartition("/")[2]
        policies: list[Any] = [
            iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
            for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            arn = each.get("PolicyArn", "")
            version = iam.get_policy(PolicyArn=arn)["Policy"].get("DefaultVersionId", "")
            attached: Any = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
            policies.append(attached["Document"])
        return policies


@dataclass
class Twins:
    """Copies of tenant roles, with the same policies, and trust for this account in place of one function's role.

    A function's role trusts Lambda alone, and a tenant role that role alone: no person can be in their place.
    """

    deployment: Deployment
    own: str = field(default_factory=Id.new)
    other: str = field(default_factory=Id.new)
    """Organizations that do not exist."""
    _made: dict[str, str] = field(default_factory=dict[str, str])
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict[tuple[str, str, str], Any])
    _undo: list[Callable[[], Any]] = field(default_factory=list[Callable[[], Any]])

    def role(self, function: str) -> str:
        """Return the twin of a function's tenant role."""
        if function not in self._made:
            self._made[function] = self._twin(function)
        return self._made[function]

    def client(self, function: str, service: str, organization: str) -> Any:
        """Return a client in a session for *organization*."""
        key = (function, service, organization)
        if key not in self._clients:
            got = self.assume(self.role(function), {"org": organization})["Credentials"]
            self._clients[key] = self.deployment.session.client(
                service,  # pyright: ignore[reportCallIssue, reportArgumentType]
                aws_access_key_id=got["AccessKeyId"],
                aws_secret_access_key=got["SecretAccessKey"],
                aws_session_token=got["SessionToken"],
            )
        return self._clients[key]

    def assume(self, role_arn: str, tags: dict[str, str]) -> Any:
        """Make a session of a role with *tags*."""
        return self.deployment.session.client("sts").assume_role(
            RoleArn=role_arn,
            RoleSessionName="probe",
            DurationSeconds=900,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )

    def afterwards(self, undo: Callable[[], Any]) -> None:
        """Have something undone at the end."""
        self._undo.append(undo)

    def end(self) -> None:
        """Undo everything, the last first."""
        dynamodb: Any = self.deployment.session.client("dynamodb")
        for organization in (self.own, self.other):
            for item in left_behind(self.deployment.names, organization):
                dynamodb.delete_item(**item)
        for undo in reversed(self._undo):
            try:
                undo()
            except ClientError as error:
                print(f"left behind: {error}")

    def _twin(self, function: str) -> str:
        iam = self.deployment.session.client("iam")
        real = self.deployment.tenant_role(function)
        role: Any = iam.get_role(RoleName=real.rpartition("/")[2])["Role"]
        trust = json.loads(json.dumps(role["AssumeRolePolicyDocument"]))
        for statement in trust["Statement"]:
            statement["Principal"] = {"AWS": f"arn:aws:iam::{self.deployment.account}:root"}
        name = f"whimbrel-probe-{uuid.uuid4().hex[:12]}"
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=3600)
        self.afterwards(lambda: iam.delete_role(RoleName=name))
        for number, document in enumerate(self.deployment.documents(real)):
            policy = f"policy-{number}"
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
            self.afterwards(lambda policy=policy: iam.delete_role_policy(RoleName=name, PolicyName=policy))
        self._until_there(made["Role"]["Arn"])
        return made["Role"]["Arn"]

    def _until_there(self, role_arn: str) -> None:
        # IAM tells all its places in some seconds.
        for _ in range(30):
            try:
                self.assume(role_arn, {"org": self.own})
            except ClientError:
                time.sleep(2)
            else:
                time.sleep(10)
                return
        raise TimeoutError(role_arn)
