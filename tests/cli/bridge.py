"""HTTP without a network: httpx's requests are answered by the gateway in this process."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.gateway import Client


class Bridge(httpx.BaseTransport):
    """A transport onto the gateway; *unless* may answer instead, or raise, and sees every request."""

    def __init__(self, unless: Callable[[httpx.Request], httpx.Response | None] = lambda _: None) -> None:
        self.unless = unless
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if (answer := self.unless(request)) is not None:
            return answer
        url = request.url.raw_path.decode()
        headers = {name.title(): value for name, value in request.headers.items() if name != "content-length"}
        body = request.content.decode() if request.content else None
        given = Client().request(request.method, url, body=body, headers=headers)
        return httpx.Response(given.status_code, headers=given.headers, content=given.body.encode())
