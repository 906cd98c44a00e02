"""Devices by their labels: the one that has a label now, or that will be made when data first names it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from whimbrel.domain.fleet import LABEL, Device, labelled
from whimbrel.domain.profiles import DeviceProfile
from whimbrel.ids import DeviceId, Id
from whimbrel.problems import AlreadyExists, InvalidRequest, NotFound
from whimbrel.store import profiles
from whimbrel.store.traces import DEVICE, is_left, requiring_none

if TYPE_CHECKING:
    from whimbrel.store.equipment import Equipment
    from whimbrel.store.tenant import Tenant

T = TypeVar("T")

KNOWN_FOR_S = 30
"""What is known of a device is good for one request."""


def check_label(label: str) -> str:
    """Return *label*, if it can be one.

    Raises:
        InvalidRequest: it cannot.
    """
    if not LABEL.match(label):
        message = "a device's label has at most 64 letters, digits, _ - . and :, and begins with a letter, digit or _"
        raise InvalidRequest.of("device", message, code="label")
    return label


def device_by(tenant: Tenant, name: str) -> Device:
    """Return the device of an identifier or a label.

    Raises:
        NotFound: there is none.
    """
    devices = tenant.things(Device)
    if Id.is_valid(name):
        return devices.get(DeviceId(name))
    found = living(tenant, name, devices.find)[1] if LABEL.match(name) else None
    if found is None:
        raise NotFound(f"There is no device {name[:64]!r}.")
    return found


def create_labelled(tenant: Tenant, label: str, **fields: Any) -> Device:
    """Store a new device under a label.

    Raises:
        InvalidRequest: it can be no label. AlreadyExists: there is a device of that label.
    """
    devices = tenant.things(Device)
    identifier, _ = living(tenant, check_label(label), devices.find)
    device = Device(id=identifier, label=label, **fields)
    if tenant.commit([devices.adding(device), requiring_none(tenant, DEVICE, identifier)]):
        raise AlreadyExists(f"There is a device of the label {label}.", id=identifier)
    return device


@dataclass(slots=True)
class NamedDevices:
    """The devices that one request names, as ingestion knows them; those that are not there yet are made by `make`.

    ``profile`` is the key of the device profile, in its newest version, of those that are made.
    """

    tenant: Tenant
    equipment: Equipment
    profile: str | None = None
    _missing: list[tuple[Device, DeviceProfile | None]] = field(default_factory=list[Any])
    _known: dict[str, DeviceId] = field(default_factory=dict[str, DeviceId])

    @classmethod
    def of(cls, tenant: Tenant, profile: str | None = None) -> NamedDevices:
        """Return the devices of a tenant, read afresh."""
        equipment = tenant.equipment()
        equipment.max_age_s = KNOWN_FOR_S
        return cls(tenant, equipment, profile)

    def look_up(self, names: Collection[str]) -> None:
        """Get to know many devices at once, so that asking for each takes less time."""
        organization_id = self.tenant.organization_id
        self.equipment.look_up({labelled(organization_id, name, 1) for name in names if LABEL.match(name)})

    def named(self, name: str) -> DeviceId:
        """Return the identifier of the device that has a label, or will have it; an identifier stands for itself.

        Raises:
            InvalidRequest: it is neither; or a device would have to be made, and there is no such profile.
        """
        if Id.is_valid(name):
            return DeviceId(name)
        if name not in self._known:
            identifier, known = living(self.tenant, check_label(name), self.equipment.device)
            if known is None:
                self._expect(identifier, name)
            self._known[name] = identifier
        return self._known[name]

    @property
    def missing(self) -> list[str]:
        """The labels of the devices that are not there yet."""
        return [device.label or "" for device, _ in self._missing]

    def make(self) -> bool:
        """Store what is missing, each device with the components of its profile; tell whether all was as expected.

        If it was not, somebody else has made or deleted one of them meanwhile: begin anew.
        """
        devices = self.tenant.things(Device)
        for device, profile in self._missing:
            required = [self.tenant.things(DeviceProfile).requiring(profile.id)] if profile else []
            parts = [
                devices.adding(device),
                requiring_none(self.tenant, DEVICE, device.id),
                *required,
                *profiles.components_of(self.tenant, device, profile),
            ]
            if self.tenant.commit(parts):
                return False
        return True

    def _expect(self, identifier: DeviceId, label: str) -> None:
        profile = profiles.newest(self.tenant, DeviceProfile, self.profile) if self.profile else None
        if self.profile and profile is None:
            raise InvalidRequest.of("type", "there is no device profile of that key", code="unknown-reference")
        # PENDING like every device that its broker has not seen: what comes by HTTP tells nothing of a connection.
        device = Device(
            id=identifier,
            name=label,
            label=label,
            device_profile_id=profile and profile.id,
            device_profile_version=profile and profile.number,
        )
        declared = {part.key: part.sensor_profile_id for part in profile.components} if profile else {}
        self.equipment.expect(identifier, declared)
        self._missing.append((device, profile))


def living(tenant: Tenant, label: str, find: Callable[[DeviceId], T | None]) -> tuple[DeviceId, T | None]:
    """Return the identifier of the device that has *label*, or of the next one to have it, and what *find* finds."""

    def identifier(generation: int) -> DeviceId:
        return labelled(tenant.organization_id, label, generation)

    def is_past(generation: int) -> bool:
        return is_left(tenant, DEVICE, identifier(generation))

    if (first := find(identifier(1))) is not None:
        return identifier(1), first
    # Each device but the last has left a trace, and a label may have had many.
    end = 1
    while is_past(end):
        end *= 2
    last = bisect_left(range(end), x=True, lo=end // 2 + 1, key=lambda generation: not is_past(generation))
    return identifier(last), find(identifier(last)) if last > 1 else None
