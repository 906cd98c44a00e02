"""Sensor and device profiles: what a kind of component reports, and what a kind of device is made of.

A profile is a *key* with versions ``major.minor``, and each version is a thing of its own that never changes: its
identifier follows from key and version. What a new version may be called is not the author's to say: the difference
from the newest one decides (``changes``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, NamedTuple, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, StrictBool, StrictFloat, StrictInt, model_validator

from whimbrel.bodies import Key, Name, Wire
from whimbrel.domain.profile_rules import NUMERIC, FieldType, stored_type
from whimbrel.domain.readings import MAX_KEY
from whimbrel.domain.series import ValueType
from whimbrel.entity import Entity
from whimbrel.ids import Id, OrganizationId
from whimbrel.strict_json import dumps

IdT = TypeVar("IdT", bound=Id)
Number = StrictInt | StrictFloat

MAX_FIELDS = 200
MAX_ITEMS = 100
MAX_SENSORS = 500
"""How many sensors one component can come to have by its profile."""
MAX_COMPONENTS = 50
MAX_BYTES = 102_400
"""Of a profile's JSON: with every option at its longest it would be more than an item of DynamoDB holds."""
_INT64 = range(-(2**63), 2**63)


class SensorProfileId(Id):
    """One version of a sensor profile."""

    __slots__ = ()


class DeviceProfileId(Id):
    """One version of a device profile."""

    __slots__ = ()


class ProfileLineId(Id):
    """The versions of one key."""

    __slots__ = ()


class Version(NamedTuple):
    """The two numbers of a version, which order it."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version that *text* writes, such as ``1.10``."""
        major, _, minor = text.partition(".")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


VersionText = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}\.(0|[1-9][0-9]{0,5})$", examples=["1.0"])]
FIRST_VERSION = "1.0"

_UNIT = re.compile(r"[!-~]{1,32}\Z", re.ASCII)
_CLOSING = {")": "(", "]": "[", "}": "{"}


def _unit(text: str) -> str:
    """Check the shape of a UCUM unit: printable ASCII without spaces, its brackets in pairs."""
    opened: list[str] = []
    for character in text if _UNIT.match(text) else "]":
        if character in _CLOSING.values():
            opened.append(character)
        elif character in _CLOSING and (not opened or opened.pop() != _CLOSING[character]):
            opened.append("never closed")
            break
    if opened:
        raise ValueError("not a UCUM unit, such as Cel, kW.h, m/s or [ppm]")
    return text


Unit = Annotated[str, AfterValidator(_unit), Field(min_length=1, max_length=32, description="UCUM, such as Cel.")]
Description = Annotated[str, Field(max_length=500)]


class ProfileItems(Wire):
    """What an ARRAY holds: how many items of which type."""

    model_config = ConfigDict(extra="forbid")

    type: ValueType
    min_items: Annotated[StrictInt, Field(ge=0, le=MAX_ITEMS)] = 0
    max_items: Annotated[StrictInt, Field(ge=1, le=MAX_ITEMS)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_items > self.max_items:
            raise ValueError("minItems is above maxItems")
        return self


_EXAMPLE: dict[str, JsonValue] = {
    "key": "temperature",
    "label": "Temperature",
    "description": None,
    "type": "DOUBLE",
    "unit": "Cel",
    "min": -40,
    "max": 85,
    "required": True,
    "writable": False,
    "options": [],
    "items": None,
}


class ProfileField(Wire):
    """One field: an ENUM has options, an ARRAY items, a number may have bounds.

    Both bounds belong to the range; those of an array of numbers are for each of its items.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    key: Key
    label: Name | None = None
    description: Description | None = None
    type: FieldType
    unit: Unit | None = None
    min: Number | None = None
    max: Number | None = None
    required: Annotated[StrictBool, Field(description="A structured reading without it is refused.")] = False
    writable: Annotated[StrictBool, Field(description="It can be configured.")] = False
    options: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    items: ProfileItems | None = None

    @property
    def stored(self) -> ValueType:
        """The type of the field's sensors."""
        return stored_type(self.type, self.items and self.items.type)

    @property
    def sensor_keys(self) -> list[str]:
        """The keys of all sensors that the field can make."""
        return [f"{self.key}.{index}" for index in range(self.items.max_items)] if self.items else [self.key]

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if (self.type is FieldType.ENUM) != bool(self.options):
            raise ValueError("an ENUM needs options, and nothing else has any")
        if len(set(self.options)) < len(self.options):
            raise ValueError("two options are the same")
        if (self.type is FieldType.ARRAY) != (self.items is not None):
            raise ValueError("an ARRAY needs items, and nothing else has any")
        if self.items and len(self.sensor_keys[-1]) > MAX_KEY:
            raise ValueError(f"its last sensor would be {self.sensor_keys[-1]}; {MAX_KEY} characters are the limit")
        if self.stored not in NUMERIC:
            if (self.min, self.max, self.unit) != (None, None, None):
                raise ValueError("only numbers have a unit, min or max")
        elif self.stored is ValueType.BIGINT and any(
            bound is not None and (isinstance(bound, float) or bound not in _INT64) for bound in (self.min, self.max)
        ):
            raise ValueError("the bounds of a BIGINT are whole numbers of 64 bits")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


def _no_sensor_twice(fields: tuple[ProfileField, ...]) -> tuple[ProfileField, ...]:
    keys = [key for field in fields for key in field.sensor_keys]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"two fields are for the sensor {twice}")
    if len(keys) > MAX_SENSORS:
        raise ValueError(f"they come to {len(keys)} sensors; {MAX_SENSORS} are the limit")
    return fields


