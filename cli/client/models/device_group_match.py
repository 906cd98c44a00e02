from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="DeviceGroupMatch")


@_attrs_define
class DeviceGroupMatch:
    """Which devices belong: all of these tags, any of those, at any of the sites; what is empty asks nothing.

    Attributes:
        all_tags (list[str]):
        any_tags (list[str]):
        site_ids (list[str]):
    """

    all_tags: list[str]
    any_tags: list[str]
    site_ids: list[str]

    def to_dict(self) -> dict[str, Any]:
        all_tags = self.all_tags

        any_tags = self.any_tags

        site_ids = self.site_ids

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "allTags": all_tags,
                "anyTags": any_tags,
                "siteIds": site_ids,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        all_tags = cast(list[str], d.pop("allTags"))

        any_tags = cast(list[str], d.pop("anyTags"))

        site_ids = cast(list[str], d.pop("siteIds"))

        device_group_match = cls(
            all_tags=all_tags,
            any_tags=any_tags,
            site_ids=site_ids,
        )

        return device_group_match
