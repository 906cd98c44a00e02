"""Jobs: work that outlasts a request, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from whimbrel.bodies import Instant, Wire
from whimbrel.entity import Entity
from whimbrel.ids import Id

MAX_ERRORS = 50
"""So many errors are told in a job itself."""

SILENCE = timedelta(minutes=40)
"""After so long without a sign of life the work is taken to have died: longer than a step with all its retries."""


class JobId(Id):
    """A job; also the name of the execution that does it."""

    __slots__ = ()


class JobKind(StrEnum):
    """What a job does."""

    DELETE_READINGS = "DELETE_READINGS"
    PURGE_DEVICE = "PURGE_DEVICE"
    REPLAY_QUARANTINE = "REPLAY_QUARANTINE"
    DISCARD_QUARANTINE = "DISCARD_QUARANTINE"
    IMPORT = "IMPORT"
    DELETE_ORGANIZATION = "DELETE_ORGANIZATION"


class JobStatus(StrEnum):
    """PENDING → RUNNING → SUCCEEDED, PARTIAL (some of it could not be done) or FAILED."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


UNFINISHED = frozenset({JobStatus.PENDING, JobStatus.RUNNING})


class JobFailed(Exception):
    """A job cannot be done, whoever tries again; the message is for people."""


def _is_none(value: object) -> bool:
    return value is None


Later = Field(exclude_if=_is_none)
"""Marks a field that is left out until it is known."""


class JobError(Wire):
    """One thing that a job could not do."""

    item: Annotated[str, Field(description="What it is about: an identifier, or `row 17`.")]
    code: Annotated[str, Field(examples=["TYPE_MISMATCH"])]
    detail: str


class JobState(Wire):
    """A job as it stands; what is not known yet is not there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    # The entity's own ``kind`` is what it is called in keys.
    task: Annotated[JobKind, Field(alias="kind")]
    status: JobStatus = JobStatus.PENDING
    parameters: Annotated[dict[str, Any], Field(description="What was asked for.")]
    requested_by: str
    counts: Annotated[dict[str, int], Field(description="What it has done so far.")] = Field(default_factory=dict)
    errors: Annotated[tuple[JobError, ...], Field(description=f"What could not be done, the first {MAX_ERRORS}.")] = ()
    progress: Annotated[int | SkipJsonSchema[None], Later, Field(description="Per cent, where it is known.")] = None
    completed_at: Annotated[Instant | SkipJsonSchema[None], Later] = None


class Job(JobState, Entity[JobId]):
    """A piece of work in the background.

    ``position`` is where to go on. It is stored together with the counts, in one write: whatever was done since is
    done again after a crash, and counted once. ``failures`` counts what ``errors`` has no room for, too.
    """

    kind: ClassVar[str] = "job"

    position: dict[str, Any] = Field(default_factory=dict)
    failures: int = 0

    def started(self) -> Self:
        """Return this job at work, if it was waiting."""
        return self.next_version(status=JobStatus.RUNNING) if self.status is JobStatus.PENDING else self

    def advanced(
        self,
        position: dict[str, Any],
        counted: Mapping[str, int],
        *,
        errors: tuple[JobError, ...] = (),
        failures: int | None = None,
        share: float | None = None,
    ) -> Self:
        """Return this job further on: *counted* and *errors* are what was added since, *share* (0 to 1) what is done.

        *failures* is how many things could not be done, if that is more than *errors* tells.
        """
        counts = self.counts | {name: self.counts.get(name, 0) + number for name, number in counted.items()}
        return self.next_version(
            position=position,
            counts=counts,
            errors=(self.errors + errors)[:MAX_ERRORS],
            failures=self.failures + (len(errors) if failures is None else failures),
            # 100 is for what is complete.
            progress=self.progress if share is None else max(self.progress or 0, min(99, int(share * 100))),
        )

    def completed(self, at: datetime) -> Self:
        """Return this job done, with or without failures, if it was at work."""
        if self.status is not JobStatus.RUNNING:
            return self
        status = JobStatus.PARTIAL if self.failures else JobStatus.SUCCEEDED
        return self.next_version(status=status, progress=100, completed_at=at, position={})

    def failed(self, at: datetime, reason: str) -> Self:
        """Return this job failed for *reason*, if it was unfinished."""
        if self.status not in UNFINISHED:
            return self
        error = JobError(item="job", code="FAILED", detail=reason)
        return self.next_version(
            status=JobStatus.FAILED, progress=None, completed_at=at, errors=(error, *self.errors)[:MAX_ERRORS]
        )

    def seen_at(self, now: datetime) -> Self:
        """Return this job as it is to be told at *now*: given up, if nothing was heard of it for long."""
        if self.status in UNFINISHED and now - self.updated_at > SILENCE:
            return self.failed(self.updated_at + SILENCE, "The work was interrupted. Ask for it again.")
        return self


class JobAnswer(JobState):
    """A job as it stands now; what is not known yet is left out."""

    id: JobId
    created_at: Instant

    @classmethod
    def of(cls, job: Job, now: datetime) -> JobAnswer:
        """Return the answer about *job* at the moment *now*."""
        seen = job.seen_at(now)
        return cls(**{name: getattr(seen, name) for name in cls.model_fields})
