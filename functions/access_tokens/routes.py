"""``/api/v1/access-tokens``: what people's scripts call with."""

from __future__ import annotations

from whimbrel.http.resource import Resource

resource = Resource("/api/v1/access-tokens", tag="Access tokens")
