"""Imports: files of readings, what their columns mean, and what their cells say.

A file is in long form, a reading a row. Its columns are ``deviceId``, ``sensorId``, ``timestamp``, ``value`` and
``metadata``, in any order and, by a mapping, of any name; and those of our own exports, so that what was exported can
be imported again, for another device too. Other columns are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from whimbrel.bodies import Instant, Key, Wire
from whimbrel.domain.jobs import JobFailed, JobId
from whimbrel.domain.readings import MAIN_COMPONENT, KnownDevice, KnownSensor, Reason
from whimbrel.domain.series import ValueType
from whimbrel.domain.tabular import unescaped
from whimbrel.entity import Entity
from whimbrel.ids import ComponentId, DeviceId, Id, SensorId

MAX_DEVICES = 1_000


class ImportId(Id):
    """An import; its job has the same identifier."""

    __slots__ = ()


class ImportFormat(StrEnum):
    """How a file of readings is written."""

    CSV = "CSV"
    PARQUET = "PARQUET"


CONTENT_TYPES = {
    ImportFormat.CSV: "text/csv",
    ImportFormat.PARQUET: "application/vnd.apache.parquet",
}

Heading = Annotated[str, Field(min_length=1, max_length=128)]


class ImportColumns(Wire):
    """What the file calls our columns, where it has names of its own."""

    model_config = ConfigDict(extra="forbid")

    device_id: Heading = "deviceId"
    sensor_id: Heading = "sensorId"
    timestamp: Heading = "timestamp"
    value: Heading = "value"
    metadata: Heading = "metadata"


class ImportFields(Wire):
    """What a client says of a file of readings."""

    format: ImportFormat
    device_id: Annotated[
        DeviceId | None, Field(description="Whose readings they are, where the file does not say.")
    ] = None
    columns: ImportColumns = Field(default_factory=ImportColumns)
    devices: Annotated[
        dict[Heading, DeviceId],
        Field(max_length=MAX_DEVICES, description="Which device is meant by what the file has for a `deviceId`."),
    ] = Field(default_factory=dict)


class Import(ImportFields, Entity[ImportId]):
    """A file of readings, before and after it is taken in."""

    kind: ClassVar[str] = "import"

    requested_by: str
    started_at: Instant | None = None

    @property
    def job_id(self) -> JobId:
        """The job that does it, once it is started."""
        return JobId(self.id)

    def started(self, at: datetime) -> Self:
        """Return this import as started; the first start counts."""
        return self if self.started_at else self.next_version(started_at=at)


def file_key(import_id: ImportId) -> str:
    """Return where the file of an import is uploaded to, among its organization's objects."""
    return f"imports/{import_id}/file"


