from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="IngestReadingsBodyType2SeriesAdditionalProperty")


@_attrs_define
class IngestReadingsBodyType2SeriesAdditionalProperty:
    """As many values as timestamps.

    Attributes:
        timestamps (list[int | str]):
        values (list[bool | float | list[bool | float | str] | str]):
    """

    timestamps: list[int | str]
    values: list[bool | float | list[bool | float | str] | str]

    def to_dict(self) -> dict[str, Any]:
        timestamps = []
        for timestamps_item_data in self.timestamps:
            timestamps_item: int | str
            timestamps_item = timestamps_item_data
            timestamps.append(timestamps_item)

        values = []
        for values_item_data in self.values:
            values_item: bool | float | list[bool | float | str] | str
            if isinstance(values_item_data, list):
                values_item = []
                for values_item_type_3_item_data in values_item_data:
                    values_item_type_3_item: bool | float | str
                    values_item_type_3_item = values_item_type_3_item_data
                    values_item.append(values_item_type_3_item)

            else:
                values_item = values_item_data
            values.append(values_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "timestamps": timestamps,
                "values": values,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        timestamps = []
        _timestamps = d.pop("timestamps")
        for timestamps_item_data in _timestamps:

            def _parse_timestamps_item(data: object) -> int | str:
                return cast(int | str, data)

            timestamps_item = _parse_timestamps_item(timestamps_item_data)

            timestamps.append(timestamps_item)

        values = []
        _values = d.pop("values")
        for values_item_data in _values:

            def _parse_values_item(data: object) -> bool | float | list[bool | float | str] | str:
                try:
                    if not isinstance(data, list):
                        raise TypeError()
                    values_item_type_3 = []
                    _values_item_type_3 = data
                    for values_item_type_3_item_data in _values_item_type_3:

                        def _parse_values_item_type_3_item(data: object) -> bool | float | str:
                            return cast(bool | float | str, data)

                        values_item_type_3_item = _parse_values_item_type_3_item(values_item_type_3_item_data)

                        values_item_type_3.append(values_item_type_3_item)

                    return values_item_type_3
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                return cast(bool | float | list[bool | float | str] | str, data)

            values_item = _parse_values_item(values_item_data)

            values.append(values_item)

        ingest_readings_body_type_2_series_additional_property = cls(
            timestamps=timestamps,
            values=values,
        )

        return ingest_readings_body_type_2_series_additional_property
