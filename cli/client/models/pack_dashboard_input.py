from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.dashboard_widget_input import DashboardWidgetInput


T = TypeVar("T", bound="PackDashboardInput")


@_attrs_define
class PackDashboardInput:
    """A dashboard of a pack.

    Attributes:
        key (str):
        name (str):
        widgets (list[DashboardWidgetInput]):
        description (None | str | Unset):
    """

    key: str
    name: str
    widgets: list[DashboardWidgetInput]
    description: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        widgets = []
        for widgets_item_data in self.widgets:
            widgets_item = widgets_item_data.to_dict()
            widgets.append(widgets_item)

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "widgets": widgets,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dashboard_widget_input import DashboardWidgetInput  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        widgets = []
        _widgets = d.pop("widgets")
        for widgets_item_data in _widgets:
            widgets_item = DashboardWidgetInput.from_dict(widgets_item_data)

            widgets.append(widgets_item)

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        pack_dashboard_input = cls(
            key=key,
            name=name,
            widgets=widgets,
            description=description,
        )

        return pack_dashboard_input
