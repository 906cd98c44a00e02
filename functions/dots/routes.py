"""``/api/v1.6``: devices by their labels, and dots for their variables."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.dots.dialect import DIALECT
from whimbrel.auth import Scope
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.resource import Resource
from whimbrel.problems import NotFound

resource = Resource("/api/v1.6", tag="Dots API", dialect=DIALECT)


@resource.operation("GET", "/tasks/{taskId}", scope=Scope.READINGS_READ, problems=[NotFound])
def get_task(task_id: Annotated[str, Path(alias="taskId", max_length=64)], tenant: CurrentTenant) -> dict[str, Any]:
    """Get a task."""
    raise NotFound(f"There is no task {task_id} of {tenant.organization_id}.")
