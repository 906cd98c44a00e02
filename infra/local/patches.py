"""Defects of the emulator, and what is done about them; a function each, and the package itself stays untouched."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import ministack.app as gateway
from ministack.core.responses import get_account_id, get_region
from ministack.services import iot, iot_data, lambda_svc, stepfunctions

from infra.local.patching import replace, require
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
    keep_no_logs()
    require_client_certificates()
    cut_connections()
    answer_a_repeated_start()


def count_loopback_as_tls() -> None:
    """Buckets and queues deny calls without TLS, as they should; here those never leave the machine."""

    def pin(original: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
        return lambda source_ip, _: original(source_ip, True)  # noqa: FBT003 (the emulator's signature)

    replace(gateway, "pin_request_origin", pin)


def keep_no_logs() -> None:
    """Each invocation opens a log stream of its own, in memory and for ever. Logs go to the log file."""
    replace(lambda_svc, "_emit_lambda_logs", lambda _: lambda *_arguments, **_options: None)


def require_client_certificates() -> None:
    """A device without a certificate is let in as the account itself. AWS refuses it in the handshake."""

    def build(original: Callable[[], ssl.SSLContext]) -> Callable[[], ssl.SSLContext]:
        def context() -> ssl.SSLContext:
            tls = original()
            tls.verify_mode = ssl.CERT_REQUIRED
            return tls

        return context

    replace(iot, "_mtls_build_ssl_context", build)


def listen_on_loopback(loop: asyncio.AbstractEventLoop) -> None:
    """The MQTT listener binds all interfaces whatever it is told. On *loop*, all interfaces now mean this one."""
    create_server = loop.create_server

    async def create(factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        return await create_server(factory, HOST if host == "0.0.0.0" else host, port, **options)  # noqa: S104

    loop.create_server = create  # type: ignore[method-assign]


def cut_connections() -> None:
    """A certificate that is revoked leaves its connection open, and ``DeleteConnection`` is unknown."""
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

    def disconnect(original: Handler) -> Handler:
        async def data(method: str, path: str, *request: Any) -> Response:
            if method != "DELETE" or not path.startswith("/connections/"):
                return await original(method, path, *request)
            client_id = unquote(path.removeprefix("/connections/"))
            session = iot._connected_clients.get((get_account_id(), get_region(), client_id))
            if session is None:
                return 404, JSON, json.dumps({"message": f"{client_id} is not connected"}).encode()
            await _cut(session, "API_INITIATED_DISCONNECT")
            return 200, {}, b""

        return data

    replace(iot, "handle_request", revoke)
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
