"""The block codec: many readings of one device in few bytes, lossless to the bit.

Layout, integers being of variable length::

    format (1 byte) · CRC-32 of the rest (4 bytes, little-endian)
    groups:   how many; each: size · rows · timestamps · version streams: how many, each run-length
    columns:  how many; each: sensor id (16 bytes, or as many as were asked for) · size
              · type, whether rows are missing, whether there is metadata · group · version stream
              · flags of the rows it has, if any are missing · values
              · metadata, if there is any: how many, their timestamps, their texts

Sensors that report together share a group: its timestamps and, if they agree, its versions are written once. A reader
that wants some of the sensors skips the others by their sizes. Standard library only; numpy is used once it has been
asked for (`vectorise`), and gives the same bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from whimbrel.domain import kernel as plain
from whimbrel.domain.columns import (
    Kernel,
    Numbers,
    read_doubles,
    read_flags,
    read_integers,
    read_texts,
    read_timestamps,
    read_versions,
    write_doubles,
    write_flags,
    write_integers,
    write_texts,
    write_timestamps,
    write_versions,
)
from whimbrel.domain.octets import Allowance, BlockTooLarge, CorruptBlock, Reader, Writer
from whimbrel.domain.series import Column, Frame, Series, ValueType

__all__ = ["MAX_READINGS", "BlockTooLarge", "CorruptBlock", "decode", "decode_arrays", "encode", "vectorise"]

MAX_READINGS = 2**20
"""What one block may hold, so that a reader knows how much memory to expect."""

_FORMAT = 1
_HEADER = 5
_ID_OCTETS = 16
_TYPES = (ValueType.DOUBLE, ValueType.BIGINT, ValueType.BOOLEAN, ValueType.TEXT)
_MOST_OCTETS_WRITTEN = 64 * 2**20
_MOST_OCTETS_READ = 256 * 2**20
"""What is deflated, and on top of it what the lists of `MAX_READINGS` readings are counted as."""
_OCTETS_A_ROW = 32
_OCTETS_A_FLAG = 4
_SPARSEST = 8
"""A sensor joins a group if it reports in an eighth of its rows, and half of its readings fall on rows of the group."""
_WORTH_AN_ARRAY = 256
_FLAGGED, _NOTED = 4, 8
"""In one number with a type's place in `_TYPES`."""

_vectorised: Kernel | None = None


def vectorise() -> bool:
    """Use numpy from now on in this process if it is installed, and tell whether it is.

    Importing it costs about 100 ms: worth it to decode more than about a million readings into lists.
    """
    global _vectorised  # noqa: PLW0603 (the choice is the process's)
    try:
        from whimbrel.domain import kernel_numpy  # optional, and slow to import
    except ImportError:
        return False
    _vectorised = kernel_numpy
    return True


def encode(frame: Frame) -> bytes:
    """Return the block that holds *frame*; empty series are left out, the others ordered by sensor id.

    Sensor ids are UUIDs, or hexadecimal digits of equally many bytes, which `decode` has to be told.

    Values may be anything their type allows: every NaN, -0.0, infinities, denormals, int64 extremes. Timestamps and
    versions are int64; the former may be in any order and repeat themselves. Lists or numpy arrays.

    Raises:
        BlockTooLarge: more than `MAX_READINGS` readings, or texts or metadata of tens of megabytes; halve it.
        ValueError: a value outside its type.
    """
    total = sum(map(len, frame.values()))
    if total > MAX_READINGS:
        raise BlockTooLarge(f"a block holds at most {MAX_READINGS} readings, not {total}")
    kernel = _kernel(total)
    columns = sorted((column, series) for column, series in frame.items() if len(series))
    to = Writer(Allowance(_MOST_OCTETS_WRITTEN, BlockTooLarge))
    try:
        groups, places = _grouped(kernel, [series for _, series in columns])
        to.unsigned(len(groups))
        for group in groups:
            to.sized(group.written(to.beside(), kernel))
        to.unsigned(len(columns))
        for (column, series), place in zip(columns, places, strict=True):
            to.raw(bytes.fromhex(column.sensor_id.replace("-", "")))
            to.sized(_written(to.beside(), kernel, column, series, place))
    except OverflowError as error:
        raise ValueError("a number needs more than 64 bits") from error
    return bytes((_FORMAT, *zlib.crc32(to.content).to_bytes(4, "little"))) + to.content


def decode(block: bytes, sensor_ids: Collection[str] | None = None, *, id_octets: int = _ID_OCTETS) -> Frame:
    """Return the frame that *block* holds, or only the columns of *sensor_ids*.

    Raises:
        CorruptBlock: always this, whatever is wrong; never after using more memory than the largest block needs.
    """
    return _decoded(block, sensor_ids, id_octets, listed=True)


def decode_arrays(block: bytes, sensor_ids: Collection[str] | None = None) -> Frame:
    """Do as `decode`, but leave numbers in numpy's arrays where numpy was used (texts are lists): ten times as fast."""
    return _decoded(block, sensor_ids, _ID_OCTETS, listed=False)


