"""What a client may say about an annotation."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from whimbrel.bodies import Body
from whimbrel.domain.annotations import (
    MADE_BY_THE_PLATFORM,
    AnnotationClassId,
    AnnotationFields,
    AnnotationSource,
)
from whimbrel.domain.scopes import Scoped
from whimbrel.http.standard import patch_of


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


AnnotationPatch = patch_of(AnnotationBody)
