"""Defects of the emulator, and what is done about them; a function each, and the package itself stays untouched."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import ssl
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iot, iot_data, lambda_svc, secretsmanager, stepfunctions
from ministack.services.cloudformation import provisioners

from infra.local.patching import replace, require
from infra.local.queries import OrderedPartitions
from infra.local.settings import HOST

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Response]]
JSON = {"Content-Type": "application/json"}


def repair() -> None:
    """Apply them all; before the emulator serves anything.

    Raises:
        SystemExit: this version of the emulator lacks a name that is patched.
    """
    count_loopback_as_tls()
    refer_to_secrets_by_arn()
    keep_no_logs()
    require_client_certificates()
    enforce_device_policies()
    cut_revoked_connections()
    know_delete_connection()
    answer_a_repeated_start()
    name_what_iot_calls_are_about()
    compare_keys_with_the_session()
    OrderedPartitions().keep()


def count_loopback_as_tls() -> None:
    """Buckets and queues deny calls without TLS, as they should; here those never leave the machine."""

    def resolve(original: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
        return lambda key, context: "true" if key.lower() == "aws:securetransport" else original(key, context)

    replace(iam_evaluator, "_resolve_condition_key", resolve)


def refer_to_secrets_by_arn() -> None:
    """In a template, ``Ref`` of a secret is its name here and its ARN on AWS: policies name a resource that is none."""
    secret: dict[str, Any] = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = secret["create"], secret["update"], secret["delete"]

    def name_of(arn: str) -> str:
        return next((name for name, known in secretsmanager._secrets.items() if known["ARN"] == arn), arn)

    def create_secret(*arguments: Any) -> tuple[str, dict[str, str]]:
        _, attributes = create(*arguments)
        return attributes["Arn"], attributes

    def update_secret(arn: str, *arguments: Any) -> tuple[str, dict[str, str]]:
        _, attributes = update(name_of(arn), *arguments)
        return attributes["Arn"], attributes

    def delete_secret(arn: str, properties: dict[str, Any]) -> None:
        delete(name_of(arn), properties)

    secret |= {"create": create_secret, "update": update_secret, "delete": delete_secret}


def keep_no_logs() -> None:
    """Each invocation opens a log stream of its own, in memory and for ever. Logs go to the log file."""

    def forget(_: Callable[..., None]) -> Callable[..., None]:
        def emit(*_arguments: Any, **_options: Any) -> None:
            """Emit nothing."""

        return emit

    replace(lambda_svc, "_emit_lambda_logs", forget)


def require_client_certificates() -> None:
    """A device without a certificate is let in as the account itself. AWS refuses it in the handshake."""

    def build(original: Callable[[], ssl.SSLContext]) -> Callable[[], ssl.SSLContext]:
        def context() -> ssl.SSLContext:
            tls = original()
            tls.verify_mode = ssl.CERT_REQUIRED
            return tls

        return context

    replace(iot, "_mtls_build_ssl_context", build)


def enforce_device_policies() -> None:
    """Devices are held to their IoT policies only with ``AUTH``: here always, since nothing else keeps tenants apart.

    The variable ``${iot:Connection.Thing.Attributes[…]}`` is unknown to the emulator, and so matches nothing.
    """
    require(iot, "_POLICY_VARIABLE_RE", "_things", "request_scope")
    iot._POLICY_VARIABLE_RE = re.compile(r"\$\{(iot:[A-Za-z.]+(?:\[\w+\])?)\}")

    def evaluates(_: Callable[[Any], bool]) -> Callable[[Any], bool]:
        return lambda session: session.certificate_id is not None

    def context(original: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
        def policy_context(account: str, region: str, certificate_id: str, client_id: str) -> dict[str, str]:
            values = original(account, region, certificate_id, client_id)
            if "iot:connection.thing.thingname" in values:
                with iot.request_scope(account, region):
                    attributes = iot._things[client_id].get("attributes") or {}
                values |= {f"iot:connection.thing.attributes[{name.lower()}]": attributes[name] for name in attributes}
            return values

        return policy_context

    replace(iot._WSSession, "_evaluates_policies", evaluates)
    replace(iot, "_mqtt_policy_context", context)


def listen_on_loopback(loop: asyncio.AbstractEventLoop) -> None:
    """The MQTT listener binds all interfaces whatever it is told. On *loop*, all interfaces now mean this one."""
    create_server = loop.create_server

    async def create(factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        return await create_server(factory, HOST if host == "0.0.0.0" else host, port, **options)  # noqa: S104

    loop.create_server = create  # type: ignore[method-assign]


def cut_revoked_connections() -> None:
    """A certificate that is revoked leaves its connection open, and what comes over it is acknowledged."""
    require(iot, "_connected_clients", "_certificates")

    def revoke(original: Handler) -> Handler:
        async def control(method: str, path: str, *request: Any) -> Response:
            answer = await original(method, path, *request)
            if method == "PUT" and path.startswith("/certificates/"):
                certificate_id = path.split("/")[2]
                if iot._certificates.get(certificate_id, {}).get("status") != "ACTIVE":
                    for session in list(iot._connected_clients.values()):
                        if session.certificate_id == certificate_id:
                            await _cut(session, "AUTH_ERROR")
            return answer

        return control

    replace(iot, "handle_request", revoke)


def know_delete_connection() -> None:
    """The data plane's ``DeleteConnection`` is unknown."""
    require(iot, "_connected_clients")

    def disconnect(original: Handler) -> Handler:
        async def data(method: str, path: str, *request: Any) -> Response:
            if method != "DELETE" or not path.startswith("/connections/"):
                return await original(method, path, *request)
            client_id = unquote(path.removeprefix("/connections/"))
            session = iot._connected_clients.get((get_account_id(), get_region(), client_id))
            if session is None:
                error = {"__type": "ResourceNotFoundException", "message": f"{client_id} is not connected"}
                return 404, JSON, json.dumps(error).encode()
            await _cut(session, "API_INITIATED_DISCONNECT")
            return 200, {}, b""

        return data

    replace(iot_data, "handle_request", disconnect)


