"""What ingestion knows of devices: read from the registry as plain JSON, kept for a while, grown by their reports.

Ingestion starts without pydantic; only making a sensor or a component, once in a series' life, loads it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whimbrel.domain.profile_rules import FieldRule, compile_fields
from whimbrel.domain.readings import MAIN_COMPONENT, KnownDevice, KnownSensor
from whimbrel.domain.series import ValueType
from whimbrel.ids import ComponentId, DeviceId, Id, OrganizationId, SensorId
from whimbrel.store.queries import queried

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

DAY_MS = 86_400_000
THREADS = 10
"""As many as an AWS client has connections."""
WORTH_THREADS = 20
PROFILE_KNOWN_FOR_S = 300
"""A profile never changes, but it may be removed."""


@dataclass(slots=True)
class Equipment:
    """The devices of one organization, as ingestion knows them; what it knows is at most ``max_age_s`` old."""

    client: DynamoDBClient
    table: str
    organization_id: OrganizationId
    max_age_s: float = 0
    _known: dict[str, tuple[float, KnownDevice]] = field(default_factory=dict)
    _profiles: dict[str, tuple[float, dict[str, FieldRule]]] = field(default_factory=dict)
    _organization: tuple[float, dict[str, Any]] | None = None

    def device(self, device_id: str, *, max_age_s: float | None = None) -> KnownDevice | None:
        """Return a device of the organization, or None; *max_age_s* asks for what is known more lately than usual."""
        if not Id.is_valid(device_id):
            return None
        if known := self._known_lately(device_id, self.max_age_s if max_age_s is None else max_age_s):
            return known
        document = self._document("device", device_id)
        if document is None:
            return None
        known = KnownDevice(DeviceId(device_id), document["status"] == "INACTIVE", document.get("gatewayId"))
        self._add_parts(known)
        self._known[device_id] = time.monotonic(), known
        return known

    def expect(self, device_id: DeviceId, components: Mapping[str, str | None]) -> KnownDevice:
        """Know a device that is about to be made, with the sensor profile of each of its components, if it has one."""
        known = KnownDevice(device_id, inactive=False, gateway_id=None)
        for key, profile_id in components.items():
            known.components[key] = ComponentId.named(device_id, key)
            if profile_id:
                known.profiles[key] = self._fields(profile_id)
        self._known[device_id] = time.monotonic(), known
        return known

    def look_up(self, device_ids: Collection[str]) -> None:
        """Get to know many devices at once, so that asking for each takes no time; what fails is left to that."""
        unknown = [each for each in device_ids if not self._known_lately(each, self.max_age_s)]
        if len(unknown) < WORTH_THREADS:
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(THREADS) as pool:
            # Its answers are not asked for: an error is raised, or not, where the device is needed.
            pool.map(self.device, unknown)

    def retention_ms(self) -> int | None:
        """Return for how long the organization keeps readings; None: for ever."""
        days = self._of_organization().get("retentionDays")
        return days * DAY_MS if days else None

    def is_wanted(self) -> bool:
        """Tell whether the organization is there, and is not being deleted."""
        organization = self._of_organization()
        return bool(organization) and not organization.get("deletionJobId")

    def make(self, known: KnownDevice, sensors: Iterable[KnownSensor]) -> dict[SensorId, ValueType]:
        """Store *sensors* that *known* has first reported.

        Repeating it, or doing it at the same time elsewhere, changes nothing: identifiers follow from keys.

        Returns:
            The types of those that somebody made with another type meanwhile.
        """
        from whimbrel.domain.fleet import Component, Sensor
        from whimbrel.store.registry import Store

        conflicts: dict[SensorId, ValueType] = {}
        for sensor in sensors:
            if sensor.component not in known.components:
                component = Component(
                    id=sensor.component_id, device_id=known.id, key=MAIN_COMPONENT, name=MAIN_COMPONENT
                )
                Store(self.client, self.table, self.organization_id, Component).ensure(component)
                known.components[MAIN_COMPONENT] = sensor.component_id
            stored = Store(self.client, self.table, self.organization_id, Sensor).ensure(
                Sensor(
                    id=sensor.id,
                    device_id=known.id,
                    component_id=sensor.component_id,
                    key=sensor.key,
                    name=sensor.key,
                    value_type=sensor.value_type,
                    unit=sensor.unit,
                )
            )
            known.add(sensor._replace(value_type=stored.value_type))
            if stored.value_type is not sensor.value_type:
                conflicts[sensor.id] = stored.value_type
        return conflicts

    def _of_organization(self) -> dict[str, Any]:
        if self._organization is None or time.monotonic() >= self._organization[0] + self.max_age_s:
            self._organization = time.monotonic(), self._document("organization", self.organization_id) or {}
        return self._organization[1]

    def _known_lately(self, device_id: str, max_age_s: float) -> KnownDevice | None:
        at, known = self._known.get(device_id, (0.0, None))
        return known if time.monotonic() < at + max_age_s else None

    def _add_parts(self, known: KnownDevice) -> None:
        query: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": "by_parent",
            "KeyConditionExpression": "parent_pk = :parent AND parent_sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": {
                ":parent": {"S": f"ORG#{self.organization_id}#{known.id}"},
                ":low": {"S": "component#"},
                ":high": {"S": "sensor#~"},
            },
        }
        sensors: list[dict[str, Any]] = []
        profiled: dict[str, str] = {}
        for item in queried(self.client, query):
            part = json.loads(item["doc"]["S"])
            if item["parent_sk"]["S"].startswith("component#"):
                known.components[part["key"]] = ComponentId(part["id"])
                if part.get("sensorProfileId"):
                    profiled[part["key"]] = part["sensorProfileId"]
            elif item["parent_sk"]["S"].startswith("sensor#"):
                sensors.append(part)
        known.profiles = {component: self._fields(profile_id) for component, profile_id in profiled.items()}
        keys = {identifier: key for key, identifier in known.components.items()}
        for part in sensors:
            component_id = ComponentId(part["componentId"])
            known.add(
                KnownSensor(
                    SensorId(part["id"]),
                    ValueType(part["valueType"]),
                    component_id,
                    keys.get(component_id, ""),
                    part["key"],
                )
            )

    def _fields(self, profile_id: str) -> dict[str, FieldRule] | None:
        """Return the fields that a sensor profile declares, or None if there is no such profile."""
        at, fields = self._profiles.get(profile_id, (0.0, None))
        if fields is not None and time.monotonic() < at + PROFILE_KNOWN_FOR_S:
            return fields
        document = self._document("sensor_profile", profile_id)
        if document is None:
            return None
        fields = compile_fields(document)
        self._profiles[profile_id] = time.monotonic(), fields
        return fields

    def _document(self, kind: str, identifier: str) -> dict[str, Any] | None:
        item = self.client.get_item(
            TableName=self.table,
            Key={"pk": {"S": f"ORG#{self.organization_id}#{kind}"}, "sk": {"S": identifier}},
            ConsistentRead=True,
        ).get("Item")
        return json.loads(item["doc"]["S"]) if item else None
