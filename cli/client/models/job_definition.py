from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.job_function import JobFunction

if TYPE_CHECKING:
    from ..models.job_definition_parameters import JobDefinitionParameters
    from ..models.subject import Subject


T = TypeVar("T", bound="JobDefinition")


@_attrs_define
class JobDefinition:
    """A computation that is repeated, over a window that ends when it runs.

    Attributes:
        key (str):
        name (str):
        description (None | str):
        function (JobFunction): What a job computes.
        subjects (list[Subject]):
        every (str):
        window (str):
        parameters (JobDefinitionParameters):
        annotation_class (None | str): Of what it writes when it finds something.
    """

    key: str
    name: str
    description: None | str
    function: JobFunction
    subjects: list[Subject]
    every: str
    window: str
    parameters: JobDefinitionParameters
    annotation_class: None | str

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        name = self.name

        description: None | str
        description = self.description

        function = self.function.value

        subjects = []
        for subjects_item_data in self.subjects:
            subjects_item = subjects_item_data.to_dict()
            subjects.append(subjects_item)

        every = self.every

        window = self.window

        parameters = self.parameters.to_dict()

        annotation_class: None | str
        annotation_class = self.annotation_class

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "description": description,
                "function": function,
                "subjects": subjects,
                "every": every,
                "window": window,
                "parameters": parameters,
                "annotationClass": annotation_class,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_definition_parameters import JobDefinitionParameters  # noqa: PLC0415
        from ..models.subject import Subject  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        function = JobFunction(d.pop("function"))

        subjects = []
        _subjects = d.pop("subjects")
        for subjects_item_data in _subjects:
            subjects_item = Subject.from_dict(subjects_item_data)

            subjects.append(subjects_item)

        every = d.pop("every")

        window = d.pop("window")

        parameters = JobDefinitionParameters.from_dict(d.pop("parameters"))

        def _parse_annotation_class(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        annotation_class = _parse_annotation_class(d.pop("annotationClass"))

        job_definition = cls(
            key=key,
            name=name,
            description=description,
            function=function,
            subjects=subjects,
            every=every,
            window=window,
            parameters=parameters,
            annotation_class=annotation_class,
        )

        return job_definition
