"""Annotations: what people, models and jobs say about a stretch of time, in the words that a class of them allows."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, StrictBool, StrictFloat, StrictInt, model_validator

from whimbrel.bodies import Instant, Key, Metadata, Name, Wire
from whimbrel.domain.scopes import ENTITIES, Scoped, ScopeType
from whimbrel.entity import Entity
from whimbrel.ids import Id
from whimbrel.instants import parse_ms
from whimbrel.problems import Conflict, FieldError, InvalidRequest

Number = StrictInt | StrictFloat

MAX_TEXT = 1_000


class AnnotationClassId(Id):
    """A class of annotations."""

    __slots__ = ()


class AnnotationId(Id):
    """An annotation."""

    __slots__ = ()


class AnnotationReadOnly(Conflict):
    """The platform made this annotation; a change would not survive its next run."""

    title = "Annotation read-only"


class AnnotationFieldType(StrEnum):
    """What a field of an annotation holds."""

    STRING = "STRING"
    NUMBER = "NUMBER"
    INTEGER = "INTEGER"
    BOOLEAN = "BOOLEAN"
    ENUM = "ENUM"
    DATETIME = "DATETIME"


NUMERIC = frozenset({AnnotationFieldType.NUMBER, AnnotationFieldType.INTEGER})


_EXAMPLE: dict[str, JsonValue] = {
    "key": "cause",
    "label": "Cause",
    "type": "ENUM",
    "required": True,
    "options": ["frost", "drought"],
    "min": None,
    "max": None,
}


class AnnotationField(Wire):
    """One field of a class: an ENUM has options, a number may have bounds (both inclusive)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    key: Key
    label: Name
    type: AnnotationFieldType
    required: StrictBool = False
    options: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if (self.type is AnnotationFieldType.ENUM) != bool(self.options):
            raise ValueError("an ENUM needs options, and nothing else has any")
        if self.type not in NUMERIC and (self.min, self.max) != (None, None):
            raise ValueError("only a NUMBER or an INTEGER has bounds")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self

    def fault(self, value: object) -> str | None:
        """Return what is wrong with *value* in this field, or None."""
        match self.type:
            case AnnotationFieldType.BOOLEAN:
                return None if isinstance(value, bool) else "send true or false"
            case AnnotationFieldType.NUMBER | AnnotationFieldType.INTEGER:
                return self._numeric_fault(value)
            case AnnotationFieldType.ENUM:
                return None if value in self.options else f"send one of {', '.join(self.options)}"
            case AnnotationFieldType.DATETIME:
                return _instant_fault(value)
            case AnnotationFieldType.STRING:
                fits = isinstance(value, str) and len(value) <= MAX_TEXT
                return None if fits else f"send a text of at most {MAX_TEXT} characters"

    def _numeric_fault(self, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "send a number"
        if self.type is AnnotationFieldType.INTEGER and not isinstance(value, int):
            return "send an integer"
        if self.min is not None and value < self.min:
            return f"it is below {self.min}"
        if self.max is not None and value > self.max:
            return f"it is above {self.max}"
        return None


def _instant_fault(value: object) -> str | None:
    try:
        parse_ms(str(value))
    except ValueError as error:
        return str(error)
    return None


def _distinct(fields: tuple[AnnotationField, ...]) -> tuple[AnnotationField, ...]:
    if len({field.key for field in fields}) < len(fields):
        raise ValueError("two fields have the same key")
    return fields


class AnnotationClassFields(Wire):
    """What can be changed of a class; annotations that are there already stay as they are."""

    name: Name
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", examples=["#e11d48"])] = "#64748b"
    scopes: Annotated[frozenset[ScopeType], Field(min_length=1, description="What it can be said of.")] = frozenset(
        ScopeType
    )
    fields: Annotated[tuple[AnnotationField, ...], Field(max_length=50), AfterValidator(_distinct)] = ()


class AnnotationClass(AnnotationClassFields, Entity[AnnotationClassId]):
    """What annotations can say, such as *calibration* or *sensor fault*; its key is unique in the organization."""

    kind: ClassVar[str] = "annotation_class"

    key: Key

    def check(self, annotation: Annotation) -> None:
        """Do nothing if *annotation* is what this class allows.

        Raises:
            InvalidRequest: it is not; every fault is told.
        """
        faults = tuple(self._faults(annotation))
        if faults:
            raise InvalidRequest(f"{faults[0].field}: {faults[0].message}", errors=faults)

    def _faults(self, annotation: Annotation) -> Iterator[FieldError]:
        if annotation.scope_type not in self.scopes:
            yield FieldError("scopeType", "wrong-scope", f"{self.key} is not said of a {annotation.scope_type}")
        if annotation.end_at and annotation.end_at < annotation.start_at:
            yield FieldError("endAt", "before-start", "it is before startAt")
        fields = {field.key: field for field in self.fields}
        for key, value in annotation.values.items():
            fault = fields[key].fault(value) if key in fields else f"{self.key} has no such field"
            if fault:
                yield FieldError(f"values.{key}", "invalid", fault)
        for key, field in fields.items():
            if field.required and key not in annotation.values:
                yield FieldError(f"values.{key}", "missing", f"{self.key} requires it")


class AnnotationSource(StrEnum):
    """Who says it."""

    MANUAL = "MANUAL"
    RULE = "RULE"
    REFERENCE = "REFERENCE"
    EXTERNAL = "EXTERNAL"
    ML_INFERENCE = "ML_INFERENCE"
    ANALYTICS = "ANALYTICS"


MADE_BY_THE_PLATFORM = frozenset({AnnotationSource.RULE, AnnotationSource.REFERENCE, AnnotationSource.ANALYTICS})


Confidence = Annotated[Number, Field(ge=0, le=1)]


class AnnotationFields(Wire):
    """What can be changed of an annotation."""

    start_at: Instant
    end_at: Annotated[Instant | None, Field(description="null: it is about the moment of startAt.")] = None
    values: Annotated[Metadata, Field(default_factory=dict)]
    confidence: Confidence | None = None


class Annotation(AnnotationFields, Scoped, Entity[AnnotationId]):
    """Something said about a thing of the fleet, at a moment or in ``startAt <= t < endAt``."""

    kind: ClassVar[str] = "annotation"
    parent: ClassVar[str | None] = "scope_id"

    class_id: AnnotationClassId
    source: AnnotationSource = AnnotationSource.MANUAL

    def references(self) -> dict[str, type[Entity[Any]]]:
        return {"class_id": AnnotationClass, "scope_id": ENTITIES[self.scope_type]}

    def touches(self, start: Instant, end: Instant) -> bool:
        """Tell whether it is about any of ``start <= t < end``."""
        return self.start_at < end and (self.start_at >= start or (self.end_at is not None and self.end_at > start))