def errors_key(import_id: ImportId, part: int | None = None) -> str:
    """Return where the errors of an import are kept: of the *part* that begins with that row, or all of them."""
    return f"imports/{import_id}/errors{'' if part is None else f'-{part}'}.csv"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a file holds what; -1 where none does."""

    width: int
    device: int
    sensor: int
    timestamp: int
    value: int
    metadata: int
    key: int
    value_type: int
    typed: Mapping[ValueType, int]
    """The columns of an export as Parquet: one for each type."""
    is_export: bool

    @classmethod
    def of(cls, header: Sequence[str], asked: ImportFields) -> Layout:
        """Return the layout of a file with the headings *header*.

        Raises:
            JobFailed: columns are missing, or there twice.
        """
        names = asked.columns
        seen = ", ".join(header)[:200]
        places: dict[str, int] = {}
        for place, name in enumerate(header):
            if name in places and name in names.model_dump().values():
                raise JobFailed(f"There are two columns {name!r}: name one of them otherwise.")
            places.setdefault(name, place)
        typed = {
            kind: places[f"{names.value}{kind.capitalize()}"]
            for kind in ValueType
            if f"{names.value}{kind.capitalize()}" in places
        }
        wanted = [names.timestamp, names.sensor_id]
        wanted += [] if typed else [names.value]
        wanted += [] if asked.device_id else [names.device_id]
        missing = [name for name in wanted if name not in places]
        if missing:
            hint = " It is separated by semicolons; separate by commas." if len(header) == 1 and ";" in seen else ""
            raise JobFailed(
                f"There is no column {missing[0]!r}; the first row has: {seen}.{hint} "
                "Name columns as they are documented, or say in `columns` what the file calls them."
            )
        return cls(
            width=len(header),
            device=places.get(names.device_id, -1),
            sensor=places[names.sensor_id],
            timestamp=places[names.timestamp],
            value=places.get(names.value, -1),
            metadata=places.get(names.metadata, -1),
            key=places.get("sensorKey", -1),
            value_type=places.get("valueType", -1),
            typed=typed,
            is_export={"sensorKey", "valueType", "componentId", "unit"} <= places.keys(),
        )


class RowError(NamedTuple):
    """A row that is not taken in, the first one under the headings being 1; why, in a word and in words."""

    row: int
    code: str
    detail: str


@dataclass(slots=True)
class Piece:
    """Some rows of a file: ``columns`` are what `Layout` counts, ``numbers`` tells which rows they are.

    ``errors`` are the rows that could not be read. ``next`` is where the piece behind begins, ``share`` how much of the
    file ends with this one, 0 to 1. ``text`` tells that all cells are text, as in CSV.
    """

    numbers: Sequence[int]
    columns: Sequence[Sequence[Any]]
    errors: list[RowError]
    rows: int
    next: dict[str, int]
    share: float
    text: bool


def rows_by_device(piece: Piece, layout: Layout, asked: ImportFields) -> tuple[dict[str, list[int]], list[RowError]]:
    """Return which rows of a piece, by position, are of which device, as the file names it; and rows that name none."""
    default = asked.device_id
    if layout.device < 0:
        return {str(default): list(range(len(piece.numbers)))} if piece.numbers else {}, []
    found: dict[str, list[int]] = {}
    for position, named in enumerate(piece.columns[layout.device]):
        found.setdefault(named or "", []).append(position)
    missing = found.pop("", [])
    if missing and default:
        found.setdefault(default, []).extend(missing)
        missing = []
    detail = "deviceId is empty, and the import names no device for such rows"
    return found, [RowError(piece.numbers[at], Reason.MISSING_FIELD, detail) for at in missing]


@dataclass(slots=True)
class Reader:
    """Reads rows of one device as readings, for judgement; *named* is what the file calls the device."""

    layout: Layout
    device: KnownDevice
    named: str
    text: bool
    errors: list[RowError]
    new_sensors: dict[SensorId, KnownSensor]
    _sensors: dict[tuple[str, str, str], tuple[str, ValueType | None]]

    @classmethod
    def of(cls, layout: Layout, device: KnownDevice, named: str, *, text: bool) -> Reader:
        """Return a reader that has read nothing yet."""
        return cls(layout, device, named, text, [], {}, {})

    def readings(self, piece: Piece, positions: Sequence[int]) -> list[tuple[int, dict[str, Any]]]:
        """Return the readings at *positions* of a piece, in simple form, each with the number of its row.

        Rows that cannot be one are put among the errors. ``new_sensors`` are those whose type the file tells and
        their first reading would not.
        """
        layout, columns, numbers = self.layout, piece.columns, piece.numbers
        absent: Sequence[Any] = [None] * len(numbers)

        def column(place: int) -> Sequence[Any]:
            return columns[place] if place >= 0 else absent

        sensors, times, metadata = column(layout.sensor), column(layout.timestamp), column(layout.metadata)
        keys, types = column(layout.key), column(layout.value_type)
        values = column(layout.value)
        typed = [(kind, columns[place]) for kind, place in layout.typed.items()]
        found: list[tuple[int, dict[str, Any]]] = []
        for at in positions:
            cell = (sensors[at] or "", keys[at] or "", types[at] or "")
            try:
                name, kind = self._sensors.get(cell) or self._look_up(cell)
                value = values[at] if not typed else next((v[at] for _, v in typed if v[at] is not None), None)
                raw = {
                    "sensorId": name,
                    "timestamp": self._timestamp(times[at]),
                    "value": self._value(value, kind),
                }
                if metadata[at]:
                    raw["metadata"] = _object(metadata[at])
            except _Unreadable as error:
                self.errors.append(RowError(numbers[at], error.reason, error.detail))
                continue
            found.append((numbers[at], raw))
        return found

    def _look_up(self, cell: tuple[str, str, str]) -> tuple[str, ValueType | None]:
        name, key, declared = cell
        if not name:
            raise _Unreadable(Reason.MISSING_FIELD, "sensorId is empty")
        if declared and declared not in ValueType.__members__:
            raise _Unreadable(Reason.TYPE_MISMATCH, f"there is no valueType {declared[:40]!r}")
        known = self.device.sensors.get(name)
        if known is None and key and Id.is_valid(name):
            component = self._component(SensorId(name), key)
            name = key if component == MAIN_COMPONENT else f"{component}/{key}"
        if known is None:
            component, _, bare = name.rpartition("/")
            known = self.device.sensors.get(SensorId.named(self.device.id, component or MAIN_COMPONENT, bare))
        kind = ValueType(declared) if declared else known.value_type if known else None
        if known is None and kind is ValueType.BIGINT:
            self._foresee(name, kind)
        self._sensors[cell] = (name, kind)
        return name, kind

    def _component(self, foreign: SensorId, key: str) -> str:
        """Return in which component a sensor of another device was: its identifier follows from these and the key."""
        if Id.is_valid(self.named):
            origin = DeviceId(self.named)
            for component in {MAIN_COMPONENT: None, **self.device.components}:
                if SensorId.named(origin, component, key) == foreign:
                    return component
        detail = f"the device has no component like that of the sensor {foreign} with the key {key[:40]!r}"
        raise _Unreadable(Reason.UNKNOWN_COMPONENT, detail)

    def _foresee(self, name: str, kind: ValueType) -> None:
        """Have a sensor made with *kind*, where no profile says what there is and the key is fit for one."""
        component, _, key = name.rpartition("/")
        component = component or MAIN_COMPONENT
        component_id = self.device.components.get(component)
        if component_id is None and component == MAIN_COMPONENT:
            component_id = ComponentId.named(self.device.id, MAIN_COMPONENT)
        if component_id is None or component in self.device.profiles or not _is_key(key):
            return
        identifier = SensorId.named(self.device.id, component, key)
        self.new_sensors[identifier] = KnownSensor(identifier, kind, component_id, component, key)

    def _timestamp(self, cell: Any) -> Any:
        if cell is None or cell == "":
            raise _Unreadable(Reason.MISSING_FIELD, "timestamp is empty")
        if self.text and cell.isdecimal() and len(cell) <= MAX_DIGITS:
            return int(cell)
        return cell

    def _value(self, cell: Any, kind: ValueType | None) -> Any:
        if cell is None or (cell == "" and kind is not ValueType.TEXT):
            raise _Unreadable(Reason.MISSING_FIELD, "value is empty")
        if not self.text:
            return cell
        if kind is ValueType.TEXT:
            return unescaped(cell) if self.layout.is_export else cell
        # What is not of the type stays text: the judge says so in its own words.
        if kind is ValueType.BOOLEAN:
            return _BOOLEANS.get(cell.lower(), cell)
        if kind is None and cell.lower() in _BOOLEANS:
            return _BOOLEANS[cell.lower()]
        return _number(cell, whole=kind is ValueType.BIGINT)


MAX_DIGITS = 18
_BOOLEANS = {"true": True, "false": False}


class _Unreadable(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _number(cell: str, *, whole: bool) -> float | str:
    """Return the number that *cell* is, or *cell*."""
    if "_" in cell:
        return cell
    if whole and len(cell) <= MAX_DIGITS + 2:
        with suppress(ValueError):
            return int(cell)
    try:
        return float(cell)
    except ValueError:
        return cell


@cache
def _keys() -> TypeAdapter[str]:
    return TypeAdapter(Key)


def _is_key(text: str) -> bool:
    try:
        _keys().validate_python(text)
    except ValidationError:
        return False
    return True


def _object(cell: Any) -> Any:
    if isinstance(cell, dict):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, TypeError, RecursionError) as error:
        raise _Unreadable(Reason.MALFORMED_JSON, "metadata is not JSON") from error
