from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.alert_rule_template_latedatapolicy import AlertRuleTemplateLatedatapolicy
from ..models.alert_rule_template_severity import AlertRuleTemplateSeverity

if TYPE_CHECKING:
    from ..models.aggregate_condition import AggregateCondition
    from ..models.no_data_condition import NoDataCondition
    from ..models.offline_condition import OfflineCondition
    from ..models.subject import Subject
    from ..models.value_condition import ValueCondition


T = TypeVar("T", bound="AlertRuleTemplate")


@_attrs_define
class AlertRuleTemplate:
    """An alert rule, to be made for the components that have the sensor profile.

    Attributes:
        key (str):
        name (str):
        description (None | str):
        severity (AlertRuleTemplateSeverity):
        subject (Subject): What a template is about: a field of whatever component has the sensor profile.
        condition (AggregateCondition | NoDataCondition | OfflineCondition | ValueCondition):
        clear_condition (AggregateCondition | NoDataCondition | None | OfflineCondition | ValueCondition):
        cooldown_seconds (int):  Default: 0.
        auto_resolve (bool):  Default: True.
        late_data_policy (AlertRuleTemplateLatedatapolicy):  Default: AlertRuleTemplateLatedatapolicy.RECORD.
    """

    key: str
    name: str
    description: None | str
    severity: AlertRuleTemplateSeverity
    subject: Subject
    condition: AggregateCondition | NoDataCondition | OfflineCondition | ValueCondition
    clear_condition: AggregateCondition | NoDataCondition | None | OfflineCondition | ValueCondition
    cooldown_seconds: int = 0
    auto_resolve: bool = True
    late_data_policy: AlertRuleTemplateLatedatapolicy = AlertRuleTemplateLatedatapolicy.RECORD

    def to_dict(self) -> dict[str, Any]:
        from ..models.aggregate_condition import AggregateCondition  # noqa: PLC0415
        from ..models.no_data_condition import NoDataCondition  # noqa: PLC0415
        from ..models.offline_condition import OfflineCondition  # noqa: PLC0415
        from ..models.value_condition import ValueCondition  # noqa: PLC0415

        key = self.key

        name = self.name

        description: None | str
        description = self.description

        severity = self.severity.value

        subject = self.subject.to_dict()

        condition: dict[str, Any]
        if isinstance(self.condition, ValueCondition):
            condition = self.condition.to_dict()
        elif isinstance(self.condition, AggregateCondition):
            condition = self.condition.to_dict()
        elif isinstance(self.condition, NoDataCondition):
            condition = self.condition.to_dict()
        else:
            condition = self.condition.to_dict()

        clear_condition: dict[str, Any] | None
        if isinstance(self.clear_condition, ValueCondition):
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

        late_data_policy = self.late_data_policy.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "name": name,
                "description": description,
                "severity": severity,
                "subject": subject,
                "condition": condition,
                "clearCondition": clear_condition,
                "cooldownSeconds": cooldown_seconds,
                "autoResolve": auto_resolve,
                "lateDataPolicy": late_data_policy,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.aggregate_condition import AggregateCondition  # noqa: PLC0415
        from ..models.no_data_condition import NoDataCondition  # noqa: PLC0415
        from ..models.offline_condition import OfflineCondition  # noqa: PLC0415
        from ..models.subject import Subject  # noqa: PLC0415
        from ..models.value_condition import ValueCondition  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        severity = AlertRuleTemplateSeverity(d.pop("severity"))

        subject = Subject.from_dict(d.pop("subject"))

        def _parse_condition(data: object) -> AggregateCondition | NoDataCondition | OfflineCondition | ValueCondition:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                condition_type_0 = ValueCondition.from_dict(data)

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

        def _parse_clear_condition(
            data: object,
        ) -> AggregateCondition | NoDataCondition | None | OfflineCondition | ValueCondition:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                clear_condition_type_0_type_0 = ValueCondition.from_dict(data)

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
            return cast(AggregateCondition | NoDataCondition | None | OfflineCondition | ValueCondition, data)

        clear_condition = _parse_clear_condition(d.pop("clearCondition"))

        cooldown_seconds = d.pop("cooldownSeconds")

        auto_resolve = d.pop("autoResolve")

        late_data_policy = AlertRuleTemplateLatedatapolicy(d.pop("lateDataPolicy"))

        alert_rule_template = cls(
            key=key,
            name=name,
            description=description,
            severity=severity,
            subject=subject,
            condition=condition,
            clear_condition=clear_condition,
            cooldown_seconds=cooldown_seconds,
            auto_resolve=auto_resolve,
            late_data_policy=late_data_policy,
        )

        return alert_rule_template
