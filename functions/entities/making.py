"""Entities that are made and deleted: devices, and components that go."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from functions.entities.naming import Named, entity_named
from whimbrel.bodies import Name
from whimbrel.domain.fleet import LABEL, Component, Device, labelled
from whimbrel.domain.profiles import DeviceProfile
from whimbrel.http.fleet import delete_device, deleting_device, require_no_sensors
from whimbrel.ids import ComponentId, DeviceId, Id
from whimbrel.problems import AlreadyExists, InvalidRequest, NotFound
from whimbrel.store import profiles
from whimbrel.store.labels import check_label, living
from whimbrel.store.traces import DEVICE, is_left, requiring_none

if TYPE_CHECKING:
    from functions.entities.models import EntityCreate
    from whimbrel.auth import Caller
    from whimbrel.http.exchange import Exchange
    from whimbrel.store.equipment import Equipment
    from whimbrel.store.tenant import Tenant

OURS = {"deviceProfileId": "template_id", "device": "id"}
"""What a refusal of the layer calls fields that have other names here."""


@dataclass(frozen=True, slots=True)
class Making:
    """An entity that can be made: what it will be called, the device that it will be, and its template."""

    entity: Named
    device: Device
    profile: DeviceProfile | None

    def parts(self, tenant: Tenant) -> list[dict[str, Any]]:
        """Return the parts of a transaction that make it."""
        return [
            tenant.things(Device).adding(self.device),
            requiring_none(tenant, DEVICE, self.device.id),
            *([tenant.things(DeviceProfile).requiring(self.profile.id)] if self.profile else []),
            *profiles.components_of(tenant, self.device, self.profile),
        ]

    def refuse(self, failed: frozenset[int]) -> None:
        """Do nothing if no part has failed.

        Raises:
            AlreadyExists: there is an entity of that id. InvalidRequest: its template is gone.
        """
        if failed and min(failed) <= 1:
            raise already_there(self.entity.id)
        if failed:
            raise InvalidRequest.of("template_id", "it has been deleted meanwhile", code="unknown-reference")


def planned(tenant: Tenant, equipment: Equipment, body: EntityCreate) -> Making:
    """Return how to make the entity that *body* describes.

    An id that the client has chosen is its device's label: identifiers of our own tell no organization apart, and
    nobody may take one that is another's.

    Raises:
        InvalidRequest: it has no such template, or cannot have that id. AlreadyExists: an identifier is that already.
    """
    device_id = DeviceId.new()
    fields: dict[str, Any] = {"name": _name(body, device_id)}
    if body.template_id:
        fields["device_profile_id"] = body.template_id
    try:
        profile = profiles.bind(tenant, DeviceProfile, fields)
        if body.id:
            device_id, _ = living(tenant, check_label(body.id), tenant.things(Device).find)
    except InvalidRequest as refusal:
        raise refusal.renamed(OURS) from refusal
    if body.id and Id.is_valid(body.id) and _has_identifier(tenant, body.id):
        raise already_there(body.id)
    device = Device(id=device_id, label=body.id, **fields)
    declared = {part.key: part.sensor_profile_id for part in profile.components} if profile else {}
    known = equipment.expect(device_id, declared)
    return Making(Named(body.id or device_id, known), device, profile)


def already_there(name: str) -> AlreadyExists:
    """Return the problem that an id is taken."""
    return AlreadyExists(f"There is an entity {name} already.", id=name)


def delete(tenant: Tenant, caller: Caller, exchange: Exchange, entity: Named) -> None:
    """Delete an entity; its values stay, until retention takes them.

    Raises:
        InUse: a component that has attributes.
    """
    if entity.component is None:
        delete_device(tenant, caller, exchange, entity.device.id)
        return
    component = tenant.things(Component).get(entity.component_id)
    require_no_sensors(tenant, component)
    tenant.things(Component).remove(component)


def deleting(tenant: Tenant, entity: Named) -> list[dict[str, Any]]:
    """Return the parts of a transaction that delete an entity; a device is to be cut off afterwards.

    Raises:
        InUse: a component that has attributes.
    """
    if entity.component is None:
        return deleting_device(tenant, entity.device.id)
    require_no_sensors(tenant, tenant.things(Component).get(entity.component_id))
    return [tenant.things(Component).removing(entity.component_id)]


def device_of(entity: Named | DeviceId) -> list[DeviceId]:
    """Return the device that an entity is or was; of a component nothing."""
    if isinstance(entity, Named):
        return [] if entity.component else [entity.device.id]
    return [entity]


def entity_or_trace(tenant: Tenant, equipment: Equipment, name: str) -> Named | DeviceId:
    """Return the entity of an id, or what identified the device that was it until it was deleted.

    Raises:
        NotFound: there is none, and never was.
    """
    try:
        return entity_named(tenant, equipment, name)
    except NotFound:
        for identifier in _identifiers(tenant, name):
            if is_left(tenant, DEVICE, identifier):
                return identifier
        raise


def _identifiers(tenant: Tenant, name: str) -> list[DeviceId]:
    own = [DeviceId(name)] if Id.is_valid(name) else []
    return [*own, *([labelled(tenant.organization_id, name, 1)] if LABEL.match(name) else [])]


def _has_identifier(tenant: Tenant, name: str) -> bool:
    things = (tenant.things(Device).find(DeviceId(name)), tenant.things(Component).find(ComponentId(name)))
    return any(things) or is_left(tenant, DEVICE, DeviceId(name))


def _name(body: EntityCreate, device_id: DeviceId) -> str:
    if body.name:
        return body.name
    for given in body.values():
        if given.attribute == "name":
            with suppress(ValidationError):
                return TypeAdapter(Name).validate_python(given.value)
    return body.id or device_id
