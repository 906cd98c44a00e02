from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="RegisterDevice")


@_attrs_define
class RegisterDevice:
    """A device to be registered.

    Attributes:
        device_name (str):
        device_profile_id (None | str | Unset): The components that it declares are made at once.
        site_id (None | str | Unset):
        tags (list[str] | Unset):
        ttl_seconds (int | Unset): How long the token is good. Default: 86400.
    """

    device_name: str
    device_profile_id: None | str | Unset = UNSET
    site_id: None | str | Unset = UNSET
    tags: list[str] | Unset = UNSET
    ttl_seconds: int | Unset = 86400

    def to_dict(self) -> dict[str, Any]:
        device_name = self.device_name

        device_profile_id: None | str | Unset
        if isinstance(self.device_profile_id, Unset):
            device_profile_id = UNSET
        else:
            device_profile_id = self.device_profile_id

        site_id: None | str | Unset
        if isinstance(self.site_id, Unset):
            site_id = UNSET
        else:
            site_id = self.site_id

        tags: list[str] | Unset = UNSET
        if not isinstance(self.tags, Unset):
            tags = self.tags

        ttl_seconds = self.ttl_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "deviceName": device_name,
            }
        )
        if device_profile_id is not UNSET:
            field_dict["deviceProfileId"] = device_profile_id
        if site_id is not UNSET:
            field_dict["siteId"] = site_id
        if tags is not UNSET:
            field_dict["tags"] = tags
        if ttl_seconds is not UNSET:
            field_dict["ttlSeconds"] = ttl_seconds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        device_name = d.pop("deviceName")

        def _parse_device_profile_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        device_profile_id = _parse_device_profile_id(d.pop("deviceProfileId", UNSET))

        def _parse_site_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        site_id = _parse_site_id(d.pop("siteId", UNSET))

        tags = cast(list[str], d.pop("tags", UNSET))

        ttl_seconds = d.pop("ttlSeconds", UNSET)

        register_device = cls(
            device_name=device_name,
            device_profile_id=device_profile_id,
            site_id=site_id,
            tags=tags,
            ttl_seconds=ttl_seconds,
        )

        return register_device
