"""Findings of the policy checks (cdk-nag) that we have looked at and stand by."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def accept(scope: IConstruct, rule: str, *, reason: str) -> None:
    """Accept what the AWS Solutions *rule* finds in *scope* and below."""
    Validations.of(scope).acknowledge(Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason))
