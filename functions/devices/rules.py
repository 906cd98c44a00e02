"""Devices and the profiles they are bound to: a device and its declared components are stored together."""

from __future__ import annotations

from whimbrel.bodies import Body
from whimbrel.domain.fleet import Device
from whimbrel.domain.profiles import DeviceProfile
from whimbrel.http.standard import changed, check_references, require_match
from whimbrel.ids import DeviceId
from whimbrel.store import profiles
from whimbrel.store.tenant import Tenant


def create(tenant: Tenant, body: Body) -> Device:
    """Store a new device with the components of its profile.

    Raises:
        InvalidRequest: it refers to what is not there.
    """
    fields = body.given()
    profile = profiles.bind(tenant, DeviceProfile, fields)
    device = Device(id=DeviceId.new(), **fields)
    check_references(device, tenant)
    return profiles.store_equipped(tenant, device, profile)


def change(tenant: Tenant, device_id: DeviceId, body: Body, if_match: str | None) -> Device:
    """Store a device with the fields that *body* holds; a profile that it was not bound to equips it.

    Raises:
        NotFound: there is none. StaleVersion: not the one of *if_match*, or somebody else was faster.
        InvalidRequest: it refers to what is not there.
    """
    device = tenant.things(Device).get(device_id)
    require_match(device, if_match)
    changes = body.given()
    profile = profiles.bind(tenant, DeviceProfile, changes, device.device_profile_id)
    after = changed(tenant, device, changes)
    if after is device:
        return device
    is_bound_anew = after.device_profile_id != device.device_profile_id
    return profiles.store_equipped(tenant, after, profile if is_bound_anew else None)
