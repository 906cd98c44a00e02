"""The roles and policies of a synthesized template, with every reference in them spelt out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.isolation.evaluator import Decision, Request, Statement, check, judge, listed, trusts

ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Kinesis::Stream": "kinesis:{region}:{account}:stream/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}
"""What follows ``arn:aws:`` in the ARN of a resource."""
REFERRED_TO_BY_ARN = {
    "AWS::SecretsManager::Secret",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
}
"""Of the others, ``Ref`` is the name."""
NAMES = ("FunctionName", "LogGroupName", "RoleName", "StateMachineName", "QueueName", "TableName", "BucketName", "Name")

TAG_VALUE = re.compile(r"[\w\s.:/=+\-@]{0,256}")
"""What STS accepts as the value of a session tag, by the model of its API."""

Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Role:
    """A role: who may assume it, and what it may do then."""

    arn: str
    trust: tuple[Statement, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Roles:
    """The two roles of a Lambda; one that reaches no tenant's data has no second."""

    own: Role
    tenant: Role | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What the templates of a deployment say about who may do what. Functions are named as in the catalogue."""

    region: str
    account: str
    roles: Mapping[str, Role]
    functions: Mapping[str, Roles]
    device: tuple[Statement, ...]
    partition_keys: Mapping[str, str]
    """Of tables and of their indices, by ARN: the attribute that the leading keys are values of."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a role, and of a tenant role's session its tag ``org``."""

    role: Role
    organization_id: str | None = None

    def may(self, request: Request, policies: Policies) -> bool:
        """Return whether it may do what *request* asks; to assume a role, that one must trust it, too."""
        if self.organization_id is not None:
            request = request.with_context({"aws:principaltag/org": self.organization_id})
        if judge(self.role.statements, request) is not Decision.ALLOWED:
            return False
        if not request.action.startswith("sts:"):
            return True
        target = policies.roles.get(request.resource)
        return target is not None and _well_formed(request) and trusts(target.trust, self.role.arn, request)


def _well_formed(request: Request) -> bool:
    """Return whether STS takes the tags of *request*: not with ``*``, ``?``, ``#`` or ``$`` in them."""
    values = [value for key, value in request.context.items() if key.startswith("aws:requesttag/")]
    return all(isinstance(value, str) and TAG_VALUE.fullmatch(value) for value in values)


def read(
    folder: Path, *, names: Mapping[str, str], region: str = "eu-central-1", account: str = "123456789012"
) -> Policies:
    """Return the policies of the assembly in *folder*.

    *names* are what resources are called, by the environment variable that tells Lambdas; others have the name that
    the template gives, or else their logical id.
    """
    templates = [json.loads(path.read_text()) for path in sorted(folder.glob("*.template.json"))]
    return of(templates, names=names, region=region, account=account)


def of(templates: Iterable[Template], *, names: Mapping[str, str], region: str, account: str) -> Policies:
    """Return the policies of *templates*; see ``read``."""
    return _Reader(list(templates), names, region, account).policies()


