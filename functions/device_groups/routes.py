"""``/api/v1/device-groups``: devices by what they have in common."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.device_groups.models import DeviceGroupBody
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Device, DeviceGroup, DeviceGroupId
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import StandardMethods
from whimbrel.pages import Page
from whimbrel.problems import NotFound

resource = Resource("/api/v1/device-groups", tag="Device groups")

StandardMethods(
    entity=DeviceGroup,
    create=DeviceGroupBody,
    fields=DeviceGroupBody,
    read=Scope.DEVICES_READ,
    write=Scope.DEVICES_WRITE,
    singular="device group",
    plural="device groups",
).register(resource)


@resource.operation("GET", "/{deviceGroupId}/devices", scope=Scope.DEVICES_READ, problems=[NotFound])
def list_device_group_devices(
    device_group_id: Annotated[DeviceGroupId, Path(alias="deviceGroupId")],
    tenant: CurrentTenant,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Device]:
    """List the devices of a group, oldest first.

    Who belongs is computed from tags and sites each time; a page may be short before the list's end.
    """
    group = tenant.things(DeviceGroup).get(device_group_id)
    return tenant.things(Device).page(limit, cursor, where=group.match.includes, filters=(group.id, group.version))
