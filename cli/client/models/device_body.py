from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.device_body_status import DeviceBodyStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_body_metadata import DeviceBodyMetadata
    from ..models.location_input import LocationInput


T = TypeVar("T", bound="DeviceBody")


@_attrs_define
class DeviceBody:
    """A device, as a client sends it. ``status`` is set by hand to INACTIVE or MAINTENANCE, and back to ACTIVE.

    Attributes:
        name (str):
        virtual (bool | Unset):  Default: False.
        gateway_id (None | str | Unset):
        device_profile_id (None | str | Unset): One version of a profile.
        device_profile_version (None | str | Unset): By itself, in a PATCH: another version of the same profile.
        site_id (None | str | Unset):
        location (LocationInput | None | Unset):
        tags (list[str] | Unset):
        metadata (DeviceBodyMetadata | Unset):
        status (DeviceBodyStatus | Unset):
    """

    name: str
    virtual: bool | Unset = False
    gateway_id: None | str | Unset = UNSET
    device_profile_id: None | str | Unset = UNSET
    device_profile_version: None | str | Unset = UNSET
    site_id: None | str | Unset = UNSET
    location: LocationInput | None | Unset = UNSET
    tags: list[str] | Unset = UNSET
    metadata: DeviceBodyMetadata | Unset = UNSET
    status: DeviceBodyStatus | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.location_input import LocationInput  # noqa: PLC0415

        name = self.name

        virtual = self.virtual

        gateway_id: None | str | Unset
        if isinstance(self.gateway_id, Unset):
            gateway_id = UNSET
        else:
            gateway_id = self.gateway_id

        device_profile_id: None | str | Unset
        if isinstance(self.device_profile_id, Unset):
            device_profile_id = UNSET
        else:
            device_profile_id = self.device_profile_id

        device_profile_version: None | str | Unset
        if isinstance(self.device_profile_version, Unset):
            device_profile_version = UNSET
        else:
            device_profile_version = self.device_profile_version

        site_id: None | str | Unset
        if isinstance(self.site_id, Unset):
            site_id = UNSET
        else:
            site_id = self.site_id

        location: dict[str, Any] | None | Unset
        if isinstance(self.location, Unset):
            location = UNSET
        elif isinstance(self.location, LocationInput):
            location = self.location.to_dict()
        else:
            location = self.location

        tags: list[str] | Unset = UNSET
        if not isinstance(self.tags, Unset):
            tags = self.tags

        metadata: dict[str, Any] | Unset = UNSET
        if not isinstance(self.metadata, Unset):
            metadata = self.metadata.to_dict()

        status: str | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = self.status.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
            }
        )
        if virtual is not UNSET:
            field_dict["virtual"] = virtual
        if gateway_id is not UNSET:
            field_dict["gatewayId"] = gateway_id
        if device_profile_id is not UNSET:
            field_dict["deviceProfileId"] = device_profile_id
        if device_profile_version is not UNSET:
            field_dict["deviceProfileVersion"] = device_profile_version
        if site_id is not UNSET:
            field_dict["siteId"] = site_id
        if location is not UNSET:
            field_dict["location"] = location
        if tags is not UNSET:
            field_dict["tags"] = tags
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if status is not UNSET:
            field_dict["status"] = status

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_body_metadata import DeviceBodyMetadata  # noqa: PLC0415
        from ..models.location_input import LocationInput  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        virtual = d.pop("virtual", UNSET)

        def _parse_gateway_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        gateway_id = _parse_gateway_id(d.pop("gatewayId", UNSET))

        def _parse_device_profile_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        device_profile_id = _parse_device_profile_id(d.pop("deviceProfileId", UNSET))

        def _parse_device_profile_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        device_profile_version = _parse_device_profile_version(d.pop("deviceProfileVersion", UNSET))

        def _parse_site_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        site_id = _parse_site_id(d.pop("siteId", UNSET))

        def _parse_location(data: object) -> LocationInput | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                location_type_0 = LocationInput.from_dict(data)

                return location_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LocationInput | None | Unset, data)

        location = _parse_location(d.pop("location", UNSET))

        tags = cast(list[str], d.pop("tags", UNSET))

        _metadata = d.pop("metadata", UNSET)
        metadata: DeviceBodyMetadata | Unset
        if isinstance(_metadata, Unset):
            metadata = UNSET
        else:
            metadata = DeviceBodyMetadata.from_dict(_metadata)

        _status = d.pop("status", UNSET)
        status: DeviceBodyStatus | Unset
        if isinstance(_status, Unset):
            status = UNSET
        else:
            status = DeviceBodyStatus(_status)

        device_body = cls(
            name=name,
            virtual=virtual,
            gateway_id=gateway_id,
            device_profile_id=device_profile_id,
            device_profile_version=device_profile_version,
            site_id=site_id,
            location=location,
            tags=tags,
            metadata=metadata,
            status=status,
        )

        return device_body
