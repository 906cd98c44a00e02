"""What a client may say about a device."""

from __future__ import annotations

from typing import Literal

from pydantic import MISSING

from whimbrel.bodies import Body
from whimbrel.domain.fleet import DeviceFields, DeviceStatus
from whimbrel.http.standard import patch_of


class DeviceBody(DeviceFields, Body):
    """A device, as a client sends it. ``status`` is set by hand to INACTIVE or MAINTENANCE, and back to ACTIVE."""

    status: Literal[DeviceStatus.ACTIVE, DeviceStatus.INACTIVE, DeviceStatus.MAINTENANCE] | MISSING = MISSING


DevicePatch = patch_of(DeviceBody)
