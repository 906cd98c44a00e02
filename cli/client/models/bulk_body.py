from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.quarantine_filter import QuarantineFilter


T = TypeVar("T", bound="BulkBody")


@_attrs_define
class BulkBody:
    """Which readings in quarantine are meant; an empty filter means all that are there now.

    Attributes:
        filter_ (QuarantineFilter): Which readings in quarantine are meant: those that satisfy all that is given, in
            ``from <= receivedAt < to``.
    """

    filter_: QuarantineFilter

    def to_dict(self) -> dict[str, Any]:
        filter_ = self.filter_.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "filter": filter_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.quarantine_filter import QuarantineFilter  # noqa: PLC0415

        d = dict(src_dict)
        filter_ = QuarantineFilter.from_dict(d.pop("filter"))

        bulk_body = cls(
            filter_=filter_,
        )

        return bulk_body
