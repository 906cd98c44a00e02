from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.ingest_readings_body_type_1_readings_item import (
        IngestReadingsBodyType1ReadingsItem,
    )


T = TypeVar("T", bound="IngestReadingsBodyType1")


@_attrs_define
class IngestReadingsBodyType1:
    """
    Attributes:
        readings (list[IngestReadingsBodyType1ReadingsItem]):
        device_id (str | Unset):
    """

    readings: list[IngestReadingsBodyType1ReadingsItem]
    device_id: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        readings = []
        for readings_item_data in self.readings:
            readings_item = readings_item_data.to_dict()
            readings.append(readings_item)

        device_id = self.device_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "readings": readings,
            }
        )
        if device_id is not UNSET:
            field_dict["deviceId"] = device_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ingest_readings_body_type_1_readings_item import (
            IngestReadingsBodyType1ReadingsItem,  # noqa: PLC0415
        )

        d = dict(src_dict)
        readings = []
        _readings = d.pop("readings")
        for readings_item_data in _readings:
            readings_item = IngestReadingsBodyType1ReadingsItem.from_dict(readings_item_data)

            readings.append(readings_item)

        device_id = d.pop("deviceId", UNSET)

        ingest_readings_body_type_1 = cls(
            readings=readings,
            device_id=device_id,
        )

        return ingest_readings_body_type_1
