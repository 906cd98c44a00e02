"""What the entity API takes and gives: snake_case, else as everything on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from whimbrel.bodies import Instant, Name, Wire
from whimbrel.domain.profiles import DeviceProfileId
from whimbrel.problems import BadRequest

MAX_VALUES = 10_000
MAX_OPERATIONS = 100
EXAMPLE: dict[str, Any] = {"attribute_id": "temperature", "value": 21.5, "updated_at": "2026-01-31T12:00:00Z"}
_NUMERAL = re.compile(r"-?\d{1,38}(\.\d{1,38})?([eE][+-]?\d{1,4})?\Z", re.ASCII)


class WrongShape(BadRequest):
    """It is JSON, but not of the shape that the operation takes."""

    title = "Wrong shape"


class Given(NamedTuple):
    """A value as it was sent, and the paths by which a refusal names its parts."""

    attribute: str
    value: Any
    updated_at: str | None
    attribute_path: str
    value_path: str
    updated_at_path: str


class Snake(Wire):
    """A model of the entity API."""

    model_config = ConfigDict(alias_generator=None)


class Shaped(Snake):
    """A body, or a part of one: an unknown field is refused, and what is no object is of the wrong shape.

    ``either`` names fields of which there is one only, and tells what each is; whether there has to be one,
    ``needs_one``.
    """

    model_config = ConfigDict(extra="forbid")
    either: ClassVar[dict[str, type]] = {}
    needs_one: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _check_shape(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            raise WrongShape("The body is a JSON object.")
        there = [name for name in cls.either if name in raw]
        if len(there) > 1 or (cls.either and not there and cls.needs_one):
            raise WrongShape(f"Send {' or '.join(cls.either)}{', not both' if there else ''}.")
        for name in there:
            if not isinstance(raw[name], cls.either[name]):
                raise WrongShape(f"{name} is {'a JSON array' if cls.either[name] is list else 'a JSON object'}.")
            if cls.either[name] is list and not all(isinstance(each, dict) for each in raw[name]):
                raise WrongShape(f"Each of {name} is a JSON object.")
        return raw


def _scalar(value: object) -> object:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("send a number, a text or a boolean")  # noqa: TRY004 (pydantic's contract)
    return value


def _number(value: object) -> object:
    if isinstance(value, str) and _NUMERAL.match(value):
        return int(value) if value.lstrip("-").isdigit() else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("send a number, as it is or as text")  # noqa: TRY004 (pydantic's contract)
    return value


Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Attribute = Annotated[str, Field(min_length=1, max_length=128)]
Value = Annotated[Scalar, BeforeValidator(_scalar)]
UpdatedAt = Annotated[
    Annotated[str, Field(max_length=64, examples=["2026-01-31T12:00:00Z"])] | SkipJsonSchema[None],
    Field(description="The value's place in the history: RFC 3339 with an offset. Absent: now, by the server's clock."),
]


class AttributeValue(Shaped):
    """A value of an attribute."""

    attribute_id: Annotated[Attribute, Field(description="The attribute's id or slug; a new slug makes an attribute.")]
    value: Value
    updated_at: UpdatedAt = None


class TimedValue(Shaped):
    """A value with its place in the history."""

    value: Value
    updated_at: UpdatedAt = None


def _form(raw: object) -> str:
    return "timed" if isinstance(raw, dict | TimedValue) else "scalar"


ScalarOrTimed = Annotated[Annotated[Value, Tag("scalar")] | Annotated[TimedValue, Tag("timed")], Discriminator(_form)]


class EntityValues(Shaped):
    """Values in one of two forms: a list, in which an attribute may stand often, or a map by attribute."""

    either: ClassVar[dict[str, type]] = {"attribute_values": list, "attributes": dict}

    attribute_values: Annotated[list[AttributeValue], Field(max_length=MAX_VALUES, default_factory=list)]
    attributes: Annotated[
        dict[Attribute, ScalarOrTimed],
        Field(
            max_length=MAX_VALUES,
            default_factory=dict,
            description="By id or slug: a value, or `{value, updated_at}`.",
        ),
    ]

    def values(self, under: str = "") -> Iterator[Given]:
        """Yield the values, whose body stands *under* a path."""
        for index, each in enumerate(self.attribute_values):
            path = f"{under}attribute_values[{index}]"
            parts = (f"{path}.attribute_id", f"{path}.value", f"{path}.updated_at")
            yield Given(each.attribute_id, each.value, each.updated_at, *parts)
        for name, each in self.attributes.items():
            path = f"{under}attributes.{name}"
            if isinstance(each, TimedValue):
                yield Given(name, each.value, each.updated_at, path, f"{path}.value", f"{path}.updated_at")
            else:
                yield Given(name, each, None, path, path, path)


class EntityUpdate(EntityValues):
    """Values of an entity: `attribute_values` or `attributes`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"attribute_values": [EXAMPLE]}]})


