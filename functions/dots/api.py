"""What the operations under ``/api/v1.6`` have in common: their place, and what paths and queries may say."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.dots.dialect import DIALECT
from whimbrel.http.resource import Resource
from whimbrel.ids import DeviceId, SensorId

MAX_PAGE = 500

resource = Resource("/api/v1.6", tag="Dots API", dialect=DIALECT)

DeviceName = Annotated[str, Path(description="The device's label, or its id.", max_length=65)]
VariableName = Annotated[str, Path(description="The variable's label, or its id.", max_length=65)]
DeviceIdentifier = Annotated[DeviceId, Path()]
VariableIdentifier = Annotated[SensorId, Path()]
Milliseconds = Annotated[int | SkipJsonSchema[None], Query(description="In milliseconds since 1970, included.")]
Timestamp = Annotated[
    str | SkipJsonSchema[None],
    Query(description="Of values that bring none themselves: milliseconds since 1970.", examples=["1767225600000"]),
]
Type = Annotated[
    str | SkipJsonSchema[None], Query(description="The key of a device profile, for a device that this call makes.")
]
Status = Annotated[bool, Query(description="Tell in `_status` of the device, too.")]
PageNumber = Annotated[int, Query(ge=1, description="From 1.")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE)]