def _decoded(block: bytes, sensor_ids: Collection[str] | None, id_octets: int, *, listed: bool) -> Frame:
    try:
        return _read(block, sensor_ids, id_octets, listed=listed)
    except CorruptBlock:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise CorruptBlock("its columns contradict each other") from error


def _kernel(readings: int) -> Kernel:
    return _vectorised if _vectorised and readings >= _WORTH_AN_ARRAY else plain


@dataclass(slots=True)
class _Group:
    """Rows that columns share, and the version streams over them; a row that a stream does not know yet is None."""

    timestamps: Numbers
    streams: list[list[int | None] | Numbers] = field(default_factory=list)
    has_gaps: bool = False

    def written(self, to: Writer, kernel: Kernel) -> bytearray:
        timestamps = kernel.integers(self.timestamps)
        to.unsigned(len(timestamps))
        write_timestamps(to, kernel, timestamps)
        to.unsigned(len(self.streams))
        for stream in self.streams:
            write_versions(to, kernel, _filled(stream) if self.has_gaps else stream, timestamps)
        return to.content


class _Place(NamedTuple):
    """Where a column is: its group, its version stream, and the rows it has (None: all of them)."""

    group: int
    stream: int
    flags: Any


def _grouped(kernel: Kernel, all_series: list[Series]) -> tuple[list[_Group], list[_Place]]:
    """Return the groups that the series fall into, and the place of each series."""
    distinct: list[Numbers] = []
    rows_of: list[int] = []
    for series in all_series:
        known = (number for number, rows in enumerate(distinct) if _same(rows, series.timestamps))
        if (number := next(known, None)) is None:
            number = len(distinct)
            distinct.append(series.timestamps)
        rows_of.append(number)
    groups, group_of = _unions(kernel, distinct)
    places: list[_Place] = []
    for series, number in zip(all_series, rows_of, strict=True):
        group = groups[group_of[number]]
        everywhere = _same(group.timestamps, distinct[number])
        flags = None if everywhere else kernel.present(group.timestamps, distinct[number])
        places.append(_Place(group_of[number], _stream(kernel, group, series.versions, flags), flags))
    return groups, places


def _unions(kernel: Kernel, distinct: list[Numbers]) -> tuple[list[_Group], list[int]]:
    """Return groups of timestamps, and the group of each of the *distinct* ones: together where many coincide."""
    if len(distinct) < 2:  # noqa: PLR2004 (nothing to unite)
        return [_Group(timestamps) for timestamps in distinct], list(range(len(distinct)))
    unions: list[set[int] | None] = []
    alone: list[Numbers] = []
    group_of = [0] * len(distinct)
    for number in sorted(range(len(distinct)), key=lambda number: -len(distinct[number])):
        timestamps = kernel.listed(distinct[number])
        own = set(timestamps) if kernel.ascends(distinct[number]) else None
        for group, rows in enumerate(unions):
            if own and rows and len(own) * _SPARSEST >= len(rows) and 2 * len(own & rows) >= len(own):
                rows.update(own)
                group_of[number] = group
                break
        else:
            group_of[number] = len(unions)
            unions.append(own)
            alone.append(distinct[number])
    united = [
        timestamps if rows is None or len(rows) == len(timestamps) else sorted(rows)
        for timestamps, rows in zip(alone, unions, strict=True)
    ]
    return [_Group(timestamps) for timestamps in united], group_of


def _stream(kernel: Kernel, group: _Group, versions: Numbers, flags: Any) -> int:
    """Return the stream of *group* that says *versions* in the flagged rows, made or completed for it."""
    if flags is None:
        for number, stream in enumerate(group.streams):
            if _same(stream, versions):
                return number
        wanted = versions
    else:
        group.has_gaps = True
        given = iter(map(int, versions))
        wanted = [next(given) if flag else None for flag in flags]
    for number, stream in enumerate(group.streams if group.has_gaps else ()):
        if _has_gaps(wanted) or _has_gaps(stream):
            both = list(zip(kernel.listed(wanted), kernel.listed(stream), strict=True))
            if all(mine is None or its is None or mine == its for mine, its in both):
                group.streams[number] = [its if mine is None else mine for mine, its in both]
                return number
    group.streams.append(wanted)
    return len(group.streams) - 1


def _filled(stream: list[int | None] | Numbers) -> Numbers:
    """Return the stream with the rows that no column has continuing the run before them."""
    if not _has_gaps(stream):
        return stream
    last = next(version for version in stream if version is not None)
    return [last := version if version is not None else last for version in stream]


def _has_gaps(stream: list[int | None] | Numbers) -> bool:
    return isinstance(stream, list) and None in stream


def _same(left: Any, right: Any) -> bool:
    if left is right:
        return True
    if len(left) != len(right):
        return False
    equal = left == right
    return equal if isinstance(equal, bool) else bool(equal.all())