class MetricValue(Shaped):
    """A number of an attribute, which is named by its id or by its slug."""

    attribute_id: Annotated[Attribute | SkipJsonSchema[None], Field()] = None
    attribute_slug: Annotated[Attribute | SkipJsonSchema[None], Field()] = None
    value: Annotated[StrictInt | StrictFloat | StrictStr, BeforeValidator(_number)]
    updated_at: UpdatedAt = None

    @model_validator(mode="after")
    def _check_name(self) -> MetricValue:
        if (self.attribute_id is None) == (self.attribute_slug is None):
            raise ValueError("name it by attribute_id or by attribute_slug, not by both")
        return self


class EntityMetrics(Shaped):
    """Numbers of an entity."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"metric_values": [{"attribute_slug": "temperature", "value": "21.5"}]}]}
    )
    either: ClassVar[dict[str, type]] = {"metric_values": list}

    metric_values: Annotated[list[MetricValue], Field(max_length=MAX_VALUES)]

    def values(self) -> Iterator[Given]:
        """Yield the values."""
        for index, each in enumerate(self.metric_values):
            path = f"metric_values[{index}]"
            name, field = (
                (each.attribute_id, "attribute_id") if each.attribute_id else (each.attribute_slug, "attribute_slug")
            )
            parts = (f"{path}.{field}", f"{path}.value", f"{path}.updated_at")
            yield Given(name or "", each.value, each.updated_at, *parts)


class MetricsTaken(Snake):
    """How many numbers were stored."""

    accepted: int


class CurrentValue(Snake):
    """The newest value of an attribute, and when it was."""

    value: Scalar
    updated_at: Instant


class EntityState(Snake):
    """An entity with the newest value of each attribute that has one, by the attribute's id."""

    id: str
    template_id: Annotated[str | None, Field(description="The profile that it is bound to.")]
    created_at: Instant
    updated_at: Annotated[Instant, Field(description="Of its newest value, or of itself, whichever is later.")]
    attribute_values: dict[str, CurrentValue]


class HistoryItem(Snake):
    """A value that an attribute had."""

    created_at: Instant
    attribute_id: str
    value: Scalar
    entity_id: str
    author_email: Annotated[None, Field(description="Who sent a value is not kept.")] = None


class EntityHistory(Snake):
    """A page of an entity's history."""

    items: list[HistoryItem]
    total: Annotated[int, Field(description="Of all pages.")]
    page: int
    limit: int


class ChartPoint(Snake):
    """What the values of a bucket amount to; null where no double can hold it."""

    time: Annotated[Instant, Field(description="When the bucket begins.")]
    value: Scalar | None


class ChartSeries(Snake):
    """An attribute by bucket, oldest first, without buckets that have no value."""

    attribute_id: str
    data: list[ChartPoint]


class EntityChart(Snake):
    """Attributes of an entity over time."""

    series: list[ChartSeries]


class EntityMade(Snake):
    """The entity that was made."""

    id: str


class EntityCreate(EntityValues):
    """A new entity, which is a device, and values of its attributes, if it is to have some at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Pump 4", "attributes": {"temperature": 21.5}}]})
    needs_one: ClassVar[bool] = False

    id: Annotated[
        Annotated[str, Field(min_length=1, max_length=64, examples=["3f1a7c52-6a0b-4c1e-9d5e-0b1f5a7c2d34"])]
        | SkipJsonSchema[None],
        Field(description="One of the client's choice, such as a UUID; it becomes the device's label."),
    ] = None
    template_id: Annotated[DeviceProfileId | SkipJsonSchema[None], Field(description="A device profile.")] = None
    name: Annotated[
        Name | SkipJsonSchema[None], Field(description="Absent: the value of the attribute `name`, else the id.")
    ] = None


class CreateOperation(EntityCreate):
    """Make an entity."""

    op: Literal["create"]


class UpdateOperation(EntityValues):
    """Record values of an entity; both names mean the same."""

    op: Literal["update", "replace"]
    id: Attribute


class DeleteOperation(Shaped):
    """Delete an entity."""

    op: Literal["delete"]
    id: Attribute


Operation = Annotated[CreateOperation | UpdateOperation | DeleteOperation, Discriminator("op")]


class EntityBatch(Shaped):
    """Operations, in order."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"operations": [{"op": "create", "name": "Pump 4"}], "atomic": False}]}
    )
    either: ClassVar[dict[str, type]] = {"operations": list}

    operations: Annotated[list[Operation], Field(min_length=1, max_length=MAX_OPERATIONS)]
    atomic: Annotated[StrictBool, Field(description="All of them, or none.")] = False


class OperationResult(Snake):
    """What became of an operation: the status that it would have been answered with by itself."""

    index: int
    status: int
    id: Annotated[str | None, Field(description="The entity that it was about.")]
    error: Annotated[dict[str, Any] | None, Field(description="The refusal, if it was refused.")]


class EntityBatchAnswer(Snake):
    """What became of each operation, in order."""

    results: list[OperationResult]
    failed: Annotated[int, Field(description="How many were refused.")]


Direction = Literal["asc", "desc"]
AggregateFunction = Literal["avg", "first", "last", "max", "min", "sum", "count"]
