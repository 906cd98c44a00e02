"""A device profile as its author writes it, with its references to sensor profiles resolved."""

from __future__ import annotations

from typing import Any

from functions.device_profiles.models import ComponentDeclaration, DeviceProfileBody
from whimbrel.domain.profiles import DeviceProfileFields, ProfileComponent, SensorProfile
from whimbrel.problems import InvalidRequest
from whimbrel.store import profiles
from whimbrel.store.tenant import Tenant


def resolved(tenant: Tenant, body: DeviceProfileBody) -> DeviceProfileFields:
    """Return *body* with the version of each component's sensor profile.

    Raises:
        InvalidRequest: there is no such profile, or two components have one key.
    """
    keys = [declaration.key for declaration in body.components]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise InvalidRequest.of(f"components[{index}].key", "another component has it", code="duplicate-key")
    components = tuple(
        _component(tenant, declaration, f"components[{index}]") for index, declaration in enumerate(body.components)
    )
    fields: dict[str, Any] = body.given() | {"components": components}
    return DeviceProfileFields(**fields)


def _component(tenant: Tenant, declaration: ComponentDeclaration, place: str) -> ProfileComponent:
    if declaration.sensor_profile_id:
        named = "sensorProfileId"
        profile = tenant.things(SensorProfile).find(declaration.sensor_profile_id)
    elif declaration.sensor_profile_version:
        named = "sensorProfileVersion"
        key = declaration.sensor_profile_key or ""
        profile = profiles.version(tenant, SensorProfile, key, declaration.sensor_profile_version)
    else:
        named = "sensorProfileKey"
        profile = profiles.newest(tenant, SensorProfile, declaration.sensor_profile_key or "")
    if profile is None:
        raise InvalidRequest.of(f"{place}.{named}", "there is no such sensor profile", code="unknown-reference")
    return ProfileComponent(
        key=declaration.key,
        name=declaration.name or declaration.key,
        sensor_profile_id=profile.id,
        sensor_profile_key=profile.key,
        sensor_profile_version=profile.number,
    )
