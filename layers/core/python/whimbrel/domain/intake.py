"""What devices send, judged: each reading is accepted for one sensor of the device, or refused with a reason.

Two forms, freely mixed:

* simple ``{"sensorId": <id, key or componentKey/key>, "timestamp"?, "value", "metadata"?}``
* structured ``{"componentId" | "component", "timestamp"?, "fields": {key: value, …}, "metadata"?}``

Timestamps are RFC 3339 or milliseconds since 1970; one that is absent is the time of acceptance. Standard library
only: the ingestion Lambda starts with this.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from whimbrel.domain.reading_values import (
    HOURS,
    MAX_AHEAD_MS,
    MINUTES,
    SECONDS,
    is_plain_text,
    metadata_of,
    ms_of,
    plain_double,
    timestamp_of,
    type_of,
    value_of,
)
from whimbrel.domain.readings import (
    MAIN_COMPONENT,
    MAX_KEY,
    KnownDevice,
    KnownSensor,
    Reason,
    Refused,
    Rejection,
    short,
)
from whimbrel.domain.series import Column, Series, Value, ValueType
from whimbrel.ids import ComponentId, Id, SensorId
from whimbrel.strict_json import Repeated

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\Z", re.ASCII)
_SIMPLE = frozenset({"sensorId", "timestamp", "value", "metadata", "deviceId"})
_STRUCTURED = frozenset({"componentId", "component", "timestamp", "fields", "metadata", "deviceId"})
_SHORTEST = 3
"""The fields of a simple reading: sensor, time and value."""
_PRECEDENCE = (ValueType.DOUBLE, ValueType.BIGINT, ValueType.BOOLEAN, ValueType.TEXT)
_KINDS: dict[ValueType, type] = {
    ValueType.DOUBLE: float,
    ValueType.BIGINT: int,
    ValueType.BOOLEAN: bool,
    ValueType.TEXT: str,
}
_BOUNDS: dict[ValueType, tuple[Any, Any]] = {
    ValueType.DOUBLE: (-sys.float_info.max, sys.float_info.max),
    ValueType.BIGINT: (-(2**63), 2**63 - 1),
    ValueType.BOOLEAN: (False, True),
    ValueType.TEXT: ("", ""),
}

Rows = list[tuple[KnownSensor, Value]]
"""What one reading says: values of sensors, each as the sensor's type holds it."""


@dataclass(slots=True)
class _Gathered:
    """The readings of one sensor so far; ``kind``, ``low`` and ``high`` tell at a glance that a value is acceptable."""

    sensor: KnownSensor
    kind: type
    low: Any
    high: Any
    timestamps: list[int] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _KnownFields:
    """What structured readings of a component say: the fields without which they are refused, and where values go."""

    required: frozenset[str]
    gathered: dict[str, _Gathered] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Undecided:
    """A reading that is fine, if its new sensors get the types that it takes them to have."""

    index: int
    raw: object
    timestamp: int
    metadata: str | None
    rows: Rows


