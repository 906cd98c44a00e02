"""What a client may say about an annotation."""

from __future__ import annotations

from typing import Annotated

from pydantic import MISSING, AfterValidator

from whimbrel.bodies import Body, Instant, Metadata
from whimbrel.domain.annotations import (
    MADE_BY_THE_PLATFORM,
    AnnotationClassId,
    AnnotationFields,
    AnnotationSource,
    Confidence,
)
from whimbrel.domain.scopes import Scoped


def _of_a_client(source: AnnotationSource) -> AnnotationSource:
    if source in MADE_BY_THE_PLATFORM:
        raise ValueError("only the platform itself says so; send MANUAL, EXTERNAL or ML_INFERENCE")
    return source


class AnnotationBody(AnnotationFields, Body):
    """What can be changed of an annotation."""


class AnnotationCreate(AnnotationBody, Scoped):
    """A new annotation: what it is about, and of what class, for good."""

    class_id: AnnotationClassId
    source: Annotated[AnnotationSource, AfterValidator(_of_a_client)] = AnnotationSource.MANUAL


class AnnotationPatch(Body):
    """The fields of an annotation to change."""

    start_at: Instant | MISSING = MISSING
    end_at: Instant | MISSING | None = MISSING
    values: Metadata | MISSING = MISSING
    confidence: Confidence | MISSING | None = MISSING
