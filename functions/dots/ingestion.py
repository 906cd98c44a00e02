"""What becomes of dots: of a call all or none, or in bulk what is good stored and the rest in quarantine and a task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from functions.dots.dots import Dot, Said, shown
from functions.dots.tasks import TaskError, bulk_task
from whimbrel.auth import Caller
from whimbrel.domain.intake import Intake
from whimbrel.domain.readings import Reason, Refused, Rejection
from whimbrel.http.audit import actor_of, recorded
from whimbrel.http.exchange import Exchange
from whimbrel.ids import DeviceId
from whimbrel.problems import FieldError, InvalidRequest, NotFound, Problem, Unavailable
from whimbrel.store import tasks
from whimbrel.store.intake import Judgement, quarantine
from whimbrel.store.labels import NamedDevices
from whimbrel.store.tenant import Tenant

MOST_FIELDS_TOLD = 100
_ATTEMPTS = 3
_PART_OF_A_DOT = {
    Reason.BAD_TIMESTAMP: "timestamp",
    Reason.TYPE_MISMATCH: "value",
    Reason.OUT_OF_RANGE: "value",
    Reason.MISSING_FIELD: "value",
}


class DeviceInactive(Problem):
    """The device takes no data until somebody sets it ACTIVE."""

    status: ClassVar[int] = 423
    title = "Device inactive"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends dots, in which call; ``profile`` is the key of the profile of devices that it makes."""

    tenant: Tenant
    caller: Caller
    exchange: Exchange
    profile: str | None = None


@dataclass(slots=True)
class _Judged:
    """What is thought of some dots.

    ``unknown`` are the identifiers of no device, ``set_aside`` what is no dot, by the device that it is kept under.
    """

    devices: NamedDevices
    judgement: Judgement
    unknown: set[str] = field(default_factory=set[str])
    set_aside: list[tuple[str | None, list[Rejection]]] = field(default_factory=list)

    @property
    def refused(self) -> list[tuple[str | None, list[Rejection]]]:
        return [*self.set_aside, *self.judgement.refused]

    def rejections(self) -> list[Rejection]:
        return sorted((each for _, part in self.refused for each in part), key=lambda each: each.index)


def store_all(sender: Sender, dots: list[Dot]) -> list[str]:
    """Store all dots or none; return the labels of the devices that were made for them.

    Raises:
        NotFound: there is no device of an identifier. DeviceInactive: one takes no data.
        InvalidRequest: a dot is refused, or a device cannot be made.
        Unavailable: not all could be stored; to send them again does no harm.
    """
    for _ in range(_ATTEMPTS):
        judged = _judge(sender, dots)
        _require_all(judged, dots)
        if not _make_devices(sender, judged.devices):
            continue
        judged.judgement.settle()
        _require_all(judged, dots)
        judged.judgement.store(sender.tenant.readings_to_append())
        return judged.devices.missing
    raise Unavailable("Others are making or deleting the same devices; send this again in a moment.")


def store_in_bulk(sender: Sender, dots: list[Dot]) -> str:
    """Store the dots that are good, keep the others in quarantine, and return the task that tells which is which.

    Raises:
        InvalidRequest: a device cannot be made; nothing is stored.
        Unavailable: not all could be stored; to send them again does no harm.
    """
    # First: what is drawn later depends on which devices are there.
    task_id = tasks.new_id()
    for _ in range(_ATTEMPTS):
        judged = _judge(sender, dots)
        if not _make_devices(sender, judged.devices):
            continue
        judged.judgement.settle()
        judged.judgement.store(sender.tenant.readings_to_append())
        received_ms = sender.exchange.received_ms
        equipment = judged.judgement.equipment
        for device_id, rejections in judged.refused:
            quarantine(equipment, device_id, rejections, source="HTTP", accepted_ms=received_ms)
        rejections = judged.rejections()
        errors = [
            TaskError(
                index=each.index,
                device=dots[each.index].device,
                variable=shown(dots[each.index].variable),
                code=_code(judged, dots[each.index], each),
                message=each.detail,
            )
            for each in rejections
        ]
        bulk_task(sender.tenant, task_id, len(dots), errors, received_ms)
        return task_id
    raise Unavailable("Others are making or deleting the same devices; send this again in a moment.")


def _judge(sender: Sender, dots: list[Dot]) -> _Judged:
    devices = NamedDevices.of(sender.tenant, sender.profile)
    judged = _Judged(devices, Judgement(devices.equipment, sender.exchange.received_ms))
    devices.look_up({dot.device for dot in dots})
    rows: dict[DeviceId, list[tuple[int, Said]]] = {}
    for index, dot in enumerate(dots):
        device_id = devices.named(dot.device)
        of_device = rows.setdefault(device_id, [])
        try:
            dot.check()
            of_device.append((index, dot.reading()))
        except Refused as refused:
            rejection = Rejection(index, refused.reason, refused.detail, dot.reading())
            judged.set_aside.append((device_id, [rejection]))
    for device_id, readings in rows.items():
        if devices.equipment.device(device_id) is None:
            judged.unknown.add(device_id)

        def feed(intake: Intake, readings: list[tuple[int, Said]] = readings) -> None:
            intake.take(readings)

        judged.judgement.take_of(device_id, feed, readings)
    return judged


def _make_devices(sender: Sender, devices: NamedDevices) -> bool:
    """Make the devices that are missing, on the record; tell whether everything was as expected."""
    if not devices.missing:
        return True
    with recorded(sender.tenant, actor_of(sender.caller), "create_device", sender.exchange):
        return devices.make()


def _require_all(judged: _Judged, dots: list[Dot]) -> None:
    rejections = judged.rejections()
    for each in rejections:
        if each.reason is Reason.DEVICE_INACTIVE:
            raise DeviceInactive(f"{dots[each.index].device}: {each.detail}")
        if dots[each.index].device in judged.unknown:
            raise NotFound(f"There is no device {dots[each.index].device}.")
    if rejections:
        errors = tuple(
            FieldError(_path(dots[each.index], each), each.reason.lower().replace("_", "-"), each.detail)
            for each in rejections[:MOST_FIELDS_TOLD]
        )
        raise InvalidRequest(
            f"{len(rejections)} of {len(dots)} values are refused, and so none is stored.", errors=errors
        )


def _path(dot: Dot, rejection: Rejection) -> str:
    of_context = rejection.detail.startswith(("context", "metadata"))
    part = "context" if of_context else _PART_OF_A_DOT.get(rejection.reason, "")
    return ".".join(filter(None, (dot.path, part)))


def _code(judged: _Judged, dot: Dot, rejection: Rejection) -> int:
    if rejection.reason is Reason.DEVICE_INACTIVE:
        return 423_001
    if dot.device in judged.unknown:
        return 404_001
    return 400_001


def told(dots: list[Dot]) -> dict[str, list[dict[str, Any]]]:
    """Return what is said of dots that are stored: a result for each, by variable."""
    found: dict[str, list[dict[str, Any]]] = {}
    for dot in dots:
        found.setdefault(dot.variable, []).append({"status_code": 201})
    return found
