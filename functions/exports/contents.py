"""What is in an export: its rows, in order of device, sensor and time, from any position on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from whimbrel.domain.annotations import Annotation, AnnotationClass, AnnotationClassId
from whimbrel.domain.exports import Content, Export
from whimbrel.domain.fleet import Component, Device, Sensor, retained_since
from whimbrel.domain.scopes import ScopeType
from whimbrel.domain.series import Column as SeriesColumn
from whimbrel.domain.series import Frame, Series, ValueType
from whimbrel.domain.tabular import Batch, Column, Kind, listed
from whimbrel.ids import DeviceId, Id, SensorId
from whimbrel.instants import now_ms, to_ms
from whimbrel.store.readings import ReadingStore, Slice
from whimbrel.store.tenant import Tenant
from whimbrel.strict_json import dumps

MAX_HELD = 500_000
"""A device with at most so many readings is read once, and sorted by sensor in memory."""

ANNOTATIONS_A_BATCH = 1_000

READING_COLUMNS = [
    Column("timestamp", Kind.TIMESTAMP, "When it was measured, in UTC."),
    Column("deviceId", Kind.TEXT, "The device."),
    Column("componentId", Kind.TEXT, "The component of the device."),
    Column("sensorId", Kind.TEXT, "The sensor."),
    Column("sensorKey", Kind.TEXT, "The sensor's key, unique in its component."),
    Column("valueType", Kind.TEXT, "DOUBLE, BIGINT, BOOLEAN or TEXT."),
    Column("value", Kind.VALUE, "What was measured."),
    Column("unit", Kind.TEXT, "The sensor's unit (UCUM), if it has one."),
    Column("metadata", Kind.JSON, "What came with the reading, as a JSON object, if anything."),
]

ANNOTATION_COLUMNS = [
    Column("annotationId", Kind.TEXT, "The annotation."),
    Column("classId", Kind.TEXT, "Its class."),
    Column("classKey", Kind.TEXT, "The key of its class; absent if that is deleted."),
    Column("scopeType", Kind.TEXT, "SITE, DEVICE, COMPONENT or SENSOR."),
    Column("scopeId", Kind.TEXT, "The thing that it is about."),
    Column("startAt", Kind.TIMESTAMP, "When it begins, in UTC."),
    Column("endAt", Kind.TIMESTAMP, "When it ends, in UTC; absent if it is about a moment."),
    Column("source", Kind.TEXT, "MANUAL, RULE, REFERENCE, EXTERNAL, ML_INFERENCE or ANALYTICS."),
    Column("confidence", Kind.DOUBLE, "From 0 to 1, if it was given."),
    Column("values", Kind.JSON, "What it says, as a JSON object, by the fields of its class."),
]

COLUMNS = {Content.READINGS: READING_COLUMNS, Content.ANNOTATIONS: ANNOTATION_COLUMNS}


class Position(NamedTuple):
    """A place among the rows: at a device, or further, at a moment of one of its sensors."""

    device_id: str = ""
    sensor_id: str = ""
    at_ms: int = 0


START = Position()

END = Position("~")
"""Behind all devices: ``~`` sorts after every character of an identifier."""


class Item(NamedTuple):
    """Some rows; where one could go on behind them, if one could; the share of the whole then written, 0 to 1."""

    batches: list[Batch]
    next: Position | None
    share: float


@dataclass(frozen=True, slots=True)
class Extent:
    """The part of the fleet that an export covers."""

    tenant: Tenant
    export: Export

    def rows(self, content: Content, position: Position) -> Iterator[Item]:
        """Yield the rows of one kind from *position* on."""
        match content:
            case Content.READINGS:
                return self._readings(position)
            case Content.ANNOTATIONS:
                return self._annotations(position)

    def device_ids(self) -> list[DeviceId]:
        """Return the devices with anything in it, in order.

        Raises:
            NotFound: the component or the sensor it is about has been deleted.
        """
        scope_id = self.export.scope_id
        match self.export.scope_type:
            case ScopeType.SITE:
                return sorted(device.id for device in self.tenant.things(Device).all(parent=scope_id))
            case ScopeType.DEVICE:
                return [DeviceId(scope_id)]
            case ScopeType.COMPONENT:
                return [self.tenant.things(Component).get(scope_id).device_id]
            case ScopeType.SENSOR:
                return [self.tenant.things(Sensor).get(scope_id).device_id]

    def sensors(self, device_id: DeviceId) -> dict[SensorId, Sensor]:
        """Return the sensors of a device that are in it, in order of their identifiers."""
        scope_type, scope_id = self.export.scope_type, self.export.scope_id
        if scope_type is ScopeType.SENSOR:
            sensor = self.tenant.things(Sensor).get(scope_id)
            return {sensor.id: sensor}
        found = sorted(self.tenant.things(Sensor).all(parent=device_id), key=lambda sensor: sensor.id)
        is_whole = scope_type is not ScopeType.COMPONENT
        return {sensor.id: sensor for sensor in found if is_whole or sensor.component_id == scope_id}

    def _readings(self, position: Position) -> Iterator[Item]:
        store = self.tenant.readings()
        start_ms, end_ms = to_ms(self.export.start), to_ms(self.export.end)
        devices = self.device_ids()
        for number, device_id in enumerate(devices):
            if device_id < position.device_id:
                continue
            sensors = self.sensors(device_id)
            resumed = position if position.device_id == device_id else Position(device_id)
            places = {sensor_id: place for place, sensor_id in enumerate(sensors)}
            for sensor_id, part in _by_sensor(store, resumed, sensors, start_ms, end_ms):
                part_end = (part.end_ms - start_ms) / (end_ms - start_ms)
                yield Item(
                    [_batch(sensors[sensor_id], *run) for run in _runs(part.frame, sensor_id)],
                    Position(device_id, sensor_id, part.end_ms),
                    (number + (places[sensor_id] + part_end) / len(sensors)) / len(devices),
                )

    def _annotations(self, position: Position) -> Iterator[Item]:
        classes = {each.id: each.key for each in self.tenant.things(AnnotationClass).all()}
        # The site itself stands before its devices.
        devices = ["", *self.device_ids()] if self.export.scope_type is ScopeType.SITE else self.device_ids()
        for number, (device_id, following) in enumerate(pairwise([*devices, END.device_id])):
            if device_id < position.device_id:
                continue
            rows: list[Annotation] = []
            for thing in self._things(device_id):
                for annotation in self.tenant.things(Annotation).all(parent=thing):
                    if annotation.touches(self.export.start, self.export.end):
                        rows.append(annotation)
                    if len(rows) == ANNOTATIONS_A_BATCH:
                        yield Item([_annotation_batch(rows, classes)], None, number / len(devices))
                        rows = []
            batches = [_annotation_batch(rows, classes)] if rows else []
            yield Item(batches, Position(following), (number + 1) / len(devices))

    def _things(self, device_id: str) -> Iterator[Id]:
        scope_type, scope_id = self.export.scope_type, self.export.scope_id
        if not device_id or scope_type is ScopeType.COMPONENT:
            yield scope_id
        elif scope_type is not ScopeType.SENSOR:
            yield DeviceId(device_id)
            yield from (component.id for component in self.tenant.things(Component).all(parent=DeviceId(device_id)))
        if device_id:
            yield from self.sensors(DeviceId(device_id))


def _by_sensor(
    store: ReadingStore, position: Position, sensors: Mapping[SensorId, Sensor], start_ms: int, end_ms: int
) -> Iterator[tuple[SensorId, Slice]]:
    """Yield slices of a device from *position* on: sensor after sensor, each oldest first."""
    device_id, begun, at_ms = position
    sensor_ids = list(sensors)
    kept_since = retained_since(sensors.values(), now_ms())
    rest = [sensor_id for sensor_id in sensor_ids if sensor_id > begun]
    if begun in sensor_ids:
        for part in store.read(device_id, [begun], at_ms, end_ms, not_before=kept_since, arrays=True):
            yield SensorId(begun), part
    whole: list[Slice] | None = None
    if len(rest) > 1:
        whole = _held(store.read(device_id, rest, start_ms, end_ms, not_before=kept_since, arrays=True))
    for sensor_id in rest:
        if whole is not None:
            yield from ((sensor_id, part) for part in whole)
            continue
        for part in store.read(device_id, [sensor_id], start_ms, end_ms, not_before=kept_since, arrays=True):
            yield sensor_id, part


def _held(slices: Iterator[Slice]) -> list[Slice] | None:
    """Return *slices*, or None if they hold too much for memory."""
    held: list[Slice] = []
    readings = 0
    for part in slices:
        held.append(part)
        readings += sum(map(len, part.frame.values()))
        if readings > MAX_HELD:
            return None
    return held


def _runs(frame: Frame, sensor_id: str) -> list[tuple[ValueType, Series]]:
    """Return the readings of one sensor in order of time, in stretches of one type."""
    by_type = {
        value_type: series
        for value_type in ValueType
        if (series := frame.get(SeriesColumn(sensor_id, value_type))) is not None
    }
    if len(by_type) <= 1:
        return list(by_type.items())
    by_type = {value_type: _listed(series) for value_type, series in by_type.items()}
    order = sorted(
        (at, value_type, index) for value_type, series in by_type.items() for index, at in enumerate(series.timestamps)
    )
    runs: list[tuple[ValueType, Series]] = []
    for value_type, places in groupby(order, key=lambda place: place[1]):
        indices = [index for _, _, index in places]
        series, first, last = by_type[value_type], indices[0], indices[-1] + 1
        run = Series(
            series.timestamps[first:last], series.values[first:last], series.versions[first:last], series.metadata
        )
        runs.append((value_type, run))
    return runs


def _listed(series: Series) -> Series:
    """Return the same readings in lists."""
    timestamps, values, versions = map(listed, (series.timestamps, series.values, series.versions))
    return Series(timestamps, values, versions, series.metadata)


def _batch(sensor: Sensor, value_type: ValueType, series: Series) -> Batch:
    constant: dict[str, str | None] = {
        "deviceId": sensor.device_id,
        "componentId": sensor.component_id,
        "sensorId": sensor.id,
        "sensorKey": sensor.key,
        "valueType": value_type.value,
        "unit": sensor.unit,
    }
    varying: dict[str, Sequence[object]] = {"timestamp": series.timestamps, "value": series.values}
    if series.metadata:
        varying["metadata"] = list(map(series.metadata.get, _listed(series).timestamps))
    else:
        constant["metadata"] = None
    return Batch(len(series), varying, constant, value_type)


def _annotation_batch(annotations: Sequence[Annotation], classes: dict[AnnotationClassId, str]) -> Batch:
    return Batch(
        len(annotations),
        {
            "annotationId": [each.id for each in annotations],
            "classId": [each.class_id for each in annotations],
            "classKey": [classes.get(each.class_id) for each in annotations],
            "scopeType": [each.scope_type.value for each in annotations],
            "scopeId": [each.scope_id for each in annotations],
            "startAt": [to_ms(each.start_at) for each in annotations],
            "endAt": [to_ms(each.end_at) if each.end_at else None for each in annotations],
            "source": [each.source.value for each in annotations],
            "confidence": [None if each.confidence is None else float(each.confidence) for each in annotations],
            "values": [dumps(each.values) for each in annotations],
        },
    )
