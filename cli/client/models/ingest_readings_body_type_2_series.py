from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.ingest_readings_body_type_2_series_additional_property import (
        IngestReadingsBodyType2SeriesAdditionalProperty,
    )


T = TypeVar("T", bound="IngestReadingsBodyType2Series")


@_attrs_define
class IngestReadingsBodyType2Series:
    additional_properties: dict[str, IngestReadingsBodyType2SeriesAdditionalProperty] = _attrs_field(
        init=False, factory=dict
    )

    def to_dict(self) -> dict[str, Any]:

        field_dict: dict[str, Any] = {}
        for prop_name, prop in self.additional_properties.items():
            field_dict[prop_name] = prop.to_dict()

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ingest_readings_body_type_2_series_additional_property import (
            IngestReadingsBodyType2SeriesAdditionalProperty,  # noqa: PLC0415
        )

        d = dict(src_dict)
        ingest_readings_body_type_2_series = cls()

        additional_properties = {}
        for prop_name, prop_dict in d.items():
            additional_property = IngestReadingsBodyType2SeriesAdditionalProperty.from_dict(prop_dict)

            additional_properties[prop_name] = additional_property

        ingest_readings_body_type_2_series.additional_properties = additional_properties
        return ingest_readings_body_type_2_series

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> IngestReadingsBodyType2SeriesAdditionalProperty:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: IngestReadingsBodyType2SeriesAdditionalProperty) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
