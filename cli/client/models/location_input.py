from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="LocationInput")


@_attrs_define
class LocationInput:
    """A place on Earth: degrees of WGS 84, metres above it.

    Attributes:
        lat (float | int):
        lng (float | int):
        alt (float | int | None | Unset):
        label (None | str | Unset):
    """

    lat: float | int
    lng: float | int
    alt: float | int | None | Unset = UNSET
    label: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        lat: float | int
        lat = self.lat

        lng: float | int
        lng = self.lng

        alt: float | int | None | Unset
        if isinstance(self.alt, Unset):
            alt = UNSET
        else:
            alt = self.alt

        label: None | str | Unset
        if isinstance(self.label, Unset):
            label = UNSET
        else:
            label = self.label

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "lat": lat,
                "lng": lng,
            }
        )
        if alt is not UNSET:
            field_dict["alt"] = alt
        if label is not UNSET:
            field_dict["label"] = label

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_lat(data: object) -> float | int:
            return cast(float | int, data)

        lat = _parse_lat(d.pop("lat"))

        def _parse_lng(data: object) -> float | int:
            return cast(float | int, data)

        lng = _parse_lng(d.pop("lng"))

        def _parse_alt(data: object) -> float | int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | int | None | Unset, data)

        alt = _parse_alt(d.pop("alt", UNSET))

        def _parse_label(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        label = _parse_label(d.pop("label", UNSET))

        location_input = cls(
            lat=lat,
            lng=lng,
            alt=alt,
            label=label,
        )

        return location_input
