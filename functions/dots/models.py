"""What the dots API tells and is asked; its names are written with underscores."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from whimbrel.bodies import MAX_METADATA_BYTES, Key, Name, Tags
from whimbrel.domain.calendar import zone_named
from whimbrel.ids import DeviceId, SensorId
from whimbrel.strict_json import dumps

MAX_VARIABLES = 50

Aggregation = Literal["mean", "min", "max", "count", "sum"]
ColumnName = Literal[
    "timestamp",
    "value.value",
    "value.context",
    "variable.id",
    "variable.label",
    "variable.name",
    "variable.properties.color",
    "device.name",
    "device.label",
]


class Words(BaseModel):
    """What is said in this API."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Token(Words):
    """A credential for ``X-Auth-Token``."""

    token: str


class TaskId(Words):
    """Which task tells what became of a request."""

    task_id: str


class DotResult(Words):
    """A value that is stored."""

    status_code: Literal[201] = 201


class DotResults(RootModel[dict[str, Any]]):
    """By variable, a result for each of its values; ``_status`` if that was asked for."""


class VariableResults(RootModel[DotResult | list[DotResult]]):
    """A result for the value; in an array, if the values were."""


class Page(Words):
    """Some of a list: how many there are in all, and where the neighbouring pages are."""

    count: int
    next: str | None
    previous: str | None


class Value(Words):
    """A value: of when, and when it came, in milliseconds since 1970."""

    timestamp: int
    value: Any
    context: dict[str, Any]
    created_at: int


class ValuePage(Page):
    """Values, newest first."""

    results: list[Value]


class DeviceReference(Words):
    """The device of a variable."""

    id: DeviceId
    name: str | None
    url: str


class Datasource(Words):
    """A device. Moments are in milliseconds since 1970."""

    id: DeviceId
    name: str
    label: str
    url: str
    description: str | None
    tags: list[str]
    context: dict[str, Any]
    parent: None = None
    created_at: int
    last_activity: int | None
    variables_url: str


class DatasourcePage(Page):
    """Devices, oldest first."""

    results: list[Datasource]


class Variable(Words):
    """A variable of a device: a sensor. Moments are in milliseconds since 1970."""

    id: SensorId
    name: str
    label: str
    url: str
    unit: str | None
    type: Literal["raw"] = "raw"
    datasource: DeviceReference
    created_at: int
    values_url: str
    last_value: Annotated[Value | None, Field(description="Lists leave it out.")] = None
    last_activity: int | None = None


class VariablePage(Page):
    """Variables, oldest first."""

    results: list[Variable]


class NewDatasource(Words):
    """A new device; with a label, data can name it by that."""

    name: Name
    label: Annotated[str | SkipJsonSchema[None], Field(max_length=64)] = None
    description: Annotated[str | SkipJsonSchema[None], Field(max_length=1_000)] = None
    tags: Tags = ()
    context: dict[str, Any] = Field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, Any]:
        """The context and the description, as they are kept."""
        return self.context if self.description is None else {**self.context, "description": self.description}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(dumps(self.metadata).encode()) > MAX_METADATA_BYTES:
            raise ValueError(f"context and description must not exceed {MAX_METADATA_BYTES} bytes together")
        return self


class NewVariable(Words):
    """A new variable; without a label it is labelled by what of its name a label can hold."""

    name: Name
    label: Key | SkipJsonSchema[None] = None
    unit: Annotated[str | SkipJsonSchema[None], Field(max_length=32)] = None


def _zone(name: str) -> str:
    zone_named(name)
    return name


class SeriesQuery(Words):
    """Which values of which variables, in milliseconds since 1970; both ends are included."""

    variables: Annotated[list[SensorId], Field(min_length=1, max_length=MAX_VARIABLES)]
    join_dataframes: StrictBool = False
    start: StrictInt | SkipJsonSchema[None] = None
    end: StrictInt | SkipJsonSchema[None] = None
    tz: Annotated[
        StrictStr, Field(max_length=64, description="Whose calendar, by its IANA name."), AfterValidator(_zone)
    ] = "UTC"
    precision: Annotated[
        Annotated[StrictInt, Field(ge=0, le=15)] | SkipJsonSchema[None],
        Field(description="Decimals; all that there are without it."),
    ] = None


class RawQuery(SeriesQuery):
    """Values as they are: of the range, or the last 100 of each variable."""

    columns: Annotated[list[ColumnName], Field(min_length=1, max_length=9)]
    limit: Annotated[
        Annotated[StrictInt, Field(ge=1, le=50_000)] | SkipJsonSchema[None],
        Field(description="So many of each variable at most, the newest."),
    ] = None


class Aggregate(SeriesQuery):
    """What values amount to."""

    aggregation: Aggregation


class ResampleQuery(Aggregate):
    """What values amount to by period."""

    period: Annotated[
        StrictStr,
        Field(
            max_length=8,
            description="`15T` (minutes), `1H`, `1D`, named by their beginnings; `W`, `M`, by their last days.",
        ),
    ]


class Series(Words):
    """Rows of values, and what stands in them."""

    results: list[Any]
    columns: list[Any]


class Aggregated(Words):
    """A figure for each variable, or one for all."""

    results: Any
