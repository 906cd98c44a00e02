"""``/api/v1/members``: the people of an organization."""

from __future__ import annotations

from whimbrel.http.resource import Resource

resource = Resource("/api/v1/members", tag="Members")
