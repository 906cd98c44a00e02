"""Packs: profiles, annotation classes and templates that belong together, under one key and version.

A manifest is self-contained: what its parts refer to is in it. Profiles and annotation classes become things of the
organization when it is installed; jobs, dashboards and alert rules are templates, kept with the pack.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from whimbrel.bodies import Body, Instant, Key, Metadata, Name, Wire
from whimbrel.domain.annotations import AnnotationClassFields
from whimbrel.domain.durations import parse_duration
from whimbrel.domain.profiles import (
    MAX_COMPONENTS,
    Description,
    DeviceProfileTraits,
    SensorProfileFields,
    Small,
)
from whimbrel.entity import Entity
from whimbrel.ids import Id, OrganizationId
from whimbrel.problems import Conflict
from whimbrel.strict_json import dumps

MAX_BYTES = 204_800
"""Of a manifest's JSON: it is kept as one item."""

MAX_WRITES = 98
"""What installing may write at once: a transaction has 100 parts, two of them for the pack itself."""


class PackId(Id):
    """A pack of an organization."""

    __slots__ = ()


class PackReleaseId(Id):
    """One version of a pack."""

    __slots__ = ()


class PackConflict(Conflict):
    """The pack, as it is or as it was sent, does not go with what is there."""

    title = "Pack conflict"


PackVersion = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$", examples=["1.0.0"])
]


def order(version: str) -> tuple[int, ...]:
    """Return what orders versions of packs."""
    return tuple(map(int, version.split(".")))


def _duration(text: str) -> str:
    parse_duration(text)
    return text


Duration = Annotated[str, Field(max_length=32, examples=["1h", "P1D"]), AfterValidator(_duration)]
Seconds = Annotated[StrictInt, Field(ge=1, le=31 * 86_400)]
Threshold = StrictInt | StrictFloat


class PackSensorProfile(SensorProfileFields, Small, Body):
    """A sensor profile of a pack; its own version is decided when the pack is installed."""


class PackComponent(Body):
    """A component of a device profile; its sensor profile is the pack's of that key."""

    key: Key
    name: Name
    sensor_profile: Key


class PackDeviceProfile(DeviceProfileTraits, Small, Body):
    """A device profile of a pack."""

    components: Annotated[tuple[PackComponent, ...], Field(max_length=MAX_COMPONENTS)] = ()


class PackAnnotationClass(AnnotationClassFields, Body):
    """An annotation class of a pack."""

    key: Key


class Subject(Body):
    """What a template is about: a field of whatever component has the sensor profile."""

    sensor_profile: Key
    field: Annotated[str, Field(max_length=36, description="Its key; `key.0` for an item of an array.")]


class JobFunction(StrEnum):
    """What a job computes."""

    PEARSON_CORRELATION = "pearson_correlation"
    MEAN_BIAS = "mean_bias"
    RMSE = "rmse"
    DRIFT_SLOPE = "drift_slope"
    STUCK_VALUE = "stuck_value"
    GAP_RATE = "gap_rate"
    THRESHOLD_EXCEEDANCE = "threshold_exceedance"


class JobDefinition(Body):
    """A computation that is repeated, over a window that ends when it runs."""

    key: Key
    name: Name
    description: Description | None = None
    function: JobFunction
    subjects: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=20)]
    every: Duration
    window: Duration
    parameters: Metadata = Field(default_factory=dict)
    annotation_class: Annotated[Key | None, Field(description="Of what it writes when it finds something.")] = None


class WidgetType(StrEnum):
    """How a widget shows what it is bound to."""

    LINE = "LINE"
    AREA = "AREA"
    BAR = "BAR"
    STAT = "STAT"
    GAUGE = "GAUGE"
    STATE_TIMELINE = "STATE_TIMELINE"
    TABLE = "TABLE"
    MAP = "MAP"
    ALERT_LIST = "ALERT_LIST"
    ANNOTATION_TIMELINE = "ANNOTATION_TIMELINE"
    CAMERA = "CAMERA"
    TEXT = "TEXT"


