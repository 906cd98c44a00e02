"""What devices send, judged: each reading is accepted for one sensor of the device, or refused with a reason.

Two forms, freely mixed:

* simple ``{"sensorId": <id, key or componentKey/key>, "timestamp"?, "value", "metadata"?}``
* structured ``{"componentId" | "component", "timestamp"?, "fields": {key: value, …}, "metadata"?}``

Timestamps are RFC 3339 or milliseconds since 1970; one that is absent is the time of acceptance. Standard library
only: the ingestion Lambda starts with this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import NamedTuple

from whimbrel.domain.series import Column, Series, Value, ValueType
from whimbrel.ids import ComponentId, DeviceId, Id, SensorId
from whimbrel.instants import END_OF_TIME_MS, parse_ms

MAIN_COMPONENT = "main"
"""The component of sensors that are named by a bare key; made when first needed."""

MAX_TEXT = 1_000
MAX_METADATA_BYTES = 10_240
MAX_AHEAD_MS = 300_000
MAX_KEY = 36
_INT64 = range(-(2**63), 2**63)
_EXACT = 2**53
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\Z", re.ASCII)
_SIMPLE = frozenset({"sensorId", "timestamp", "value", "metadata", "deviceId"})
_STRUCTURED = frozenset({"componentId", "component", "timestamp", "fields", "metadata", "deviceId"})


class Reason(StrEnum):
    """Why a reading is in quarantine."""

    UNKNOWN_SENSOR = "UNKNOWN_SENSOR"
    UNKNOWN_COMPONENT = "UNKNOWN_COMPONENT"
    MISSING_PROFILE = "MISSING_PROFILE"
    MISSING_FIELD = "MISSING_FIELD"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    ARRAY_SIZE = "ARRAY_SIZE"
    TOO_LARGE = "TOO_LARGE"
    MALFORMED_JSON = "MALFORMED_JSON"
    BAD_TIMESTAMP = "BAD_TIMESTAMP"
    DEVICE_INACTIVE = "DEVICE_INACTIVE"


class Refused(Exception):
    """A reading is not accepted."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class KnownSensor(NamedTuple):
    """What ingestion has to know of a sensor."""

    id: SensorId
    value_type: ValueType
    component_id: ComponentId
    component: str
    key: str


