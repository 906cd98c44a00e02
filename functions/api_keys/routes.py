"""``/api/v1/api-keys``: what machines call with."""

from __future__ import annotations

from whimbrel.http.resource import Resource

resource = Resource("/api/v1/api-keys", tag="API keys")