UNBOUND = frozenset(
    {WidgetType.MAP, WidgetType.ALERT_LIST, WidgetType.ANNOTATION_TIMELINE, WidgetType.CAMERA, WidgetType.TEXT}
)
"""Widgets that need no field to show."""


class DashboardWidget(Body):
    """One widget of a dashboard."""

    type: WidgetType
    title: Name
    subjects: Annotated[tuple[Subject, ...], Field(max_length=20)] = ()
    text: Annotated[str, Field(max_length=4_000)] | None = None
    options: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if self.type not in UNBOUND and not self.subjects:
            raise ValueError(f"a {self.type} needs subjects to show")
        if (self.type is WidgetType.TEXT) != (self.text is not None):
            raise ValueError("a TEXT needs text, and nothing else has any")
        return self


class PackDashboard(Body):
    """A dashboard of a pack."""

    key: Key
    name: Name
    description: Description | None = None
    widgets: Annotated[tuple[DashboardWidget, ...], Field(min_length=1, max_length=50)]


Comparison = Literal["GT", "GTE", "LT", "LTE", "EQ", "NEQ"]


class ValueCondition(Body):
    """A value compares so, perhaps for a time."""

    kind: Literal["VALUE"]
    operator: Literal["GT", "GTE", "LT", "LTE", "EQ", "NEQ", "IS_TRUE", "IS_FALSE", "CONTAINS"]
    threshold: Threshold | StrictStr | None = None
    for_seconds: Seconds | None = None

    @model_validator(mode="after")
    def _has_its_threshold(self) -> Self:
        if (self.threshold is None) != (self.operator in {"IS_TRUE", "IS_FALSE"}):
            raise ValueError("IS_TRUE and IS_FALSE have no threshold, all others have one")
        if self.operator == "CONTAINS" and not isinstance(self.threshold, str):
            raise ValueError("CONTAINS needs a text")
        if self.operator in {"GT", "GTE", "LT", "LTE"} and isinstance(self.threshold, str):
            raise ValueError("send a number to compare with")
        return self


class AggregateCondition(Body):
    """An aggregate over the last seconds compares so."""

    kind: Literal["AGGREGATE"]
    fn: Literal["avg", "min", "max", "count"]
    window_seconds: Seconds
    operator: Comparison
    threshold: Threshold


class NoDataCondition(Body):
    """Nothing came for a time."""

    kind: Literal["NO_DATA"]
    for_seconds: Seconds


class OfflineCondition(Body):
    """The device was away for a time."""

    kind: Literal["DEVICE_OFFLINE"]
    for_seconds: Seconds


Condition = Annotated[
    ValueCondition | AggregateCondition | NoDataCondition | OfflineCondition, Field(discriminator="kind")
]


class AlertRuleTemplate(Body):
    """An alert rule, to be made for the components that have the sensor profile."""

    key: Key
    name: Name
    description: Description | None = None
    severity: Literal["INFO", "WARNING", "CRITICAL"]
    subject: Subject
    condition: Condition
    clear_condition: Condition | None = None
    cooldown_seconds: Annotated[StrictInt, Field(ge=0, le=7 * 86_400)] = 0
    auto_resolve: StrictBool = True
    late_data_policy: Literal["notify", "record", "ignore"] = "record"


