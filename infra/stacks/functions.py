"""A Lambda for each line of the catalogue, each with a role and a log group of its own."""

from __future__ import annotations

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from functions.catalogue import Function, Needs
from infra.stacks.code import Code
from infra.stacks.grants import ANY_UUID, Allow, Grant
from infra.stacks.logs import log_group
from infra.stacks.review import accept
from infra.stacks.stage import Stage

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64
TENANT_TAG = "org"


class Functions(Construct):
    """Every Lambda of the catalogue, by name."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, code: Code, grants: dict[Needs, Grant]
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._code = code
        self._grants = grants
        self._core = self._layer("Core", code.core())
        self._vendor = self._layer("Vendor", code.layer("vendor"))
        self._columnar = self._layer("Columnar", code.layer("columnar"))
        self._by_name: dict[str, lambda_.Function] = {}
        for finding, reason in _reviewed_wildcards(stage).items():
            accept(self, f"IAM5[Resource::{finding}]", reason=reason)
        accept(self, "L1", reason="Wheels and bytecode are built for Python 3.13, supported until 2029.")

    def __getitem__(self, name: str) -> lambda_.Function:
        return self._by_name[name]

    def add(self, spec: Function) -> lambda_.Function:
        """Make the Lambda of a catalogue line."""
        name = f"{self._stage.prefix}-{spec.name}"
        own_log = log_group(self, f"{spec.name}-log", f"/whimbrel/{self._stage.name}/{spec.name}")
        grants = [grant for need, grant in self._grants.items() if need in spec.needs]
        function = lambda_.Function(
            self,
            spec.name,
            function_name=name,
            description=f"Whimbrel {self._stage.name}: {', '.join(spec.folders)}",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            handler=spec.import_path,
            code=lambda_.Code.from_asset(self._code.of(spec)),
            layers=[self._core, self._vendor] + ([self._columnar] if spec.columnar else []),
            role=self._role(spec, own_log),
            memory_size=spec.memory_mb,
            timeout=Duration.seconds(spec.timeout_s),
            environment=self._environment(grants),
            log_group=own_log,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            reserved_concurrent_executions=self._stage.consumer_concurrency if spec.queue else None,
        )
        for grant in grants:
            for allow in grant.own:
                function.add_to_role_policy(allow.statement())
        if of_tenants := [allow for grant in grants for allow in grant.tenant]:
            tenant_role = self._tenant_role(spec, function, of_tenants)
            function.add_environment("TENANT_ROLE_ARN", tenant_role.role_arn)
        self._by_name[spec.name] = function
        return function

    def _environment(self, grants: list[Grant]) -> dict[str, str]:
        environment = {"STAGE": self._stage.name}
        for grant in grants:
            environment |= grant.environment
        return environment

    def _role(self, spec: Function, own_log: LogGroup) -> iam.Role:
        role = iam.Role(self, f"{spec.name}-role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        write = Allow(("logs:CreateLogStream", "logs:PutLogEvents"), (own_log.log_group_arn,))
        role.add_to_policy(write.statement())
        return role

    def _tenant_role(self, spec: Function, function: lambda_.Function, allows: list[Allow]) -> iam.Role:
        """Make the role by which a function reaches the data of one organization at a time."""
        own = cast("iam.IRole", function.role)
        role = iam.Role(
            self,
            f"{spec.name}-tenant-role",
            description=f"Whimbrel {self._stage.name}: the data of one organization, for {spec.name}",
            assumed_by=iam.SessionTagsPrincipal(
                iam.PrincipalWithConditions(
                    iam.ArnPrincipal(own.role_arn),
                    {
                        # Without the tag no statement of this role would hold; with another one none may.
                        "StringLike": {f"aws:RequestTag/{TENANT_TAG}": ANY_UUID},
                        "ForAllValues:StringEquals": {"aws:TagKeys": [TENANT_TAG]},
                    },
                )
            ),
        )
        for allow in allows:
            role.add_to_policy(allow.statement())
        function.add_to_role_policy(Allow(("sts:AssumeRole", "sts:TagSession"), (role.role_arn,)).statement())
        return role

    def _layer(self, construct_id: str, tree: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            construct_id,
            code=lambda_.Code.from_asset(tree),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            removal_policy=RemovalPolicy.DESTROY,
        )


def _reviewed_wildcards(stage: Stage) -> dict[str, str]:
    """Return the wildcards among our grants, as cdk-nag spells them, and why each is there."""
    account = "<AWS::Region>:<AWS::AccountId>"
    bucket = f"{stage.prefix}-storage:ExportsOutputFnGetAttExports25637AFBArn08434897"
    org = "<aws:PrincipalTag/org>"
    return {
        "*": "X-Ray's writes and some actions of IoT Core know no resources; the latter are listed in grants.py.",
        f"arn:<AWS::Partition>:iot:{account}:cert/*": "IoT Core names a certificate when it issues it.",
        f"{bucket}/organizations/{org}/exports/*": "The archive of each export of the session's organization.",
        f"{bucket}/organizations/{org}/imports/*": "The file of each import, and its list of errors.",
    }
