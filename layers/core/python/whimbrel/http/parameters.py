"""Query and header parameters that many operations share."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic.json_schema import SkipJsonSchema

Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most.")]
Cursor = Annotated[
    str | SkipJsonSchema[None], Query(max_length=1024, description="`nextCursor` of the page before; opaque.")
]
IfMatch = Annotated[
    str | SkipJsonSchema[None],
    Header(alias="If-Match", description="The `ETag` that the change is based on; another one there answers 412."),
]
