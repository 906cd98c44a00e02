"""Segments, in which readings that arrived together are logged, and how much of a frame goes into one item.

A segment is columnar across devices. A *sheet* is what a device reported in one rhythm: columns that share timestamps
and versions. Sheets that have the same columns are put one under the other, whatever their devices, and packed as one
block. Devices and columns are named by small numbers, which the directory of the lane explains: an identifier takes
more room than a reading. Layout, integers being of variable length::

    format (1 byte) · CRC-32 of the rest (4 bytes, little-endian) · readings · devices
    sheets, until the end: size · devices: how many, their numbers, how many rows each, when the first
                           · a block (`whimbrel.domain.codec`) with numbers of 3 bytes for its columns' identifiers,
                             its times of each device counted from that device's first
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from whimbrel.domain import codec, kernel
from whimbrel.domain.columns import read_integers, read_timestamps, write_integers, write_timestamps
from whimbrel.domain.octets import Allowance, CorruptBlock, Reader, Writer
from whimbrel.domain.series import Column, Frame, Series, ValueType, frame_between
from whimbrel.ids import DeviceId, SensorId

_MOST_OCTETS = 350_000
"""An item ends at 400 KB."""
_FORMAT = 2
_HEADER = 5
_NUMBER_OCTETS = 3
_MOST_DEVICES = 1_000_000
_ID, _KEY = b"\0", b"\1"


class Directory(Protocol):
    """Small numbers for long names, for good."""

    def numbers(self, names: Collection[bytes]) -> Mapping[bytes, int]:
        """Return the number of each of *names*; those that have none get one."""
        ...

    def name(self, number: int) -> bytes:
        """Return the name of a number that was once given.

        Raises:
            LookupError: it never was.
        """
        ...


@dataclass(slots=True)
class _Sheet:
    """Rows of devices that report the same columns together."""

    devices: list[bytes] = field(default_factory=list[bytes])
    rows: list[int] = field(default_factory=list[int])
    firsts: list[int] = field(default_factory=list[int])
    columns: list[Series] = field(default_factory=list[Series])


@dataclass(frozen=True, slots=True)
class Segment:
    """The readings of a lane that arrived together, packed."""

    content: bytes
    written_ms: int = 0

    @property
    def readings(self) -> int:
        """How many readings are inside."""
        return self._body().unsigned()

    @property
    def devices(self) -> int:
        """How many devices they are of."""
        body = self._body()
        body.unsigned()
        return body.unsigned()

    def frames(
        self, directory: Directory, device_id: str | None = None, sensor_ids: Collection[str] | None = None
    ) -> Iterator[tuple[str, Frame]]:
        """Yield devices, or only *device_id*, with their readings, or only those of *sensor_ids*; a device may recur.

        Raises:
            CorruptBlock: the segment is not one of ours.
        """
        content = memoryview(self.content)
        body = self._body()
        if zlib.crc32(content[_HEADER:]) != int.from_bytes(content[1:_HEADER], "little"):
            raise CorruptBlock("its checksum does not match")
        for _ in ("readings", "devices"):
            body.unsigned()
        wanted = None if device_id is None else _octets(device_id)
        while not body.is_at_end:
            yield from _read_sheet(body.part(), directory, wanted, sensor_ids)

    def _body(self) -> Reader:
        if len(self.content) < _HEADER or self.content[0] != _FORMAT:
            raise CorruptBlock(f"it does not begin with format {_FORMAT}")
        return Reader(memoryview(self.content)[_HEADER:], Allowance(64 * _MOST_DEVICES))


def segments_of(frames: Mapping[str, Frame], directory: Directory, names: Mapping[str, str]) -> Iterator[Segment]:
    """Yield the readings of some devices in as few segments as their sizes allow.

    *names* is ``{sensor_id: "component/key"}``: a sensor whose identifier follows from that shares it with other
    devices.
    """
    frames = {device_id: frame for device_id, frame in frames.items() if any(map(len, frame.values()))}
    if not frames:
        return
    count = sum(len(series) for frame in frames.values() for series in frame.values())
    try:
        content = _packed(frames, directory, names, count)
    except codec.BlockTooLarge:
        content = None
    if content is not None and (len(content) <= _MOST_OCTETS or count == 1):
        yield Segment(content)
        return
    for half in _halves(frames):
        yield from segments_of(half, directory, names)


def blocks_of(frame: Frame, most_octets: int) -> Iterator[tuple[bytes, Frame]]:
    """Yield blocks of at most *most_octets* that together hold *frame*, each with what it holds; oldest first.

    One reading that is larger by itself is a block nevertheless.
    """
    count = sum(map(len, frame.values()))
    if not count:
        return
    try:
        block = codec.encode(frame)
    except codec.BlockTooLarge:
        block = None
    if block is not None and (len(block) <= most_octets or count == 1):
        yield block, frame
        return
    for half in halves(frame):
        yield from blocks_of(half, most_octets)


def halves(frame: Frame) -> tuple[Frame, Frame]:
    """Return *frame* in two parts that are not empty: cut in time, or between columns if it is all of one moment."""
    timestamps = sorted({timestamp for series in frame.values() for timestamp in series.timestamps})
    if len(timestamps) > 1:
        middle, end = timestamps[len(timestamps) // 2], timestamps[-1] + 1
        return frame_between(frame, timestamps[0], middle), frame_between(frame, middle, end)
    columns = list(frame.items())
    middle = len(columns) // 2
    return dict(columns[:middle]), dict(columns[middle:])


def _halves(frames: Mapping[str, Frame]) -> list[dict[str, Frame]]:
    devices = list(frames.items())
    if len(devices) > 1:
        middle = len(devices) // 2
        return [dict(devices[:middle]), dict(devices[middle:])]
    ((device_id, frame),) = devices
    return [{device_id: half} for half in halves(frame)]


def _packed(frames: Mapping[str, Frame], directory: Directory, names: Mapping[str, str], count: int) -> bytes:
    sheets = _sheets(frames, names)
    known = directory.numbers({name for schema, _ in sheets for name, _ in schema} | set(map(_id_name, frames)))
    to = Writer(Allowance(1))
    to.unsigned(count)
    to.unsigned(len(frames))
    for (schema, _), sheet in sheets.items():
        to.sized(_written_sheet(schema, sheet, known))
    return bytes((_FORMAT, *zlib.crc32(to.content).to_bytes(4, "little"))) + to.content


_Schema = tuple[tuple[bytes, ValueType], ...]


def _sheets(frames: Mapping[str, Frame], names: Mapping[str, str]) -> dict[tuple[_Schema, str], _Sheet]:
    """Return the sheets by what their columns are; metadata, which goes by time, keeps a device to itself."""
    sheets: dict[tuple[_Schema, str], _Sheet] = {}
    for device_id, frame in frames.items():
        for together in _rhythms(frame):
            named = sorted(
                (_name_of(device_id, column.sensor_id, names.get(column.sensor_id)), column.value_type, place)
                for place, (column, _) in enumerate(together)
            )
            schema = tuple((name, value_type) for name, value_type, _ in named)
            columns = [together[place][1] for _, _, place in named]
            alone = device_id if any(series.metadata for series in columns) else ""
            sheet = sheets.setdefault((schema, alone), _Sheet(columns=[Series([], [], []) for _ in columns]))
            sheet.devices.append(_id_name(device_id))
            first = columns[0].timestamps[0]
            sheet.rows.append(len(columns[0]))
            sheet.firsts.append(first)
            sheet.columns[0].timestamps += [timestamp - first for timestamp in columns[0].timestamps]
            sheet.columns[0].versions += [version - first for version in columns[0].versions]
            for whole, series in zip(sheet.columns, columns, strict=True):
                whole.values += series.values
                whole.metadata |= series.metadata
    return sheets


def _rhythms(frame: Frame) -> list[list[tuple[Column, Series]]]:
    """Return the columns of a device, those together that share timestamps and versions."""
    found: list[list[tuple[Column, Series]]] = []
    for column, series in sorted(frame.items()):
        if not series.timestamps:
            continue
        for together in found:
            first = together[0][1]
            if first.timestamps == series.timestamps and first.versions == series.versions:
                together.append((column, series))
                break
        else:
            found.append([(column, series)])
    return found


def _written_sheet(schema: _Schema, sheet: _Sheet, known: Mapping[bytes, int]) -> bytearray:
    to = Writer(Allowance(_MOST_DEVICES * 64, codec.BlockTooLarge))
    to.unsigned(len(sheet.devices))
    write_integers(to, kernel, [known[name] for name in sheet.devices])
    write_integers(to, kernel, sheet.rows)
    write_timestamps(to, kernel, sheet.firsts)
    columns = {
        Column(known[name].to_bytes(_NUMBER_OCTETS).hex(), value_type): series
        for (name, value_type), series in zip(schema, sheet.columns, strict=True)
    }
    # The columns share one list of times and one of versions, which the codec sees at once when they are the same.
    for series in sheet.columns[1:]:
        series.timestamps, series.versions = sheet.columns[0].timestamps, sheet.columns[0].versions
    to.raw(codec.encode(columns))
    return to.content


def _read_sheet(
    source: Reader, directory: Directory, wanted: bytes | None, sensor_ids: Collection[str] | None
) -> Iterator[tuple[str, Frame]]:
    try:
        count = source.count(16)
        devices = [directory.name(number)[1:] for number in kernel.listed(read_integers(source, kernel, count))]
        rows = kernel.listed(read_integers(source, kernel, count))
        firsts = kernel.listed(read_timestamps(source, kernel, count)) if count else []
        if wanted is not None and wanted not in devices:
            return
        columns = codec.decode(bytes(source.rest()), id_octets=_NUMBER_OCTETS)
        named = [
            (directory.name(int(column.sensor_id, 16)), column.value_type, series) for column, series in columns.items()
        ]
    except (ArithmeticError, LookupError) as error:
        raise CorruptBlock("its parts contradict each other") from error
    if min(rows, default=1) < 1 or any(sum(rows) != len(series) for _, _, series in named):
        raise CorruptBlock("its rows are not as many as it says")
    start = 0
    for device, length, at in zip(devices, rows, firsts, strict=True):
        first, start = start, start + length
        if wanted is not None and device != wanted:
            continue
        device_id = _hyphenated(device)
        shared = named[0][2]
        timestamps = [at + since for since in shared.timestamps[first:start]]
        versions = [at + since for since in shared.versions[first:start]]
        frame: Frame = {}
        for name, value_type, series in named:
            sensor_id = _sensor_of(device_id, name)
            if sensor_ids is None or sensor_id in sensor_ids:
                column = Column(sensor_id, value_type)
                frame[column] = Series(timestamps, series.values[first:start], versions, series.metadata)
        if frame:
            yield device_id, frame


def _name_of(device_id: str, sensor_id: str, name: str | None) -> bytes:
    key = _KEY + name.encode() if name else b""
    return key if key and _sensor_of(device_id, key) == sensor_id else _id_name(sensor_id)


@lru_cache(maxsize=100_000)
def _sensor_of(device_id: str, name: bytes) -> str:
    if name[:1] == _ID:
        return _hyphenated(name[1:])
    component, _, key = name[1:].decode().partition("/")
    return str(SensorId.named(DeviceId(device_id), component, key))


@lru_cache(maxsize=100_000)
def _id_name(identifier: str) -> bytes:
    return _ID + _octets(identifier)


def _octets(identifier: str) -> bytes:
    return bytes.fromhex(identifier.replace("-", ""))


@lru_cache(maxsize=100_000)
def _hyphenated(octets: bytes) -> str:
    digits = octets.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
