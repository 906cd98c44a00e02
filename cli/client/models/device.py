from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.device_status import DeviceStatus

if TYPE_CHECKING:
    from ..models.connection import Connection
    from ..models.device_metadata import DeviceMetadata
    from ..models.location import Location


T = TypeVar("T", bound="Device")


@_attrs_define
class Device:
    """A physical or virtual thing that reports readings.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        name (str):
        virtual (bool):  Default: False.
        gateway_id (None | str):
        device_profile_id (None | str): One version of a profile.
        device_profile_version (None | str): By itself, in a PATCH: another version of the same profile.
        site_id (None | str):
        location (Location | None):
        tags (list[str]):
        metadata (DeviceMetadata):
        label (None | str): What data named it by when it made it.
        status (DeviceStatus): PENDING until first seen; ACTIVE and OFFLINE as the broker sees it; INACTIVE and
            MAINTENANCE by hand.
        firmware_version (None | str):
        last_seen_at (datetime.datetime | None):
        connection (Connection | None):
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    name: str
    gateway_id: None | str
    device_profile_id: None | str
    device_profile_version: None | str
    site_id: None | str
    location: Location | None
    tags: list[str]
    metadata: DeviceMetadata
    label: None | str
    status: DeviceStatus
    firmware_version: None | str
    last_seen_at: datetime.datetime | None
    connection: Connection | None
    virtual: bool = False
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.connection import Connection  # noqa: PLC0415
        from ..models.location import Location  # noqa: PLC0415

        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        name = self.name

        virtual = self.virtual

        gateway_id: None | str
        gateway_id = self.gateway_id

        device_profile_id: None | str
        device_profile_id = self.device_profile_id

        device_profile_version: None | str
        device_profile_version = self.device_profile_version

        site_id: None | str
        site_id = self.site_id

        location: dict[str, Any] | None
        if isinstance(self.location, Location):
            location = self.location.to_dict()
        else:
            location = self.location

        tags = self.tags

        metadata = self.metadata.to_dict()

        label: None | str
        label = self.label

        status = self.status.value

        firmware_version: None | str
        firmware_version = self.firmware_version

        last_seen_at: None | str
        if isinstance(self.last_seen_at, datetime.datetime):
            last_seen_at = self.last_seen_at.isoformat()
        else:
            last_seen_at = self.last_seen_at

        connection: dict[str, Any] | None
        if isinstance(self.connection, Connection):
            connection = self.connection.to_dict()
        else:
            connection = self.connection

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "name": name,
                "virtual": virtual,
                "gatewayId": gateway_id,
                "deviceProfileId": device_profile_id,
                "deviceProfileVersion": device_profile_version,
                "siteId": site_id,
                "location": location,
                "tags": tags,
                "metadata": metadata,
                "label": label,
                "status": status,
                "firmwareVersion": firmware_version,
                "lastSeenAt": last_seen_at,
                "connection": connection,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.connection import Connection  # noqa: PLC0415
        from ..models.device_metadata import DeviceMetadata  # noqa: PLC0415
        from ..models.location import Location  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        name = d.pop("name")

        virtual = d.pop("virtual")

        def _parse_gateway_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        gateway_id = _parse_gateway_id(d.pop("gatewayId"))

        def _parse_device_profile_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        device_profile_id = _parse_device_profile_id(d.pop("deviceProfileId"))

        def _parse_device_profile_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        device_profile_version = _parse_device_profile_version(d.pop("deviceProfileVersion"))

        def _parse_site_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        site_id = _parse_site_id(d.pop("siteId"))

        def _parse_location(data: object) -> Location | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                location_type_0 = Location.from_dict(data)

                return location_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Location | None, data)

        location = _parse_location(d.pop("location"))

        tags = cast(list[str], d.pop("tags"))

        metadata = DeviceMetadata.from_dict(d.pop("metadata"))

        def _parse_label(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        label = _parse_label(d.pop("label"))

        status = DeviceStatus(d.pop("status"))

        def _parse_firmware_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        firmware_version = _parse_firmware_version(d.pop("firmwareVersion"))

        def _parse_last_seen_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_seen_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_seen_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_seen_at = _parse_last_seen_at(d.pop("lastSeenAt"))

        def _parse_connection(data: object) -> Connection | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                connection_type_0 = Connection.from_dict(data)

                return connection_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Connection | None, data)

        connection = _parse_connection(d.pop("connection"))

        device = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            name=name,
            virtual=virtual,
            gateway_id=gateway_id,
            device_profile_id=device_profile_id,
            device_profile_version=device_profile_version,
            site_id=site_id,
            location=location,
            tags=tags,
            metadata=metadata,
            label=label,
            status=status,
            firmware_version=firmware_version,
            last_seen_at=last_seen_at,
            connection=connection,
        )

        device.additional_properties = d
        return device

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
