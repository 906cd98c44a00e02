from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="DeviceGroupMatchInput")


@_attrs_define
class DeviceGroupMatchInput:
    """Which devices belong: all of these tags, any of those, at any of the sites; what is empty asks nothing.

    Attributes:
        all_tags (list[str] | Unset):
        any_tags (list[str] | Unset):
        site_ids (list[str] | Unset):
    """

    all_tags: list[str] | Unset = UNSET
    any_tags: list[str] | Unset = UNSET
    site_ids: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        all_tags: list[str] | Unset = UNSET
        if not isinstance(self.all_tags, Unset):
            all_tags = self.all_tags

        any_tags: list[str] | Unset = UNSET
        if not isinstance(self.any_tags, Unset):
            any_tags = self.any_tags

        site_ids: list[str] | Unset = UNSET
        if not isinstance(self.site_ids, Unset):
            site_ids = self.site_ids

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if all_tags is not UNSET:
            field_dict["allTags"] = all_tags
        if any_tags is not UNSET:
            field_dict["anyTags"] = any_tags
        if site_ids is not UNSET:
            field_dict["siteIds"] = site_ids

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        all_tags = cast(list[str], d.pop("allTags", UNSET))

        any_tags = cast(list[str], d.pop("anyTags", UNSET))

        site_ids = cast(list[str], d.pop("siteIds", UNSET))

        device_group_match_input = cls(
            all_tags=all_tags,
            any_tags=any_tags,
            site_ids=site_ids,
        )

        return device_group_match_input
