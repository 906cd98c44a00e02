"""``/api/v1/device-profiles``: what kinds of devices are made of, version by version."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.device_profiles import rules
from functions.device_profiles.models import DeviceProfileBody, PublishedDeviceProfile
from whimbrel.auth import Scope
from whimbrel.bodies import Key
from whimbrel.domain.profiles import DeviceProfile, DeviceProfileId, VersionText
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import InUse, StandardMethods, require_match
from whimbrel.pages import Page
from whimbrel.problems import NotFound, StaleVersion, Unavailable
from whimbrel.store import profiles

resource = Resource("/api/v1/device-profiles", tag="Device profiles")


@resource.operation("GET", scope=Scope.DEVICES_READ)
def list_device_profiles(
    tenant: CurrentTenant,
    key: Annotated[Key | SkipJsonSchema[None], Query()] = None,
    version: Annotated[VersionText | SkipJsonSchema[None], Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeviceProfile]:
    """List the versions of device profiles, of all keys or of one."""

    def matches(profile: DeviceProfile) -> bool:
        return (key is None or profile.key == key) and (version is None or profile.number == version)

    filters = (key, version)
    return tenant.things(DeviceProfile).page(limit, cursor, where=matches if any(filters) else None, filters=filters)


@resource.operation("POST", scope=Scope.DEVICES_WRITE, status=201, problems=[Unavailable])
def create_device_profile(body: DeviceProfileBody, tenant: CurrentTenant) -> PublishedDeviceProfile:
    """Publish a version of a device profile.

    The server says what it is to the newest version of its key, and so what it is called: `INITIAL` is 1.0, after an
    `ADDITIVE` change the minor number grows, after a `BREAKING` one the major. What says the same (`NONE`) is the
    newest version again, and nothing new. Devices keep the version that they are bound to until they are bound to
    another.
    """
    published = profiles.publish(tenant, DeviceProfile, rules.resolved(tenant, body))
    return PublishedDeviceProfile.model_validate(
        published.profile.model_dump(by_alias=True) | {"change": published.change, "reasons": published.reasons}
    )


StandardMethods(
    entity=DeviceProfile,
    create=DeviceProfileBody,
    fields=DeviceProfileBody,
    read=Scope.DEVICES_READ,
    write=Scope.DEVICES_WRITE,
    singular="device profile",
    plural="device profiles",
    only=frozenset({"get"}),
).register(resource)


@resource.operation(
    "DELETE",
    "/{deviceProfileId}",
    scope=Scope.DEVICES_WRITE,
    status=204,
    problems=[NotFound, StaleVersion, InUse, Unavailable],
)
def delete_device_profile(
    device_profile_id: Annotated[DeviceProfileId, Path(alias="deviceProfileId")],
    tenant: CurrentTenant,
    if_match: IfMatch = None,
) -> None:
    """Delete a version of a device profile that nothing refers to; its number is not given again."""
    profile = tenant.things(DeviceProfile).get(device_profile_id)
    require_match(profile, if_match)
    if use := profiles.use_of(tenant, {profile.id}):
        raise InUse(f"It is used by {use}; bind that to another version first.")
    profiles.retire(tenant, profile)
