"""What holds for the templates as a whole: size, linters, the policy checks and our reviews of what they find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from infra.app import build, context
from infra.stacks.stage import Stage
from tests.infra.assembly import STACKS, STAGE, Assembly


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_leaves_room_below_the_limit_of_500_resources(assembly: Assembly, stack: str) -> None:
    assert 0 < len(assembly.templates[stack]["Resources"]) < 400


def test_cfn_lint_finds_nothing(assembly: Assembly) -> None:
    # W3005: the CDK states dependencies that a reference already implies.
    lint = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3005", "--"]

    found = subprocess.run(
        [*lint, *(str(assembly.path(stack)) for stack in STACKS)], check=False, capture_output=True, text=True
    )

    assert (found.stdout, found.returncode) == ("", 0)


def nag(tmp_path: Path, stage: str = STAGE) -> App:
    app = App(context={**context(), "stage": stage}, analytics_reporting=False, outdir=str(tmp_path / "out"))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


def test_cdk_nag_finds_nothing_that_is_not_reviewed(tmp_path: Path) -> None:
    app = nag(tmp_path)
    build(app, staging=tmp_path)

    app.synth()


def test_cdk_nag_would_find_something(tmp_path: Path) -> None:
    app = nag(tmp_path)
    s3.Bucket(Stack(app, "careless"), "Bucket")

    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        app.synth()


@pytest.mark.parametrize("name", ["", "Prod", "a-b", "1st", "a" * 17, "prod/eu"])
def test_a_stage_whose_name_fits_nowhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="A stage is named by"):
        Stage.of(App(context={"stage": name}))


def test_a_stage_is_read_from_context() -> None:
    given = {
        "stage": "prod",
        "consumerConcurrency": "20",
        "oidcIssuer": "https://issuer.test",
        "requestsPerSecond": "50",
    }

    stage = Stage.of(App(context=given))

    assert stage == Stage(
        name="prod", consumer_concurrency=20, oidc_issuer="https://issuer.test", requests_per_second=50
    )
    assert stage.sessions() == {
        "OIDC_ISSUER": "https://issuer.test",
        "OIDC_AUDIENCE": "",
        "OIDC_JWKS_URL": "",
        "OIDC_ORGANIZATION_CLAIM": "org",
    }


def test_options_of_a_stage_reach_the_template(tmp_path: Path) -> None:
    firewall = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/whimbrel/1"
    given = {"stage": STAGE, "consumerConcurrency": 7, "webAclArn": firewall, "oidcIssuer": "https://issuer.test"}
    app = App(context=context() | given, outdir=str(tmp_path / "out"))
    build(app, staging=tmp_path)
    app.synth()

    assembly = Assembly(tmp_path / "out")

    api, v1 = assembly.of_type("AWS::WAFv2::WebACLAssociation").values()
    assert api["WebACLArn"] == v1["WebACLArn"] == firewall
    assert api["ResourceArn"] != v1["ResourceArn"]
    reserved = {
        n: f["ReservedConcurrentExecutions"]
        for n, f in assembly.functions().items()
        if "ReservedConcurrentExecutions" in f
    }
    assert reserved == {"ingest": 7, "compact": 7, "presence": 7}
    assert assembly.functions()["authorizer"]["Environment"]["Variables"]["OIDC_ISSUER"] == "https://issuer.test"


def test_the_outputs_are_what_an_operator_needs(assembly: Assembly) -> None:
    outputs = {
        name
        for template in assembly.templates.values()
        for name, output in template["Outputs"].items()
        if "Export" not in output
    }

    assert outputs == {"ApiUrl", "DevicePolicyName", "ExportsBucket", "MqttEndpoint", "OperatorFunction"}
