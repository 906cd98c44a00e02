"""Tasks: what became of the dots of a bulk request, or of a deletion of values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from whimbrel import instants
from whimbrel.domain.jobs import Job, JobAnswer, JobId, JobStatus
from whimbrel.problems import NotFound
from whimbrel.store import tasks
from whimbrel.store.tenant import Tenant

MOST_ERRORS = 100

TaskStatus = Literal["QUEUED", "RUNNING", "SUCCEEDED", "PARTIAL", "FAILED"]
_OF_A_JOB: dict[JobStatus, TaskStatus] = {
    JobStatus.PENDING: "QUEUED",
    JobStatus.RUNNING: "RUNNING",
    JobStatus.SUCCEEDED: "SUCCEEDED",
    JobStatus.PARTIAL: "PARTIAL",
    JobStatus.FAILED: "FAILED",
}


class TaskError(BaseModel):
    """A value that was refused: its place among all values of the request, counted from 0, and why."""

    index: int
    device: str
    variable: str
    code: int
    message: str


class Task(BaseModel):
    """Work that a request was answered before: of values sent in bulk, or of values to be deleted.

    PARTIAL: some values were refused; they are in quarantine. FAILED: all were.
    """

    id: str
    kind: Literal["BULK_VALUES", "DELETE_VALUES"]
    status: TaskStatus
    total: Annotated[int, Field(description="How many values it is about, as far as that is known.")]
    accepted: int
    rejected: int
    errors: Annotated[list[TaskError], Field(description=f"The first {MOST_ERRORS}.")]
    createdAt: str  # noqa: N815 (the name on the wire)
    finishedAt: str | None  # noqa: N815


def bulk_task(tenant: Tenant, task_id: str, total: int, errors: list[TaskError], received_ms: int) -> None:
    """Keep what became of the *total* values of a bulk request."""
    rejected = len(errors)
    task = Task(
        id=task_id,
        kind="BULK_VALUES",
        status="SUCCEEDED" if not rejected else "FAILED" if rejected == total else "PARTIAL",
        total=total,
        accepted=total - rejected,
        rejected=rejected,
        errors=errors[:MOST_ERRORS],
        createdAt=instants.format_ms(received_ms),
        finishedAt=instants.format_ms(instants.now_ms()),
    )
    tasks.keep(tenant, task_id, task.model_dump())


def deletion_task(tenant: Tenant, task_id: str, job: JobAnswer) -> None:
    """Keep which job deletes the values that a task is about."""
    tasks.keep(tenant, task_id, {"job": job.id})


def task_of(tenant: Tenant, task_id: str) -> Task:
    """Return a task as it stands.

    Raises:
        NotFound: there is none, or its week is over.
    """
    kept: dict[str, Any] | None = tasks.find(tenant, task_id)
    if kept is None:
        raise NotFound(f"There is no task {task_id!r}.")
    if "job" not in kept:
        return Task.model_validate(kept)
    job = JobAnswer.of(tenant.things(Job).get(JobId(kept["job"])), instants.now())
    deleted = job.counts.get("readings", 0)
    return Task(
        id=task_id,
        kind="DELETE_VALUES",
        status=_OF_A_JOB[job.status],
        total=deleted,
        accepted=deleted,
        rejected=0,
        errors=[],
        createdAt=instants.format_instant(job.created_at),
        finishedAt=instants.format_instant(job.completed_at) if job.completed_at else None,
    )
