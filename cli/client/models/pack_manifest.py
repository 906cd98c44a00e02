from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.alert_rule_template import AlertRuleTemplate
    from ..models.job_definition import JobDefinition
    from ..models.pack_annotation_class import PackAnnotationClass
    from ..models.pack_dashboard import PackDashboard
    from ..models.pack_device_profile import PackDeviceProfile
    from ..models.pack_sensor_profile import PackSensorProfile


T = TypeVar("T", bound="PackManifest")


@_attrs_define
class PackManifest:
    """A pack as its author writes it.

    Attributes:
        key (str):
        version (str):
        name (str):
        description (None | str):
        sensor_profiles (list[PackSensorProfile]):
        device_profiles (list[PackDeviceProfile]):
        annotation_classes (list[PackAnnotationClass]):
        job_definitions (list[JobDefinition]):
        dashboards (list[PackDashboard]):
        alert_rule_templates (list[AlertRuleTemplate]):
    """

    key: str
    version: str
    name: str
    description: None | str
    sensor_profiles: list[PackSensorProfile]
    device_profiles: list[PackDeviceProfile]
    annotation_classes: list[PackAnnotationClass]
    job_definitions: list[JobDefinition]
    dashboards: list[PackDashboard]
    alert_rule_templates: list[AlertRuleTemplate]

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        version = self.version

        name = self.name

        description: None | str
        description = self.description

        sensor_profiles = []
        for sensor_profiles_item_data in self.sensor_profiles:
            sensor_profiles_item = sensor_profiles_item_data.to_dict()
            sensor_profiles.append(sensor_profiles_item)

        device_profiles = []
        for device_profiles_item_data in self.device_profiles:
            device_profiles_item = device_profiles_item_data.to_dict()
            device_profiles.append(device_profiles_item)

        annotation_classes = []
        for annotation_classes_item_data in self.annotation_classes:
            annotation_classes_item = annotation_classes_item_data.to_dict()
            annotation_classes.append(annotation_classes_item)

        job_definitions = []
        for job_definitions_item_data in self.job_definitions:
            job_definitions_item = job_definitions_item_data.to_dict()
            job_definitions.append(job_definitions_item)

        dashboards = []
        for dashboards_item_data in self.dashboards:
            dashboards_item = dashboards_item_data.to_dict()
            dashboards.append(dashboards_item)

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
                "description": description,
                "sensorProfiles": sensor_profiles,
                "deviceProfiles": device_profiles,
                "annotationClasses": annotation_classes,
                "jobDefinitions": job_definitions,
                "dashboards": dashboards,
                "alertRuleTemplates": alert_rule_templates,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.alert_rule_template import AlertRuleTemplate  # noqa: PLC0415
        from ..models.job_definition import JobDefinition  # noqa: PLC0415
        from ..models.pack_annotation_class import PackAnnotationClass  # noqa: PLC0415
        from ..models.pack_dashboard import PackDashboard  # noqa: PLC0415
        from ..models.pack_device_profile import PackDeviceProfile  # noqa: PLC0415
        from ..models.pack_sensor_profile import PackSensorProfile  # noqa: PLC0415

        d = dict(src_dict)
        key = d.pop("key")

        version = d.pop("version")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        sensor_profiles = []
        _sensor_profiles = d.pop("sensorProfiles")
        for sensor_profiles_item_data in _sensor_profiles:
            sensor_profiles_item = PackSensorProfile.from_dict(sensor_profiles_item_data)

            sensor_profiles.append(sensor_profiles_item)

        device_profiles = []
        _device_profiles = d.pop("deviceProfiles")
        for device_profiles_item_data in _device_profiles:
            device_profiles_item = PackDeviceProfile.from_dict(device_profiles_item_data)

            device_profiles.append(device_profiles_item)

        annotation_classes = []
        _annotation_classes = d.pop("annotationClasses")
        for annotation_classes_item_data in _annotation_classes:
            annotation_classes_item = PackAnnotationClass.from_dict(annotation_classes_item_data)

            annotation_classes.append(annotation_classes_item)

        job_definitions = []
        _job_definitions = d.pop("jobDefinitions")
        for job_definitions_item_data in _job_definitions:
            job_definitions_item = JobDefinition.from_dict(job_definitions_item_data)

            job_definitions.append(job_definitions_item)

        dashboards = []
        _dashboards = d.pop("dashboards")
        for dashboards_item_data in _dashboards:
            dashboards_item = PackDashboard.from_dict(dashboards_item_data)

            dashboards.append(dashboards_item)

        alert_rule_templates = []
        _alert_rule_templates = d.pop("alertRuleTemplates")
        for alert_rule_templates_item_data in _alert_rule_templates:
            alert_rule_templates_item = AlertRuleTemplate.from_dict(alert_rule_templates_item_data)

            alert_rule_templates.append(alert_rule_templates_item)

        pack_manifest = cls(
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

        return pack_manifest
