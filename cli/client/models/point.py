from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.point_metadata_type_0 import PointMetadataType0


T = TypeVar("T", bound="Point")


@_attrs_define
class Point:
    """One reading.

    Attributes:
        timestamp (datetime.datetime):
        value (bool | float | int | str):
        metadata (None | PointMetadataType0):
    """

    timestamp: datetime.datetime
    value: bool | float | int | str
    metadata: None | PointMetadataType0
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.point_metadata_type_0 import PointMetadataType0  # noqa: PLC0415

        timestamp = self.timestamp.isoformat()

        value: bool | float | int | str
        value = self.value

        metadata: dict[str, Any] | None
        if isinstance(self.metadata, PointMetadataType0):
            metadata = self.metadata.to_dict()
        else:
            metadata = self.metadata

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "timestamp": timestamp,
                "value": value,
                "metadata": metadata,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.point_metadata_type_0 import PointMetadataType0  # noqa: PLC0415

        d = dict(src_dict)
        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        def _parse_value(data: object) -> bool | float | int | str:
            return cast(bool | float | int | str, data)

        value = _parse_value(d.pop("value"))

        def _parse_metadata(data: object) -> None | PointMetadataType0:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metadata_type_0 = PointMetadataType0.from_dict(data)

                return metadata_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PointMetadataType0, data)

        metadata = _parse_metadata(d.pop("metadata"))

        point = cls(
            timestamp=timestamp,
            value=value,
            metadata=metadata,
        )

        point.additional_properties = d
        return point

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
