from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.alert_rule_template_input import AlertRuleTemplateInput
    from ..models.job_definition_input import JobDefinitionInput
    from ..models.pack_annotation_class_input import PackAnnotationClassInput
    from ..models.pack_dashboard_input import PackDashboardInput
    from ..models.pack_device_profile_input import PackDeviceProfileInput
    from ..models.pack_sensor_profile_input import PackSensorProfileInput


T = TypeVar("T", bound="PackManifestInput")


@_attrs_define
class PackManifestInput:
    """A pack as its author writes it.

    Attributes:
        key (str):
        version (str):
        name (str):
        description (None | str | Unset):
        sensor_profiles (list[PackSensorProfileInput] | Unset):
        device_profiles (list[PackDeviceProfileInput] | Unset):
        annotation_classes (list[PackAnnotationClassInput] | Unset):
        job_definitions (list[JobDefinitionInput] | Unset):
        dashboards (list[PackDashboardInput] | Unset):
        alert_rule_templates (list[AlertRuleTemplateInput] | Unset):
    """

    key: str
    version: str
    name: str
    description: None | str | Unset = UNSET
    sensor_profiles: list[PackSensorProfileInput] | Unset = UNSET
    device_profiles: list[PackDeviceProfileInput] | Unset = UNSET
    annotation_classes: list[PackAnnotationClassInput] | Unset = UNSET
    job_definitions: list[JobDefinitionInput] | Unset = UNSET
    dashboards: list[PackDashboardInput] | Unset = UNSET
    alert_rule_templates: list[AlertRuleTemplateInput] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        version = self.version

        name = self.name

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        sensor_profiles: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.sensor_profiles, Unset):
            sensor_profiles = []
            for sensor_profiles_item_data in self.sensor_profiles:
                sensor_profiles_item = sensor_profiles_item_data.to_dict()
                sensor_profiles.append(sensor_profiles_item)

        device_profiles: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.device_profiles, Unset):
            device_profiles = []
            for device_profiles_item_data in self.device_profiles:
                device_profiles_item = device_profiles_item_data.to_dict()
                device_profiles.append(device_profiles_item)

        annotation_classes: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.annotation_classes, Unset):
            annotation_classes = []
            for annotation_classes_item_data in self.annotation_classes:
                annotation_classes_item = annotation_classes_item_data.to_dict()
                annotation_classes.append(annotation_classes_item)

        job_definitions: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.job_definitions, Unset):
            job_definitions = []
            for job_definitions_item_data in self.job_definitions:
                job_definitions_item = job_definitions_item_data.to_dict()
                job_definitions.append(job_definitions_item)

        dashboards: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.dashboards, Unset):
            dashboards = []
            for dashboards_item_data in self.dashboards:
                dashboards_item = dashboards_item_data.to_dict()
                dashboards.append(dashboards_item)

        alert_rule_templates: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.alert_rule_templates, Unset):
            alert_rule_templates = []
            for alert_rule_templates_item_data in self.alert_rule_templates:
                alert_rule_templates_item = alert_rule_templates_item_data.to_dict()
                alert_rule_templates.append(alert_rule_templates_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "version": version,
                "name": name,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if sensor_profiles is not UNSET:
            field_dict["sensorProfiles"] = sensor_profiles
        if device_profiles is not UNSET:
            field_dict["deviceProfiles"] = device_profiles
        if annotation_classes is not UNSET:
            field_dict["annotationClasses"] = annotation_classes
        if job_definitions is not UNSET:
            field_dict["jobDefinitions"] = job_definitions
        if dashboards is not UNSET:
            field_dict["dashboards"] = dashboards
        if alert_rule_templates is not UNSET:
            field_dict["alertRuleTemplates"] = alert_rule_templates

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.alert_rule_template_input import AlertRuleTemplateInput  # noqa: PLC0415
        from ..models.job_definition_input import JobDefinitionInput  # noqa: PLC0415
        from ..models.pack_annotation_class_input import PackAnnotationClassInput  # noqa: PLC0415
        from ..models.pack_dashboard_input import PackDashboardInput  # noqa: PLC0415
        from ..models.pack_device_profile_input import PackDeviceProfileInput  # noqa: PLC0415
        from ..models.pack_sensor_profile_input import PackSensorProfileInput  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        version = d.pop("version")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        _sensor_profiles = d.pop("sensorProfiles", UNSET)
        sensor_profiles: list[PackSensorProfileInput] | Unset = UNSET
        if _sensor_profiles is not UNSET:
            sensor_profiles = []
            for sensor_profiles_item_data in _sensor_profiles:
                sensor_profiles_item = PackSensorProfileInput.from_dict(sensor_profiles_item_data)

                sensor_profiles.append(sensor_profiles_item)

        _device_profiles = d.pop("deviceProfiles", UNSET)
        device_profiles: list[PackDeviceProfileInput] | Unset = UNSET
        if _device_profiles is not UNSET:
            device_profiles = []
            for device_profiles_item_data in _device_profiles:
                device_profiles_item = PackDeviceProfileInput.from_dict(device_profiles_item_data)

                device_profiles.append(device_profiles_item)

        _annotation_classes = d.pop("annotationClasses", UNSET)
        annotation_classes: list[PackAnnotationClassInput] | Unset = UNSET
        if _annotation_classes is not UNSET:
            annotation_classes = []
            for annotation_classes_item_data in _annotation_classes:
                annotation_classes_item = PackAnnotationClassInput.from_dict(annotation_classes_item_data)

                annotation_classes.append(annotation_classes_item)

        _job_definitions = d.pop("jobDefinitions", UNSET)
        job_definitions: list[JobDefinitionInput] | Unset = UNSET
        if _job_definitions is not UNSET:
            job_definitions = []
            for job_definitions_item_data in _job_definitions:
                job_definitions_item = JobDefinitionInput.from_dict(job_definitions_item_data)

                job_definitions.append(job_definitions_item)

        _dashboards = d.pop("dashboards", UNSET)
        dashboards: list[PackDashboardInput] | Unset = UNSET
        if _dashboards is not UNSET:
            dashboards = []
            for dashboards_item_data in _dashboards:
                dashboards_item = PackDashboardInput.from_dict(dashboards_item_data)

                dashboards.append(dashboards_item)

        _alert_rule_templates = d.pop("alertRuleTemplates", UNSET)
        alert_rule_templates: list[AlertRuleTemplateInput] | Unset = UNSET
        if _alert_rule_templates is not UNSET:
            alert_rule_templates = []
            for alert_rule_templates_item_data in _alert_rule_templates:
                alert_rule_templates_item = AlertRuleTemplateInput.from_dict(alert_rule_templates_item_data)

                alert_rule_templates.append(alert_rule_templates_item)

        pack_manifest_input = cls(
            key=key,
            version=version,
            name=name,
            description=description,
            sensor_profiles=sensor_profiles,
            device_profiles=device_profiles,
            annotation_classes=annotation_classes,
            job_definitions=job_definitions,
            dashboards=dashboards,
            alert_rule_templates=alert_rule_templates,
        )

        return pack_manifest_input
