"""Organizations: the tenants."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from whimbrel.bodies import Name, Wire
from whimbrel.entity import Entity
from whimbrel.ids import OrganizationId

RetentionDays = Annotated[int, Field(ge=1, le=36_500, description="null keeps readings for ever.")]


class OrganizationFields(Wire):
    """What an administrator says of an organization."""

    name: Name
    retention_days: RetentionDays | None = None


class Organization(OrganizationFields, Entity[OrganizationId]):
    """A tenant; the only thing of its kind in its own partition."""

    kind: ClassVar[str] = "organization"
