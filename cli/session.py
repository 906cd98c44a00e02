"""Calls of the API: with the key, and again where that is safe and may help."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Self

import httpx

from cli import output
from cli.ending import Code, Ending, refusal
from cli.profiles import Login

ATTEMPTS = 4
LONGEST_WAIT_S = 30.0
PASSING = {429, 503}
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
TIMEOUT = httpx.Timeout(35, connect=10)


def transport() -> httpx.BaseTransport:
    """Return what carries the requests; tests put theirs here."""
    return httpx.HTTPTransport()


class Retrying(httpx.BaseTransport):
    """Sends a request up to four times: after 429, 503 and lost connections, if a second time does no harm."""

    def __init__(self, inner: httpx.BaseTransport, pause: Callable[[float], None] | None = None) -> None:
        self.inner = inner
        self.pause = pause or time.sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for attempt in range(1, ATTEMPTS):
            wait = random.uniform(0.5, 1) * 2 ** (attempt - 1) / 2  # noqa: S311 (no secret)
            try:
                response = self.inner.handle_request(request)
            except httpx.TransportError as error:
                if not isinstance(error, NOT_SENT) and not _harmless(request):
                    raise
            else:
                if response.status_code not in PASSING:
                    return response
                wait = _asked(response, wait)
                if wait > LONGEST_WAIT_S:
                    return response
                response.close()
            self.pause(wait)
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


def _harmless(request: httpx.Request) -> bool:
    """Tell whether *request* may have been done, and can be done again."""
    if request.method == "POST":
        return "Idempotency-Key" in request.headers
    return "If-Match" not in request.headers


def _asked(response: httpx.Response, otherwise: float) -> float:
    try:
        return max(float(response.headers["Retry-After"]), 0)
    except (KeyError, ValueError):
        return otherwise


class Session:
    """Calls with one key. Use as a context manager."""

    def __init__(self, login: Login, *, verbose: bool = False) -> None:
        self.host = login.host
        self.verbose = verbose
        self.http = httpx.Client(
            base_url=login.host,
            headers={"Authorization": f"Bearer {login.key}", "User-Agent": "whimbrel-cli"},
            transport=Retrying(transport()),
            timeout=TIMEOUT,
            event_hooks={"response": [self._log]} if verbose else {},
        )
        # What is not the API's, such as a presigned link, never sees the key.
        self.bare = httpx.Client(transport=Retrying(transport()), timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.bare.close()

    def send(self, request: dict[str, Any]) -> httpx.Response:
        """Return the answer to a request as the generated client makes it.

        Raises:
            Ending: the API refused, or could not be reached.
        """
        if request["method"] == "post":
            request.setdefault("headers", {}).setdefault("Idempotency-Key", str(uuid.uuid4()))
        with reaching(self.host):
            response = self.http.request(**request)
        if not response.is_success:
            raise refusal(response)
        return response

    def call(self, request: dict[str, Any]) -> Any:
        """Return the JSON of an answer, or None where there is none."""
        response = self.send(request)
        return response.json() if response.content else None

    def pages(self, request: dict[str, Any]) -> Iterator[Any]:
        """Yield the answer and those after it, by their cursors."""
        while True:
            page = self.call(request)
            yield page
            if not page.get("nextCursor"):
                return
            request["params"] = {**request["params"], "cursor": page["nextCursor"]}

    def _log(self, response: httpx.Response) -> None:
        """Say what was called: never its headers, and nothing of what was sent."""
        request = response.request
        told = [f"{name} {response.headers[name]}" for name in ("X-Request-Id", "ETag") if name in response.headers]
        output.say(f"{request.method} {request.url.raw_path.decode()} → {response.status_code} {', '.join(told)}")


class reaching:  # noqa: N801 (a verb, for `with`)
    """Turns what httpx says of a host that cannot be reached into an ending."""

    def __init__(self, host: str) -> None:
        self.host = host

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx.TransportError):
            said = str(error) or type(error).__name__
            raise Ending(Code.UNAVAILABLE, f"{self.host} cannot be reached: {said}") from None
