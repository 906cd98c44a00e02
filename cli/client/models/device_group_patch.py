from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_group_match_input import DeviceGroupMatchInput


T = TypeVar("T", bound="DeviceGroupPatch")


@_attrs_define
class DeviceGroupPatch:
    """
    Attributes:
        name (str | Unset):
        match (DeviceGroupMatchInput | Unset): Which devices belong: all of these tags, any of those, at any of the
            sites; what is empty asks nothing.
    """

    name: str | Unset = UNSET
    match: DeviceGroupMatchInput | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        match: dict[str, Any] | Unset = UNSET
        if not isinstance(self.match, Unset):
            match = self.match.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if name is not UNSET:
            field_dict["name"] = name
        if match is not UNSET:
            field_dict["match"] = match

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_group_match_input import DeviceGroupMatchInput  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name", UNSET)

        _match = d.pop("match", UNSET)
        match: DeviceGroupMatchInput | Unset
        if isinstance(_match, Unset):
            match = UNSET
        else:
            match = DeviceGroupMatchInput.from_dict(_match)

        device_group_patch = cls(
            name=name,
            match=match,
        )

        return device_group_patch
