"""What a client may say about a device group."""

from __future__ import annotations

from whimbrel.bodies import Body
from whimbrel.domain.fleet import DeviceGroupFields


class DeviceGroupBody(DeviceGroupFields, Body):
    """A device group, as a client sends it."""