class PackManifest(Body):
    """A pack as its author writes it."""

    key: Key
    version: PackVersion
    name: Name
    description: Description | None = None
    sensor_profiles: tuple[PackSensorProfile, ...] = ()
    device_profiles: tuple[PackDeviceProfile, ...] = ()
    annotation_classes: tuple[PackAnnotationClass, ...] = ()
    job_definitions: tuple[JobDefinition, ...] = ()
    dashboards: tuple[PackDashboard, ...] = ()
    alert_rule_templates: tuple[AlertRuleTemplate, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        fault = next(self._faults(), None)
        if fault:
            raise ValueError(fault)
        return self

    def _faults(self) -> Iterator[str]:
        writes = 2 * (len(self.sensor_profiles) + len(self.device_profiles)) + len(self.annotation_classes)
        if writes > MAX_WRITES:
            # Two for a profile: its version, and the line of its versions.
            yield f"it installs at once or not at all, which takes {writes} writes; {MAX_WRITES} are the limit: part it"
        size = len(dumps(self.model_dump(mode="json", by_alias=True)).encode())
        if size > MAX_BYTES:
            yield f"the manifest has {size} bytes of JSON; {MAX_BYTES} are the limit"
        parts = ("sensor_profiles", "device_profiles", "annotation_classes")
        templates = ("job_definitions", "dashboards", "alert_rule_templates")
        for name in (*parts, *templates):
            keys = [part.key for part in getattr(self, name)]
            for key in sorted({key for key in keys if keys.count(key) > 1}):
                yield f"two of the {name.replace('_', ' ')} have the key {key}"
        yield from self._dangling()

    def _dangling(self) -> Iterator[str]:
        sensors = {
            profile.key: {key for field in profile.fields for key in (field.key, *field.sensor_keys)}
            for profile in self.sensor_profiles
        }
        for profile in self.device_profiles:
            keys = [component.key for component in profile.components]
            if len(set(keys)) < len(keys):
                yield f"two components of the device profile {profile.key} have the same key"
            for component in profile.components:
                if component.sensor_profile not in sensors:
                    yield f"{profile.key}/{component.key}: the pack has no sensor profile {component.sensor_profile}"
        for where, subject in self._subjects():
            if subject.field not in sensors.get(subject.sensor_profile, ()):
                yield f"{where}: the pack has no field {subject.field} of a sensor profile {subject.sensor_profile}"
        classes = {each.key for each in self.annotation_classes}
        for job in self.job_definitions:
            if job.annotation_class and job.annotation_class not in classes:
                yield f"{job.key}: the pack has no annotation class {job.annotation_class}"

    def _subjects(self) -> Iterator[tuple[str, Subject]]:
        for job in self.job_definitions:
            yield from ((job.key, subject) for subject in job.subjects)
        for dashboard in self.dashboards:
            for widget in dashboard.widgets:
                yield from ((f"{dashboard.key}/{widget.title}", subject) for subject in widget.subjects)
        for rule in self.alert_rule_templates:
            yield rule.key, rule.subject


class PackRelease(Entity[PackReleaseId]):
    """One version of a pack, as its author wrote it; it never changes."""

    kind: ClassVar[str] = "pack_release"

    manifest: PackManifest

    @classmethod
    def identifier(cls, organization_id: OrganizationId, key: str, version: str) -> PackReleaseId:
        """Return the identifier of *version* of the pack *key*."""
        return PackReleaseId.named(organization_id, key, version)


class PackPart(Wire):
    """A thing that a pack has made; profiles have a version."""

    kind: Literal["sensor_profile", "device_profile", "annotation_class"]
    id: Id
    key: Key
    version: str | None = None


class Pack(Entity[PackId]):
    """A pack of an organization: what it is offered as, how far it is installed, and what it has made."""

    kind: ClassVar[str] = "pack"

    key: Key
    uploaded: Annotated[PackVersion | None, Field(description="The newest version that was uploaded.")] = None
    name: Name
    description: Description | None = None
    installed: PackVersion | None = None
    installed_at: Instant | None = None
    releases: tuple[PackVersion, ...] = ()
    parts: tuple[PackPart, ...] = ()

    @classmethod
    def identifier(cls, organization_id: OrganizationId, key: str) -> PackId:
        """Return the identifier of the pack *key*."""
        return PackId.named(organization_id, key)

    def made(self, kind: str) -> list[PackPart]:
        """Return the things of one *kind* that the pack has made."""
        return [part for part in self.parts if part.kind == kind]
