from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.import_format import ImportFormat
from ..models.import_status import ImportStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.import_answer_counts import ImportAnswerCounts
    from ..models.import_answer_devices import ImportAnswerDevices
    from ..models.import_columns import ImportColumns
    from ..models.import_upload import ImportUpload
    from ..models.job_error import JobError


T = TypeVar("T", bound="ImportAnswer")


@_attrs_define
class ImportAnswer:
    """An import as it stands now; what is not known yet is left out.

    Attributes:
        format_ (ImportFormat): How a file of readings is written.
        id (str):
        status (ImportStatus): WAITING, and then what its job is.
        requested_by (str):
        created_at (datetime.datetime):
        device_id (None | str | Unset): Whose readings they are, where the file does not say.
        columns (ImportColumns | Unset): What the file calls our columns, where it has names of its own.
        devices (ImportAnswerDevices | Unset): Which device is meant by what the file has for a `deviceId`.
        upload (ImportUpload | Unset): Where to send the file: a form (`multipart/form-data`) of ``fields``, in order,
            and then ``file``.
        started_at (datetime.datetime | Unset):
        job_id (str | Unset):
        counts (ImportAnswerCounts | Unset):
        progress (int | Unset): Per cent.
        errors (list[JobError] | Unset): Of the rows not taken in, the first.
        errors_url (str | Unset): All of them as CSV: `row,reason,detail`. Good for 15 minutes; get the import for
            another.
        completed_at (datetime.datetime | Unset):
    """

    format_: ImportFormat
    id: str
    status: ImportStatus
    requested_by: str
    created_at: datetime.datetime
    device_id: None | str | Unset = UNSET
    columns: ImportColumns | Unset = UNSET
    devices: ImportAnswerDevices | Unset = UNSET
    upload: ImportUpload | Unset = UNSET
    started_at: datetime.datetime | Unset = UNSET
    job_id: str | Unset = UNSET
    counts: ImportAnswerCounts | Unset = UNSET
    progress: int | Unset = UNSET
    errors: list[JobError] | Unset = UNSET
    errors_url: str | Unset = UNSET
    completed_at: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        format_ = self.format_.value

        id = self.id

        status = self.status.value

        requested_by = self.requested_by

        created_at = self.created_at.isoformat()

        device_id: None | str | Unset
        if isinstance(self.device_id, Unset):
            device_id = UNSET
        else:
            device_id = self.device_id

        columns: dict[str, Any] | Unset = UNSET
        if not isinstance(self.columns, Unset):
            columns = self.columns.to_dict()

        devices: dict[str, Any] | Unset = UNSET
        if not isinstance(self.devices, Unset):
            devices = self.devices.to_dict()

        upload: dict[str, Any] | Unset = UNSET
        if not isinstance(self.upload, Unset):
            upload = self.upload.to_dict()

        started_at: str | Unset = UNSET
        if not isinstance(self.started_at, Unset):
            started_at = self.started_at.isoformat()

        job_id = self.job_id

        counts: dict[str, Any] | Unset = UNSET
        if not isinstance(self.counts, Unset):
            counts = self.counts.to_dict()

        progress = self.progress

        errors: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.errors, Unset):
            errors = []
            for errors_item_data in self.errors:
                errors_item = errors_item_data.to_dict()
                errors.append(errors_item)

        errors_url = self.errors_url

        completed_at: str | Unset = UNSET
        if not isinstance(self.completed_at, Unset):
            completed_at = self.completed_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "format": format_,
                "id": id,
                "status": status,
                "requestedBy": requested_by,
                "createdAt": created_at,
            }
        )
        if device_id is not UNSET:
            field_dict["deviceId"] = device_id
        if columns is not UNSET:
            field_dict["columns"] = columns
        if devices is not UNSET:
            field_dict["devices"] = devices
        if upload is not UNSET:
            field_dict["upload"] = upload
        if started_at is not UNSET:
            field_dict["startedAt"] = started_at
        if job_id is not UNSET:
            field_dict["jobId"] = job_id
        if counts is not UNSET:
            field_dict["counts"] = counts
        if progress is not UNSET:
            field_dict["progress"] = progress
        if errors is not UNSET:
            field_dict["errors"] = errors
        if errors_url is not UNSET:
            field_dict["errorsUrl"] = errors_url
        if completed_at is not UNSET:
            field_dict["completedAt"] = completed_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.import_answer_counts import ImportAnswerCounts  # noqa: PLC0415
        from ..models.import_answer_devices import ImportAnswerDevices  # noqa: PLC0415
        from ..models.import_columns import ImportColumns  # noqa: PLC0415
        from ..models.import_upload import ImportUpload  # noqa: PLC0415
        from ..models.job_error import JobError  # noqa: PLC0415

        d = dict(src_dict)
        format_ = ImportFormat(d.pop("format"))

        id = d.pop("id")

        status = ImportStatus(d.pop("status"))

        requested_by = d.pop("requestedBy")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        def _parse_device_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        device_id = _parse_device_id(d.pop("deviceId", UNSET))

        _columns = d.pop("columns", UNSET)
        columns: ImportColumns | Unset
        if isinstance(_columns, Unset):
            columns = UNSET
        else:
            columns = ImportColumns.from_dict(_columns)

        _devices = d.pop("devices", UNSET)
        devices: ImportAnswerDevices | Unset
        if isinstance(_devices, Unset):
            devices = UNSET
        else:
            devices = ImportAnswerDevices.from_dict(_devices)

        _upload = d.pop("upload", UNSET)
        upload: ImportUpload | Unset
        if isinstance(_upload, Unset):
            upload = UNSET
        else:
            upload = ImportUpload.from_dict(_upload)

        _started_at = d.pop("startedAt", UNSET)
        started_at: datetime.datetime | Unset
        if isinstance(_started_at, Unset):
            started_at = UNSET
        else:
            started_at = datetime.datetime.fromisoformat(_started_at)

        job_id = d.pop("jobId", UNSET)

        _counts = d.pop("counts", UNSET)
        counts: ImportAnswerCounts | Unset
        if isinstance(_counts, Unset):
            counts = UNSET
        else:
            counts = ImportAnswerCounts.from_dict(_counts)

        progress = d.pop("progress", UNSET)

        _errors = d.pop("errors", UNSET)
        errors: list[JobError] | Unset = UNSET
        if _errors is not UNSET:
            errors = []
            for errors_item_data in _errors:
                errors_item = JobError.from_dict(errors_item_data)

                errors.append(errors_item)

        errors_url = d.pop("errorsUrl", UNSET)

        _completed_at = d.pop("completedAt", UNSET)
        completed_at: datetime.datetime | Unset
        if isinstance(_completed_at, Unset):
            completed_at = UNSET
        else:
            completed_at = datetime.datetime.fromisoformat(_completed_at)

        import_answer = cls(
            format_=format_,
            id=id,
            status=status,
            requested_by=requested_by,
            created_at=created_at,
            device_id=device_id,
            columns=columns,
            devices=devices,
            upload=upload,
            started_at=started_at,
            job_id=job_id,
            counts=counts,
            progress=progress,
            errors=errors,
            errors_url=errors_url,
            completed_at=completed_at,
        )

        import_answer.additional_properties = d
        return import_answer

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
