"""Sites, devices, components and sensors: what an organization's equipment is made of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt

from whimbrel.bodies import Instant, Key, Metadata, Name, Tags, Wire
from whimbrel.domain.profiles import (
    DeviceProfile,
    DeviceProfileId,
    ProfileComponent,
    SensorProfile,
    SensorProfileId,
    VersionText,
)
from whimbrel.domain.series import Column, Reading, ValueType
from whimbrel.entity import Entity
from whimbrel.ids import ComponentId, DeviceId, Id, OrganizationId, SensorId


class SiteId(Id):
    """A site."""

    __slots__ = ()


class DeviceGroupId(Id):
    """A group of devices."""

    __slots__ = ()


DAY_MS = 86_400_000

Number = StrictInt | StrictFloat

RetentionDays = Annotated[StrictInt, Field(ge=1, le=36_500)]
"""How long readings can be asked for, in days."""


class Location(Wire):
    """A place on Earth: degrees of WGS 84, metres above it."""

    model_config = ConfigDict(extra="forbid")

    lat: Annotated[Number, Field(ge=-90, le=90)]
    lng: Annotated[Number, Field(ge=-180, le=180)]
    alt: Annotated[Number | None, Field(ge=-12_000, le=100_000_000)] = None
    label: Annotated[Name | None, Field(examples=["South side"])] = None


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not a zone of the IANA time zone database, such as Europe/Berlin")
    return name


class SiteFields(Wire):
    """What a client says of a site."""

    name: Name
    location: Location | None = None
    address: Annotated[str, Field(max_length=500)] | None = None
    timezone: Annotated[str, AfterValidator(_zone), Field(examples=["Europe/Berlin"])] | None = None


class Site(SiteFields, Entity[SiteId]):
    """A place where devices stand."""

    kind: ClassVar[str] = "site"


class DeviceStatus(StrEnum):
    """PENDING until first seen; ACTIVE and OFFLINE as the broker sees it; INACTIVE and MAINTENANCE by hand."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    OFFLINE = "OFFLINE"
    INACTIVE = "INACTIVE"
    MAINTENANCE = "MAINTENANCE"


class Connection(Wire):
    """The last that the broker said of a device's connection: a client came, or a client left."""

    connected: StrictBool
    at: Instant
    version: Annotated[int, Field(description="IoT Core's count of the client's connections.")]
    session: str

    def is_after(self, other: Connection) -> bool:
        """Tell whether this happened after *other*, for events of one client.

        Coming and going of one connection bear one version, and the next connection a higher one, until IoT Core
        forgets the client, an hour after it left, and counts from 0 again. So among neighbours in time the version
        decides, else the time: a connection that another takes over is often reported to leave when its successor has
        already come. A broker that was restarted counts from 0 at once; a client that comes later in time is later
        even so.
        """
        if abs(self.at - other.at) > COUNT_IS_KEPT:
            return self.at > other.at
        if (self.version, self.session) == (other.version, other.session):
            return other.connected and not self.connected
        if self.version == other.version or (self.connected and self.version < other.version):
            return self.at > other.at
        return self.version > other.version


COUNT_IS_KEPT = timedelta(minutes=30)
"""Well within the hour for which IoT Core remembers the version of a client that left."""


class DeviceFields(Wire):
    """What a client says of a device."""

    name: Name
    virtual: StrictBool = False
    gateway_id: DeviceId | None = None
    device_profile_id: Annotated[DeviceProfileId | None, Field(description="One version of a profile.")] = None
    device_profile_version: Annotated[
        VersionText | None, Field(description="By itself, in a PATCH: another version of the same profile.")
    ] = None
    site_id: SiteId | None = None
    location: Location | None = None
    tags: Tags = ()
    metadata: Metadata = Field(default_factory=dict)


class Device(DeviceFields, Entity[DeviceId]):
    """A physical or virtual thing that reports readings."""

    kind: ClassVar[str] = "device"
    parent: ClassVar[str | None] = "site_id"

    label: Annotated[str | None, Field(description="What data named it by when it made it.")] = None
    status: DeviceStatus = DeviceStatus.PENDING
    firmware_version: str | None = None
    last_seen_at: Instant | None = None
    connection: Connection | None = None

    def references(self) -> dict[str, type[Entity[Any]]]:
        return {"site_id": Site, "gateway_id": Device, "device_profile_id": DeviceProfile}

    def seen(self, connection: Connection) -> Self:
        """Return this device after what the broker says of its connection: late, twice, in any order."""
        last_seen_at = max(self.last_seen_at or connection.at, connection.at)
        if self.connection and not connection.is_after(self.connection):
            return self if last_seen_at == self.last_seen_at else self.next_version(last_seen_at=last_seen_at)
        status = DeviceStatus.ACTIVE if connection.connected else DeviceStatus.OFFLINE
        return self.next_version(
            status=self.status if self.status in BY_HAND else status,
            connection=connection,
            last_seen_at=last_seen_at,
        )


