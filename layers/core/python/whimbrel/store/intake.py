"""From what was sent to what is stored, alike for MQTT and HTTP: readings judged, sensors made, refusals kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from whimbrel.domain.intake import Intake
from whimbrel.domain.readings import KnownDevice, Reason, Rejection
from whimbrel.domain.series import join_frames
from whimbrel.ids import DeviceId, Id
from whimbrel.instants import from_ms
from whimbrel.logs import log
from whimbrel.problems import Unavailable
from whimbrel.strict_json import MAX_DEPTH, is_deeper

if TYPE_CHECKING:
    from whimbrel.domain.quarantine import QuarantineId
    from whimbrel.domain.series import Frame
    from whimbrel.store.equipment import Equipment
    from whimbrel.store.readings import ReadingStore

MAX_KEPT_BYTES = 262_144
"""Above this a quarantined payload keeps only its beginning: an item of DynamoDB ends at 400 KB."""

RECHECKED_S = 2
"""What is known of a device for longer than this is read anew before a reading is refused by it."""

Feed = Callable[[Intake], None]
"""Hands readings to an intake; done again if they have to be judged again."""


@dataclass(slots=True)
class Judgement:
    """What becomes of the readings of one message or request.

    ``accepted_ms`` is when the platform took them. ``default`` is the device of readings that name none. A ``sender``
    may speak for itself and for the devices whose gateway it is; without one all devices of the organization may be
    named. Nothing is stored before `settle`, and by that only new sensors.
    """

    equipment: Equipment
    accepted_ms: int
    default: str | None = None
    sender: DeviceId | None = None
    _judged: list[tuple[Intake, Feed]] = field(default_factory=list)
    _strangers: list[tuple[str | None, list[Rejection]]] = field(default_factory=list)

    def take(self, readings: Sequence[object]) -> None:
        """Judge *readings* in any of their forms; the place of each is its index."""
        by_device: dict[str | None, list[tuple[int, object]]] = {}
        for index, raw in enumerate(readings):
            named = raw.get("deviceId", self.default) if isinstance(raw, dict) else self.default
            by_device.setdefault(named if isinstance(named, str) else self.sender, []).append((index, raw))
        for device_id, rows in by_device.items():
            self.take_of(device_id, lambda intake, rows=rows: intake.take(rows), rows)

    def take_of(self, device_id: str | None, feed: Feed, rows: Iterable[tuple[int, object]]) -> None:
        """Judge what *feed* hands over as readings of one device; *rows* are the same readings one by one."""
        device = self.equipment.device(device_id) if device_id else None
        if device is None or (self.sender and self.sender not in {device.id, device.gateway_id}):
            self._strangers.append((self.sender or device_id, self._without_device(device_id, rows)))
            return
        intake = _judged(device, feed, self.accepted_ms)
        if intake.rejections:
            known_anew = self.equipment.device(device.id, max_age_s=RECHECKED_S)
            if known_anew and known_anew is not device:
                intake = _judged(known_anew, feed, self.accepted_ms)
        self._judged.append((intake, feed))

    def settle(self) -> None:
        """Make the sensors that accepted readings are the first of."""
        self._judged = [(_made(self.equipment, intake, feed), feed) for intake, feed in self._judged]

    @property
    def accepted(self) -> int:
        """How many readings are accepted."""
        return sum(intake.accepted for intake, _ in self._judged)

    @property
    def refused(self) -> list[tuple[str | None, list[Rejection]]]:
        """The refusals, by the device that they are kept under."""
        by_device: list[tuple[str | None, list[Rejection]]] = [
            (intake.device.id, intake.rejections) for intake, _ in self._judged
        ]
        return [each for each in [*self._strangers, *by_device] if each[1]]

    def store(self, store: ReadingStore) -> None:
        """Store what is accepted, once it is settled; it is durable when this returns.

        Raises:
            Unavailable: not all could be stored; to send it again does no harm.
        """
        failures = store.append(self.frames(), self.names())
        if failures:
            log.error("readings not stored", exc_info=next(iter(failures.values())))
            raise Unavailable("Not all readings could be stored; send the request again, it does no harm.")

    def frames(self) -> dict[str, Frame]:
        """Return what is accepted, by device."""
        return {intake.device.id: frame for intake, _ in self._judged if (frame := intake.frame())}

    def names(self) -> dict[str, str]:
        """Return ``component/key`` of every sensor in the frames."""
        return {
            sensor.id: f"{sensor.component}/{sensor.key}"
            for intake, _ in self._judged
            for sensor in intake.sensors()
            if sensor.component
        }

    def _without_device(self, named: str | None, rows: Iterable[tuple[int, object]]) -> list[Rejection]:
        reason = Reason.MISSING_FIELD if named is None else Reason.UNKNOWN_SENSOR
        detail = "deviceId is missing" if named is None else f"there is no device {named[:60]!r}"
        if self.sender:
            detail += f" that {self.sender} may speak for"
        return [Rejection(index, reason, detail, raw) for index, raw in rows]


def judge(
    equipment: Equipment, device: KnownDevice, readings: Iterable[tuple[int, object]], accepted_ms: int
) -> tuple[Frame, list[Rejection], int]:
    """Judge *readings* (place in what was sent, reading) of one device and make the sensors that they are the first of.

    Returns:
        What is accepted, what is refused, and how many are accepted.
    """
    rows = list(readings)

    def feed(intake: Intake) -> None:
        intake.take(rows)

    intake = _made(equipment, _judged(device, feed, accepted_ms), feed)
    return intake.frame(), intake.rejections, intake.accepted


def gather(frames: dict[str, Frame], device_id: str, frame: Frame) -> None:
    """Add a device's *frame* to those of a batch."""
    frames[device_id] = join_frames([frames[device_id], frame]) if device_id in frames else frame


def joined(frames: list[Frame]) -> Frame:
    """Return the join of a device's *frames*; two by two, so that many small ones take no time by their square."""
    while len(frames) > 1:
        frames = [join_frames(frames[start : start + 2]) for start in range(0, len(frames), 2)]
    return frames[0]


def _judged(device: KnownDevice, feed: Feed, accepted_ms: int) -> Intake:
    intake = Intake(device, accepted_ms)
    feed(intake)
    intake.settle()
    return intake


def _made(equipment: Equipment, intake: Intake, feed: Feed) -> Intake:
    # Somebody may have made one of these sensors with another type a moment ago: judge again, by that type.
    while intake.new_sensors and equipment.make(intake.device, intake.new_sensors.values()):
        intake = _judged(intake.device, feed, intake.accepted_ms)
    return intake


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
        is_kept = len(text) <= MAX_KEPT_BYTES and _storable(text) and not is_deeper(rejection.payload, MAX_DEPTH)
        payload: Any = json.loads(text) if is_kept else _clean(text[:1_000])
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
