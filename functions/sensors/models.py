"""What a client may say about a sensor, and what it is told of one."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from whimbrel.bodies import Body, Instant, Key, Wire
from whimbrel.domain.fleet import Sensor, SensorFields
from whimbrel.domain.series import Reading, ValueType
from whimbrel.ids import DeviceId
from whimbrel.instants import from_ms


class SensorBody(SensorFields, Body):
    """What can be changed of a sensor."""


class SensorCreate(SensorBody):
    """A new sensor: where it is, how data names it and of what type its values are, for good.

    ``component`` is the key of one of the device's components; ``main`` is made when first needed.
    """

    device_id: DeviceId
    component: Key = "main"
    key: Key
    value_type: ValueType


class LastReading(Wire):
    """The newest reading of a sensor."""

    timestamp: Instant
    value: StrictBool | StrictInt | StrictFloat | StrictStr


class SensorAnswer(Sensor):
    """A sensor, and the newest that it measured."""

    last_reading: Annotated[LastReading | None, Field(description="Unless there is none.")]

    @classmethod
    def of_sensor(cls, sensor: Sensor, newest: Reading | None) -> Self:
        """Return what is told of *sensor*."""
        told = {name: getattr(sensor, name) for name in Sensor.model_fields}
        last = LastReading(timestamp=from_ms(newest.timestamp), value=newest.value) if newest else None
        return cls(**told, last_reading=last)
