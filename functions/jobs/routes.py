"""``/api/v1/jobs``: what is being done in the background."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.domain.jobs import Job, JobAnswer, JobId, JobKind, JobStatus
from whimbrel.http.exchange import CurrentExchange, CurrentTenant
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.pages import Page
from whimbrel.problems import NotFound

resource = Resource("/api/v1/jobs", tag="Jobs")


@resource.operation("GET", scope=Scope.READINGS_READ)
def list_jobs(
    tenant: CurrentTenant,
    task: Annotated[JobKind | SkipJsonSchema[None], Query(alias="kind")] = None,
    status: Annotated[JobStatus | SkipJsonSchema[None], Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[JobAnswer]:
    """List jobs, oldest first.

    Filters narrow each other; a filtered page may be short before the list's end.
    """
    now = instants.now()

    def matches(job: Job) -> bool:
        return (task is None or job.task is task) and (status is None or job.seen_at(now).status is status)

    filters = (task, status)
    page = tenant.things(Job).page(limit, cursor, where=matches if any(filters) else None, filters=filters)
    return Page(items=[JobAnswer.of(job, now) for job in page.items], next_cursor=page.next_cursor)


@resource.operation("GET", "/{jobId}", scope=Scope.READINGS_READ, problems=[NotFound])
def get_job(
    job_id: Annotated[JobId, Path(alias="jobId")], tenant: CurrentTenant, exchange: CurrentExchange
) -> JobAnswer:
    """Get a job.

    It is `PENDING`, then `RUNNING`, and ends as `SUCCEEDED`, `PARTIAL` (`errors` tells what could not be done) or
    `FAILED`. Should it be interrupted, it goes on from where it was; `counts` counts everything once.
    """
    job = tenant.things(Job).get(job_id)
    exchange.headers["ETag"] = job.etag
    return JobAnswer.of(job, instants.now())