def _written(to: Writer, kernel: Kernel, column: Column, series: Series, place: _Place) -> bytearray:
    has_flags, is_noted = place.flags is not None, bool(series.metadata)
    to.unsigned(_TYPES.index(column.value_type) | has_flags * _FLAGGED | is_noted * _NOTED)
    to.unsigned(place.group)
    to.unsigned(place.stream)
    if has_flags:
        write_flags(to, kernel, place.flags)
    _WRITERS[column.value_type](to, kernel, series.values)
    if is_noted:
        to.unsigned(len(series.metadata))
        noted = sorted(series.metadata.items())
        write_integers(to, kernel, kernel.integers([timestamp for timestamp, _ in noted]))
        write_texts(to, kernel, [text for _, text in noted])
    return to.content


def _read(block: bytes, sensor_ids: Collection[str] | None, id_octets: int, *, listed: bool) -> Frame:
    if len(block) < _HEADER or block[0] != _FORMAT:
        raise CorruptBlock(f"it does not begin with format {_FORMAT}")
    if zlib.crc32(memoryview(block)[_HEADER:]) != int.from_bytes(block[1:_HEADER], "little"):
        raise CorruptBlock("its checksum does not match")
    source = Reader(memoryview(block)[_HEADER:], Allowance(_MOST_OCTETS_READ))
    groups = [_Rows(source.part()) for _ in range(source.count(_OCTETS_A_ROW))]
    frame: Frame = {}
    for _ in range(source.count(_OCTETS_A_ROW)):
        digits = source.raw(id_octets).hex()
        sensor_id = _hyphenated(digits) if id_octets == _ID_OCTETS else digits
        part = source.part()
        if sensor_ids is None or sensor_id in sensor_ids:
            form = part.unsigned()
            value_type = _TYPES[form & 3]
            frame[Column(sensor_id, value_type)] = _column(part, form, groups, listed=listed)
    if not source.is_at_end:
        raise CorruptBlock("something follows its last column")
    return frame


class _Rows:
    """A group being read: its timestamps and version streams, unpacked when a column first asks for them."""

    def __init__(self, source: Reader) -> None:
        self._source = source
        self.timestamps: Numbers = None
        self.streams: list[Numbers] = []
        self.kernel: Kernel = plain

    def unpack(self, *, listed: bool) -> None:
        if self.timestamps is not None:
            return
        source = self._source
        rows = source.count(_OCTETS_A_ROW)
        if not 0 < rows <= MAX_READINGS:
            raise CorruptBlock("a group has no rows, or too many")
        self.kernel = _kernel(rows)
        timestamps = read_timestamps(source, self.kernel, rows)
        streams = range(source.count(rows))
        self.streams = [read_versions(source, self.kernel, timestamps, listed=listed) for _ in streams]
        if not source.is_at_end:
            raise CorruptBlock("something follows a group's versions")
        self.timestamps = timestamps
        if listed:
            self.timestamps = self.kernel.listed(timestamps)
            self.streams = [self.kernel.listed(stream) for stream in self.streams]


def _column(source: Reader, form: int, groups: list[_Rows], *, listed: bool) -> Series:
    rows = groups[source.unsigned()]
    rows.unpack(listed=listed)
    kernel = rows.kernel
    timestamps, versions = rows.timestamps, rows.streams[source.unsigned()]
    if form & _FLAGGED:
        source.spend(len(timestamps) * _OCTETS_A_FLAG)
        flags = read_flags(source, kernel, len(timestamps))
        timestamps, versions = kernel.select(timestamps, flags), kernel.select(versions, flags)
        if listed:
            timestamps, versions = kernel.listed(timestamps), kernel.listed(versions)
    source.spend(len(timestamps) * _OCTETS_A_ROW)
    values = _READERS[_TYPES[form & 3]](source, kernel, len(timestamps))
    metadata: dict[int, str] = {}
    if form & _NOTED:
        noted = source.count(_OCTETS_A_ROW)
        at = kernel.listed(read_integers(source, kernel, noted))
        metadata = dict(zip(at, read_texts(source, kernel, noted), strict=True))
    if not source.is_at_end:
        raise CorruptBlock("something follows a column's metadata")
    return Series(timestamps, kernel.listed(values) if listed else values, versions, metadata)


def _hyphenated(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _write_bigints(to: Writer, kernel: Kernel, values: Numbers) -> None:
    write_integers(to, kernel, kernel.integers(values))


_WRITERS: dict[ValueType, Callable[[Writer, Kernel, Any], None]] = {
    ValueType.DOUBLE: write_doubles,
    ValueType.BIGINT: _write_bigints,
    ValueType.BOOLEAN: write_flags,
    ValueType.TEXT: write_texts,
}
_READERS: dict[ValueType, Callable[[Reader, Kernel, int], Any]] = {
    ValueType.DOUBLE: read_doubles,
    ValueType.BIGINT: read_integers,
    ValueType.BOOLEAN: read_flags,
    ValueType.TEXT: read_texts,
}
