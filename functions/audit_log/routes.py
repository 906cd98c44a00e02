"""``/api/v1/audit-log``: who did what."""

from __future__ import annotations

from whimbrel.http.resource import Resource

resource = Resource("/api/v1/audit-log", tag="Audit log")
