"""What a client may say about its organization."""

from __future__ import annotations

from pydantic import MISSING

from whimbrel.bodies import Body, Name
from whimbrel.domain.organizations import RetentionDays


class OrganizationPatch(Body):
    """The fields of an organization to change."""

    name: Name | MISSING = MISSING
    retention_days: RetentionDays | MISSING | None = MISSING
