"""From judged readings to stored ones, the same for MQTT and HTTP: sensors are made, refusals kept."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from whimbrel.domain.readings import Intake, KnownDevice, Rejection
from whimbrel.domain.series import join_frames
from whimbrel.ids import DeviceId, Id
from whimbrel.instants import from_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whimbrel.domain.quarantine import QuarantineId
    from whimbrel.domain.series import Frame
    from whimbrel.store.equipment import Equipment

MAX_KEPT_BYTES = 262_144
"""Above this a quarantined payload keeps only its beginning: an item of DynamoDB ends at 400 KB."""


def judge(
    equipment: Equipment, device: KnownDevice, readings: Iterable[tuple[int, object]], accepted_ms: int
) -> tuple[Frame, list[Rejection], int]:
    """Judge *readings* (place in what was sent, reading) of one device and make the sensors that they are the first of.

    Returns:
        What is accepted, what is refused, and how many are accepted.
    """
    rows = list(readings)
    while True:
        intake = Intake(device, accepted_ms)
        for index, raw in rows:
            intake.take(index, raw)
        # Somebody made one of these sensors with another type a moment ago: judge again, by that type.
        if not (intake.new_sensors and equipment.make(device, intake.new_sensors.values())):
            return intake.frame(), intake.rejections, intake.accepted


def gather(frames: dict[str, Frame], device_id: str, frame: Frame) -> None:
    """Add a device's *frame* to those of a batch."""
    frames[device_id] = join_frames([frames[device_id], frame]) if device_id in frames else frame


def quarantine(
    equipment: Equipment,
    device_id: str | None,
    rejections: Iterable[Rejection],
    *,
    source: str,
    accepted_ms: int,
) -> list[QuarantineId]:
    """Keep refused readings; repeating it with the same ones changes nothing.

    Returns:
        An identifier for each, in order.
    """
    from whimbrel.domain.quarantine import QuarantinedReading, QuarantineId, Source
    from whimbrel.store.registry import Store

    kept: list[QuarantineId] = []
    anchor = Id(_time_prefix(accepted_ms) + equipment.organization_id[13:])
    store = Store(equipment.client, equipment.table, equipment.organization_id, QuarantinedReading)
    things: list[QuarantinedReading] = []
    for rejection in rejections:
        text = _payload_text(rejection.payload)
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        identifier = QuarantineId.named(anchor, str(device_id), str(rejection.index), digest)
        known = DeviceId(device_id) if device_id and Id.is_valid(device_id) else None
        payload: Any = _clean(text[:1_000]) if len(text) > MAX_KEPT_BYTES or not _storable(text) else json.loads(text)
        things.append(
            QuarantinedReading(
                id=identifier,
                device_id=known,
                reason=rejection.reason,
                detail=_clean(rejection.detail),
                payload=payload,
                source=Source(source),
                received_at=from_ms(accepted_ms),
            )
        )
        kept.append(identifier)
    store.put_all(things)
    return kept


def _time_prefix(milliseconds: int) -> str:
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}"


def _payload_text(payload: object) -> str:
    try:
        return json.dumps(payload, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return json.dumps(repr(payload)[:1_000])


def _storable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