Fields = Annotated[tuple[ProfileField, ...], Field(max_length=MAX_FIELDS), AfterValidator(_no_sensor_twice)]


class Small(Wire):
    """A profile as its author sends it: of limited size, whatever its parts are."""

    @model_validator(mode="after")
    def _small(self) -> Self:
        size = len(dumps(self.model_dump(mode="json", by_alias=True)).encode())
        if size > MAX_BYTES:
            raise ValueError(f"the profile has {size} bytes of JSON; {MAX_BYTES} are the limit")
        return self


class ProfileFields(Wire):
    """What an author says of any profile."""

    key: Key
    name: Name
    description: Description | None = None


class SensorProfileFields(ProfileFields):
    """What an author says of a sensor profile."""

    fields: Annotated[Fields, Field(min_length=1)]


def _once(components: tuple[ProfileComponent, ...]) -> tuple[ProfileComponent, ...]:
    if len({component.key for component in components}) < len(components):
        raise ValueError("two components have the same key")
    return components


class ProfileComponent(Wire):
    """A component that every device of a profile has, and the version of the sensor profile that it reports by."""

    model_config = ConfigDict(extra="forbid")

    key: Key
    name: Name
    sensor_profile_id: SensorProfileId
    sensor_profile_key: Key
    sensor_profile_version: VersionText


Method = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$", examples=["CALIBRATE"])]


def _distinct(methods: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(methods))


class DeviceProfileTraits(ProfileFields):
    """What an author says of a device profile beside its components."""

    configurable: Annotated[Fields, Field(description="What can be configured of the device itself.")] = ()
    methods: Annotated[
        tuple[Method, ...],
        Field(max_length=50, description="The commands that it understands beyond the built-in ones."),
        AfterValidator(_distinct),
    ] = ()


class DeviceProfileFields(DeviceProfileTraits):
    """All that a device profile says, its references to sensor profiles resolved."""

    components: Annotated[tuple[ProfileComponent, ...], Field(max_length=MAX_COMPONENTS), AfterValidator(_once)] = ()


class Profile(ProfileFields, Entity[IdT], Generic[IdT]):
    """One version of a profile. It never changes, so that whoever knows it by its identifier knows it for good."""

    # "version" is the profile's on the wire; the count of writes, always 1, gives way to it.
    model_config = ConfigDict(populate_by_name=False)

    version: int = Field(default=1, exclude=True, alias="writes")
    number: Annotated[VersionText, Field(alias="version", description="`major.minor`; the server decides it.")]

    @property
    def order(self) -> Version:
        """The version, as something to compare."""
        return Version.parse(self.number)

    @classmethod
    def identifier(cls, organization_id: OrganizationId, key: str, version: str) -> IdT:
        """Return the identifier of *version* of *key*."""
        return cls._id_type().named(organization_id, key, version)


class SensorProfile(SensorProfileFields, Profile[SensorProfileId]):
    """What the structured readings of a component hold."""

    kind: ClassVar[str] = "sensor_profile"


class DeviceProfile(DeviceProfileFields, Profile[DeviceProfileId]):
    """What a kind of device is made of: its components, what is configurable, the commands it understands."""

    kind: ClassVar[str] = "device_profile"


class ProfileLine(Entity[ProfileLineId]):
    """How far the versions of one key have come: a number is given once, even if its version was deleted."""

    kind: ClassVar[str] = "profile_line"

    profiles: str
    key: Key
    last: VersionText
    versions: tuple[VersionText, ...]
    """Those that are there, the newest last."""

    @classmethod
    def identifier(cls, organization_id: OrganizationId, profiles: str, key: str) -> ProfileLineId:
        """Return the identifier of the line of *key* among the *profiles* of one kind."""
        return ProfileLineId.named(organization_id, profiles, key)


class Change(StrEnum):
    """What a version is to the newest one before it."""

    INITIAL = "INITIAL"
    NONE = "NONE"
    ADDITIVE = "ADDITIVE"
    BREAKING = "BREAKING"

    def number(self, last: str) -> str:
        """Return the version that follows *last*."""
        major, minor = Version.parse(last)
        return str(Version(major + 1, 0) if self is Change.BREAKING else Version(major, minor + 1))


class Difference(NamedTuple):
    """One way in which a later profile differs: *breaking* if what was right before may be wrong now."""

    breaking: bool
    reason: str


