"""``/api/v1/invitations``: how people come in."""

from __future__ import annotations

from whimbrel.http.resource import Resource

resource = Resource("/api/v1/invitations", tag="Invitations")
