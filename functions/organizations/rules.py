"""Deleting an organization: how it begins."""

from __future__ import annotations

from whimbrel import instants
from whimbrel.domain.jobs import UNFINISHED, Job, JobId, JobKind
from whimbrel.domain.organizations import Organization
from whimbrel.http.jobs import wake
from whimbrel.problems import StaleVersion
from whimbrel.store.closing import end_access
from whimbrel.store.tenant import Tenant


def delete(tenant: Tenant, organization: Organization, requested_by: str) -> Job:
    """Begin to delete an organization, or go on with it: its job is under way then, and nobody gets in any more.

    Raises:
        Unavailable: the job was not started; ask again. StaleVersion: it has changed meanwhile.
    """
    jobs = tenant.things(Job)
    job = jobs.find(organization.deletion_job_id) if organization.deletion_job_id else None
    if job is None or job.seen_at(instants.now()).status not in UNFINISHED:
        job = Job(id=JobId.new(), task=JobKind.DELETE_ORGANIZATION, parameters={}, requested_by=requested_by)
        # From here on nothing that devices send is taken, and no invitation accepted.
        marked = tenant.things(Organization).replacing(organization.next_version(deletion_job_id=job.id))
        if tenant.commit([marked, jobs.adding(job)]):
            raise StaleVersion("The organization has changed meanwhile; get it again and repeat this.")
    wake(tenant, job)
    # The job does that too, but later. As long as who asked for it is listed, they can repeat what was interrupted.
    end_access(tenant, still_listed=requested_by)
    return job