LABEL = re.compile(r"(?!_\Z)[A-Za-z0-9_][A-Za-z0-9_.:\-]{0,63}\Z", re.ASCII)
"""What a device can be labelled: what a part of a path may be."""


def labelled(organization_id: OrganizationId, label: str, generation: int) -> DeviceId:
    """Return the identifier of the first device that data made under *label*, the second, and so on.

    A label names one device of an organization at a time. When that was deleted, the next is another one: what it left
    behind, and what a purge is still to remove, is not the next one's.
    """
    return DeviceId.named(organization_id, label, *([str(generation)] if generation > 1 else []))


BY_HAND = frozenset({DeviceStatus.INACTIVE, DeviceStatus.MAINTENANCE})


class DeviceGroupMatch(Wire):
    """Which devices belong: all of these tags, any of those, at any of the sites; what is empty asks nothing."""

    model_config = ConfigDict(extra="forbid")

    all_tags: Tags = ()
    any_tags: Tags = ()
    site_ids: Annotated[tuple[SiteId, ...], Field(max_length=100)] = ()

    def includes(self, device: Device) -> bool:
        """Tell whether *device* belongs."""
        tags = set(device.tags)
        return (
            tags.issuperset(self.all_tags)
            and (not self.any_tags or not tags.isdisjoint(self.any_tags))
            and (not self.site_ids or device.site_id in self.site_ids)
        )


class DeviceGroupFields(Wire):
    """What a client says of a device group."""

    name: Name
    match: DeviceGroupMatch


class DeviceGroup(DeviceGroupFields, Entity[DeviceGroupId]):
    """Devices that have something in common; who belongs is computed, not listed."""

    kind: ClassVar[str] = "device_group"


class ComponentFields(Wire):
    """What a client can change of a component."""

    name: Name
    sensor_profile_id: Annotated[SensorProfileId | None, Field(description="One version of a profile.")] = None
    sensor_profile_version: Annotated[
        VersionText | None, Field(description="By itself, in a PATCH: another version of the same profile.")
    ] = None
    metadata: Metadata = Field(default_factory=dict)


class Component(ComponentFields, Entity[ComponentId]):
    """An addressable part of a device; its key is unique there."""

    kind: ClassVar[str] = "component"
    parent: ClassVar[str | None] = "device_id"

    device_id: DeviceId
    key: Key

    @classmethod
    def declared(cls, device_id: DeviceId, declaration: ProfileComponent) -> Self:
        """Return the component of a device that its profile declares."""
        return cls(
            id=ComponentId.named(device_id, declaration.key),
            device_id=device_id,
            key=declaration.key,
            name=declaration.name,
            sensor_profile_id=declaration.sensor_profile_id,
            sensor_profile_version=declaration.sensor_profile_version,
        )

    def references(self) -> dict[str, type[Entity[Any]]]:
        return {"device_id": Device, "sensor_profile_id": SensorProfile}


class SensorFields(Wire):
    """What a client can change of a sensor."""

    name: Name
    unit: Annotated[str, Field(min_length=1, max_length=32, description="UCUM, such as Cel or kW.h.")] | None = None
    retention_days: (
        Annotated[RetentionDays, Field(description="null: as long as the organization keeps readings.")] | None
    ) = None


class Sensor(SensorFields, Entity[SensorId]):
    """One series of readings; its key is unique in its component."""

    kind: ClassVar[str] = "sensor"
    parent: ClassVar[str | None] = "device_id"

    device_id: DeviceId
    component_id: ComponentId
    key: Key
    value_type: ValueType

    def references(self) -> dict[str, type[Entity[Any]]]:
        return {"device_id": Device, "component_id": Component}


def retained_since(sensors: Iterable[Sensor], now_ms: int) -> dict[str, int]:
    """Return, of those with a retention of their own, the moment before which it hides readings at *now_ms*."""
    return {
        sensor.id: now_ms - sensor.retention_days * DAY_MS for sensor in sensors if sensor.retention_days is not None
    }


def newest_shown(newest: Mapping[Column, Reading], sensors: Collection[Sensor], now_ms: int) -> dict[SensorId, Reading]:
    """Return the newest reading of each sensor in its type, if its own retention does not hide it at *now_ms*."""
    kept_since = retained_since(sensors, now_ms)
    found = {sensor.id: newest.get(Column(sensor.id, sensor.value_type)) for sensor in sensors}
    return {
        sensor_id: reading
        for sensor_id, reading in found.items()
        if reading is not None and reading.timestamp >= kept_since.get(sensor_id, reading.timestamp)
    }
