"""What a sensor profile demands of a reading's fields, compiled from the profile's JSON document.

A field becomes one sensor under its key, an ``ENUM`` one of ``TEXT``; an ``ARRAY`` becomes a sensor for each of its
items, ``key.0``, ``key.1`` and so on. Standard library only: the ingestion Lambda starts with this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from whimbrel.domain.reading_values import value_of
from whimbrel.domain.readings import KnownSensor, Reason, Refused
from whimbrel.domain.series import Value, ValueType
from whimbrel.ids import ComponentId, SensorId

NUMERIC = frozenset({ValueType.DOUBLE, ValueType.BIGINT})
_SHOWN = 60


class FieldType(StrEnum):
    """What a field of a profile holds."""

    DOUBLE = "DOUBLE"
    BIGINT = "BIGINT"
    BOOLEAN = "BOOLEAN"
    TEXT = "TEXT"
    ENUM = "ENUM"
    ARRAY = "ARRAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What one field accepts. ``stored`` is the type of its sensor, or of each of an array's."""

    key: str
    type: FieldType
    stored: ValueType
    required: bool = False
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    options: frozenset[str] = frozenset()
    min_items: int = 0
    max_items: int = 0
    profile: str = ""
    """The profile's key: the refusals name it."""

    def readings(self, value: object) -> list[tuple[str, ValueType, Value]]:
        """Return the sensors that *value* is for: the key of each, its type, its value as that type holds it.

        Raises:
            Refused: another type, beyond the range (both ends belong to it), none of the options, or too few or too
                many items.
        """
        if self.type is not FieldType.ARRAY:
            return [(self.key, self.stored, self._checked(value, self.key))]
        if not isinstance(value, list):
            raise Refused(Reason.TYPE_MISMATCH, f"{self.profile}/{self.key} is an ARRAY; send a list of values")
        if not self.min_items <= len(value) <= self.max_items:
            wanted = f"{self.min_items} to {self.max_items}"
            detail = f"{self.profile}/{self.key} takes {wanted} items, not {len(value)}"
            raise Refused(Reason.ARRAY_SIZE, detail)
        keys = [f"{self.key}.{index}" for index in range(len(value))]
        return [(key, self.stored, self._checked(item, key)) for key, item in zip(keys, value, strict=True)]

    def _checked(self, value: object, key: str) -> Value:
        # No sensor yet, and perhaps never one: only its type and what a refusal calls it are looked at.
        stored = value_of(value, KnownSensor(SensorId(""), self.stored, ComponentId(""), self.profile, key))
        if self.type is FieldType.ENUM and stored not in self.options:
            detail = f"{self.profile}/{key} is one of {', '.join(sorted(self.options))}, not {value!r}"
            raise Refused(Reason.OUT_OF_RANGE, detail[:500])
        if self.min is not None and stored < self.min:  # type: ignore[operator]
            raise Refused(Reason.OUT_OF_RANGE, f"{self.profile}/{key} is {_short(value)}, below {self.min}")
        if self.max is not None and stored > self.max:  # type: ignore[operator]
            raise Refused(Reason.OUT_OF_RANGE, f"{self.profile}/{key} is {_short(value)}, above {self.max}")
        return stored


def compile_fields(document: Mapping[str, Any]) -> dict[str, FieldRule]:
    """Return the rules of a sensor profile by the keys of its fields; *document* is the profile's JSON."""
    return {field["key"]: _rule(field, document.get("key", "")) for field in document["fields"]}


def _rule(field: Mapping[str, Any], profile: str) -> FieldRule:
    kind = FieldType(field["type"])
    items: Mapping[str, Any] = field.get("items") or {}
    return FieldRule(
        key=field["key"],
        type=kind,
        stored=stored_type(kind, items.get("type")),
        required=field.get("required", False),
        unit=field.get("unit"),
        min=field.get("min"),
        max=field.get("max"),
        options=frozenset(field.get("options") or ()),
        min_items=items.get("minItems", 0),
        max_items=items.get("maxItems", 0),
        profile=profile,
    )


def stored_type(kind: FieldType, items: str | None = None) -> ValueType:
    """Return the type of the sensors that a field of *kind* makes; *items* is the type of an array's."""
    if kind is FieldType.ARRAY:
        return ValueType(items or "")
    return ValueType.TEXT if kind is FieldType.ENUM else ValueType(kind.value)


def _short(value: object) -> str:
    return repr(value)[:_SHOWN]
