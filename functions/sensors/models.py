"""What a client may say about a sensor."""

from __future__ import annotations

from whimbrel.bodies import Body, Key
from whimbrel.domain.fleet import SensorFields
from whimbrel.domain.series import ValueType
from whimbrel.ids import DeviceId


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
