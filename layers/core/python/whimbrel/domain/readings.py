"""What ingestion has to know, and how it says no: devices and sensors by name, and the reasons for a refusal.

Standard library only: the ingestion Lambda starts with this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from whimbrel.domain.series import ValueType
from whimbrel.ids import ComponentId, DeviceId, Id, SensorId

if TYPE_CHECKING:
    from whimbrel.domain.profile_rules import FieldRule

MAIN_COMPONENT = "main"
"""The component of sensors that are named by a bare key; made when first needed."""

MAX_KEY = 36


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
    unit: str | None = None
    """What it is made with, if this is the first that is heard of it."""


@dataclass(slots=True)
class KnownDevice:
    """What ingestion has to know of a device: its components by key, its sensors by identifier.

    ``profiles`` has the fields of each component that has a profile; None stands for a profile that is gone.
    """

    id: DeviceId
    inactive: bool
    gateway_id: DeviceId | None
    components: dict[str, ComponentId] = field(default_factory=dict)
    sensors: dict[str, KnownSensor] = field(default_factory=dict)
    profiles: dict[str, Mapping[str, FieldRule] | None] = field(default_factory=dict)
    _names: dict[str, KnownSensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for sensor in self.sensors.values():
            self.add(sensor)

    def add(self, sensor: KnownSensor) -> None:
        """Know *sensor*, or know it better."""
        self.sensors[sensor.id] = sensor
        self._names[sensor.id] = sensor
        if sensor.component:
            self._names[f"{sensor.component}/{sensor.key}"] = sensor
        # A key may look like an identifier; the name then means the identifier.
        if sensor.component == MAIN_COMPONENT and not Id.is_valid(sensor.key):
            self._names[sensor.key] = sensor

    def named(self, name: str) -> KnownSensor | None:
        """Return the sensor that a simple reading names by its identifier, its key, or ``component/key``."""
        return self._names.get(name)

    def component_key(self, identifier: object) -> str:
        """Return the key of the component *identifier*."""
        for key, component_id in self.components.items():
            if component_id == identifier:
                return key
        raise Refused(Reason.UNKNOWN_COMPONENT, f"the device has no component {short(identifier)}")

    def fields_of(self, component: str) -> Mapping[str, FieldRule] | None:
        """Return the fields that the profile of a component declares; None if it has no profile."""
        rules = self.profiles.get(component, _NO_PROFILE)
        if rules is None:
            detail = f"the profile of the component {short(component)} is gone; bind the component to another"
            raise Refused(Reason.MISSING_PROFILE, detail)
        return None if rules is _NO_PROFILE else rules


_NO_PROFILE: Mapping[str, FieldRule] = {}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refused reading: its place in what was sent, why, and what it was."""

    index: int
    reason: Reason
    detail: str
    payload: object


def short(value: object) -> str:
    return repr(value)[:60]
