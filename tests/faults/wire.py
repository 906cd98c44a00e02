"""The wire between the SDK and AWS, which breaks where a test says; below it moto, with what moto lacks.

A fault strikes attempts of the SDK, so that its own repetitions are what is tested: the first attempt of a call, or all
of them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.retries.quota import RetryQuota
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from tests.watching import watched


class Died(BaseException):
    """The process is gone: nothing of it runs on."""


class Kind(StrEnum):
    """What goes wrong with an attempt."""

    THROTTLE = "throttle"
    ERROR = "error"
    TIMEOUT = "timeout"
    LOST = "lost"
    """It is done, and its answer does not arrive."""
    DEATH = "death"
    """The process is gone before it."""


@dataclass(frozen=True)
class Fault:
    """At which call, what, for how many attempts of it, and whether all the calls after it fare alike."""

    at: int
    kind: Kind
    attempts: int = 1
    onwards: bool = False

    def strikes(self, call: int, attempt: int) -> bool:
        return (call >= self.at if self.onwards else call == self.at) and attempt <= self.attempts

    def __str__(self) -> str:
        return f"call {self.at}: {self.kind} x {self.attempts}{' and on' if self.onwards else ''}"


Chance = Callable[[str], Kind | None]


@dataclass
class Wire:
    """What passes, counted between ``open`` and its end; outside it nothing breaks."""

    fault: Fault | None = None
    chance: Chance | None = None
    """Instead of one fault: what happens to an attempt at this operation."""
    calls: list[str] = field(default_factory=list)
    struck: int = 0
    attempts: int = 0
    slept_s: float = 0.0
    _is_open: bool = False
    _here: threading.local = field(default_factory=threading.local)
    _done: dict[str, tuple[int, Any, Any]] = field(default_factory=dict)
    """Transactions by their token."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def open(self, fault: Fault | None = None, chance: Chance | None = None) -> Generator[None]:
        """Break as told inside the block, counting calls from 0."""
        self.fault, self.chance, self.calls, self.struck, self._is_open = fault, chance, [], 0, True
        try:
            yield
        finally:
            self._is_open = False

    def begins(self, operation: str, _params: dict[str, Any]) -> None:
        """Count a call, of whichever thread."""
        with self._lock:
            self._here.call, self._here.attempt = len(self.calls), 0
            if self._is_open:
                self.calls.append(operation)

    def sends(self, moto: BotocoreStubber, event_name: str, request: Any) -> AWSResponse | None:
        """Answer an attempt, or break."""
        self._here.attempt = attempt = getattr(self._here, "attempt", 0) + 1
        self.attempts += 1
        _, service, operation = event_name.split(".")
        kind = None
        if self._is_open and self.fault and self.fault.strikes(self._here.call, attempt):
            kind = self.fault.kind
        elif self._is_open and self.chance:
            kind = self.chance(operation)
        if kind is not None:
            self.struck += 1
        if kind is Kind.DEATH:
            raise Died
        if kind is Kind.TIMEOUT:
            raise ReadTimeoutError(endpoint_url=request.url)
        if kind in {Kind.THROTTLE, Kind.ERROR}:
            return _refusal(service, request, is_throttle=kind is Kind.THROTTLE)
        # moto is not atomic, and Lambdas are many.
        with self._lock:
            answered = self._answered(moto, operation, request)
        if kind is Kind.LOST:
            raise ReadTimeoutError(endpoint_url=request.url)
        if answered is None:
            return None
        status, headers, body = answered
        return AWSResponse(request.url, status, headers, MockRawResponse(body))  # pyright: ignore[reportArgumentType]

    def _answered(self, moto: BotocoreStubber, operation: str, request: Any) -> tuple[int, Any, Any] | None:
        if operation == "DeleteConnection":
            return 200, {}, b"{}"
        if operation == "DeleteThing":
            # IoT Core's documentation: no error for a thing that is not there.
            answer = moto.process_request(request)
            return (200, {}, b"{}") if answer and answer[0] == 404 else answer
        if operation != "TransactWriteItems":
            return moto.process_request(request)
        # DynamoDB knows a transaction by its token, for ten minutes; moto does not.
        token = json.loads(request.body)["ClientRequestToken"]
        if token in self._done:
            return self._done[token]
        answer = moto.process_request(request)
        if answer is not None and answer[0] == 200:
            self._done[token] = answer
        return answer


def _refusal(service: str, request: Any, *, is_throttle: bool) -> AWSResponse:
    code = "ThrottlingException" if is_throttle else "InternalServerError"
    status = 400 if is_throttle else 500
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": "busy"})
    if service == "s3":
        status, code = (503, "SlowDown") if is_throttle else (500, "InternalError")
        body = "" if request.method == "HEAD" else f"<Error><Code>{code}</Code><Message>busy</Message></Error>"
    if service == "sts":
        code = "Throttling" if is_throttle else "InternalFailure"
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>busy</Message></Error></ErrorResponse>"
    headers = {"x-amzn-errortype": code}
    return AWSResponse(request.url, status, headers, MockRawResponse(body))  # pyright: ignore[reportArgumentType]


@contextmanager
def wired() -> Generator[Wire]:
    """Have all calls to AWS pass a wire that can break; nobody sleeps, and time stands still but for ``pass_s``."""
    wire = Wire()

    def send(moto: BotocoreStubber, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        return wire.sends(moto, event_name, request) if moto.enabled else None

    def sleep(seconds: float) -> None:
        wire.slept_s += seconds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BotocoreStubber, "__call__", send)
        patch.setattr(time, "sleep", sleep)
        # One process of ours stands for thousands, each with a quota of its own.
        patch.setattr(RetryQuota, "acquire", lambda *_: True)
        with watched(before=wire.begins):
            yield wire


@dataclass
class Clock:
    """The time, which stands still."""

    begun_ns: int
    passed_ns: int = 0

    def turn_back(self) -> None:
        self.passed_ns = 0

    def pass_s(self, seconds: int) -> None:
        self.passed_ns += seconds * 1_000_000_000


@contextmanager
def standing_still() -> Generator[Clock]:
    """Stop the time inside the block."""
    clock = Clock(time.time_ns() // 1_000_000_000 * 1_000_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: clock.begun_ns + clock.passed_ns)
        patch.setattr(time, "time", lambda: (clock.begun_ns + clock.passed_ns) / 1e9)
        yield clock
