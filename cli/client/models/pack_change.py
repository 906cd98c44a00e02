from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.change import Change
from ..models.pack_change_kind import PackChangeKind

T = TypeVar("T", bound="PackChange")


@_attrs_define
class PackChange:
    """What installing or upgrading did to one thing.

    Attributes:
        kind (PackChangeKind):
        key (str):
        version (None | str):
        change (Change): What a version is to the newest one before it.
        reasons (list[str]):
    """

    kind: PackChangeKind
    key: str
    version: None | str
    change: Change
    reasons: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind.value

        key = self.key

        version: None | str
        version = self.version

        change = self.change.value

        reasons = self.reasons

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
                "key": key,
                "version": version,
                "change": change,
                "reasons": reasons,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        kind = PackChangeKind(d.pop("kind"))

        key = d.pop("key")

        def _parse_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        version = _parse_version(d.pop("version"))

        change = Change(d.pop("change"))

        reasons = cast(list[str], d.pop("reasons"))

        pack_change = cls(
            kind=kind,
            key=key,
            version=version,
            change=change,
            reasons=reasons,
        )

        pack_change.additional_properties = d
        return pack_change

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
