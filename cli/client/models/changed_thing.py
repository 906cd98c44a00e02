from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.changed_thing_after_type_0 import ChangedThingAfterType0
    from ..models.changed_thing_before_type_0 import ChangedThingBeforeType0


T = TypeVar("T", bound="ChangedThing")


@_attrs_define
class ChangedThing:
    """One thing that a call changed: the fields that differ, before (null: there was none) and after (null: gone).

    Attributes:
        kind (str):
        id (str):
        before (ChangedThingBeforeType0 | None):
        after (ChangedThingAfterType0 | None):
    """

    kind: str
    id: str
    before: ChangedThingBeforeType0 | None
    after: ChangedThingAfterType0 | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.changed_thing_after_type_0 import ChangedThingAfterType0  # noqa: PLC0415
        from ..models.changed_thing_before_type_0 import ChangedThingBeforeType0  # noqa: PLC0415

        kind = self.kind

        id = self.id

        before: dict[str, Any] | None
        if isinstance(self.before, ChangedThingBeforeType0):
            before = self.before.to_dict()
        else:
            before = self.before

        after: dict[str, Any] | None
        if isinstance(self.after, ChangedThingAfterType0):
            after = self.after.to_dict()
        else:
            after = self.after

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
                "id": id,
                "before": before,
                "after": after,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.changed_thing_after_type_0 import ChangedThingAfterType0  # noqa: PLC0415
        from ..models.changed_thing_before_type_0 import ChangedThingBeforeType0  # noqa: PLC0415

        d = dict(src_dict)
        kind = d.pop("kind")

        id = d.pop("id")

        def _parse_before(data: object) -> ChangedThingBeforeType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                before_type_0 = ChangedThingBeforeType0.from_dict(data)

                return before_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChangedThingBeforeType0 | None, data)

        before = _parse_before(d.pop("before"))

        def _parse_after(data: object) -> ChangedThingAfterType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                after_type_0 = ChangedThingAfterType0.from_dict(data)

                return after_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChangedThingAfterType0 | None, data)

        after = _parse_after(d.pop("after"))

        changed_thing = cls(
            kind=kind,
            id=id,
            before=before,
            after=after,
        )

        changed_thing.additional_properties = d
        return changed_thing

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