class _Reader:
    def __init__(self, templates: list[Template], names: Mapping[str, str], region: str, account: str) -> None:
        self._region = region
        self._account = account
        self._resources: dict[str, Any] = {}
        for template in templates:
            # A logical id may stand in one stack only: what refers to it is not asked which one it is in.
            if twice := self._resources.keys() & template["Resources"].keys():
                raise ValueError(f"two stacks have {sorted(twice)}")
            self._resources |= template["Resources"]
        self._exports = {
            output["Export"]["Name"]: output["Value"]
            for template in templates
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }
        self._names = dict(self._named_by(names))

    def policies(self) -> Policies:
        roles = {self._arn(name): self._role(name) for name, _ in self._of_type("AWS::IAM::Role")}
        devices = [self._statements(made["PolicyDocument"]) for _, made in self._of_type("AWS::IoT::Policy")]
        return Policies(
            region=self._region,
            account=self._account,
            roles=roles,
            functions={
                made["Handler"]: Roles(
                    roles[self._text(made["Role"])],
                    roles[self._text(tenant)] if (tenant := _variables(made).get("TENANT_ROLE_ARN")) else None,
                )
                for _, made in self._of_type("AWS::Lambda::Function")
            },
            device=tuple(statement for statements in devices for statement in statements),
            partition_keys=dict(self._partition_keys()),
        )

    def _named_by(self, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for _, function in self._of_type("AWS::Lambda::Function"):
            for variable, value in _variables(function).items():
                while isinstance(value, dict) and "Fn::ImportValue" in value:
                    value = self._exports[value["Fn::ImportValue"]]  # noqa: PLW2901 (followed to its end)
                if isinstance(value, dict) and "Ref" in value and names.get(variable):
                    # A queue goes by its URL, a secret perhaps by its ARN.
                    name = names[variable].rpartition("/")[2] if "://" in names[variable] else names[variable]
                    yield value["Ref"], name.rpartition(":secret:")[2]

    def _partition_keys(self) -> Iterator[tuple[str, str]]:
        for name, table in self._of_type("AWS::DynamoDB::Table"):
            yield self._arn(name), _hash_key(table)
            for index in table.get("GlobalSecondaryIndexes", ()):
                yield f"{self._arn(name)}/index/{index['IndexName']}", _hash_key(index)

    def _role(self, name: str) -> Role:
        made = self._resources[name]["Properties"]
        documents = [policy["PolicyDocument"] for policy in made.get("Policies", ())]
        documents += [
            policy["PolicyDocument"]
            for _, policy in self._of_type("AWS::IAM::Policy")
            if {"Ref": name} in policy.get("Roles", ())
        ]
        return Role(
            self._arn(name),
            tuple(self._statements(made["AssumeRolePolicyDocument"])),
            tuple(statement for document in documents for statement in self._statements(document)),
        )

    def _statements(self, document: Any) -> list[Statement]:
        statements = [self._spelt_out(statement) for statement in listed(document["Statement"])]
        for statement in statements:
            check(statement)
        return statements

    def _of_type(self, kind: str) -> list[tuple[str, Any]]:
        found = [(name, made) for name, made in self._resources.items() if made["Type"] == kind]
        return [(name, made.get("Properties", {})) for name, made in found]

    def _arn(self, name: str) -> str:
        made = self._resources[name]
        known = next((given for key in NAMES if isinstance(given := made.get("Properties", {}).get(key), str)), name)
        place = {"region": self._region, "account": self._account, "name": self._names.get(name, known)}
        return f"arn:aws:{ARNS[made['Type']].format(**place)}"

    def _spelt_out(self, value: Any) -> Any:
        match value:
            case dict() if len(value) == 1 and (next(iter(value)) == "Ref" or next(iter(value)).startswith("Fn::")):
                return self._text(value)
            case dict():
                return {key: self._spelt_out(member) for key, member in value.items()}
            case list():
                return [self._spelt_out(member) for member in value]
            case _:
                return value

    def _text(self, value: Any) -> str:
        match value:
            case str():
                return value
            case {"Ref": name}:
                return self._referred(name)
            case {"Fn::GetAtt": [name, "Arn"]}:
                return self._arn(name)
            case {"Fn::ImportValue": export}:
                return self._text(self._exports[export])
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self._text(part) for part in parts)
            case _:
                raise ValueError(f"cannot read {value!r}")

    def _referred(self, name: str) -> str:
        pseudo = {"AWS::Region": self._region, "AWS::AccountId": self._account, "AWS::Partition": "aws"}
        if name in pseudo:
            return pseudo[name]
        return self._arn(name) if self._resources[name]["Type"] in REFERRED_TO_BY_ARN else self._names.get(name, name)


def _variables(function: Any) -> dict[str, Any]:
    return function.get("Environment", {}).get("Variables", {})


def _hash_key(table: Any) -> str:
    return next(key["AttributeName"] for key in table["KeySchema"] if key["KeyType"] == "HASH")
