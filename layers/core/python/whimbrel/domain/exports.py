"""Exports: what was asked for, how far it is, and what is said about the archive inside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema

from whimbrel.bodies import Instant
from whimbrel.domain.scopes import ENTITIES, Scoped
from whimbrel.entity import Entity
from whimbrel.ids import Id

LIFE = timedelta(hours=24)
"""How long a finished export can be downloaded."""

SILENCE = timedelta(minutes=40)
"""After so long without a sign of life the work is taken to have died: longer than a step with all its retries."""


class ExportId(Id):
    """An export; also the name of the execution that writes it."""

    __slots__ = ()


class Content(StrEnum):
    """What an export can hold."""

    READINGS = "READINGS"
    ANNOTATIONS = "ANNOTATIONS"


class ExportFormat(StrEnum):
    """How the files of an export are written."""

    PARQUET = "PARQUET"
    CSV = "CSV"
    JSONL = "JSONL"


class ExportStatus(StrEnum):
    """PENDING → RUNNING → READY or FAILED; READY → EXPIRED by the clock."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


UNFINISHED = frozenset({ExportStatus.PENDING, ExportStatus.RUNNING})


def _distinct(includes: tuple[Content, ...]) -> tuple[Content, ...]:
    return tuple(dict.fromkeys(includes))


def _is_none(value: object) -> bool:
    return value is None


Later = Field(exclude_if=_is_none)
"""Marks a field that is left out until it is known."""


class ExportFields(Scoped):
    """What to export: all of a thing of the fleet, in ``from <= t < to``."""

    start: Annotated[Instant, Field(alias="from")]
    end: Annotated[Instant, Field(alias="to")]
    includes: Annotated[tuple[Content, ...], Field(min_length=1), AfterValidator(_distinct)]
    format: ExportFormat = ExportFormat.PARQUET

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: datetime, info: ValidationInfo) -> datetime:
        if "start" in info.data and end <= info.data["start"]:
            raise ValueError("it must be after from")
        return end


class ExportState(ExportFields):
    """An export as it stands; what is not known yet is not there."""

    status: ExportStatus
    requested_by: str
    progress: Annotated[int | SkipJsonSchema[None], Later, Field(description="Per cent.")] = None
    size_bytes: Annotated[int | SkipJsonSchema[None], Later] = None
    reading_count: Annotated[int | SkipJsonSchema[None], Later] = None
    annotation_count: Annotated[int | SkipJsonSchema[None], Later] = None
    completed_at: Annotated[Instant | SkipJsonSchema[None], Later] = None
    expires_at: Annotated[Instant | SkipJsonSchema[None], Later] = None
    error: Annotated[str | SkipJsonSchema[None], Later, Field(description="Why it failed.")] = None


class Export(ExportState, Entity[ExportId]):
    """A request for an archive of readings and annotations."""

    kind: ClassVar[str] = "export"

    status: ExportStatus = ExportStatus.PENDING

    def references(self) -> dict[str, type[Entity[Any]]]:
        return {"scope_id": ENTITIES[self.scope_type]}

    def started(self) -> Self:
        """Return this export at work, if it was waiting."""
        if self.status is not ExportStatus.PENDING:
            return self
        return self.next_version(status=ExportStatus.RUNNING, progress=0)

    def advanced(self, share: float) -> Self:
        """Return this export with *share* (0 to 1) of its contents written, if it is at work; a sign of life."""
        if self.status is not ExportStatus.RUNNING:
            return self
        # 100 is for what can be downloaded.
        return self.next_version(progress=min(99, int(share * 100)))

    def completed(self, at: datetime, size_bytes: int, rows: dict[Content, int]) -> Self:
        """Return this export ready for download, if it was at work; *rows* has a count for all it includes."""
        if self.status is not ExportStatus.RUNNING:
            return self
        return self.next_version(
            status=ExportStatus.READY,
            progress=100,
            size_bytes=size_bytes,
            reading_count=rows.get(Content.READINGS),
            annotation_count=rows.get(Content.ANNOTATIONS),
            completed_at=at,
            expires_at=at + LIFE,
        )

    def failed(self, error: str) -> Self:
        """Return this export failed for the reason *error*, if it was unfinished."""
        if self.status not in UNFINISHED:
            return self
        return self.next_version(status=ExportStatus.FAILED, progress=None, error=error)

    def seen_at(self, now: datetime) -> Self:
        """Return this export as it is to be told at *now*: expired, or given up, if that time has come."""
        if self.status is ExportStatus.READY and self.expires_at and now >= self.expires_at:
            return self.model_copy(update={"status": ExportStatus.EXPIRED})
        if self.status in UNFINISHED and now - self.updated_at > SILENCE:
            return self.failed("The work on this export was interrupted. Ask for it again.")
        return self


def draft_key(export_id: ExportId) -> str:
    """Return where an export is kept while it is written, among its organization's objects."""
    return object_key(export_id) + ".draft"


def object_key(export_id: ExportId) -> str:
    """Return where the archive of an export is kept, among its organization's objects."""
    return f"exports/{export_id}.zip"
