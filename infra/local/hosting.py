"""Where the Lambdas run: inside this process, or in worker processes as the emulator makes them."""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from functions.catalogue import DEPLOYMENT_FUNCTIONS, FUNCTIONS, HTTP_FUNCTIONS
from infra.isolation.gate import Gate
from infra.isolation.policies import read
from infra.local.patching import replace
from infra.local.settings import ACCOUNT, REGION

Invocation = Callable[[dict[str, Any], Any, str], dict[str, Any]]
"""A function's record, its event and the request id → ``body``, and ``error`` and ``log`` if it failed."""

REFUSED = "Unauthorized"
"""What an authorizer raises, by API Gateway's convention, for a credential that is none: not a fault."""
WHILE_DEPLOYING = {function.import_path for function in DEPLOYMENT_FUNCTIONS}
"""The handlers that the deployment itself waits for; they have no settings to wait for."""
_LAST_LINE = re.compile(r"^(?:\w+\.)*(\w+)(?::|$)")
_log = logging.getLogger("whimbrel.local")


def locks() -> dict[str, threading.Lock]:
    """Return who may not run beside whom.

    All HTTP handlers share a lock: Powertools keeps the event of the moment in the class of all resolvers, and two
    threads in there answer each other's callers. The others only must not meet themselves.
    """
    http = threading.Lock()
    return {function.import_path: http if function in HTTP_FUNCTIONS else threading.Lock() for function in FUNCTIONS}


@dataclass(slots=True)
class Hosting:
    """Runs handlers once it is told what the platform is called: before ``open`` they wait.

    *local* are the settings that only this machine has; they go before what the template says. In this process, every
    call to AWS is held to the policies of the *assembly*.
    """

    local: Mapping[str, str]
    assembly: Path
    _gate: Gate | None = None
    _is_in_process: bool = False
    _opened: threading.Event = field(default_factory=threading.Event)
    _locks: Mapping[str, threading.Lock] = field(default_factory=locks)

    def in_process(self) -> None:
        """Import the handlers from the checkout and run them here: 3 ms a request instead of a process per function."""

        def host(original: Invocation) -> Invocation:
            def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
                config = func.get("config") or func
                if config["Handler"] not in self._locks:  # a custom resource of the CDK's
                    return original(func, event, request_id)
                if config["Handler"] not in WHILE_DEPLOYING:
                    self._opened.wait()
                return self._execute(config, event, request_id)

            return execute

        self._is_in_process = True
        replace(lambda_svc, "_execute_function_warm", host)

    def in_workers(self) -> None:
        """Leave the Lambdas to the emulator's worker processes, with the local settings, and quicker answers."""

        def configure(original: Callable[..., None]) -> Callable[..., None]:
            def init(worker: Any, name: str, config: dict[str, Any], code: bytes) -> None:
                given = (config.get("Environment") or {}).get("Variables") or {}
                # Only what the artefact carries is to be found: no checkout on the path.
                variables = {**given, **self.local, "PYTHONPATH": ""}
                original(worker, name, {**config, "Environment": {"Variables": variables}}, code)

            return init

        def name_errors(original: Invocation) -> Invocation:
            def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
                if (func.get("config") or func)["Handler"] in self._locks.keys() - WHILE_DEPLOYING:
                    self._opened.wait()
                result = original(func, event, request_id)
                if log := result.get("log"):
                    _log.info("%s", log)
                if result.get("error") and result["body"].get("errorType") == "Runtime.HandlerError":
                    result["body"]["errorType"] = exception_name(result["log"])
                return result

            return execute

        replace(lambda_runtime.Worker, "__init__", configure)
        replace(lambda_svc, "_execute_function_warm", name_errors)
        # Of the three waits for log lines the first is paid by each invocation that logs nothing: 50 ms.
        drain: Any = lambda_runtime.Worker._drain_stderr_bounded
        drain.__defaults__ = (0.001, 0.001, 0.05)

    def open(self) -> None:
        """Let the handlers run, with the environment of the functions that are deployed.

        In this process they share one environment: variables on which two functions differ are left out. One of these
        is the tenant role, which the gate knows of each.
        """
        environments = [
            (record["config"].get("Environment") or {}).get("Variables") or {}
            for record in lambda_svc._functions._data.values()
            if record["config"]["Handler"] in self._locks
        ]
        values: defaultdict[str, set[str]] = defaultdict(set)
        for environment in environments:
            for name, value in environment.items():
                values[name].add(value)
        os.environ.update({name: next(iter(found)) for name, found in values.items() if len(found) == 1})
        os.environ.update(self.local)
        if self._is_in_process:
            self._gate = Gate(read(self.assembly, names=os.environ, region=REGION, account=ACCOUNT))
            self._gate.close()
        self._opened.set()

    def _execute(self, config: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        with self._locks[config["Handler"]]:
            try:
                module, _, name = config["Handler"].rpartition(".")
                handler = getattr(importlib.import_module(module), name)
                with self._gate.acting_as(config["Handler"]) if self._gate else nullcontext():
                    # Through JSON, as on AWS: what a handler does to its event, or returns, is nobody else's.
                    answer = json.dumps(handler(json.loads(json.dumps(event)), Context(config, request_id)))
            except Exception as error:  # noqa: BLE001 (Lambda's own boundary: whatever it is becomes the answer)
                if str(error) != REFUSED:
                    _log.exception("%s failed", config["FunctionName"])
                body = {"errorMessage": str(error), "errorType": type(error).__name__}
                return {"body": body, "error": True, "log": traceback.format_exc()}
        return {"body": json.loads(answer), "log": ""}


class Context:
    """What Lambda tells a handler about its invocation."""

    def __init__(self, config: dict[str, Any], request_id: str) -> None:
        self.aws_request_id = request_id
        self.function_name: str = config["FunctionName"]
        self.function_version = "$LATEST"
        self.invoked_function_arn: str = config["FunctionArn"]
        self.memory_limit_in_mb: int = config.get("MemorySize", 128)
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = request_id
        self._deadline = time.monotonic() + config.get("Timeout", 3)

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the function's timeout, which nothing here enforces."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def exception_name(trace: str) -> str:
    """Return the class name with which a traceback ends: the error's name, which the emulator's workers do not tell."""
    for line in reversed(trace.splitlines()):
        if found := _LAST_LINE.match(line):
            return found[1]
    return "Runtime.HandlerError"
