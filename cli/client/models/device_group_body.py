from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.device_group_match_input import DeviceGroupMatchInput


T = TypeVar("T", bound="DeviceGroupBody")


@_attrs_define
class DeviceGroupBody:
    """A device group, as a client sends it.

    Attributes:
        name (str):
        match (DeviceGroupMatchInput): Which devices belong: all of these tags, any of those, at any of the sites; what
            is empty asks nothing.
    """

    name: str
    match: DeviceGroupMatchInput

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        match = self.match.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "match": match,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_group_match_input import DeviceGroupMatchInput  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        match = DeviceGroupMatchInput.from_dict(d.pop("match"))

        device_group_body = cls(
            name=name,
            match=match,
        )

        return device_group_body