def judge(before: ProfileFields, after: ProfileFields) -> tuple[Change, list[str]]:
    """Return what *after* is to *before*, with the reasons: only the breaking ones if there are any.

    An additive change keeps every promise: what is valid under *before* is valid under *after*, and means the same.
    """
    differences = list(_differences(before, after))
    breaking = [reason for is_breaking, reason in differences if is_breaking]
    if breaking:
        return Change.BREAKING, breaking
    if differences:
        return Change.ADDITIVE, [reason for _, reason in differences]
    return Change.NONE, []


def _differences(before: ProfileFields, after: ProfileFields) -> Iterator[Difference]:
    for text in ("name", "description"):
        if getattr(before, text) != getattr(after, text):
            yield Difference(breaking=False, reason=f"the {text} changed")
    if isinstance(before, SensorProfileFields) and isinstance(after, SensorProfileFields):
        yield from _fields(before.fields, after.fields)
    if isinstance(before, DeviceProfileFields) and isinstance(after, DeviceProfileFields):
        yield from _components(before.components, after.components)
        yield from _fields(before.configurable, after.configurable)
        yield from _names(before.methods, after.methods, "method")


def _fields(before: Sequence[ProfileField], after: Sequence[ProfileField]) -> Iterator[Difference]:
    old, new = {field.key: field for field in before}, {field.key: field for field in after}
    yield from _places(old, new, "field")
    for key, field in new.items():
        if key not in old:
            kind = "required" if field.required else "optional"
            yield Difference(breaking=field.required, reason=f"the {kind} field {key} is new")
        else:
            yield from _field(old[key], field)


def _places(old: Mapping[str, object], new: Mapping[str, object], noun: str) -> Iterator[Difference]:
    for key in sorted(old.keys() - new.keys()):
        yield Difference(breaking=True, reason=f"the {noun} {key} is gone")
    if [key for key in old if key in new] != [key for key in new if key in old]:
        yield Difference(breaking=False, reason=f"the {noun}s come in another order")


def _field(old: ProfileField, new: ProfileField) -> Iterator[Difference]:
    def differs(what: str, *, breaking: bool) -> Difference:
        return Difference(breaking, f"{old.key}: {what}")

    for name, value in (("label", old.label), ("description", old.description)):
        if getattr(new, name) != value:
            yield differs(f"the {name} changed", breaking=False)
    if (old.type, old.stored) != (new.type, new.stored):
        yield differs(f"the type was {_type_name(old)} and is {_type_name(new)}", breaking=True)
        return
    if old.unit != new.unit:
        yield differs(f"the unit was {old.unit or 'none'} and is {new.unit or 'none'}", breaking=True)
    if old.required != new.required:
        yield differs("it became required" if new.required else "it became optional", breaking=new.required)
    if old.writable != new.writable:
        yield differs("it became writable" if new.writable else "it is no longer writable", breaking=old.writable)
    for breaking, reason in _names(old.options, new.options, "option"):
        yield differs(reason, breaking=breaking)
    yield from _bound(old, "min", old.min, new.min, sign=1)
    yield from _bound(old, "max", old.max, new.max, sign=-1)
    if old.items and new.items:
        yield from _bound(old, "minItems", old.items.min_items, new.items.min_items, sign=1)
        yield from _bound(old, "maxItems", old.items.max_items, new.items.max_items, sign=-1)


def _bound(field: ProfileField, name: str, old: float | None, new: float | None, *, sign: int) -> Iterator[Difference]:
    """Yield how a bound moved; a lower one (*sign* 1) narrows by rising, an upper one (-1) by falling."""
    if old == new:
        return
    narrower = new is not None and (old is None or sign * new > sign * old)
    reason = f"{field.key}: {name} was {_bound_name(old)} and is {_bound_name(new)}"
    yield Difference(narrower, reason)


def _components(before: Sequence[ProfileComponent], after: Sequence[ProfileComponent]) -> Iterator[Difference]:
    old, new = {part.key: part for part in before}, {part.key: part for part in after}
    yield from _places(old, new, "component")
    for key, part in new.items():
        if key not in old:
            yield Difference(breaking=False, reason=f"the component {key} is new")
            continue
        was = old[key]
        if was.name != part.name:
            yield Difference(breaking=False, reason=f"the component {key} has another name")
        if was.sensor_profile_id != part.sensor_profile_id:
            older, newer = Version.parse(was.sensor_profile_version), Version.parse(part.sensor_profile_version)
            grown = was.sensor_profile_key == part.sensor_profile_key and older.major == newer.major and newer > older
            reason = (
                f"the component {key} went from {was.sensor_profile_key} {older} to {part.sensor_profile_key} {newer}"
            )
            yield Difference(not grown, reason)


def _names(before: Sequence[str], after: Sequence[str], noun: str) -> Iterator[Difference]:
    for name in sorted(set(before) - set(after)):
        yield Difference(breaking=True, reason=f"the {noun} {name} is gone")
    if before != after and set(before) <= set(after):
        yield Difference(breaking=False, reason=f"the {noun}s grew or changed places")


def _type_name(field: ProfileField) -> str:
    return f"ARRAY of {field.stored}" if field.items else field.type.value


def _bound_name(bound: float | None) -> str:
    return "none" if bound is None else str(bound)
