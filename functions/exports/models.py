"""What a client may ask to be exported, and what it is told of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from whimbrel.bodies import Body, Instant
from whimbrel.domain.exports import Export, ExportFields, ExportId, ExportState, Later


class ExportBody(ExportFields, Body):
    """What to export, and how."""


class ExportAnswer(ExportState):
    """An export as it stands now; what is not known yet is left out."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    id: ExportId
    created_at: Instant
    download_url: Annotated[
        str | SkipJsonSchema[None], Later, Field(description="Good for 15 minutes; get the export again for another.")
    ] = None

    @classmethod
    def of(cls, export: Export, download_url: str | None = None) -> ExportAnswer:
        """Return the answer about *export*."""
        told = {name: getattr(export, name) for name in cls.model_fields if name != "download_url"}
        return cls(**told, download_url=download_url)
