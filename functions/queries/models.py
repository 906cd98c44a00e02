"""Questions about many readings at once, and their answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic.json_schema import SkipJsonSchema

from whimbrel.bodies import Body, Instant, Wire
from whimbrel.domain.series import ValueType
from whimbrel.ids import SensorId

MAX_SENSORS = 50
MAX_POINTS = 10_000
MAX_FUNCTIONS = 20

Number = StrictInt | StrictFloat
Figure = StrictBool | Number | StrictStr | None

Numeric = Literal[ValueType.DOUBLE, ValueType.BIGINT]


class Bucket(Wire):
    """A window of time and what its readings amount to: beside these, each function asked for, under its name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Figure] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    start: Instant
    end: Instant
    count: int


class SensorBuckets(Wire):
    """A sensor's readings by bucket, oldest first."""

    sensor_id: SensorId
    value_type: ValueType
    unit: str | None
    interval: str
    tz: str
    buckets: list[Bucket]


class Stats(Wire):
    """What the readings of a range amount to; null where there is none."""

    sensor_id: SensorId
    unit: str | None
    count: int
    first_at: Instant | None
    last_at: Instant | None


class NumberStats(Stats):
    """What numbers amount to."""

    value_type: Numeric
    min: Number | None
    max: Number | None
    avg: Number | None
    stddev: Annotated[Number | None, Field(description="Of the sample; null below two readings.")]
    sum: Number | None
    first: Number | None
    last: Number | None
    p50: Number | None
    p95: Number | None
    p99: Number | None


class BooleanStats(Stats):
    """What truth values amount to."""

    value_type: Literal[ValueType.BOOLEAN]
    true_count: int
    false_count: int
    duty: Annotated[float | None, Field(description="The share of readings that are true.")]
    first: StrictBool | None
    last: StrictBool | None


class TextCount(Wire):
    """A text, and how many readings have it."""

    value: StrictStr
    count: int


class TextStats(Stats):
    """What texts amount to."""

    value_type: Literal[ValueType.TEXT]
    distinct: int
    is_exact: Annotated[
        bool, Field(description="False: there are more texts than were told apart, `distinct` is the least there are.")
    ]
    top: Annotated[list[TextCount], Field(description="The ten most frequent, at most.")]
    first: StrictStr | None
    last: StrictStr | None


class BatchQuery(Body):
    """Readings of which sensors, of when, and how they are to be reduced: by `interval`, by `maxPoints`, or not."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "sensorIds": ["01900000-0000-7000-8000-000000000000"],
                    "last": "24h",
                    "interval": "1h",
                    "fn": ["avg", "max"],
                }
            ]
        }
    )

    sensor_ids: Annotated[list[SensorId], Field(min_length=1, max_length=MAX_SENSORS)]
    start: Annotated[Instant | SkipJsonSchema[None], Field(alias="from", description="Inclusive.")] = None
    end: Annotated[Instant | SkipJsonSchema[None], Field(alias="to", description="Exclusive.")] = None
    last: Annotated[
        str | SkipJsonSchema[None],
        Field(max_length=32, description="Instead of `from` and `to`: how far back from now, as in `15m` or `PT15M`."),
    ] = None
    interval: Annotated[
        str | SkipJsonSchema[None], Field(max_length=32, description="Buckets of that length, as in `1h` or `PT1H`.")
    ] = None
    fn: Annotated[
        str | list[str] | SkipJsonSchema[None],
        Field(description="With `interval`: functions, in an array or with commas between."),
    ] = None
    tz: Annotated[str, Field(max_length=64, description="With `interval`: whose calendar, by its IANA name.")] = "UTC"
    fill: Annotated[
        Literal["none", "null", "previous", "linear"], Field(description="With `interval`: what empty buckets say.")
    ] = "none"
    max_points: Annotated[
        Annotated[int, Field(ge=2, le=MAX_POINTS)] | SkipJsonSchema[None],
        Field(description="So many points of each sensor at most."),
    ] = None


class BatchPoint(Wire):
    """One reading, without its metadata."""

    timestamp: Instant
    value: StrictBool | Number | StrictStr


class BatchPoints(Wire):
    """A sensor's readings, oldest first: all, or as many as were asked for."""

    value_type: ValueType
    unit: str | None
    points: list[BatchPoint]


class BatchBuckets(Wire):
    """A sensor's readings by bucket, oldest first."""

    value_type: ValueType
    unit: str | None
    buckets: list[Bucket]


class BatchAnswer(Wire):
    """What was found of each sensor, by its id."""

    start: Annotated[Instant, Field(alias="from")]
    end: Annotated[Instant, Field(alias="to")]
    sensors: dict[str, BatchBuckets | BatchPoints]
