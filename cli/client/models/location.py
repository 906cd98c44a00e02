from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Location")


@_attrs_define
class Location:
    """A place on Earth: degrees of WGS 84, metres above it.

    Attributes:
        lat (float | int):
        lng (float | int):
        alt (float | int | None):
        label (None | str):
    """

    lat: float | int
    lng: float | int
    alt: float | int | None
    label: None | str

    def to_dict(self) -> dict[str, Any]:
        lat: float | int
        lat = self.lat

        lng: float | int
        lng = self.lng

        alt: float | int | None
        alt = self.alt

        label: None | str
        label = self.label

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "lat": lat,
                "lng": lng,
                "alt": alt,
                "label": label,
            }
        )

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

        def _parse_alt(data: object) -> float | int | None:
            if data is None:
                return data
            return cast(float | int | None, data)

        alt = _parse_alt(d.pop("alt"))

        def _parse_label(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        label = _parse_label(d.pop("label"))

        location = cls(
            lat=lat,
            lng=lng,
            alt=alt,
            label=label,
        )

        return location
