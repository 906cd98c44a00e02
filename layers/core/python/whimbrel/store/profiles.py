"""Profiles in the registry: new versions, what refers to one, and the binding of devices and components to them.

A version is stored together with the *line* of its key, which tells what the next one is called: of two that are made
at the same time one is judged again, against the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic.alias_generators import to_camel

from whimbrel.domain.fleet import Component, Device
from whimbrel.domain.profiles import (
    FIRST_VERSION,
    Change,
    DeviceProfile,
    Profile,
    ProfileFields,
    ProfileLine,
    SensorProfile,
    judge,
)
from whimbrel.problems import InvalidRequest, StaleVersion, Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection

    from whimbrel.ids import Id
    from whimbrel.store.tenant import Tenant

P = TypeVar("P", bound=Profile[Any])

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Publication(Generic[P]):
    """A version that is there or can be stored: what it is to the one before, and the *parts* that store it."""

    profile: P
    change: Change
    reasons: list[str]
    parts: list[dict[str, Any]] = field(default_factory=list)


def newest(tenant: Tenant, entity: type[P], key: str) -> P | None:
    """Return the newest version of *key*, or None."""
    line = _line(tenant, entity, key)
    return version(tenant, entity, key, line.versions[-1]) if line and line.versions else None


def version(tenant: Tenant, entity: type[P], key: str, number: str) -> P | None:
    """Return the version *number* of *key*, or None."""
    return tenant.things(entity).find(entity.identifier(tenant.organization_id, key, number))


def plan(tenant: Tenant, entity: type[P], fields: ProfileFields) -> Publication[P]:
    """Return what publishing *fields* would be: the newest version again if it says the same, else the next."""
    line = _line(tenant, entity, fields.key)
    last = version(tenant, entity, fields.key, line.versions[-1]) if line and line.versions else None
    change, reasons = judge(last, fields) if last else (Change.INITIAL, [])
    if last and change is Change.NONE:
        return Publication(last, change, reasons)
    # A key whose versions were all deleted begins anew above them: what was called 1.0 once stays what it was.
    number = (change if last else Change.BREAKING).number(line.last) if line else FIRST_VERSION
    organization_id = tenant.organization_id
    profile = entity(id=entity.identifier(organization_id, fields.key, number), version=number, **fields.given())  # type: ignore[call-arg]
    lines = tenant.things(ProfileLine)
    if line is None:
        identifier = ProfileLine.identifier(organization_id, entity.kind, fields.key)
        new_line = ProfileLine(id=identifier, profiles=entity.kind, key=fields.key, last=number, versions=(number,))
        line_part = lines.adding(new_line)
    else:
        line_part = lines.replacing(line.next_version(last=number, versions=(*line.versions, number)))
    return Publication(profile, change, reasons, [tenant.things(entity).adding(profile), line_part])


def publish(tenant: Tenant, entity: type[P], fields: ProfileFields) -> Publication[P]:
    """Store the next version of a profile, unless the newest one says the same.

    Raises:
        Unavailable: others kept publishing the same key.
    """
    required = [tenant.things(SensorProfile).requiring(identifier) for identifier in sorted(referred(fields))]
    for _ in range(_ATTEMPTS):
        publication = plan(tenant, entity, fields)
        if not publication.parts or not tenant.commit(publication.parts + required):
            return publication
    raise Unavailable("Others are changing the same profile; send this again in a moment.")


def retiring(tenant: Tenant, profile: Profile[Any], line: ProfileLine) -> list[dict[str, Any]]:
    """Return the parts that remove a version; its number is not given again."""
    left = tuple(number for number in line.versions if number != profile.number)
    return [
        tenant.things(type(profile)).removing(profile.id),
        tenant.things(ProfileLine).replacing(line.next_version(versions=left)),
    ]


def retire(tenant: Tenant, profile: Profile[Any]) -> None:
    """Remove a version.

    Raises:
        Unavailable: others kept publishing the same key.
    """
    for _ in range(_ATTEMPTS):
        line = tenant.things(ProfileLine).get(line_id(tenant, type(profile), profile.key))
        if not tenant.commit(retiring(tenant, profile, line)):
            return
    raise Unavailable("Others are changing the same profile; send this again in a moment.")


def line_id(tenant: Tenant, entity: type[Profile[Any]], key: str) -> Id:
    """Return the identifier of the line of *key*."""
    return ProfileLine.identifier(tenant.organization_id, entity.kind, key)


def referred(fields: ProfileFields) -> set[Id]:
    """Return the sensor profiles that a profile refers to."""
    return {part.sensor_profile_id for part in getattr(fields, "components", ())}


def use_of(tenant: Tenant, identifiers: Collection[Id]) -> str | None:
    """Return one thing, in words, that refers to a profile of *identifiers* and is none of them; None if nothing does.

    It reads all device profiles, components and devices of the organization: a profile is deleted rarely.
    """
    wanted = frozenset(identifiers)
    for profile in tenant.things(DeviceProfile).all():
        if profile.id not in wanted and not wanted.isdisjoint(referred(profile)):
            return f"version {profile.number} of the device profile {profile.key}"
    devices = tenant.things(Device)
    for device in devices.all():
        if device.device_profile_id in wanted:
            return f"the device {device.id}"
    for component in tenant.things(Component).all():
        # The components of a deleted device stay with its readings, and need no profile any more.
        if component.sensor_profile_id in wanted and devices.find(component.device_id):
            return f"the component {component.key} of the device {component.device_id}"
    return None


def bind(tenant: Tenant, entity: type[P], changes: dict[str, Any], current: Id | None = None) -> P | None:
    """Complete *changes* of a thing so that they name a profile by identifier and version alike, and return it.

    The identifier decides; a version alone names another version of the *current* profile.

    Raises:
        InvalidRequest: there is no such version, or the two contradict each other.
    """
    id_name, version_name = f"{entity.kind}_id", f"{entity.kind}_version"
    if id_name not in changes and version_name not in changes:
        return None
    number: str | None = changes.get(version_name)
    if id_name not in changes:
        found = tenant.things(entity).find(current) if current and number else None
        profile = version(tenant, entity, found.key, number) if found and number else None
        if profile is None:
            message = f"there is no version {number} of its profile; name one by {to_camel(id_name)}"
            raise InvalidRequest.of(to_camel(version_name), message, code="unknown-reference")
    elif changes[id_name] is None:
        if number is not None:
            raise InvalidRequest.of(to_camel(version_name), f"it needs {to_camel(id_name)}")
        profile = None
    else:
        profile = tenant.things(entity).find(changes[id_name])
        if profile is None:
            message = f"there is no {entity.kind.replace('_', ' ')} {changes[id_name]}"
            raise InvalidRequest.of(to_camel(id_name), message, code="unknown-reference")
        if number not in {None, profile.number}:
            message = f"that profile is version {profile.number}; leave this out, or name the other version's id"
            raise InvalidRequest.of(to_camel(version_name), message)
    changes |= {id_name: profile and profile.id, version_name: profile and profile.number}
    return profile


def components_of(tenant: Tenant, device: Device, profile: DeviceProfile | None) -> list[dict[str, Any]]:
    """Return the parts that give a *device* the components that its profile declares.

    Those that it has already are bound anew; others of its own stay as they are.
    """
    components = tenant.things(Component)
    parts: list[dict[str, Any]] = []
    for declaration in profile.components if profile else ():
        declared = Component.declared(device.id, declaration)
        there = components.find(declared.id) if device.version > 1 else None
        if there is None:
            parts.append(components.adding(declared))
        elif there.sensor_profile_id != declared.sensor_profile_id:
            binding = {
                "sensor_profile_id": declared.sensor_profile_id,
                "sensor_profile_version": declared.sensor_profile_version,
            }
            parts.append(components.replacing(there.next_version(**binding)))
    return parts


def store_equipped(tenant: Tenant, device: Device, profile: DeviceProfile | None) -> Device:
    """Store a device, new or in its next version, together with the components that *profile* declares.

    Raises:
        StaleVersion: somebody changed one of them meanwhile.
    """
    devices = tenant.things(Device)
    own = devices.replacing(device) if device.version > 1 else devices.adding(device)
    required = [tenant.things(DeviceProfile).requiring(profile.id)] if profile else []
    if tenant.commit([own, *required, *components_of(tenant, device, profile)]):
        raise StaleVersion("The device or its profile has changed meanwhile; get it again and repeat the change.")
    return device


def _line(tenant: Tenant, entity: type[Profile[Any]], key: str) -> ProfileLine | None:
    return tenant.things(ProfileLine).find(line_id(tenant, entity, key))
