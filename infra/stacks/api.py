"""The REST API: the methods of ``openapi.json``, the authorizer in front of them, and refusals as problem details."""

from __future__ import annotations

from typing import Any

from aws_cdk import ArnFormat, CfnOutput, Duration, Size, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.stacks.logs import log_group
from infra.stacks.refusals import REFUSALS
from infra.stacks.review import accept
from infra.stacks.stage import Stage

STAGES = ("api", "v1")
"""The gateway's stages: a path's first segment. All resources are behind each; the functions answer for their own."""

VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
AUTHORIZER_CACHE = Duration.seconds(60)
"""Also how long a revoked credential may live."""

SMALLEST_COMPRESSED = Size.kibibytes(1)
"""That it is set at all is also what makes the gateway inflate gzip bodies."""

METHODS = [verb.upper() for verb in VERBS if verb not in {"head", "options"}]
REQUEST_HEADERS = [
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Auth-Token",
    "X-Organization-Id",
]
PREFLIGHT_CACHE = Duration.minutes(10)


class Api(Stack):
    """The gateway. *document* is ``openapi.json``; its operations name their Lambda by ``x-function``."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, document: dict[str, Any]) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._functions: dict[str, lambda_.IFunction] = {}
        self._integrations: dict[str, apigateway.LambdaIntegration] = {}
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=stage.prefix,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            min_compression_size=SMALLEST_COMPRESSED,
            cloud_watch_role=True,
            deploy_options=apigateway.StageOptions(**self._stage_options(STAGES[0])),
        )
        if not self.api.latest_deployment:
            raise AssertionError("an API that is deployed has a deployment")
        self._stages = [
            self.api.deployment_stage,
            *(
                apigateway.Stage(
                    self, f"Stage-{name}", deployment=self.api.latest_deployment, **self._stage_options(name)
                )
                for name in STAGES[1:]
            ),
        ]
        self.api.node.try_remove_child("Endpoint")  # its own output of the URL: ours has a stable name
        authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=self._function("authorizer"),
            identity_sources=[apigateway.IdentitySource.header("Authorization")],
            results_cache_ttl=AUTHORIZER_CACHE,
        )
        for path, verb, operation in operations(document):
            self._add_method(path, verb, operation, authorizer)
        for refusal in REFUSALS:
            refusal.add_to(self.api, origin=next(iter(stage.cors_origins), ""))
        if stage.cors_origins:
            self._answer_preflights(list(stage.cors_origins))
        self._firewall()
        self._review()
        CfnOutput(
            self,
            "ApiUrl",
            value=f"https://{self.api.rest_api_id}.execute-api.{self.region}.{self.url_suffix}/api",
        )

    def _answer_preflights(self, origins: list[str]) -> None:
        """Let pages of *origins* call the API: browsers ask by ``OPTIONS`` first, whether they may.

        The gateway looks for a path and a method together, and no path has this method but the one that stands for all.
        """
        method = self.api.root.add_resource("{proxy+}").add_cors_preflight(
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            max_age=PREFLIGHT_CACHE,
        )
        for rule in ("APIG4", "COG4"):
            accept(method, rule, reason="A browser asks without a credential whether it may send one.")

    def _firewall(self) -> None:
        if self._stage.web_acl_arn:
            for name, stage in zip(STAGES, self._stages, strict=True):
                wafv2.CfnWebACLAssociation(
                    self, f"Firewall-{name}", resource_arn=stage.stage_arn, web_acl_arn=self._stage.web_acl_arn
                )
        else:
            accept(self, "APIG3", reason="A firewall has its monthly price: -c webAclArn=… associates one.")

    def _review(self) -> None:
        logs_role = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        accept(self.api, "APIG2", reason="The handlers validate, and say what is wrong with which field.")
        accept(
            self.api,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{logs_role}]",
            reason="The account-wide role by which API Gateway logs is AWS's to define.",
        )
        accept(
            self,
            "COG4",
            reason="Our authorizer verifies API keys, access tokens and any OIDC issuer's sessions.",
        )

    def _stage_options(self, name: str) -> dict[str, Any]:
        """Return what a stage of the gateway is made with."""
        place = "access" if name == STAGES[0] else f"access-{name}"
        access_log = log_group(self, f"AccessLog-{name}", f"/whimbrel/{self._stage.name}/{place}")
        return {
            "stage_name": name,
            "tracing_enabled": True,
            "metrics_enabled": True,
            "logging_level": apigateway.MethodLoggingLevel.ERROR,
            "data_trace_enabled": False,
            "throttling_rate_limit": self._stage.requests_per_second,
            "throttling_burst_limit": 2 * self._stage.requests_per_second,
            "access_log_destination": apigateway.LogGroupLogDestination(access_log),
            "access_log_format": apigateway.AccessLogFormat.json_with_standard_fields(
                caller=False,
                http_method=True,
                ip=True,
                protocol=True,
                request_time=True,
                resource_path=True,
                response_length=True,
                status=True,
                user=False,
            ),
        }

    def _add_method(self, path: str, verb: str, operation: dict[str, Any], authorizer: apigateway.IAuthorizer) -> None:
        by_itself = operation.get("x-authenticates", False)
        is_open = by_itself or not operation["security"]
        method = self.api.root.resource_for_path("/" + path.split("/", 2)[2]).add_method(
            verb.upper(),
            self._integration(operation["x-function"]),
            operation_name=operation["operationId"],
            authorization_type=(apigateway.AuthorizationType.NONE if is_open else apigateway.AuthorizationType.CUSTOM),
            authorizer=None if is_open else authorizer,
        )
        if is_open:
            reason = (
                "The function looks at the credential by itself." if by_itself else "openapi.json declares it public."
            )
            accept(method, "APIG4", reason=reason)

    def _integration(self, name: str) -> apigateway.LambdaIntegration:
        # A permission per function, not two per method: at 200 operations the default alone would pass
        # CloudFormation's 500 resources a stack.
        if name not in self._integrations:
            self._integrations[name] = apigateway.LambdaIntegration(
                self._function(name), scope_permission_to_method=False
            )
        return self._integrations[name]

    def _function(self, name: str) -> lambda_.IFunction:
        """Return the Lambda by its name, so that its permission belongs to this stack and the stacks form no circle."""
        if name not in self._functions:
            arn = self.format_arn(
                service="lambda",
                resource="function",
                resource_name=f"{self._stage.prefix}-{name}",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            self._functions[name] = lambda_.Function.from_function_attributes(
                self, name, function_arn=arn, same_environment=True
            )
        return self._functions[name]


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return every operation of an OpenAPI document as path, verb and operation.

    Raises:
        ValueError: a path lies outside the gateway's stages.
    """
    found = [
        (path, verb, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if verb in VERBS
    ]
    for path, _, _ in found:
        if not path.startswith(tuple(f"/{name}/" for name in STAGES)):
            raise ValueError(f"{path} does not begin with one of the gateway's stages: {', '.join(STAGES)}.")
    return found
