from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.content import Content
from ..models.export_format import ExportFormat
from ..models.export_status import ExportStatus
from ..models.scope_type import ScopeType
from ..types import UNSET, Unset

T = TypeVar("T", bound="ExportAnswer")


@_attrs_define
class ExportAnswer:
    """An export as it stands now; what is not known yet is left out.

    Attributes:
        scope_type (ScopeType): The kinds of things that readings belong to, the widest first.
        scope_id (str):
        from_ (datetime.datetime):
        to (datetime.datetime):
        includes (list[Content]):
        status (ExportStatus): PENDING → RUNNING → READY or FAILED; READY → EXPIRED by the clock.
        requested_by (str):
        id (str):
        created_at (datetime.datetime):
        format_ (ExportFormat | Unset): How the files of an export are written.
        progress (int | Unset): Per cent.
        size_bytes (int | Unset):
        reading_count (int | Unset):
        annotation_count (int | Unset):
        completed_at (datetime.datetime | Unset):
        expires_at (datetime.datetime | Unset):
        error (str | Unset): Why it failed.
        download_url (str | Unset): Good for 15 minutes; get the export again for another.
    """

    scope_type: ScopeType
    scope_id: str
    from_: datetime.datetime
    to: datetime.datetime
    includes: list[Content]
    status: ExportStatus
    requested_by: str
    id: str
    created_at: datetime.datetime
    format_: ExportFormat | Unset = UNSET
    progress: int | Unset = UNSET
    size_bytes: int | Unset = UNSET
    reading_count: int | Unset = UNSET
    annotation_count: int | Unset = UNSET
    completed_at: datetime.datetime | Unset = UNSET
    expires_at: datetime.datetime | Unset = UNSET
    error: str | Unset = UNSET
    download_url: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        scope_type = self.scope_type.value

        scope_id = self.scope_id

        from_ = self.from_.isoformat()

        to = self.to.isoformat()

        includes = []
        for includes_item_data in self.includes:
            includes_item = includes_item_data.value
            includes.append(includes_item)

        status = self.status.value

        requested_by = self.requested_by

        id = self.id

        created_at = self.created_at.isoformat()

        format_: str | Unset = UNSET
        if not isinstance(self.format_, Unset):
            format_ = self.format_.value

        progress = self.progress

        size_bytes = self.size_bytes

        reading_count = self.reading_count

        annotation_count = self.annotation_count

        completed_at: str | Unset = UNSET
        if not isinstance(self.completed_at, Unset):
            completed_at = self.completed_at.isoformat()

        expires_at: str | Unset = UNSET
        if not isinstance(self.expires_at, Unset):
            expires_at = self.expires_at.isoformat()

        error = self.error

        download_url = self.download_url

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "scopeType": scope_type,
                "scopeId": scope_id,
                "from": from_,
                "to": to,
                "includes": includes,
                "status": status,
                "requestedBy": requested_by,
                "id": id,
                "createdAt": created_at,
            }
        )
        if format_ is not UNSET:
            field_dict["format"] = format_
        if progress is not UNSET:
            field_dict["progress"] = progress
        if size_bytes is not UNSET:
            field_dict["sizeBytes"] = size_bytes
        if reading_count is not UNSET:
            field_dict["readingCount"] = reading_count
        if annotation_count is not UNSET:
            field_dict["annotationCount"] = annotation_count
        if completed_at is not UNSET:
            field_dict["completedAt"] = completed_at
        if expires_at is not UNSET:
            field_dict["expiresAt"] = expires_at
        if error is not UNSET:
            field_dict["error"] = error
        if download_url is not UNSET:
            field_dict["downloadUrl"] = download_url

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

        status = ExportStatus(d.pop("status"))

        requested_by = d.pop("requestedBy")

        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        _format_ = d.pop("format", UNSET)
        format_: ExportFormat | Unset
        if isinstance(_format_, Unset):
            format_ = UNSET
        else:
            format_ = ExportFormat(_format_)

        progress = d.pop("progress", UNSET)

        size_bytes = d.pop("sizeBytes", UNSET)

        reading_count = d.pop("readingCount", UNSET)

        annotation_count = d.pop("annotationCount", UNSET)

        _completed_at = d.pop("completedAt", UNSET)
        completed_at: datetime.datetime | Unset
        if isinstance(_completed_at, Unset):
            completed_at = UNSET
        else:
            completed_at = datetime.datetime.fromisoformat(_completed_at)

        _expires_at = d.pop("expiresAt", UNSET)
        expires_at: datetime.datetime | Unset
        if isinstance(_expires_at, Unset):
            expires_at = UNSET
        else:
            expires_at = datetime.datetime.fromisoformat(_expires_at)

        error = d.pop("error", UNSET)

        download_url = d.pop("downloadUrl", UNSET)

        export_answer = cls(
            scope_type=scope_type,
            scope_id=scope_id,
            from_=from_,
            to=to,
            includes=includes,
            status=status,
            requested_by=requested_by,
            id=id,
            created_at=created_at,
            format_=format_,
            progress=progress,
            size_bytes=size_bytes,
            reading_count=reading_count,
            annotation_count=annotation_count,
            completed_at=completed_at,
            expires_at=expires_at,
            error=error,
            download_url=download_url,
        )

        export_answer.additional_properties = d
        return export_answer

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
