"""Which device or component an entity is, and which sensor an attribute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whimbrel.domain.fleet import LABEL, Component, Sensor
from whimbrel.ids import ComponentId, DeviceId, Id, SensorId
from whimbrel.problems import InvalidRequest, NotFound
from whimbrel.store.labels import living

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whimbrel.domain.readings import KnownDevice, KnownSensor
    from whimbrel.store.equipment import Equipment
    from whimbrel.store.tenant import Tenant

KNOWN_FOR_S = 30
"""What is known of a device is good for one request."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """An entity, which the request calls ``id``: a device, or the component of one whose key is ``component``."""

    id: str
    device: KnownDevice
    component: str | None = None

    @property
    def component_id(self) -> ComponentId:
        """The identifier of the component; of a device, of none."""
        return self.device.components[self.component or ""]

    def attribute(self, name: str) -> KnownSensor | None:
        """Return the attribute that an id or slug names; None if there is none yet."""
        found = self.device.sensors.get(name) or self.device.named(self.reading_name(name))
        return found if found and self.component in {None, found.component} else None

    def reading_name(self, slug: str) -> str:
        """Return what a reading calls the attribute *slug*."""
        return slug if self.component is None else f"{self.component}/{slug}"

    @property
    def attributes(self) -> list[KnownSensor]:
        """All its attributes."""
        return [each for each in self.device.sensors.values() if self.component in {None, each.component}]


def is_uuid(name: str) -> bool:
    """Tell whether a name looks like an identifier of whatever kind: nothing is made by such a name."""
    return _UUID.match(name) is not None


def equipment_of(tenant: Tenant) -> Equipment:
    """Return the tenant's equipment, for one request."""
    equipment = tenant.equipment()
    equipment.max_age_s = KNOWN_FOR_S
    return equipment


def entity_named(tenant: Tenant, equipment: Equipment, name: str) -> Named:
    """Return the entity that an identifier names, or the label of a device.

    Raises:
        NotFound: there is none; a component whose device was deleted is none any more.
    """
    if Id.is_valid(name):
        if device := equipment.device(name):
            return Named(name, device)
        component = tenant.things(Component).find(ComponentId(name))
        if component and (device := equipment.device(component.device_id)):
            return Named(name, device, component.key)
    if LABEL.match(name) and (device := living(tenant, name, equipment.device)[1]):
        return Named(name, device)
    raise NotFound(f"There is no entity {name[:64]!r}.")


def sensors_named(tenant: Tenant, entity: Named, names: Iterable[str] | None) -> dict[SensorId, Sensor]:
    """Return the sensors of the attributes *names*, of all attributes if it is None.

    Raises:
        InvalidRequest: the entity has no such attribute.
    """
    wanted = entity.attributes if names is None else [_known(entity, name) for name in names]
    things = {sensor.id: sensor for sensor in tenant.things(Sensor).all(DeviceId(entity.device.id))}
    return {known.id: things[known.id] for known in wanted if known.id in things}


def _known(entity: Named, name: str) -> KnownSensor:
    found = entity.attribute(name)
    if found is None:
        raise InvalidRequest.of("attribute_ids", f"the entity has no attribute {name[:60]!r}", code="unknown-reference")
    return found
