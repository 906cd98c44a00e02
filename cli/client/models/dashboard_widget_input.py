from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.widget_type import WidgetType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.dashboard_widget_input_options import DashboardWidgetInputOptions
    from ..models.subject import Subject


T = TypeVar("T", bound="DashboardWidgetInput")


@_attrs_define
class DashboardWidgetInput:
    """One widget of a dashboard.

    Attributes:
        type_ (WidgetType): How a widget shows what it is bound to.
        title (str):
        subjects (list[Subject] | Unset):
        text (None | str | Unset):
        options (DashboardWidgetInputOptions | Unset):
    """

    type_: WidgetType
    title: str
    subjects: list[Subject] | Unset = UNSET
    text: None | str | Unset = UNSET
    options: DashboardWidgetInputOptions | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_.value

        title = self.title

        subjects: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.subjects, Unset):
            subjects = []
            for subjects_item_data in self.subjects:
                subjects_item = subjects_item_data.to_dict()
                subjects.append(subjects_item)

        text: None | str | Unset
        if isinstance(self.text, Unset):
            text = UNSET
        else:
            text = self.text

        options: dict[str, Any] | Unset = UNSET
        if not isinstance(self.options, Unset):
            options = self.options.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "title": title,
            }
        )
        if subjects is not UNSET:
            field_dict["subjects"] = subjects
        if text is not UNSET:
            field_dict["text"] = text
        if options is not UNSET:
            field_dict["options"] = options

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dashboard_widget_input_options import DashboardWidgetInputOptions  # noqa: PLC0415
        from ..models.subject import Subject  # noqa: PLC0415

        d = dict(src_dict)
        type_ = WidgetType(d.pop("type"))

        title = d.pop("title")

        _subjects = d.pop("subjects", UNSET)
        subjects: list[Subject] | Unset = UNSET
        if _subjects is not UNSET:
            subjects = []
            for subjects_item_data in _subjects:
                subjects_item = Subject.from_dict(subjects_item_data)

                subjects.append(subjects_item)

        def _parse_text(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        text = _parse_text(d.pop("text", UNSET))

        _options = d.pop("options", UNSET)
        options: DashboardWidgetInputOptions | Unset
        if isinstance(_options, Unset):
            options = UNSET
        else:
            options = DashboardWidgetInputOptions.from_dict(_options)

        dashboard_widget_input = cls(
            type_=type_,
            title=title,
            subjects=subjects,
            text=text,
            options=options,
        )

        return dashboard_widget_input
