"""What clients send and get: closed models, camelCase on the wire, and the field types that they share."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    MISSING,
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from whimbrel.instants import format_instant, from_ms, parse_ms

MAX_METADATA_BYTES = 10_240
MAX_TAGS = 20


class Wire(BaseModel):
    """A model of the wire: camelCase outside, snake_case inside."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
    )

    def given(self) -> dict[str, Any]:
        """Return the fields that are there: all but those of a patch that were left out."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if value is not MISSING}


class Body(Wire):
    """A request body: an unknown field is refused, since it is most likely a misspelt one."""

    model_config = ConfigDict(extra="forbid")


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("send an RFC 3339 time such as 2026-01-31T12:00:00.000Z")  # noqa: TRY004 (pydantic's contract)
    return from_ms(parse_ms(value))


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00.000Z"]}),
]
"""A point in time: RFC 3339 with any offset in, UTC with milliseconds and ``Z`` out; a naive time is refused."""


def _clean(text: str) -> str:
    # Bidirectional overrides and controls let one name pass for another.
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in text):
        raise ValueError("control and formatting characters are not allowed")
    return unicodedata.normalize("NFC", text)


Name = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_clean)]
"""A name for people: 1 to 128 characters, NFC, no control characters."""

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,35}$", examples=["temperature"])]
"""A name for machines: at most 36 letters, digits, ``_``, ``-`` and ``.``."""

Tag = Annotated[str, Field(min_length=1, max_length=64, examples=["roof"]), AfterValidator(_clean)]


def _distinct(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


Tags = Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS), AfterValidator(_distinct)]


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    from whimbrel.strict_json import dumps

    if len(dumps(metadata).encode()) > MAX_METADATA_BYTES:
        raise ValueError(f"its JSON must not exceed {MAX_METADATA_BYTES} bytes")
    return metadata


Metadata = Annotated[dict[str, Any], AfterValidator(_small)]
"""Any JSON object of at most 10 KB."""
