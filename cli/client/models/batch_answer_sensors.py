from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.batch_buckets import BatchBuckets
    from ..models.batch_points import BatchPoints


T = TypeVar("T", bound="BatchAnswerSensors")


@_attrs_define
class BatchAnswerSensors:
    additional_properties: dict[str, BatchBuckets | BatchPoints] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.batch_buckets import BatchBuckets  # noqa: PLC0415

        field_dict: dict[str, Any] = {}
        for prop_name, prop in self.additional_properties.items():
            if isinstance(prop, BatchBuckets):
                field_dict[prop_name] = prop.to_dict()
            else:
                field_dict[prop_name] = prop.to_dict()

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.batch_buckets import BatchBuckets  # noqa: PLC0415
        from ..models.batch_points import BatchPoints  # noqa: PLC0415

        d = dict(src_dict)
        batch_answer_sensors = cls()

        additional_properties = {}
        for prop_name, prop_dict in d.items():

            def _parse_additional_property(data: object) -> BatchBuckets | BatchPoints:
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    additional_property_type_0 = BatchBuckets.from_dict(data)

                    return additional_property_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                if not isinstance(data, dict):
                    raise TypeError()
                additional_property_type_1 = BatchPoints.from_dict(data)

                return additional_property_type_1

            additional_property = _parse_additional_property(prop_dict)

            additional_properties[prop_name] = additional_property

        batch_answer_sensors.additional_properties = additional_properties
        return batch_answer_sensors

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> BatchBuckets | BatchPoints:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: BatchBuckets | BatchPoints) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
