"""Quarantine in bulk: replay what a filter finds, or discard it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice, takewhile

from functions.jobs.advance import Advance, NotStored
from whimbrel.domain.jobs import Job, JobError
from whimbrel.domain.quarantine import QuarantinedReading, QuarantineFilter
from whimbrel.store.replay import judge_again, note_refusals
from whimbrel.store.tenant import Tenant

CHUNK = 500
"""So many are looked at between two notes in the record."""


def replay_quarantine(tenant: Tenant, job: Job) -> Iterator[Advance]:
    """Judge again what the filter ``{filter}`` finds: what is accepted is stored and leaves, what is not stays."""
    things = tenant.things(QuarantinedReading)
    things.remove_all(job.position.get("forget", ()))
    store = tenant.readings_to_append()
    for chunk in _chunks(tenant, job):
        replay = judge_again(tenant.equipment(), chunk)
        failures = store.append(replay.frames, replay.names)
        if failures:
            raise NotStored from next(iter(failures.values()))
        note_refusals(tenant, chunk, replay)
        accepted = [item.id for item in chunk if item.id not in replay.refused]
        yield Advance(
            position={"after": chunk[-1].id, "forget": accepted},
            counted=Counter(accepted=len(accepted), refused=len(replay.refused)),
            errors=tuple(
                JobError(item=identifier, code=each.reason, detail=each.detail)
                for identifier, each in replay.refused.items()
            ),
        )
        # Only now: a reading that has left is found by nobody who would count it.
        things.remove_all(accepted)


def discard_quarantine(tenant: Tenant, job: Job) -> Iterator[Advance]:
    """Remove what the filter ``{filter}`` finds."""
    things = tenant.things(QuarantinedReading)
    things.remove_all(job.position.get("forget", ()))
    for chunk in _chunks(tenant, job):
        found = [item.id for item in chunk]
        yield Advance(position={"after": found[-1], "forget": found}, counted={"discarded": len(found)})
        things.remove_all(found)


def _chunks(tenant: Tenant, job: Job) -> Iterator[list[QuarantinedReading]]:
    """Yield what the job's filter finds of what was there when it was asked for."""
    wanted = QuarantineFilter.model_validate(job.parameters["filter"])
    after = job.position.get("after") or wanted.after()
    until = min(job.created_at, wanted.end or job.created_at)
    things = tenant.things(QuarantinedReading).all(wanted.device_id, after=after)
    # Identifiers have the time of acceptance, so the list is in its order.
    there = takewhile(lambda item: item.received_at <= until, things)
    matching = filter(wanted.matches, there)
    while chunk := list(islice(matching, CHUNK)):
        yield chunk
