"""Starting a job: what every operation does that answers 202."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whimbrel import instants
from whimbrel.auth import Caller
from whimbrel.aws import workflows
from whimbrel.domain.fleet import Sensor
from whimbrel.domain.jobs import Job, JobAnswer, JobId, JobKind
from whimbrel.http.exchange import Exchange
from whimbrel.problems import Unavailable
from whimbrel.settings import settings
from whimbrel.store.tenant import Tenant


def start(tenant: Tenant, caller: Caller, exchange: Exchange, task: JobKind, parameters: dict[str, Any]) -> JobAnswer:
    """Start a job of the caller's; the answer names it in ``Location``.

    Raises:
        Unavailable: it was not started, and there is no such job.
    """
    job = Job(id=JobId.new(), task=task, parameters=parameters, requested_by=caller.subject)
    tenant.things(Job).add(job)
    try:
        wake(tenant, job)
    except Unavailable:
        # Should it have started after all, it finds no record and ends.
        tenant.things(Job).remove(job)
        raise
    return told(job, exchange)


def delete_readings(
    tenant: Tenant, caller: Caller, exchange: Exchange, sensor: Sensor, bounds: Mapping[str, str]
) -> JobAnswer:
    """Start the job that deletes a sensor's readings of ``from <= timestamp < to``, each as RFC 3339 if it is given.

    What is accepted after this request stays, whatever its timestamp.

    Raises:
        Unavailable: the job was not started.
    """
    asked = {
        "deviceId": sensor.device_id,
        "sensorId": sensor.id,
        "acceptedUntil": instants.format_ms(exchange.received_ms),
        **bounds,
    }
    return start(tenant, caller, exchange, JobKind.DELETE_READINGS, asked)


def wake(tenant: Tenant, job: Job) -> None:
    """Start the execution that does *job*; doing it twice starts it once.

    Raises:
        Unavailable: it was not started, or nobody knows whether it was.
    """
    event = {"organizationId": tenant.organization_id, "jobId": job.id}
    workflows.start(settings().job_workflow_arn, job.id, event)


def told(job: Job, exchange: Exchange) -> JobAnswer:
    """Return the answer about *job*, and say in ``Location`` where to ask for it again."""
    exchange.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return JobAnswer.of(job, instants.now())
