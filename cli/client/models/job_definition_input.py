from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.job_function import JobFunction
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_definition_input_parameters import JobDefinitionInputParameters
    from ..models.subject import Subject


T = TypeVar("T", bound="JobDefinitionInput")


@_attrs_define
class JobDefinitionInput:
    """A computation that is repeated, over a window that ends when it runs.

    Attributes:
        key (str):
        name (str):
        function (JobFunction): What a job computes.
        subjects (list[Subject]):
        every (str):
        window (str):
        description (None | str | Unset):
        parameters (JobDefinitionInputParameters | Unset):
        annotation_class (None | str | Unset): Of what it writes when it finds something.
    """

    key: str
    name: str
    function: JobFunction
    subjects: list[Subject]
    every: str
    window: str
    description: None | str | Unset = UNSET
    parameters: JobDefinitionInputParameters | Unset = UNSET
    annotation_class: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        function = self.function.value

        subjects = []
        for subjects_item_data in self.subjects:
            subjects_item = subjects_item_data.to_dict()
            subjects.append(subjects_item)

        every = self.every

        window = self.window

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        annotation_class: None | str | Unset
        if isinstance(self.annotation_class, Unset):
            annotation_class = UNSET
        else:
            annotation_class = self.annotation_class

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "function": function,
                "subjects": subjects,
                "every": every,
                "window": window,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if parameters is not UNSET:
            field_dict["parameters"] = parameters
        if annotation_class is not UNSET:
            field_dict["annotationClass"] = annotation_class

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_definition_input_parameters import (
            JobDefinitionInputParameters,  # noqa: PLC0415
        )
        from ..models.subject import Subject  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        function = JobFunction(d.pop("function"))

        subjects = []
        _subjects = d.pop("subjects")
        for subjects_item_data in _subjects:
            subjects_item = Subject.from_dict(subjects_item_data)

            subjects.append(subjects_item)

        every = d.pop("every")

        window = d.pop("window")

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        _parameters = d.pop("parameters", UNSET)
        parameters: JobDefinitionInputParameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = JobDefinitionInputParameters.from_dict(_parameters)

        def _parse_annotation_class(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        annotation_class = _parse_annotation_class(d.pop("annotationClass", UNSET))

        job_definition_input = cls(
            key=key,
            name=name,
            function=function,
            subjects=subjects,
            every=every,
            window=window,
            description=description,
            parameters=parameters,
            annotation_class=annotation_class,
        )

        return job_definition_input
