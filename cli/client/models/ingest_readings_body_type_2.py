from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.ingest_readings_body_type_2_series import IngestReadingsBodyType2Series


T = TypeVar("T", bound="IngestReadingsBodyType2")


@_attrs_define
class IngestReadingsBodyType2:
    """Columns: the readings of up to 50,000 moments, by the id, `key` or `componentKey/key` of their sensor. An error's
    `index` counts through the series in order.

        Attributes:
            device_id (str):
            series (IngestReadingsBodyType2Series):
    """

    device_id: str
    series: IngestReadingsBodyType2Series

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        series = self.series.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "deviceId": device_id,
                "series": series,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ingest_readings_body_type_2_series import (
            IngestReadingsBodyType2Series,  # noqa: PLC0415
        )

        d = dict(src_dict)
        device_id = d.pop("deviceId")

        series = IngestReadingsBodyType2Series.from_dict(d.pop("series"))

        ingest_readings_body_type_2 = cls(
            device_id=device_id,
            series=series,
        )

        return ingest_readings_body_type_2