@dataclass(slots=True)
class KnownDevice:
    """What ingestion has to know of a device: the keys of its components, its sensors by identifier."""

    id: DeviceId
    inactive: bool
    gateway_id: DeviceId | None
    components: dict[str, ComponentId] = field(default_factory=dict)
    sensors: dict[str, KnownSensor] = field(default_factory=dict)

    def component_key(self, identifier: object) -> str:
        """Return the key of the component *identifier*."""
        for key, component_id in self.components.items():
            if component_id == identifier:
                return key
        raise Refused(Reason.UNKNOWN_COMPONENT, f"the device has no component {_short(identifier)}")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refused reading: its place in what was sent, why, and what it was."""

    index: int
    reason: Reason
    detail: str
    payload: object


@dataclass(slots=True)
class Intake:
    """The readings of one device out of one message or request, as they are judged.

    ``accepted_ms`` is when the platform took them, fixed at the edge; it is the version that decides between two
    writes.
    """

    device: KnownDevice
    accepted_ms: int
    rejections: list[Rejection] = field(default_factory=list)
    new_sensors: dict[SensorId, KnownSensor] = field(default_factory=dict)
    accepted: int = 0
    _columns: dict[Column, tuple[list[int], list[Value], dict[int, str]]] = field(default_factory=dict)
    _named: dict[tuple[str, str], KnownSensor] = field(default_factory=dict)

    def take(self, index: int, raw: object) -> None:
        """Judge one reading; *index* is its place in what was sent."""
        try:
            rows = self._judge(raw)
        except Refused as refused:
            self.rejections.append(Rejection(index, refused.reason, refused.detail, raw))
            return
        self.accepted += 1
        for sensor, timestamp, value, metadata in rows:
            timestamps, values, notes = self._columns.setdefault(Column(sensor.id, sensor.value_type), ([], [], {}))
            timestamps.append(timestamp)
            values.append(value)
            if metadata is not None:
                notes[timestamp] = max(metadata, notes.get(timestamp, ""))

    def frame(self) -> dict[Column, Series]:
        """Return what was accepted, a series for each sensor."""
        return {
            column: Series.of(timestamps, values, self.accepted_ms, notes or None)
            for column, (timestamps, values, notes) in self._columns.items()
        }

    def _judge(self, raw: object) -> list[tuple[KnownSensor, int, Value, str | None]]:
        if self.device.inactive:
            raise Refused(Reason.DEVICE_INACTIVE, "the device is INACTIVE; set it ACTIVE and send or replay this")
        if not isinstance(raw, dict):
            raise Refused(Reason.MALFORMED_JSON, "a reading is a JSON object")
        structured = "fields" in raw
        unknown = raw.keys() - (_STRUCTURED if structured else _SIMPLE)
        if unknown:
            raise Refused(Reason.MALFORMED_JSON, f"a reading has no field {_short(min(unknown))}")
        timestamp = timestamp_of(raw["timestamp"], self.accepted_ms) if "timestamp" in raw else self.accepted_ms
        metadata = metadata_of(raw["metadata"]) if raw.get("metadata") is not None else None
        if structured:
            component = self._component_of(raw)
            fields = raw["fields"]
            if not isinstance(fields, dict) or not fields:
                raise Refused(Reason.MISSING_FIELD, "fields holds no field")
            pairs = [(self._sensor(component, key, value), value) for key, value in fields.items()]
        else:
            for name in ("sensorId", "value"):
                if name not in raw:
                    raise Refused(Reason.MISSING_FIELD, f"{name} is missing")
            pairs = [(self._sensor_named(raw["sensorId"], raw["value"]), raw["value"])]
        rows = [(sensor, timestamp, value_of(value, sensor), metadata) for sensor, value in pairs]
        for sensor, _ in pairs:
            if sensor.id not in self.device.sensors:
                self.new_sensors[sensor.id] = sensor
        return rows

    def _component_of(self, raw: Mapping[str, object]) -> str:
        if "componentId" in raw:
            return self.device.component_key(raw["componentId"])
        if "component" not in raw:
            raise Refused(Reason.MISSING_FIELD, "componentId or component is missing")
        return str(raw["component"])

    def _sensor_named(self, name: object, value: object) -> KnownSensor:
        if not isinstance(name, str):
            raise Refused(Reason.TYPE_MISMATCH, "sensorId is a text: the sensor's id or its key")
        known = self.device.sensors.get(name) or self.new_sensors.get(SensorId(name))
        if known:
            return known
        if Id.is_valid(name):
            raise Refused(Reason.UNKNOWN_SENSOR, f"the device has no sensor {name}")
        component, slash, key = name.partition("/")
        return self._sensor(component, key, value) if slash else self._sensor(MAIN_COMPONENT, name, value)

    def _sensor(self, component: str, key: str, value: object) -> KnownSensor:
        known = self._named.get((component, key))
        if known is None:
            known = self._named[component, key] = self._look_up(component, key, value)
        return known

    def _look_up(self, component: str, key: str, value: object) -> KnownSensor:
        component_id = self.device.components.get(component)
        if component_id is None:
            if component != MAIN_COMPONENT:
                raise Refused(Reason.UNKNOWN_COMPONENT, f"the device has no component {_short(component)}")
            component_id = ComponentId.named(self.device.id, MAIN_COMPONENT)
        if not _KEY.match(key) or len(key) > MAX_KEY:
            raise Refused(
                Reason.UNKNOWN_SENSOR,
                f"{_short(key)} cannot be a key: at most {MAX_KEY} letters, digits, _ - and .",
            )
        identifier = SensorId.named(self.device.id, component, key)
        known = self.device.sensors.get(identifier) or self.new_sensors.get(identifier)
        return known or KnownSensor(identifier, _type_of(value), component_id, component, key)


def timestamp_of(value: object, accepted_ms: int) -> int:
    """Return the milliseconds since 1970 of a reading's timestamp.

    Raises:
        Refused: no time, before 1970, beyond the year 9999, or more than five minutes ahead of its acceptance.
    """
    if isinstance(value, str):
        try:
            at = parse_ms(value)
        except (ValueError, OverflowError) as error:
            raise Refused(Reason.BAD_TIMESTAMP, f"timestamp {_short(value)}: {error}") from error
    elif isinstance(value, int) and not isinstance(value, bool):
        at = value
    else:
        raise Refused(Reason.BAD_TIMESTAMP, "timestamp is RFC 3339 or milliseconds since 1970")
    if not 0 <= at < END_OF_TIME_MS:
        raise Refused(Reason.BAD_TIMESTAMP, "timestamp is before 1970 or beyond 9999")
    if at > accepted_ms + MAX_AHEAD_MS:
        raise Refused(Reason.BAD_TIMESTAMP, "timestamp is more than 5 minutes ahead; check the device's clock")
    return at


def value_of(value: object, sensor: KnownSensor) -> Value:
    """Return *value* as the sensor's type holds it; a DOUBLE takes integers, a BIGINT whole doubles below 2^53.

    Raises:
        Refused: another type, beyond its range, or too long a text.
    """
    wanted = sensor.value_type
    if wanted is ValueType.TEXT:
        if isinstance(value, str):
            return _text(value)
    elif wanted is ValueType.BOOLEAN:
        if isinstance(value, bool):
            return value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return _double(value) if wanted is ValueType.DOUBLE else _bigint(value)
    raise Refused(Reason.TYPE_MISMATCH, f"{sensor.component}/{sensor.key} is {wanted.value}, not {_json_type(value)}")


def metadata_of(value: object) -> str:
    """Return the JSON text of a reading's metadata, its keys in order.

    Raises:
        Refused: not an object, or more than 10 KB.
    """
    if not isinstance(value, dict):
        raise Refused(Reason.TYPE_MISMATCH, "metadata is a JSON object")
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size = len(text.encode())
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.MALFORMED_JSON, "metadata holds what JSON cannot: half a surrogate, or NaN") from error
    if size > MAX_METADATA_BYTES:
        raise Refused(Reason.TOO_LARGE, f"metadata has {size} bytes; {MAX_METADATA_BYTES} are the limit")
    return text


def _double(number: float) -> float:
    try:
        double = float(number)
    except OverflowError:
        double = float("inf")
    if not isfinite(double):
        raise Refused(Reason.OUT_OF_RANGE, "the number is beyond what a double can hold")
    return double


def _bigint(number: float) -> int:
    if isinstance(number, int):
        if number not in _INT64:
            raise Refused(Reason.OUT_OF_RANGE, "the number is beyond 64 bits")
        return number
    if not number.is_integer():
        raise Refused(Reason.TYPE_MISMATCH, "the sensor is BIGINT; send a whole number")
    if abs(number) > _EXACT:
        raise Refused(Reason.OUT_OF_RANGE, "send whole numbers beyond 2^53 without a fraction or exponent")
    return int(number)


def _text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Refused(Reason.TOO_LARGE, f"the text has {len(text)} characters; {MAX_TEXT} are the limit")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Refused(Reason.MALFORMED_JSON, "the text holds half a surrogate pair") from error
    return text


def _type_of(value: object) -> ValueType:
    if isinstance(value, bool):
        return ValueType.BOOLEAN
    if isinstance(value, str):
        return ValueType.TEXT
    if isinstance(value, (int, float)):
        return ValueType.DOUBLE
    raise Refused(Reason.TYPE_MISMATCH, f"a value is a number, a text or a boolean, not {_json_type(value)}")


def _json_type(value: object) -> str:
    names: dict[type, str] = {
        bool: "a boolean",
        str: "a text",
        int: "a number",
        float: "a number",
        dict: "an object",
        list: "an array",
    }
    return names.get(type(value), "null")


def _short(value: object) -> str:
    return repr(value)[:60]
