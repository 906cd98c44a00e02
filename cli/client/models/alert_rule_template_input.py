from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.alert_rule_template_input_latedatapolicy import (
    AlertRuleTemplateInputLatedatapolicy,
)
from ..models.alert_rule_template_input_severity import AlertRuleTemplateInputSeverity
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.aggregate_condition import AggregateCondition
    from ..models.no_data_condition import NoDataCondition
    from ..models.offline_condition import OfflineCondition
    from ..models.subject import Subject
    from ..models.value_condition_input import ValueConditionInput


T = TypeVar("T", bound="AlertRuleTemplateInput")


@_attrs_define
class AlertRuleTemplateInput:
    """An alert rule, to be made for the components that have the sensor profile.

    Attributes:
        key (str):
        name (str):
        severity (AlertRuleTemplateInputSeverity):
        subject (Subject): What a template is about: a field of whatever component has the sensor profile.
        condition (AggregateCondition | NoDataCondition | OfflineCondition | ValueConditionInput):
        description (None | str | Unset):
        clear_condition (AggregateCondition | NoDataCondition | None | OfflineCondition | Unset | ValueConditionInput):
        cooldown_seconds (int | Unset):  Default: 0.
        auto_resolve (bool | Unset):  Default: True.
        late_data_policy (AlertRuleTemplateInputLatedatapolicy | Unset):  Default:
            AlertRuleTemplateInputLatedatapolicy.RECORD.
    """

    key: str
    name: str
    severity: AlertRuleTemplateInputSeverity
    subject: Subject
    condition: AggregateCondition | NoDataCondition | OfflineCondition | ValueConditionInput
    description: None | str | Unset = UNSET
    clear_condition: AggregateCondition | NoDataCondition | None | OfflineCondition | Unset | ValueConditionInput = (
        UNSET
    )
    cooldown_seconds: int | Unset = 0
    auto_resolve: bool | Unset = True
    late_data_policy: AlertRuleTemplateInputLatedatapolicy | Unset = AlertRuleTemplateInputLatedatapolicy.RECORD

    def to_dict(self) -> dict[str, Any]:
        from ..models.aggregate_condition import AggregateCondition  # noqa: PLC0415
        from ..models.no_data_condition import NoDataCondition  # noqa: PLC0415
        from ..models.offline_condition import OfflineCondition  # noqa: PLC0415
        from ..models.value_condition_input import ValueConditionInput  # noqa: PLC0415

        key = self.key

        name = self.name

        severity = self.severity.value

        subject = self.subject.to_dict()

        condition: dict[str, Any]
        if isinstance(self.condition, ValueConditionInput):
            condition = self.condition.to_dict()
        elif isinstance(self.condition, AggregateCondition):
            condition = self.condition.to_dict()
        elif isinstance(self.condition, NoDataCondition):
            condition = self.condition.to_dict()
        else:
            condition = self.condition.to_dict()

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        clear_condition: dict[str, Any] | None | Unset
        if isinstance(self.clear_condition, Unset):
            clear_condition = UNSET
        elif isinstance(self.clear_condition, ValueConditionInput):
            clear_condition = self.clear_condition.to_dict()
        elif isinstance(self.clear_condition, AggregateCondition):
            clear_condition = self.clear_condition.to_dict()
        elif isinstance(self.clear_condition, NoDataCondition):
            clear_condition = self.clear_condition.to_dict()
        elif isinstance(self.clear_condition, OfflineCondition):
            clear_condition = self.clear_condition.to_dict()
        else:
            clear_condition = self.clear_condition

        cooldown_seconds = self.cooldown_seconds

        auto_resolve = self.auto_resolve

        late_data_policy: str | Unset = UNSET
        if not isinstance(self.late_data_policy, Unset):
            late_data_policy = self.late_data_policy.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "severity": severity,
                "subject": subject,
                "condition": condition,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if clear_condition is not UNSET:
            field_dict["clearCondition"] = clear_condition
        if cooldown_seconds is not UNSET:
            field_dict["cooldownSeconds"] = cooldown_seconds
        if auto_resolve is not UNSET:
            field_dict["autoResolve"] = auto_resolve
        if late_data_policy is not UNSET:
            field_dict["lateDataPolicy"] = late_data_policy

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.aggregate_condition import AggregateCondition  # noqa: PLC0415
        from ..models.no_data_condition import NoDataCondition  # noqa: PLC0415
        from ..models.offline_condition import OfflineCondition  # noqa: PLC0415
        from ..models.subject import Subject  # noqa: PLC0415
        from ..models.value_condition_input import ValueConditionInput  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        severity = AlertRuleTemplateInputSeverity(d.pop("severity"))

        subject = Subject.from_dict(d.pop("subject"))

        def _parse_condition(
            data: object,
        ) -> AggregateCondition | NoDataCondition | OfflineCondition | ValueConditionInput:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                condition_type_0 = ValueConditionInput.from_dict(data)

                return condition_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                condition_type_1 = AggregateCondition.from_dict(data)

                return condition_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                condition_type_2 = NoDataCondition.from_dict(data)

                return condition_type_2
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            condition_type_3 = OfflineCondition.from_dict(data)

            return condition_type_3

        condition = _parse_condition(d.pop("condition"))

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        def _parse_clear_condition(
            data: object,
        ) -> AggregateCondition | NoDataCondition | None | OfflineCondition | Unset | ValueConditionInput:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                clear_condition_type_0_type_0 = ValueConditionInput.from_dict(data)

                return clear_condition_type_0_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                clear_condition_type_0_type_1 = AggregateCondition.from_dict(data)

                return clear_condition_type_0_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                clear_condition_type_0_type_2 = NoDataCondition.from_dict(data)

                return clear_condition_type_0_type_2
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                clear_condition_type_0_type_3 = OfflineCondition.from_dict(data)

                return clear_condition_type_0_type_3
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(
                AggregateCondition | NoDataCondition | None | OfflineCondition | Unset | ValueConditionInput, data
            )

        clear_condition = _parse_clear_condition(d.pop("clearCondition", UNSET))

        cooldown_seconds = d.pop("cooldownSeconds", UNSET)

        auto_resolve = d.pop("autoResolve", UNSET)

        _late_data_policy = d.pop("lateDataPolicy", UNSET)
        late_data_policy: AlertRuleTemplateInputLatedatapolicy | Unset
        if isinstance(_late_data_policy, Unset):
            late_data_policy = UNSET
        else:
            late_data_policy = AlertRuleTemplateInputLatedatapolicy(_late_data_policy)

        alert_rule_template_input = cls(
            key=key,
            name=name,
            severity=severity,
            subject=subject,
            condition=condition,
            description=description,
            clear_condition=clear_condition,
            cooldown_seconds=cooldown_seconds,
            auto_resolve=auto_resolve,
            late_data_policy=late_data_policy,
        )

        return alert_rule_template_input
