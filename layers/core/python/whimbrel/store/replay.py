"""Readings in quarantine, judged again as if they came now, and as if they had come then.

A replayed reading keeps the time of its first acceptance: what it becomes is what it would have been, had the cause of
its refusal not been there. What is accepted has to be stored before its place in quarantine is given up; a crash
between the two repeats the replay, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whimbrel.domain.quarantine import QuarantinedReading, QuarantineId, Source
from whimbrel.domain.readings import Reason, Rejection
from whimbrel.ids import Id
from whimbrel.instants import to_ms
from whimbrel.problems import NotFound, StaleVersion
from whimbrel.store.intake import gather, judge

if TYPE_CHECKING:
    from whimbrel.domain.readings import KnownDevice
    from whimbrel.domain.series import Frame
    from whimbrel.store.equipment import Equipment
    from whimbrel.store.tenant import Tenant

IN_PART = "only its beginning was kept, or it is no JSON object: it cannot be replayed; send it again"


@dataclass(frozen=True, slots=True)
class Replay:
    """What becomes of some quarantined readings: ``frames`` are to be stored, ``refused`` tells what stays and why."""

    frames: dict[str, Frame]
    names: dict[str, str]
    refused: dict[QuarantineId, Rejection]


def judge_again(equipment: Equipment, items: Iterable[QuarantinedReading]) -> Replay:
    """Judge quarantined readings again, and make the sensors that they are the first of; nothing else is changed."""
    replay = Replay({}, {}, {})
    groups: dict[tuple[str, int], list[QuarantinedReading]] = {}
    for item in items:
        named = _device_named(item)
        if isinstance(named, Rejection):
            replay.refused[item.id] = named
        else:
            groups.setdefault((named, to_ms(item.received_at)), []).append(item)
    for (device_id, accepted_ms), members in groups.items():
        device = equipment.device(device_id)
        heard = [item for item in members if device and _may_speak(item, device)]
        detail = f"there is no device {device_id[:60]!r} that its sender may speak for"
        for item in members:
            if item not in heard:
                replay.refused[item.id] = Rejection(0, Reason.UNKNOWN_SENSOR, detail, None)
        if device is None or not heard:
            continue
        frame, rejections, _ = judge(equipment, device, enumerate(item.payload for item in heard), accepted_ms)
        replay.refused.update((heard[each.index].id, each) for each in rejections)
        if frame:
            gather(replay.frames, device.id, frame)
            known = ((column.sensor_id, device.sensors.get(column.sensor_id)) for column in frame)
            replay.names.update((identifier, f"{it.component}/{it.key}") for identifier, it in known if it)
    return replay


def note_refusals(tenant: Tenant, items: Iterable[QuarantinedReading], replay: Replay) -> None:
    """Tell of what stays in quarantine why it does now."""
    store = tenant.things(QuarantinedReading)
    for item in items:
        rejection = replay.refused.get(item.id)
        if rejection is None or (rejection.reason, rejection.detail) == (item.reason, item.detail):
            continue
        try:
            store.replace(item.next_version(reason=rejection.reason, detail=rejection.detail))
        except (NotFound, StaleVersion):
            # Somebody else has replayed or discarded it meanwhile: theirs is the newer word.
            continue


def _device_named(item: QuarantinedReading) -> str | Rejection:
    if not isinstance(item.payload, dict):
        return Rejection(0, item.reason, IN_PART, None)
    named = item.payload.get("deviceId", item.device_id)
    if not isinstance(named, str) or not Id.is_valid(named):
        return Rejection(0, Reason.UNKNOWN_SENSOR, "it names no device: send it again, with its deviceId", None)
    return named


def _may_speak(item: QuarantinedReading, device: KnownDevice) -> bool:
    """Tell whether a reading may be the device's: over MQTT it is kept under its sender, or the device."""
    return item.source is Source.HTTP or item.device_id in {device.id, device.gateway_id}
