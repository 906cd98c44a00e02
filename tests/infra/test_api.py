"""The gateway says what ``openapi.json`` says: its methods, who may call them, and how it refuses."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from functions.catalogue import HTTP_FUNCTIONS
from infra.stacks.api import Api, operations
from infra.stacks.stage import Stage
from tests.infra.assembly import Assembly
from tests.infra.conftest import synthesize
from whimbrel import problems

METHOD = "AWS::ApiGateway::Method"
RESPONSES = "AWS::ApiGateway::GatewayResponse"
PUBLIC = {
    ("GET", "/api/docs"),
    ("GET", "/api/health/live"),
    ("GET", "/api/health/ready"),
    ("GET", "/api/v3/api-docs"),
    ("POST", "/api/v1/devices/provision"),
}


def path_of(assembly: Assembly, reference: Any) -> str:
    resources = assembly.of_type("AWS::ApiGateway::Resource")
    name = assembly.text(reference).strip("<>")
    if name not in resources:
        return ""
    return f"{path_of(assembly, resources[name]['ParentId'])}/{resources[name]['PathPart']}"


def staged(path: str) -> str:
    """Return a resource's path, behind the stage that its functions answer in."""
    return f"/v1{path}" if path.startswith("/entities") else f"/api{path}"


def methods(assembly: Assembly) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the gateway's methods by path and verb."""
    return {
        (staged(path_of(assembly, method["ResourceId"])), method["HttpMethod"].lower()): method
        for method in assembly.of_type(METHOD).values()
    }


def problem_of(code: str) -> type[problems.Problem]:
    def below(problem: type[problems.Problem]) -> list[type[problems.Problem]]:
        return [problem, *(leaf for child in problem.__subclasses__() for leaf in below(child))]

    [found] = [problem for problem in below(problems.Problem) if problem.code() == code]
    return found


def test_the_methods_are_the_operations(assembly: Assembly, document: dict[str, Any]) -> None:
    assert set(methods(assembly)) == {(path, verb) for path, verb, _ in operations(document)}
    assert methods(assembly)


def test_a_method_is_open_only_where_the_document_says_so(assembly: Assembly, document: dict[str, Any]) -> None:
    [authorizer] = assembly.of_type("AWS::ApiGateway::Authorizer")
    kinds = {place: method["AuthorizationType"] for place, method in methods(assembly).items()}

    assert kinds == {
        (path, verb): "CUSTOM" if operation["security"] and not operation.get("x-authenticates") else "NONE"
        for path, verb, operation in operations(document)
    }
    guarded = [method for method in methods(assembly).values() if method["AuthorizationType"] == "CUSTOM"]
    assert {assembly.text(method["AuthorizerId"]) for method in guarded} == {f"<{authorizer}>"}


def test_a_method_calls_the_function_that_the_document_names(assembly: Assembly, document: dict[str, Any]) -> None:
    called = methods(assembly)

    for path, verb, operation in operations(document):
        uri = assembly.text(called[path, verb]["Integration"]["Uri"])
        assert f":function:whimbrel-local-{operation['x-function']}/invocations" in uri
        assert called[path, verb]["Integration"]["Type"] == "AWS_PROXY"


def test_a_path_outside_the_stage_stops_the_synthesis() -> None:
    with pytest.raises(ValueError, match=r"/v2/entities does not begin with one of"):
        operations({"paths": {"/v2/entities": {"get": {}}}})


