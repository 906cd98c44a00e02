"""``/api/schemas``: profiles in the language that other platforms read."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from whimbrel.auth import Scope
from whimbrel.domain import dtdl
from whimbrel.domain.profiles import DeviceProfile, DeviceProfileId, SensorProfile, SensorProfileId
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.resource import Resource
from whimbrel.problems import NotFound

resource = Resource("/api/schemas", tag="Schemas")

_SENSOR: dict[str, Any] = {
    "@context": ["dtmi:dtdl:context;3"],
    "@id": "dtmi:whimbrel:o019bb77ce00073fb873d6804615e4f33:sensorProfile:temperature;1",
    "@type": "Interface",
    "contents": [{"@type": "Telemetry", "name": "temperature", "schema": "double"}],
}
_DEVICE: dict[str, Any] = {
    "@context": ["dtmi:dtdl:context;3"],
    "@id": "dtmi:whimbrel:o019bb77ce00073fb873d6804615e4f33:deviceProfile:greenhouse;1",
    "@type": "Interface",
    "contents": [{"@type": "Component", "name": "air", "schema": _SENSOR["@id"]}],
}


@resource.operation("GET", "/sensor-profile/{sensorProfileId}", scope=Scope.DEVICES_READ, problems=[NotFound])
def get_sensor_profile_schema(
    sensor_profile_id: Annotated[SensorProfileId, Path(alias="sensorProfileId")], tenant: CurrentTenant
) -> Annotated[dict[str, Any], Field(examples=[_SENSOR])]:
    """Get a sensor profile as DTDL v3, in JSON-LD: one Interface."""
    profile = tenant.things(SensorProfile).get(sensor_profile_id)
    return dtdl.sensor_interface(tenant.organization_id, profile)


@resource.operation("GET", "/device-profile/{deviceProfileId}", scope=Scope.DEVICES_READ, problems=[NotFound])
def get_device_profile_schema(
    device_profile_id: Annotated[DeviceProfileId, Path(alias="deviceProfileId")], tenant: CurrentTenant
) -> Annotated[list[dict[str, Any]], Field(examples=[[_DEVICE, _SENSOR]])]:
    """Get a device profile as DTDL v3, in JSON-LD: its Interface, then those of its components."""
    profile = tenant.things(DeviceProfile).get(device_profile_id)
    sensor_profiles = tenant.things(SensorProfile)
    # In the order of the components, each once.
    identifiers = dict.fromkeys(component.sensor_profile_id for component in profile.components)
    parts = {identifier: sensor_profiles.get(identifier) for identifier in identifiers}
    return dtdl.device_interfaces(tenant.organization_id, profile, parts)
