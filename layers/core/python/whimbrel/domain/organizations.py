"""Organizations: the tenants."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from whimbrel.bodies import Name, Wire
from whimbrel.domain.jobs import JobId, Later
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

    deletion_job_id: Annotated[
        JobId | SkipJsonSchema[None], Later, Field(description="It is being deleted, by this job.")
    ] = None
