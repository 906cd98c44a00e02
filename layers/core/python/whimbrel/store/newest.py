"""The newest reading of each of a device's sensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whimbrel import instants
from whimbrel.domain.fleet import newest_shown

if TYPE_CHECKING:
    from collections.abc import Collection

    from whimbrel.domain.fleet import Sensor
    from whimbrel.domain.series import Reading
    from whimbrel.ids import DeviceId, SensorId
    from whimbrel.store.readings import ReadingStore


def newest(store: ReadingStore, device_id: DeviceId, sensors: Collection[Sensor]) -> dict[SensorId, Reading]:
    """Return the newest reading of those of a device's *sensors* that have one to show."""
    return newest_shown(store.latest(device_id, [sensor.id for sensor in sensors]), sensors, instants.now_ms())
