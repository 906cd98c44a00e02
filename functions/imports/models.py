"""What a client says of a file to import, and what it is told of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from whimbrel.bodies import Body, Instant, Wire
from whimbrel.domain.imports import Import, ImportFields, ImportId
from whimbrel.domain.jobs import JobAnswer, JobError, JobId, Later


class ImportStatus(StrEnum):
    """WAITING, and then what its job is."""

    WAITING = "WAITING"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


class ImportBody(ImportFields, Body):
    """What the file is, and what is in it."""


class ImportUpload(Wire):
    """Where to send the file: a form (`multipart/form-data`) of ``fields``, in order, and then ``file``."""

    url: str
    fields: dict[str, str]
    max_bytes: int
    expires_at: Instant


class ImportAnswer(ImportFields):
    """An import as it stands now; what is not known yet is left out."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    id: ImportId
    status: Annotated[ImportStatus, Field(description="`WAITING` for the file and the start; then its job's.")]
    requested_by: str
    created_at: Instant
    upload: Annotated[ImportUpload | SkipJsonSchema[None], Later] = None
    started_at: Annotated[Instant | SkipJsonSchema[None], Later] = None
    job_id: Annotated[JobId | SkipJsonSchema[None], Later] = None
    counts: Annotated[dict[str, int] | SkipJsonSchema[None], Later] = None
    progress: Annotated[int | SkipJsonSchema[None], Later, Field(description="Per cent.")] = None
    errors: Annotated[
        tuple[JobError, ...] | SkipJsonSchema[None], Later, Field(description="Of the rows not taken in, the first.")
    ] = None
    errors_url: Annotated[
        str | SkipJsonSchema[None],
        Later,
        Field(description="All of them as CSV: `row,reason,detail`. Good for 15 minutes; get the import for another."),
    ] = None
    completed_at: Annotated[Instant | SkipJsonSchema[None], Later] = None

    @classmethod
    def of(cls, asked: Import, job: JobAnswer | None, **links: Any) -> ImportAnswer:
        """Return the answer about an import; *job* does it, once it is started."""
        told: dict[str, Any] = {"status": ImportStatus.WAITING}
        told |= {name: getattr(asked, name) for name in ImportFields.model_fields}
        told |= {name: getattr(asked, name) for name in ("id", "requested_by", "created_at", "started_at")}
        if job:
            told |= {name: getattr(job, name) for name in ("counts", "progress", "errors", "completed_at")}
            told |= {"job_id": job.id, "status": ImportStatus(job.status)}
        return cls(**told, **links)
