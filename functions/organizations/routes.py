"""``/api/v1/organization``: the caller's organization."""

from __future__ import annotations

from whimbrel.http.resource import Resource

resource = Resource("/api/v1/organization", tag="Organization")
