"""The synthesized templates as the tests read them: resources by type, and references by what they refer to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STACKS = ("storage", "platform", "api")
STAGE = "local"


class Assembly:
    """A cloud assembly. ``resources`` maps (stack, logical id) to the resource."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.templates: dict[str, dict[str, Any]] = {
            stack: json.loads(self.path(stack).read_text()) for stack in STACKS
        }

    def path(self, stack: str) -> Path:
        return self.directory / f"whimbrel-{STAGE}-{stack}.template.json"

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of all resources of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for template in self.templates.values()
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def attributes(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return whole resources of a type, deletion policy and all, by logical id."""
        return {
            name: resource
            for template in self.templates.values()
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def text(self, value: Any) -> str:
        """Return *value* spelt out: a reference becomes ``<logical id>``, or ``<logical id.Attribute>``."""
        match value:
            case {"Ref": name}:
                return f"<{name}>"
            case {"Fn::GetAtt": [name, attribute]}:
                return f"<{name}.{attribute}>"
            case {"Fn::ImportValue": export}:
                return self.text(self._exports()[export])
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.text(part) for part in parts)
            case str():
                return value
            case _:
                raise ValueError(f"cannot read {value!r}")

    def _exports(self) -> dict[str, Any]:
        return {
            output["Export"]["Name"]: output["Value"]
            for template in self.templates.values()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def functions(self) -> dict[str, dict[str, Any]]:
        """Return the Lambdas' properties, by catalogue name."""
        return {
            properties["FunctionName"].removeprefix(f"whimbrel-{STAGE}-"): properties
            for properties in self.of_type("AWS::Lambda::Function").values()
        }

    def own_role(self, function: str) -> str:
        """Return the logical id of the role of a function."""
        return self.text(self.functions()[function]["Role"]).removesuffix(".Arn>").removeprefix("<")

    def tenant_role(self, function: str) -> str | None:
        """Return the logical id of the role by which a function reaches tenants' data, if it does."""
        arn = self.functions()[function]["Environment"]["Variables"].get("TENANT_ROLE_ARN")
        return self.text(arn).removesuffix(".Arn>").removeprefix("<") if arn else None

    def statements(self, role: str) -> Iterator[dict[str, Any]]:
        """Yield every statement of a role."""
        assert "ManagedPolicyArns" not in self.of_type("AWS::IAM::Role")[role]
        assert "Policies" not in self.of_type("AWS::IAM::Role")[role]
        for policy in self.of_type("AWS::IAM::Policy").values():
            if {"Ref": role} in policy["Roles"]:
                yield from policy["PolicyDocument"]["Statement"]

    def granted(self, role: str | None) -> set[tuple[str, str, str]]:
        """Return what a role may do: action, resource as in ``text``, and what the partition key has to be like.

        A condition on the key counts only if it holds for all keys of a request, of which there has to be one.
        """
        granted: set[tuple[str, str, str]] = set()
        for statement in self.statements(role) if role else ():
            assert statement["Effect"] == "Allow"
            condition = statement.get("Condition", {})
            of_all, of_any = (condition.get(f"For{each}:StringLike", {}) for each in ("AllValues", "AnyValue"))
            assert of_all == of_any
            assert set(of_all) <= {"dynamodb:LeadingKeys"}
            [leading] = of_all.get("dynamodb:LeadingKeys", [""])
            granted |= {
                (action, self.text(resource), leading)
                for action in listed(statement["Action"])
                for resource in listed(statement["Resource"])
            }
        return granted


def listed(value: Any) -> list[Any]:
    """Return *value* as the list that policies shorten when it has one member."""
    return value if isinstance(value, list) else [value]