@dataclass(slots=True)
class Intake:
    """The readings of one device out of one message or request, as they are judged: `take` them, `settle`, `frame`.

    The verdicts do not depend on the order of the readings. ``accepted_ms`` is when the platform took them, fixed at
    the edge; it is the version that decides between two writes.
    """

    device: KnownDevice
    accepted_ms: int
    rejections: list[Rejection] = field(default_factory=list)
    new_sensors: dict[SensorId, KnownSensor] = field(default_factory=dict)
    _taken: int = 0
    _gathered: dict[SensorId, _Gathered] = field(default_factory=dict)
    _by_name: dict[str, _Gathered] = field(default_factory=dict)
    _fields: dict[str, _KnownFields] = field(default_factory=dict)
    _undecided: list[_Undecided] = field(default_factory=list)
    _by_new_id: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    _identifiers: dict[tuple[str, str], SensorId] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """How many readings are accepted, once all is settled."""
        return self._taken - len(self.rejections)

    def take(self, readings: Iterable[tuple[int, Any]]) -> None:
        """Judge readings, each with its place in what was sent."""
        gathered, hours, minutes, seconds = self._by_name, HOURS, MINUTES, SECONDS
        latest = self.accepted_ms + MAX_AHEAD_MS
        # The simple form of a plain value of a known sensor is nearly everything there is, and is decided right here,
        # with what the interpreter does quickest. Whatever is not obviously fine is looked at carefully.
        for index, raw in readings:
            self._taken += 1
            try:
                name, at, value = raw["sensorId"], raw["timestamp"], raw["value"]
                into = gathered[name] if name in gathered else self._at_a_glance(name)
                if type(at) is str:
                    at = hours[at[:14]] + minutes[at[14:19]] + seconds[at[19:]]
                elif type(at) is not int:
                    at = -1
                if type(value) is not into.kind:
                    value = plain_double(value, into.kind)
                if (
                    0 <= at <= latest
                    and (into.low <= value <= into.high if into.kind is not str else is_plain_text(value))  # type: ignore[arg-type]
                    and type(raw) is dict
                    and (len(raw) == _SHORTEST or (len(raw) == _SHORTEST + 1 and "deviceId" in raw))
                ):
                    into.timestamps.append(at)
                    into.values.append(value)
                    continue
            except (KeyError, TypeError, ValueError):
                pass
            if not self._take_fields(raw):
                self._take_carefully(index, raw)

    def take_series(self, first: int, name: str, timestamps: list[Any], values: list[Any]) -> None:
        """Judge the readings of one sensor; *first* is the place of the first of them in what was sent."""
        if not self._take_whole(name, timestamps, values):
            pairs = zip(timestamps, values, strict=True)
            self.take(
                (index, {"sensorId": name, "timestamp": at, "value": value})
                for index, (at, value) in enumerate(pairs, first)
            )

    def settle(self) -> None:
        """Decide on the readings of sensors that are not known yet, when all has been taken.

        Readings that disagree on the type of a new sensor cannot all be right: a number goes before a boolean, and
        that before a text, wherever they stand.
        """
        types: dict[SensorId, ValueType] = {}
        for each in self._undecided:
            for sensor, _ in each.rows:
                types[sensor.id] = min(types.get(sensor.id, ValueType.TEXT), sensor.value_type, key=_PRECEDENCE.index)
        for each in self._undecided:
            wrong = next((sensor for sensor, _ in each.rows if sensor.value_type is not types[sensor.id]), None)
            if wrong:
                detail = f"{wrong.component}/{wrong.key} is {types[wrong.id].value} in other readings sent with this"
                self.rejections.append(Rejection(each.index, Reason.TYPE_MISMATCH, detail, each.raw))
                continue
            self.new_sensors |= {sensor.id: sensor for sensor, _ in each.rows if sensor.id not in self.device.sensors}
            self._gather(each.timestamp, each.metadata, each.rows)
        self._undecided.clear()
        for index, raw in self._by_new_id:
            if raw["sensorId"] in self.new_sensors:
                self._take_carefully(index, raw)
            else:
                detail = f"the device has no sensor {raw['sensorId']}"
                self.rejections.append(Rejection(index, Reason.UNKNOWN_SENSOR, detail, raw))
        self.rejections.sort(key=attrgetter("index"))

    def frame(self) -> dict[Column, Series]:
        """Return what was accepted, a series for each sensor."""
        return {
            Column(each.sensor.id, each.sensor.value_type): Series.of(
                each.timestamps, each.values, self.accepted_ms, each.notes or None
            )
            for each in self._gathered.values()
            if each.timestamps
        }

    def sensors(self) -> list[KnownSensor]:
        """Return the sensors in the frame."""
        return [each.sensor for each in self._gathered.values() if each.timestamps]

    def _at_a_glance(self, name: str) -> _Gathered:
        """Return where plain values of a sensor go.

        Raises:
            KeyError: no value of it can be plain.
        """
        sensor = self.device.named(name)
        if sensor is None or self.device.inactive:
            raise KeyError(name)
        low, high = _BOUNDS[sensor.value_type]
        if sensor.component in self.device.profiles:
            rule = (self.device.profiles[sensor.component] or {})[sensor.key]
            if not (rule.type.value == rule.stored.value == sensor.value_type.value):
                raise KeyError(name)
            low = low if rule.min is None else rule.min
            high = high if rule.max is None else rule.max
        into = self._by_name[name] = self._gathered_of(sensor)
        into.low, into.high = low, high
        return into

    def _take_fields(self, raw: Any) -> bool:
        """Take a structured reading if all of it is plain, and tell whether it was."""
        try:
            at, component, fields = raw["timestamp"], raw["component"], raw["fields"]
            at = ms_of(at) if type(at) is str else at
            known = self._fields.get(component) or self._fields_of(component)
            if not (
                type(at) is int
                and 0 <= at <= self.accepted_ms + MAX_AHEAD_MS
                and type(raw) is type(fields) is dict
                and len(raw) == (_SHORTEST + 1 if "deviceId" in raw else _SHORTEST)
                and fields
                and known.required <= fields.keys()
            ):
                return False
            rows: list[tuple[_Gathered, Any]] = []
            for key, value in fields.items():
                into = known.gathered.get(key)
                if into is None:
                    into = known.gathered[key] = self._at_a_glance(f"{component}/{key}")
                plain = value if type(value) is into.kind else plain_double(value, into.kind)
                if not (into.low <= plain <= into.high if into.kind is not str else is_plain_text(plain)):  # type: ignore[arg-type]
                    return False
                rows.append((into, plain))
        except (KeyError, TypeError, ValueError):
            return False
        for into, plain in rows:
            into.timestamps.append(at)
            into.values.append(plain)
        return True

    def _fields_of(self, component: str) -> _KnownFields:
        rules = self.device.profiles.get(component) or {}
        known = self._fields[component] = _KnownFields(frozenset(key for key, rule in rules.items() if rule.required))
        return known

    def _take_whole(self, name: str, timestamps: list[Any], values: list[Any]) -> bool:
        """Take a series if all of it is plain, and tell whether it was."""
        try:
            into = self._by_name.get(name) or self._at_a_glance(name)
            kinds = set(map(type, values))
            if into.kind is float and kinds <= {float, int}:
                values = values if kinds == {float} else list(map(float, values))
            elif kinds != {into.kind}:
                return False
            if into.kind is str:
                is_plain = all(map(is_plain_text, values))
            else:
                is_plain = into.low <= min(values) and max(values) <= into.high
            if set(map(type, timestamps)) == {str}:
                timestamps = list(map(ms_of, timestamps))
            elif set(map(type, timestamps)) != {int}:
                return False
        except (KeyError, TypeError, ValueError, OverflowError):
            return False
        if is_plain and min(timestamps) >= 0 and max(timestamps) <= self.accepted_ms + MAX_AHEAD_MS:
            self._taken += len(values)
            into.timestamps += timestamps
            into.values += values
            return True
        return False

    def _take_carefully(self, index: int, raw: object) -> None:
        try:
            found = self._judge(raw)
        except Refused as refused:
            self.rejections.append(Rejection(index, refused.reason, refused.detail, raw))
            return
        if found is None:
            self._by_new_id.append((index, raw))  # type: ignore[arg-type]
            return
        timestamp, metadata, rows = found
        if all(sensor.id in self.device.sensors or sensor.id in self.new_sensors for sensor, _ in rows):
            self._gather(timestamp, metadata, rows)
        else:
            self._undecided.append(_Undecided(index, raw, timestamp, metadata, rows))

    def _gather(self, timestamp: int, metadata: str | None, rows: Rows) -> None:
        for sensor, value in rows:
            into = self._gathered_of(sensor)
            into.timestamps.append(timestamp)
            into.values.append(value)
            if metadata is not None:
                into.notes[len(into.timestamps) - 1] = metadata

    def _gathered_of(self, sensor: KnownSensor) -> _Gathered:
        into = self._gathered.get(sensor.id)
        if into is None:
            kind = _KINDS[sensor.value_type]
            into = self._gathered[sensor.id] = _Gathered(sensor, kind, *_BOUNDS[sensor.value_type])
        return into

    def _judge(self, raw: object) -> tuple[int, str | None, Rows] | None:
        """Return what a reading says and when; None if it names a sensor that other readings may be the first of."""
        if self.device.inactive:
            raise Refused(Reason.DEVICE_INACTIVE, "the device is INACTIVE; set it ACTIVE and send or replay this")
        if not isinstance(raw, dict):
            raise Refused(Reason.MALFORMED_JSON, "a reading is a JSON object")
        structured = "fields" in raw
        for part in (raw, raw.get("fields")):
            if isinstance(part, Repeated):
                raise Refused(Reason.MALFORMED_JSON, f"{short(part.key)} stands twice in one object")
        unknown = raw.keys() - (_STRUCTURED if structured else _SIMPLE)
        if unknown:
            raise Refused(Reason.MALFORMED_JSON, f"a reading has no field {short(min(unknown))}")
        timestamp = timestamp_of(raw["timestamp"], self.accepted_ms) if "timestamp" in raw else self.accepted_ms
        metadata = metadata_of(raw["metadata"]) if raw.get("metadata") is not None else None
        if structured:
            return timestamp, metadata, self._rows_of_fields(self._component_of(raw), raw["fields"])
        for name in ("sensorId", "value"):
            if name not in raw:
                raise Refused(Reason.MISSING_FIELD, f"{name} is missing")
        rows = self._rows_named(raw["sensorId"], raw["value"])
        return None if rows is None else (timestamp, metadata, rows)

    def _component_of(self, raw: Mapping[str, object]) -> str:
        if "componentId" in raw:
            return self.device.component_key(raw["componentId"])
        if "component" not in raw:
            raise Refused(Reason.MISSING_FIELD, "componentId or component is missing")
        return str(raw["component"])

    def _rows_of_fields(self, component: str, fields: object) -> Rows:
        if not isinstance(fields, dict) or not fields:
            raise Refused(Reason.MISSING_FIELD, "fields holds no field")
        for key, rule in (self.device.fields_of(component) or {}).items():
            if rule.required and key not in fields:
                raise Refused(Reason.MISSING_FIELD, f"the profile of {short(component)} requires the field {key}")
        return [row for key, value in fields.items() for row in self._rows(component, key, value)]

    def _rows_named(self, name: object, value: object) -> Rows | None:
        if not isinstance(name, str):
            raise Refused(Reason.TYPE_MISMATCH, "sensorId is a text: the sensor's id or its key")
        known = self.device.sensors.get(name) or self.new_sensors.get(SensorId(name))
        if known and known.component:
            return self._rows(known.component, known.key, value)
        if known:
            return [(known, value_of(value, known))]
        if Id.is_valid(name):
            return None
        component, slash, key = name.partition("/")
        return self._rows(component, key, value) if slash else self._rows(MAIN_COMPONENT, name, value)

    def _rows(self, component: str, key: str, value: object) -> Rows:
        """Return what *value*, of the field or sensor *key* of a component, says."""
        identifier = self._identifier(component, key)
        rules = self.device.fields_of(component)
        if rules is None:
            sensor = self._known(identifier) or self._new(identifier, component, key, type_of(value))
            return [(sensor, value_of(value, sensor))]
        if key not in rules:
            raise Refused(Reason.UNKNOWN_SENSOR, f"the profile of {short(component)} has no field {short(key)}")
        rows: Rows = []
        for sensor_key, value_type, stored in rules[key].readings(value):
            identifier = self._identifier(component, sensor_key)
            sensor = self._known(identifier) or self._new(
                identifier, component, sensor_key, value_type, rules[key].unit
            )
            rows.append((sensor, value_of(stored, sensor)))
        return rows

    def _identifier(self, component: str, key: str) -> SensorId:
        identifier = self._identifiers.get((component, key))
        if identifier is None:
            if component not in self.device.components and component != MAIN_COMPONENT:
                raise Refused(Reason.UNKNOWN_COMPONENT, f"the device has no component {short(component)}")
            if not _KEY.match(key) or len(key) > MAX_KEY:
                raise Refused(
                    Reason.UNKNOWN_SENSOR,
                    f"{short(key)} cannot be a key: at most {MAX_KEY} letters, digits, _ - and .",
                )
            identifier = self._identifiers[component, key] = SensorId.named(self.device.id, component, key)
        return identifier

    def _known(self, identifier: SensorId) -> KnownSensor | None:
        return self.device.sensors.get(identifier) or self.new_sensors.get(identifier)

    def _new(
        self, identifier: SensorId, component: str, key: str, value_type: ValueType, unit: str | None = None
    ) -> KnownSensor:
        component_id = self.device.components.get(component) or ComponentId.named(self.device.id, component)
        return KnownSensor(identifier, value_type, component_id, component, key, unit)
