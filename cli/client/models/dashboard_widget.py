from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.widget_type import WidgetType

if TYPE_CHECKING:
    from ..models.dashboard_widget_options import DashboardWidgetOptions
    from ..models.subject import Subject


T = TypeVar("T", bound="DashboardWidget")


@_attrs_define
class DashboardWidget:
    """One widget of a dashboard.

    Attributes:
        type_ (WidgetType): How a widget shows what it is bound to.
        title (str):
        subjects (list[Subject]):
        text (None | str):
        options (DashboardWidgetOptions):
    """

    type_: WidgetType
    title: str
    subjects: list[Subject]
    text: None | str
    options: DashboardWidgetOptions

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_.value

        title = self.title

        subjects = []
        for subjects_item_data in self.subjects:
            subjects_item = subjects_item_data.to_dict()
            subjects.append(subjects_item)

        text: None | str
        text = self.text

        options = self.options.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "title": title,
                "subjects": subjects,
                "text": text,
                "options": options,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dashboard_widget_options import DashboardWidgetOptions  # noqa: PLC0415
        from ..models.subject import Subject  # noqa: PLC0415

        d = dict(src_dict)
        type_ = WidgetType(d.pop("type"))

        title = d.pop("title")

        subjects = []
        _subjects = d.pop("subjects")
        for subjects_item_data in _subjects:
            subjects_item = Subject.from_dict(subjects_item_data)

            subjects.append(subjects_item)

        def _parse_text(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        text = _parse_text(d.pop("text"))

        options = DashboardWidgetOptions.from_dict(d.pop("options"))

        dashboard_widget = cls(
            type_=type_,
            title=title,
            subjects=subjects,
            text=text,
            options=options,
        )

        return dashboard_widget
