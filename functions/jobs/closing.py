"""Deleting an organization with everything it has.

First nobody and nothing gets in any more, and what is under way is told to stop. When everything that began before has
ended, all is removed: what leads to something goes after that, and the job itself together with the organization.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from functions.jobs.advance import Advance
from whimbrel import instants
from whimbrel.aws import iot
from whimbrel.aws.clients import client
from whimbrel.domain.exports import Export, draft_key, object_key
from whimbrel.domain.fleet import Device
from whimbrel.domain.imports import Import, errors_key, file_key
from whimbrel.domain.jobs import UNFINISHED, Job, JobKind
from whimbrel.domain.organizations import Organization
from whimbrel.ids import DeviceId
from whimbrel.settings import settings
from whimbrel.store.closing import emptied, end_access
from whimbrel.store.directory import delist
from whimbrel.store.readings_blocks import partition_of
from whimbrel.store.registration import forget_device, forget_token
from whimbrel.store.tenant import Tenant
from whimbrel.store.traces import DEVICE, TOKEN, traces

QUIET_MS = 1_020_000
"""The authorizer's memory is a minute, a Lambda's life fifteen: after so long nothing is at work that began before."""

REST_S = PULSE_S = 10
"""How often the record is told that the job waits, or how far it is."""

Position = dict[str, Any]

KINDS = (
    "access_token", "annotation", "annotation_class", "api_key", "audit_head", "audit_intent", "call", "certificate",
    "component", "device", "device_group", "device_profile", "export", "import", "invitation", "invitee", "limit",
    "member", "owner_count", "pack", "pack_release", "profile_line", "quarantine", "registration_token", "sensor",
    "sensor_profile", "site", "task", "trace",
)  # fmt: skip
"""Every partition of the registry but the job's own and the organization's, which go last."""


def delete_organization(tenant: Tenant, job: Job) -> Iterator[Advance]:
    """Delete the organization whose job this is; the job goes with it."""
    position = job.position
    if "quietAt" not in position:
        # Who asked for it has done this already, unless that was interrupted.
        end_access(tenant)
        _stop_jobs(tenant)
        yield from _now_and_then(_cut_off(tenant, position))
        position = {"quietAt": instants.now_ms() + QUIET_MS}
        yield Advance(position=position)
    while instants.now_ms() < position["quietAt"]:
        time.sleep(REST_S)
        yield Advance(position=position)
    # Once more: what was being made then is there now.
    end_access(tenant)
    yield from _now_and_then(_removed(tenant, position))
    delist(client("dynamodb"), settings().log_table, tenant.organization_id)
    jobs = tenant.things(Job)
    jobs.remove_all([each.id for each in jobs.all() if each.id != job.id])
    tenant.commit([tenant.things(Organization).removing(tenant.organization_id), jobs.removing(job.id)])


def _stop_jobs(tenant: Tenant) -> None:
    """End all jobs of other kinds."""
    jobs = tenant.things(Job)
    for job in jobs.all():
        if job.task is not JobKind.DELETE_ORGANIZATION and job.status in UNFINISHED:
            jobs.change(job.id, lambda it: it.failed(instants.now(), "The organization is being deleted."))


def _cut_off(tenant: Tenant, position: Position) -> Iterator[Position]:
    """Refuse registration tokens, end certificates and cut connections."""
    for token_id in traces(tenant, TOKEN):
        forget_token(token_id)
        yield position
    for device in tenant.things(Device).all(after=position.get("after")):
        _retire(device.id)
        yield {"after": device.id}


def _retire(device_id: DeviceId) -> None:
    iot.retire_device(device_id)
    forget_device(device_id)


def _removed(tenant: Tenant, position: Position) -> Iterator[Position]:
    """Remove what the organization has, but for its jobs and itself; what leads to something goes after that."""
    registry, audit, log, blocks = (
        partial(emptied, tenant.client, table)
        for table in (settings().registry_table, settings().audit_table, settings().log_table, settings().blocks_table)
    )
    organization_id = tenant.organization_id
    for token_id in traces(tenant, TOKEN):
        forget_token(token_id)
        yield position
    devices = tenant.things(Device)
    for device in devices.all():
        _retire(device.id)
        yield from (position for _ in blocks(partition_of(organization_id, device.id)))
        devices.remove_all([device.id])
        yield position
    for device_id in traces(tenant, DEVICE, after=position.get("former", "")):
        forget_device(device_id)
        yield from (position for _ in blocks(partition_of(organization_id, device_id)))
        position = position | {"former": device_id}
        yield position
    yield from (position for _ in _objects_removed(tenant))
    for partition in tenant.readings().log_partitions():
        yield from (position for _ in log(partition))
    for kind in ("audit", "audit_id"):
        yield from (position for _ in audit(f"ORG#{organization_id}#{kind}"))
    for kind in KINDS:
        yield from (position for _ in registry(f"ORG#{organization_id}#{kind}"))


def _objects_removed(tenant: Tenant) -> Iterator[None]:
    """Remove the objects of exports and imports, each before its record."""
    exports, imports, jobs = tenant.things(Export), tenant.things(Import), tenant.things(Job)
    for export in exports.all():
        for key in (object_key(export.id), draft_key(export.id)):
            tenant.objects.delete(key)
        exports.remove_all([export.id])
        yield
    for asked in imports.all():
        job = jobs.find(asked.job_id)
        parts = [errors_key(asked.id, part) for part in (job.position.get("parts", ()) if job else ())]
        for key in (file_key(asked.id), errors_key(asked.id), *parts):
            tenant.objects.delete(key)
        imports.remove_all([asked.id])
        yield


def _now_and_then(positions: Iterator[Position]) -> Iterator[Advance]:
    """Yield the last of *positions* every few seconds: any of them is good to go on from."""
    told = time.monotonic()
    for position in positions:
        if time.monotonic() >= told + PULSE_S:
            yield Advance(position=position)
            told = time.monotonic()