def test_the_functions_that_are_called_let_only_this_api_call_them(
    assembly: Assembly, document: dict[str, Any]
) -> None:
    called = {operation["x-function"] for _, _, operation in operations(document)} | {"authorizer"}
    permissions = [
        permission
        for permission in assembly.of_type("AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    ]
    [api] = assembly.of_type("AWS::ApiGateway::RestApi")

    assert {assembly.text(p["FunctionName"]).rpartition(":whimbrel-local-")[2] for p in permissions} == called
    assert all(f":<{api}>/" in assembly.text(permission["SourceArn"]) for permission in permissions)


def test_the_authorizer_is_asked_once_a_minute_for_a_credential(assembly: Assembly) -> None:
    [authorizer] = assembly.of_type("AWS::ApiGateway::Authorizer").values()

    assert authorizer["Type"] == "REQUEST"
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60


def test_the_stage_is_throttled_traced_and_logged_without_bodies(assembly: Assembly) -> None:
    stages = assembly.of_type("AWS::ApiGateway::Stage").values()
    [api] = assembly.of_type("AWS::ApiGateway::RestApi").values()

    assert {stage["StageName"] for stage in stages} == {"api", "v1"}
    for stage in stages:
        assert_is_throttled_traced_and_logged(stage)
    assert api["MinimumCompressionSize"] == 1024
    assert api["EndpointConfiguration"]["Types"] == ["REGIONAL"]


def assert_is_throttled_traced_and_logged(stage: dict[str, Any]) -> None:
    [settings] = stage["MethodSettings"]
    assert stage["TracingEnabled"] is True
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert 0 < settings["ThrottlingRateLimit"] < settings["ThrottlingBurstLimit"]
    assert settings["DataTraceEnabled"] is False
    assert "requestId" in stage["AccessLogSetting"]["Format"]
    assert not {"authorization", "querystring"} & set(stage["AccessLogSetting"]["Format"].lower().split("."))


def test_the_gateway_answers_every_refusal_of_its_own(assembly: Assembly) -> None:
    kinds = {response["ResponseType"]: int(response["StatusCode"]) for response in assembly.of_type(RESPONSES).values()}

    assert (
        kinds.items()
        >= {
            "UNAUTHORIZED": 401,
            "ACCESS_DENIED": 403,
            "MISSING_AUTHENTICATION_TOKEN": 404,
            "RESOURCE_NOT_FOUND": 404,
            "REQUEST_TOO_LARGE": 413,
            "UNSUPPORTED_MEDIA_TYPE": 415,
            "THROTTLED": 429,
            "QUOTA_EXCEEDED": 429,
            "AUTHORIZER_FAILURE": 503,
            "INTEGRATION_FAILURE": 503,
            "INTEGRATION_TIMEOUT": 503,
            "DEFAULT_4XX": 400,
            "DEFAULT_5XX": 500,
        }.items()
    )


def test_the_gateway_refuses_as_the_handlers_do(assembly: Assembly) -> None:
    for response in assembly.of_type(RESPONSES).values():
        body = json.loads(response["ResponseTemplates"]["application/json"])
        headers = response["ResponseParameters"]
        problem = problem_of(body["code"])

        assert body == problem(body["detail"]).document("$context.requestId")
        assert int(response["StatusCode"]) == problem.status
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.X-Request-Id"] == "context.requestId"
        assert headers["gatewayresponse.header.Cache-Control"] == "'no-store'"
        assert headers["gatewayresponse.header.X-Content-Type-Options"] == "'nosniff'"
        assert headers["gatewayresponse.header.Strict-Transport-Security"].startswith("'max-age=")
        retry_after = "gatewayresponse.header.Retry-After" in headers
        assert retry_after == (problem.status in {429, 503})


def test_the_url_is_an_output_with_a_stable_name(assembly: Assembly) -> None:
    [api] = assembly.of_type("AWS::ApiGateway::RestApi")

    assert set(assembly.templates["api"]["Outputs"]) == {"ApiUrl"}
    url = assembly.text(assembly.templates["api"]["Outputs"]["ApiUrl"]["Value"])
    assert url == f"https://<{api}>.execute-api.<AWS::Region>.<AWS::URLSuffix>/api"


@pytest.fixture(scope="module")
def for_browsers(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The assembly of a stage that pages of two origins may call."""
    return synthesize(
        tmp_path_factory.mktemp("browsers"),
        corsOrigins="https://app.example,http://localhost:3000",
        requestsPerSecond=9,
    )


def test_every_route_is_documented_deployed_and_has_a_scope_or_is_declared_public(
    assembly: Assembly, document: dict[str, Any]
) -> None:
    deployed = {(verb.upper(), path) for path, verb in methods(assembly)}
    documented = {(verb.upper(), path) for path, verb, _ in operations(document)}
    declared = {
        (operation.method, operation.path): operation.scope
        for function in HTTP_FUNCTIONS
        for folder in function.folders
        for operation in import_module(f"functions.{folder}.routes").resource.operations
    }
    public = {(verb.upper(), path) for path, verb, operation in operations(document) if not operation["security"]}

    assert deployed == documented == set(declared)
    assert {place for place, scope in declared.items() if scope is None} == public
    assert public <= PUBLIC, "an operation for everybody has to be meant"


def test_no_page_may_call_a_stage_that_names_no_origin(assembly: Assembly) -> None:
    assert "access-control" not in json.dumps(assembly.templates["api"]).lower()
    assert {function["CORS_ORIGINS"] for function in environments(assembly)} == {""}


@pytest.mark.xdist_group("browsers")
def test_the_gateway_answers_preflights_for_the_origins_of_the_stage_alone(for_browsers: Assembly) -> None:
    [(place, preflight)] = [(k, method) for k, method in methods(for_browsers).items() if k[1] == "options"]
    [response] = preflight["Integration"]["IntegrationResponses"]
    headers = {name.rpartition(".")[2]: value.strip("'") for name, value in response["ResponseParameters"].items()}

    assert place[0] == "/api/{proxy+}"
    assert (preflight["AuthorizationType"], preflight["Integration"]["Type"]) == ("NONE", "MOCK")
    assert headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert '== "http://localhost:3000"' in response["ResponseTemplates"]["application/json"]
    assert headers["Vary"] == "Origin"
    assert int(headers["Access-Control-Max-Age"]) <= 600
    assert set(headers["Access-Control-Allow-Methods"].split(",")) == {"GET", "PUT", "POST", "PATCH", "DELETE"}
    assert {"Authorization", "Idempotency-Key", "If-Match"} <= set(headers["Access-Control-Allow-Headers"].split(","))
    assert "Access-Control-Allow-Credentials" not in headers
    assert {function["CORS_ORIGINS"] for function in environments(for_browsers)} == {
        "https://app.example,http://localhost:3000"
    }


def test_a_gateway_with_preflights_passes_the_policy_checks(tmp_path: Path, document: dict[str, Any]) -> None:
    app = App(context={"corsOrigins": "https://app.example"}, analytics_reporting=False, outdir=str(tmp_path))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    Api(app, "api", stage=Stage.of(app), document=document)

    app.synth()


@pytest.mark.xdist_group("browsers")
def test_pages_can_read_the_refusals_of_the_gateway(for_browsers: Assembly) -> None:
    for response in for_browsers.of_type(RESPONSES).values():
        headers = response["ResponseParameters"]
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://app.example'"
        assert headers["gatewayresponse.header.Vary"] == "'Origin'"


def test_callers_are_limited_more_on_aws_than_on_a_laptop(assembly: Assembly) -> None:
    [local] = {limits(function) for function in environments(assembly)}
    assert local == ("100000", "100000")
    made = Stage.of(App(context={"stage": "prod", "keyRequestsPerSecond": 7})).answers()
    assert limits(made) == ("7", "500")


@pytest.mark.parametrize(
    "settings",
    [
        {"corsOrigins": "*"},
        {"corsOrigins": "https://a.example/"},
        {"corsOrigins": "http://a.example"},
        {"corsOrigins": "https://a.example, https://b.example"},
        {"corsOrigins": "null"},
        {"keyRequestsPerSecond": 0},
        {"organizationRequestsPerSecond": 100_001},
    ],
    ids=lambda settings: "=".join(map(str, *settings.items())),
)
def test_a_setting_that_cannot_be_meant_stops_the_synthesis(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not '|not \d"):
        Stage.of(App(context=settings))


def environments(assembly: Assembly) -> list[dict[str, str]]:
    """Return the environment of every HTTP function."""
    return [assembly.functions()[function.name]["Environment"]["Variables"] for function in HTTP_FUNCTIONS]


def limits(environment: dict[str, str]) -> tuple[str, str]:
    return environment["KEY_REQUESTS_PER_SECOND"], environment["ORGANIZATION_REQUESTS_PER_SECOND"]
