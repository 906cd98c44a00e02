"""What something can be about: a site, a device, a component or a sensor."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from whimbrel.bodies import Wire
from whimbrel.domain.fleet import Component, Device, Sensor, Site
from whimbrel.entity import Entity
from whimbrel.ids import Id


class ScopeType(StrEnum):
    """The kinds of things that readings belong to, the widest first."""

    SITE = "SITE"
    DEVICE = "DEVICE"
    COMPONENT = "COMPONENT"
    SENSOR = "SENSOR"


ENTITIES: dict[ScopeType, type[Entity[Any]]] = {
    ScopeType.SITE: Site,
    ScopeType.DEVICE: Device,
    ScopeType.COMPONENT: Component,
    ScopeType.SENSOR: Sensor,
}


class Scoped(Wire):
    """Something about one thing of the fleet."""

    scope_type: ScopeType
    scope_id: Id
