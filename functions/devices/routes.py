"""``/api/v1/devices``: what reports readings."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.devices import rules
from functions.devices.models import DeviceBody, DevicePatch
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Device, DeviceGroup, DeviceGroupId, DeviceStatus, SiteId
from whimbrel.domain.profiles import DeviceProfileId
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant
from whimbrel.http.fleet import delete_device as delete
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import StandardMethods, require_match
from whimbrel.ids import DeviceId
from whimbrel.pages import Page
from whimbrel.problems import NotFound, StaleVersion, Unavailable

resource = Resource("/api/v1/devices", tag="Devices")


@resource.operation("GET", scope=Scope.DEVICES_READ, problems=[NotFound])
def list_devices(  # noqa: PLR0913, PLR0917 (one for each filter)
    tenant: CurrentTenant,
    status: Annotated[DeviceStatus | SkipJsonSchema[None], Query()] = None,
    site_id: Annotated[SiteId | SkipJsonSchema[None], Query(alias="siteId")] = None,
    group_id: Annotated[DeviceGroupId | SkipJsonSchema[None], Query(alias="groupId")] = None,
    device_profile_id: Annotated[DeviceProfileId | SkipJsonSchema[None], Query(alias="deviceProfileId")] = None,
    tag: Annotated[str | SkipJsonSchema[None], Query(max_length=64)] = None,
    q: Annotated[str | SkipJsonSchema[None], Query(max_length=128, description="How the name begins.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Device]:
    """List devices, oldest first.

    Filters narrow each other; a filtered page may be short before the list's end.
    """
    group = tenant.things(DeviceGroup).get(group_id) if group_id else None

    def matches(device: Device) -> bool:
        return (
            (status is None or device.status is status)
            and (group is None or group.match.includes(device))
            and (device_profile_id is None or device.device_profile_id == device_profile_id)
            and (tag is None or tag in device.tags)
            and (q is None or device.name.lower().startswith(q.lower()))
        )

    filters = (status, group_id, device_profile_id, tag, q)
    return tenant.things(Device).page(
        limit, cursor, parent=site_id, where=matches if any(filters) else None, filters=filters
    )


StandardMethods(
    entity=Device,
    create=DeviceBody,
    fields=DeviceBody,
    read=Scope.DEVICES_READ,
    write=Scope.DEVICES_WRITE,
    singular="device",
    plural="devices",
    only=frozenset({"get"}),
).register(resource)


@resource.operation("POST", scope=Scope.DEVICES_WRITE, status=201, problems=[StaleVersion])
def create_device(body: DeviceBody, tenant: CurrentTenant) -> Device:
    """Create a device, with the components that its profile declares."""
    return rules.create(tenant, body)


@resource.operation("PUT", "/{deviceId}", scope=Scope.DEVICES_WRITE, problems=[NotFound, StaleVersion])
def replace_device(
    device_id: Annotated[DeviceId, Path(alias="deviceId")],
    body: DeviceBody,
    tenant: CurrentTenant,
    if_match: IfMatch = None,
) -> Device:
    """Replace a device; what is left out falls back.

    With another version of a profile, the components that it declares are made or bound anew; none is taken away.
    """
    return rules.change(tenant, device_id, body, if_match)


@resource.operation("PATCH", "/{deviceId}", scope=Scope.DEVICES_WRITE, problems=[NotFound, StaleVersion])
def update_device(
    device_id: Annotated[DeviceId, Path(alias="deviceId")],
    body: DevicePatch,  # pyright: ignore[reportInvalidTypeForm, reportUnknownParameterType]
    tenant: CurrentTenant,
    if_match: IfMatch = None,
) -> Device:
    """Change some fields of a device.

    With another version of a profile, the components that it declares are made or bound anew; none is taken away.
    """
    return rules.change(tenant, device_id, body, if_match)


@resource.operation(
    "DELETE",
    "/{deviceId}",
    scope=Scope.DEVICES_WRITE,
    status=204,
    problems=[NotFound, StaleVersion, Unavailable],
    or_job=True,
)
def delete_device(
    device_id: Annotated[DeviceId, Path(alias="deviceId")],
    tenant: CurrentTenant,
    caller: CurrentCaller,
    exchange: CurrentExchange,
    purge: Annotated[  # noqa: FBT002 (a query parameter has no position)
        bool, Query(description="Delete its readings, too: answers 202 with a job.")
    ] = False,
    if_match: IfMatch = None,
) -> Any:
    """Delete a device.

    Its certificates are revoked and its connection is cut. Its components, sensors and readings stay, until retention
    takes them; with `purge`, a job deletes them now, and those in quarantine.
    """
    require_match(tenant.things(Device).get(device_id), if_match)
    job = delete(tenant, caller, exchange, device_id, purge=purge)
    return Response(HTTPStatus.ACCEPTED, "application/json", job.model_dump_json(by_alias=True)) if job else None