async def _cut(session: Any, reason: str) -> None:
    session._forced_disconnect_reason = reason
    await session._send({"type": "websocket.close", "code": 1000})
    await session.cleanup()


def answer_a_repeated_start() -> None:
    """Starting an execution again by name, with the same input while it runs, is refused. AWS answers as at first."""
    require(stepfunctions, "_executions", "_resolve_state_machine_arn", "json_response")

    def start(original: Callable[[dict[str, Any]], Response]) -> Callable[[dict[str, Any]], Response]:
        def start_execution(request: dict[str, Any]) -> Response:
            machine = stepfunctions._resolve_state_machine_arn(request.get("stateMachineArn", "")) or ""
            arn = f"{machine.replace(':stateMachine:', ':execution:')}:{request.get('name')}"
            known = stepfunctions._executions.get(arn)
            same_input = known and json.loads(known["input"]) == json.loads(request.get("input", "{}"))
            if known and same_input and known["status"] == "RUNNING":
                return stepfunctions.json_response({"executionArn": arn, "startDate": known["startDate"]})
            return original(request)

        return start_execution

    replace(stepfunctions, "_start_execution", start)


def name_what_iot_calls_are_about() -> None:
    """IAM judges some calls of IoT Core by their own resource; here they are judged by ``*``, which no role is granted.

    Attaching and detaching a policy is about the certificate in the body, cutting a connection about the client.
    """

    def extract(original: Callable[..., str]) -> Callable[..., str]:
        def resource(
            service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
        ) -> str:
            if service == "iot" and path.startswith("/target-policies/"):
                return json.loads(body or b"{}").get("target", "*")
            if service == "iot-data" and path.startswith("/connections/"):
                return f"arn:aws:iot:{region}:{account}:client/{unquote(path.removeprefix('/connections/'))}"
            return original(service, method, path, headers, body, query, region, account)

        return resource

    replace(iam_actions, "extract_resource_arn", extract)


def compare_keys_with_the_session() -> None:
    """Neither are the keys of items known to policies, nor what a session is tagged with: tenants would not be apart.

    Without ``dynamodb:LeadingKeys`` and ``${aws:PrincipalTag/…}`` no statement of a tenant role ever applies.
    """
    require(iam_evaluator, "ParsedStatement", "EvalContext")

    def with_keys(original: Callable[[bytes], dict[str, Any]]) -> Callable[[bytes], dict[str, Any]]:
        def context(body: bytes) -> dict[str, Any]:
            keys = leading_keys(json.loads(body or b"{}"))
            return original(body) | ({"dynamodb:LeadingKeys": keys} if keys else {})

        return context

    def spelt_out(original: Callable[..., Any]) -> Callable[..., Any]:
        def first_match(context: Any, statements: list[Any], effect: str) -> Any:
            tags = {
                f"${{aws:PrincipalTag/{key.removeprefix('aws:principaltag/')}}}": value
                for key, value in context.principal_keys.items()
                if key.startswith("aws:principaltag/")
            }
            return original(context, [_spelt_out(statement, tags) for statement in statements], effect)

        return first_match

    replace(iam_actions, "dynamodb_service_context", with_keys)
    replace(iam_evaluator, "_first_match", spelt_out)


def leading_keys(request: dict[str, Any]) -> list[str]:
    """Return the partitions that a request to DynamoDB is about, by the names that all our tables have for them."""
    parts = [part for item in request.get("TransactItems", ()) for part in item.values()]
    writes = [
        write for of_table in request.get("RequestItems", {}).values() for write in of_table if "Keys" not in of_table
    ]
    parts += [part for write in writes for part in write.values()]
    reads = [of_table["Keys"] for of_table in request.get("RequestItems", {}).values() if "Keys" in of_table]
    items = [part.get("Item") or part.get("Key") for part in (request, *parts)] + [
        key for keys in reads for key in keys
    ]
    found = {item["pk"]["S"] for item in items if item and "pk" in item}
    if condition := request.get("KeyConditionExpression"):
        attribute = "parent_pk" if request.get("IndexName") == "by_parent" else "pk"
        names = re.findall(rf"(?<!\w){attribute}\s*=\s*(:\w+)", condition)
        found |= {request["ExpressionAttributeValues"][name]["S"] for name in names}
    return sorted(found)


def _spelt_out(statement: Any, tags: dict[str, str]) -> Any:
    text = json.dumps([statement.resources, statement.conditions])
    for variable, value in tags.items():
        text = text.replace(variable, value)
    resources, conditions = json.loads(text)
    return dataclasses.replace(statement, resources=resources, conditions=conditions)
