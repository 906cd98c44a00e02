from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.job_kind import JobKind
from ..models.job_status import JobStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_answer_counts import JobAnswerCounts
    from ..models.job_answer_parameters import JobAnswerParameters
    from ..models.job_error import JobError


T = TypeVar("T", bound="JobAnswer")


@_attrs_define
class JobAnswer:
    """A job as it stands now; what is not known yet is left out.

    Attributes:
        kind (JobKind): What a job does.
        parameters (JobAnswerParameters): What was asked for.
        requested_by (str):
        id (str):
        created_at (datetime.datetime):
        status (JobStatus | Unset): PENDING → RUNNING → SUCCEEDED, PARTIAL (some of it could not be done) or FAILED.
        counts (JobAnswerCounts | Unset): What it has done so far.
        errors (list[JobError] | Unset): What could not be done, the first 50.
        progress (int | Unset): Per cent, where it is known.
        completed_at (datetime.datetime | Unset):
    """

    kind: JobKind
    parameters: JobAnswerParameters
    requested_by: str
    id: str
    created_at: datetime.datetime
    status: JobStatus | Unset = UNSET
    counts: JobAnswerCounts | Unset = UNSET
    errors: list[JobError] | Unset = UNSET
    progress: int | Unset = UNSET
    completed_at: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind.value

        parameters = self.parameters.to_dict()

        requested_by = self.requested_by

        id = self.id

        created_at = self.created_at.isoformat()

        status: str | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = self.status.value

        counts: dict[str, Any] | Unset = UNSET
        if not isinstance(self.counts, Unset):
            counts = self.counts.to_dict()

        errors: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.errors, Unset):
            errors = []
            for errors_item_data in self.errors:
                errors_item = errors_item_data.to_dict()
                errors.append(errors_item)

        progress = self.progress

        completed_at: str | Unset = UNSET
        if not isinstance(self.completed_at, Unset):
            completed_at = self.completed_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
                "parameters": parameters,
                "requestedBy": requested_by,
                "id": id,
                "createdAt": created_at,
            }
        )
        if status is not UNSET:
            field_dict["status"] = status
        if counts is not UNSET:
            field_dict["counts"] = counts
        if errors is not UNSET:
            field_dict["errors"] = errors
        if progress is not UNSET:
            field_dict["progress"] = progress
        if completed_at is not UNSET:
            field_dict["completedAt"] = completed_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_answer_counts import JobAnswerCounts  # noqa: PLC0415
        from ..models.job_answer_parameters import JobAnswerParameters  # noqa: PLC0415
        from ..models.job_error import JobError  # noqa: PLC0415

        d = dict(src_dict)
        kind = JobKind(d.pop("kind"))

        parameters = JobAnswerParameters.from_dict(d.pop("parameters"))

        requested_by = d.pop("requestedBy")

        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        _status = d.pop("status", UNSET)
        status: JobStatus | Unset
        if isinstance(_status, Unset):
            status = UNSET
        else:
            status = JobStatus(_status)

        _counts = d.pop("counts", UNSET)
        counts: JobAnswerCounts | Unset
        if isinstance(_counts, Unset):
            counts = UNSET
        else:
            counts = JobAnswerCounts.from_dict(_counts)

        _errors = d.pop("errors", UNSET)
        errors: list[JobError] | Unset = UNSET
        if _errors is not UNSET:
            errors = []
            for errors_item_data in _errors:
                errors_item = JobError.from_dict(errors_item_data)

                errors.append(errors_item)

        progress = d.pop("progress", UNSET)

        _completed_at = d.pop("completedAt", UNSET)
        completed_at: datetime.datetime | Unset
        if isinstance(_completed_at, Unset):
            completed_at = UNSET
        else:
            completed_at = datetime.datetime.fromisoformat(_completed_at)

        job_answer = cls(
            kind=kind,
            parameters=parameters,
            requested_by=requested_by,
            id=id,
            created_at=created_at,
            status=status,
            counts=counts,
            errors=errors,
            progress=progress,
            completed_at=completed_at,
        )

        job_answer.additional_properties = d
        return job_answer

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
