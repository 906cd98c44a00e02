from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.content import Content
from ..models.export_format import ExportFormat
from ..models.scope_type import ScopeType
from ..types import UNSET, Unset

T = TypeVar("T", bound="ExportBody")


@_attrs_define
class ExportBody:
    """What to export, and how.

    Attributes:
        scope_type (ScopeType): The kinds of things that readings belong to, the widest first.
        scope_id (str):
        from_ (datetime.datetime):
        to (datetime.datetime):
        includes (list[Content]):
        format_ (ExportFormat | Unset): How the files of an export are written.
    """

    scope_type: ScopeType
    scope_id: str
    from_: datetime.datetime
    to: datetime.datetime
    includes: list[Content]
    format_: ExportFormat | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        scope_type = self.scope_type.value

        scope_id = self.scope_id

        from_ = self.from_.isoformat()

        to = self.to.isoformat()

        includes = []
        for includes_item_data in self.includes:
            includes_item = includes_item_data.value
            includes.append(includes_item)

        format_: str | Unset = UNSET
        if not isinstance(self.format_, Unset):
            format_ = self.format_.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "scopeType": scope_type,
                "scopeId": scope_id,
                "from": from_,
                "to": to,
                "includes": includes,
            }
        )
        if format_ is not UNSET:
            field_dict["format"] = format_

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        scope_type = ScopeType(d.pop("scopeType"))

        scope_id = d.pop("scopeId")

        from_ = datetime.datetime.fromisoformat(d.pop("from"))

        to = datetime.datetime.fromisoformat(d.pop("to"))

        includes = []
        _includes = d.pop("includes")
        for includes_item_data in _includes:
            includes_item = Content(includes_item_data)

            includes.append(includes_item)

        _format_ = d.pop("format", UNSET)
        format_: ExportFormat | Unset
        if isinstance(_format_, Unset):
            format_ = UNSET
        else:
            format_ = ExportFormat(_format_)

        export_body = cls(
            scope_type=scope_type,
            scope_id=scope_id,
            from_=from_,
            to=to,
            includes=includes,
            format_=format_,
        )

        return export_body
