from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.import_upload_fields import ImportUploadFields


T = TypeVar("T", bound="ImportUpload")


@_attrs_define
class ImportUpload:
    """Where to send the file: a form (`multipart/form-data`) of ``fields``, in order, and then ``file``.

    Attributes:
        url (str):
        fields (ImportUploadFields):
        max_bytes (int):
        expires_at (datetime.datetime):
    """

    url: str
    fields: ImportUploadFields
    max_bytes: int
    expires_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        url = self.url

        fields = self.fields.to_dict()

        max_bytes = self.max_bytes

        expires_at = self.expires_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "url": url,
                "fields": fields,
                "maxBytes": max_bytes,
                "expiresAt": expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.import_upload_fields import ImportUploadFields  # noqa: PLC0415

        d = dict(src_dict)
        url = d.pop("url")

        fields = ImportUploadFields.from_dict(d.pop("fields"))

        max_bytes = d.pop("maxBytes")

        expires_at = datetime.datetime.fromisoformat(d.pop("expiresAt"))

        import_upload = cls(
            url=url,
            fields=fields,
            max_bytes=max_bytes,
            expires_at=expires_at,
        )

        import_upload.additional_properties = d
        return import_upload

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
