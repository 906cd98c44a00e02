"""The steps of the workflow that does a job: run, as often as it takes; or fail.

A step may be killed anywhere and run again. The job's record has the position to go on from, and the counts up to it;
both change in one write, after the work before it. So work may be done twice, which changes nothing, and is counted
once. Should two steps be at the same job, because the first was thought dead, only one of them gets its count in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from functions.jobs.advance import Advance
from functions.jobs.closing import delete_organization
from functions.jobs.deletion import delete_readings, purge_device
from functions.jobs.importing import import_readings
from functions.jobs.replaying import discard_quarantine, replay_quarantine
from whimbrel import instants
from whimbrel.domain.jobs import Job, JobFailed, JobId, JobKind, JobStatus
from whimbrel.ids import OrganizationId
from whimbrel.logs import log
from whimbrel.problems import NotFound, StaleVersion
from whimbrel.store.tenant import Tenant

STEP_S = 600
"""A step works for so long at most, …"""

MARGIN_S = 120
"""… and leaves so much of its Lambda's time for the work in hand."""

NOT_DONE = "It could not be done. Ask for it again; should that fail too, tell your operator this job's id."

TASKS: dict[JobKind, Callable[[Tenant, Job], Iterator[Advance]]] = {
    JobKind.DELETE_READINGS: delete_readings,
    JobKind.PURGE_DEVICE: purge_device,
    JobKind.REPLAY_QUARANTINE: replay_quarantine,
    JobKind.DISCARD_QUARANTINE: discard_quarantine,
    JobKind.IMPORT: import_readings,
    JobKind.DELETE_ORGANIZATION: delete_organization,
}

Progress = dict[str, Any]
"""What the workflow is told after a step: whether all is ``done``."""


def handler(event: dict[str, Any], context: Any) -> Progress:
    """Do the ``step`` of *event*: ``{step, organizationId, jobId, error?}``; return the progress."""
    tenant = Tenant(OrganizationId(event["organizationId"]))
    job_id = JobId(event["jobId"])
    match event["step"]:
        case "run":
            return run(tenant, job_id, min(STEP_S, context.get_remaining_time_in_millis() / 1000 - MARGIN_S))
        case "fail":
            return fail(tenant, job_id, event["error"])
        case unknown:
            raise ValueError(f"There is no step {unknown}.")


def run(tenant: Tenant, job_id: JobId, budget_s: float) -> Progress:
    """Go on with a job for *budget_s* seconds, or to its end."""
    deadline = time.monotonic() + budget_s
    jobs = tenant.things(Job)
    try:
        job = jobs.change(job_id, Job.started)
        if job.status is not JobStatus.RUNNING:
            return {"done": True}
        for advance in TASKS[job.task](tenant, job):
            job = jobs.replace(advance.applied(job))
            if time.monotonic() >= deadline:
                return {"done": False}
        jobs.replace(job.completed(instants.now()))
    except JobFailed as failure:
        reason = str(failure)
        jobs.change(job_id, lambda it: it.failed(instants.now(), reason))
    except NotFound:
        # It has been deleted; so has whoever wanted it done.
        log.info("a job was deleted while it was done", extra={"jobId": job_id})
    except StaleVersion:
        # It was ended from outside, or another step is at it: the next one will see.
        return {"done": False}
    return {"done": True}


def fail(tenant: Tenant, job_id: JobId, error: dict[str, Any]) -> Progress:
    """Note that the job failed for good: *error* is what Step Functions caught, ``{Error, Cause}``."""
    log.error("a job failed", extra={"jobId": job_id, "error": json.dumps(error)})
    jobs = tenant.things(Job)
    if jobs.find(job_id) is not None:
        jobs.change(job_id, lambda it: it.failed(instants.now(), NOT_DONE))
    return {"done": True}
