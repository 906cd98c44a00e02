"""The user pool: where there is one, how people sign in there, and that the authorizer trusts it and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnOutput, Stack, Validations
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks

from infra.app import context
from infra.stacks.code import Code
from infra.stacks.identity import Identity
from infra.stacks.platform import Platform
from infra.stacks.stage import Stage
from infra.stacks.storage import Storage
from tests.infra.assembly import Assembly


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template of a stack with nothing but a user pool, after the policy checks found nothing not reviewed."""
    app = App(context=context(), analytics_reporting=False, outdir=str(tmp_path_factory.mktemp("identity")))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    stack = Stack(app, "identity")
    for name, value in Identity(stack, "Identity", stage=Stage(name="prod")).sessions().items():
        CfnOutput(stack, name.replace("_", ""), value=value)
    app.synth()
    return dict(Template.from_stack(stack).to_json())


def of_type(template: dict[str, Any], kind: str) -> dict[str, Any]:
    [resource] = [each for each in template["Resources"].values() if each["Type"] == kind]
    return resource


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"name": "prod"}, "pool"),
        ({"name": "dev"}, "pool"),
        ({"name": "prod", "oidc_issuer": "https://issuer.test"}, "issuer"),
        ({"name": "local"}, "issuer"),
    ],
    ids=["prod", "dev", "issuer", "local"],
)
def test_there_is_a_pool_where_no_issuer_is_given(settings: dict[str, str], expected: str) -> None:
    assert Stage(**settings).has_user_pool == (expected == "pool")  # type: ignore[arg-type]


def test_the_local_stage_has_none(assembly: Assembly) -> None:
    assert assembly.of_type("AWS::Cognito::UserPool") == {}


def test_people_sign_in_by_a_proven_address_and_a_strong_password(template: dict[str, Any]) -> None:
    pool = of_type(template, "AWS::Cognito::UserPool")["Properties"]

    assert pool["UsernameAttributes"] == pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert all(value for name, value in pool["Policies"]["PasswordPolicy"].items() if name.startswith("Require"))
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert [way["Name"] for way in pool["AccountRecoverySetting"]["RecoveryMechanisms"]] == ["verified_email"]


def test_the_pool_outlives_its_stack(template: dict[str, Any]) -> None:
    pool = of_type(template, "AWS::Cognito::UserPool")

    assert pool["DeletionPolicy"] == pool["UpdateReplacePolicy"] == "Retain"
    assert pool["Properties"]["DeletionProtection"] == "ACTIVE"


def test_the_client_has_no_secret_and_short_sessions(template: dict[str, Any]) -> None:
    client = of_type(template, "AWS::Cognito::UserPoolClient")["Properties"]

    assert not client["GenerateSecret"]
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"]
    assert client["AccessTokenValidity"] == client["IdTokenValidity"] == 60
    assert {client["TokenValidityUnits"][kind] for kind in ("AccessToken", "IdToken")} == {"minutes"}
    assert "email_verified" not in client["WriteAttributes"]


def test_the_authorizer_trusts_the_pool_and_its_client(template: dict[str, Any]) -> None:
    outputs = {name: output["Value"] for name, output in template["Outputs"].items()}
    [pool, client] = [
        next(name for name, each in template["Resources"].items() if each["Type"] == f"AWS::Cognito::{kind}")
        for kind in ("UserPool", "UserPoolClient")
    ]
    issuer = {"Fn::GetAtt": [pool, "ProviderURL"]}

    assert outputs["OIDCISSUER"] == issuer
    assert outputs["OIDCJWKSURL"] == {"Fn::Join": ["", [issuer, "/.well-known/jwks.json"]]}
    assert outputs["OIDCAUDIENCE"] == outputs["UserPoolClientId"] == {"Ref": client}
    assert outputs["UserPoolId"] == {"Ref": pool}


def test_a_platform_without_an_issuer_has_the_pool(tmp_path: Path) -> None:
    app, stage = App(context=context(), analytics_reporting=False, outdir=str(tmp_path / "out")), Stage(name="prod")
    storage = Storage(app, "whimbrel-prod-storage", stage=stage)
    platform = Platform(app, "whimbrel-prod-platform", stage=stage, storage=storage, code=Code(tmp_path))
    template = Template.from_stack(platform).to_json()

    assert {"UserPoolId", "UserPoolClientId"} <= template["Outputs"].keys()
    [authorizer] = [
        each["Properties"]["Environment"]["Variables"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function" and each["Properties"]["FunctionName"] == "whimbrel-prod-authorizer"
    ]
    assert authorizer["OIDC_ISSUER"]["Fn::GetAtt"][1] == "ProviderURL"
    assert authorizer["OIDC_AUDIENCE"] == template["Outputs"]["UserPoolClientId"]["Value"]
