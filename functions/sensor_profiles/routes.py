"""``/api/v1/sensor-profiles``: what the readings of components hold, version by version."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.sensor_profiles.models import PublishedSensorProfile, SensorProfileBody
from whimbrel.auth import Scope
from whimbrel.bodies import Key
from whimbrel.domain.profiles import SensorProfile, SensorProfileId, VersionText
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import InUse, StandardMethods, require_match
from whimbrel.pages import Page
from whimbrel.problems import NotFound, StaleVersion, Unavailable
from whimbrel.store import profiles

resource = Resource("/api/v1/sensor-profiles", tag="Sensor profiles")


@resource.operation("GET", scope=Scope.DEVICES_READ)
def list_sensor_profiles(
    tenant: CurrentTenant,
    key: Annotated[Key | SkipJsonSchema[None], Query()] = None,
    version: Annotated[VersionText | SkipJsonSchema[None], Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SensorProfile]:
    """List the versions of sensor profiles, of all keys or of one."""

    def matches(profile: SensorProfile) -> bool:
        return (key is None or profile.key == key) and (version is None or profile.number == version)

    filters = (key, version)
    return tenant.things(SensorProfile).page(limit, cursor, where=matches if any(filters) else None, filters=filters)


@resource.operation("POST", scope=Scope.DEVICES_WRITE, status=201, problems=[Unavailable])
def create_sensor_profile(body: SensorProfileBody, tenant: CurrentTenant) -> PublishedSensorProfile:
    """Publish a version of a sensor profile.

    The server says what it is to the newest version of its key, and so what it is called: `INITIAL` is 1.0, after an
    `ADDITIVE` change the minor number grows, after a `BREAKING` one the major. What says the same (`NONE`) is the
    newest version again, and nothing new. Components keep the version that they are bound to until they are bound
    to another.
    """
    published = profiles.publish(tenant, SensorProfile, body)
    return PublishedSensorProfile.model_validate(
        published.profile.model_dump(by_alias=True) | {"change": published.change, "reasons": published.reasons}
    )


StandardMethods(
    entity=SensorProfile,
    create=SensorProfileBody,
    fields=SensorProfileBody,
    read=Scope.DEVICES_READ,
    write=Scope.DEVICES_WRITE,
    singular="sensor profile",
    plural="sensor profiles",
    only=frozenset({"get"}),
).register(resource)


@resource.operation(
    "DELETE",
    "/{sensorProfileId}",
    scope=Scope.DEVICES_WRITE,
    status=204,
    problems=[NotFound, StaleVersion, InUse, Unavailable],
)
def delete_sensor_profile(
    sensor_profile_id: Annotated[SensorProfileId, Path(alias="sensorProfileId")],
    tenant: CurrentTenant,
    if_match: IfMatch = None,
) -> None:
    """Delete a version of a sensor profile that nothing refers to; its number is not given again."""
    profile = tenant.things(SensorProfile).get(sensor_profile_id)
    require_match(profile, if_match)
    if use := profiles.use_of(tenant, {profile.id}):
        raise InUse(f"It is used by {use}; bind that to another version first.")
    profiles.retire(tenant, profile)
