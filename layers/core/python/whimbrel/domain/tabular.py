"""Tables as text: rows come in batches and leave as CSV or JSON lines, in memory that does not grow with them.

The bytes depend on the rows alone, never on how these were cut into batches.

CSV is RFC 4180 in UTF-8. Absent is an empty cell, empty text is ``""``. Text that a spreadsheet would take for a
formula gets a leading ``'``; numbers stay numbers. JSON lines hold one object a row, absent is ``null``. NaN and the
infinities are ``NaN``, ``Infinity`` and ``-Infinity``, in JSON as text (the rule of protobuf's JSON mapping). Doubles
are the shortest decimal that reads back the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any, NamedTuple, Protocol

from whimbrel.domain.series import ValueType
from whimbrel.instants import from_ms

DAY_MS = 86_400_000

WORTH_ARRAYS = 256
"""So many rows are written faster by numpy."""

AT_ONCE = 8_192
"""Rows that become text together: their bytes should fit in the processor's cache."""

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 (the full-width forms are meant)
"""What makes a spreadsheet take text for a formula, or for the end of its cell."""


class Kind(StrEnum):
    """What a column holds: milliseconds since 1970, text, JSON in text, a reading's type of value, or any of these."""

    TIMESTAMP = "TIMESTAMP"
    TEXT = "TEXT"
    JSON = "JSON"
    DOUBLE = "DOUBLE"
    BIGINT = "BIGINT"
    BOOLEAN = "BOOLEAN"
    VALUE = "VALUE"
    """A column of values of any `ValueType`: one column in text formats, one for each type in Parquet."""


class Column(NamedTuple):
    """A column of a table, and what people should know of it."""

    name: str
    kind: Kind
    description: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: columns that are the same in each, and lists for the others; ``None`` is absent.

    Timestamps and numbers may be numpy's arrays instead. ``value_type`` tells what the VALUE column holds, if there is
    one.
    """

    rows: int
    varying: Mapping[str, Any]
    constant: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    value_type: ValueType | None = None

    def kind(self, column: Column) -> Kind:
        """Return what *column* holds here."""
        return Kind(self.value_type or Kind.TEXT) if column.kind is Kind.VALUE else column.kind


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes | memoryview, /) -> object: ...


def write_csv(columns: Sequence[Column], batches: Iterable[Batch], sink: Sink) -> None:
    """Write a table as CSV, with a line of headings."""
    sink.write((",".join(_csv_cell(column.name) for column in columns) + "\r\n").encode())
    _write_lines(columns, batches, sink, _CSV)


def write_jsonl(columns: Sequence[Column], batches: Iterable[Batch], sink: Sink) -> None:
    """Write a table as JSON lines; columns of JSON become objects."""
    _write_lines(columns, batches, sink, _JSONL)


def times(timestamps: Iterable[int]) -> list[str]:
    """Return the wire form, ``2026-01-31T12:00:00.000Z``, of many milliseconds since 1970; fastest if in order."""
    seconds, milliseconds = _clock()
    written: list[str] = []
    day, date = None, ""
    for at in timestamps:
        this_day, rest = divmod(at, DAY_MS)
        if this_day != day:
            day = this_day
            date = from_ms(day * DAY_MS).isoformat()[:11]
        written.append(date + seconds[rest // 1000] + milliseconds[rest % 1000])
    return written


_VALUES = frozenset({Kind.DOUBLE, Kind.BIGINT, Kind.BOOLEAN, Kind.TEXT})


@cache
def _clock() -> tuple[list[str], list[str]]:
    """Return how each second of a day and each millisecond of a second is written: looked up, it costs a third."""
    seconds = [f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}." for at in range(86_400)]
    return seconds, [f"{at:03d}Z" for at in range(1_000)]


@dataclass(frozen=True, slots=True)
class _Lines:
    """How a line is made: what stands around cells, and what each kind of cell looks like."""

    before: str
    label: Callable[[str], str]
    after: str
    null: str
    quote: str
    """What stands around a timestamp."""
    cells: dict[Kind, Callable[[Sequence[Any]], Iterable[object]]]

    def texts(self, kind: Kind, values: Sequence[Any]) -> Iterable[object]:
        if None not in values:
            return self.cells[kind](values)
        there = iter(self.cells[kind]([value for value in values if value is not None]))
        return [self.null if value is None else next(there) for value in values]

    def constant(self, kind: Kind, value: Any) -> str:
        return str(next(iter(self.texts(kind, [value]))))


def _write_lines(columns: Sequence[Column], batches: Iterable[Batch], sink: Sink, lines: _Lines) -> None:
    for batch in batches:
        if batch.rows < WORTH_ARRAYS or not _write_arrays(columns, batch, sink, lines):
            _write_lists(columns, batch, sink, lines)


def _write_lists(columns: Sequence[Column], batch: Batch, sink: Sink, lines: _Lines) -> None:
    cells: list[str] = []
    varying: list[Iterable[object]] = []
    for column in columns:
        kind = batch.kind(column)
        if column.name in batch.varying:
            varying.append(lines.texts(kind, listed(batch.varying[column.name])))
            cell = "%s"
        else:
            cell = lines.constant(kind, batch.constant[column.name]).replace("%", "%%")
        cells.append(lines.label(column.name) + cell)
    # One template for the batch, filled by the interpreter's own loop: three times as fast as the csv module.
    line = lines.before + ",".join(cells) + lines.after
    sink.write("".join(map(line.__mod__, zip(*varying, strict=True))).encode())


def _write_arrays(columns: Sequence[Column], batch: Batch, sink: Sink, lines: _Lines) -> bool:
    """Write a batch as `_write_lists` does, by numpy, if it is of timestamps and plain values; tell whether it was."""
    holes = [(column.name, batch.kind(column)) for column in columns if column.name in batch.varying]
    if len(holes) != 2 or holes[0][1] is not Kind.TIMESTAMP or holes[1][1] not in _VALUES:  # noqa: PLR2004 (a time and a value)
        return False
    (time_column, _), (value_column, kind) = holes
    timestamps, values = batch.varying[time_column], batch.varying[value_column]
    if isinstance(values, list) and None in values:
        return False
    from whimbrel.domain import tabular_numpy as arrays  # loads numpy

    parts = [lines.before]
    for number, column in enumerate(columns):
        parts[-1] += ("," if number else "") + lines.label(column.name)
        if column.name in batch.varying:
            quote = lines.quote if column.name == time_column else ""
            parts[-1] += quote
            parts.append(quote)
        else:
            parts[-1] += lines.constant(batch.kind(column), batch.constant[column.name])
    before, between, after = parts
    template = arrays.Template(before.encode(), between.encode(), (after + lines.after).encode())
    for start in range(0, batch.rows, AT_ONCE):
        some = slice(start, start + AT_ONCE)
        cells = arrays.cells_of(values[some], kind, lambda value: lines.constant(kind, value))
        if cells is None:
            part = {time_column: timestamps[some], value_column: values[some]}
            rows = len(part[value_column])
            _write_lists(columns, Batch(rows, part, batch.constant, batch.value_type), sink, lines)
        else:
            sink.write(template.lines(arrays.times(timestamps[some]), cells))
    return True


def listed(values: Any) -> list[Any]:
    """Return the values of a column that may be an array as a list."""
    return values.tolist() if hasattr(values, "tolist") else values


def unescaped(text: str) -> str:
    """Return the text that was written as *text* in a cell of CSV: without the ``'`` that guards a formula."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS) else text


def _csv_cell(text: str) -> str:
    # What looks guarded already is guarded, too: otherwise nobody could tell it from what is.
    if text.lstrip("'").startswith(FORMULA_STARTS):
        text = "'" + text
    if not text or any(special in text for special in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _booleans(values: Sequence[bool]) -> list[str]:
    return ["true" if value else "false" for value in values]


_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _doubles(values: Sequence[float]) -> Sequence[object]:
    # str() of a float is the shortest text that reads back the same: the template makes it.
    return values if all(map(isfinite, values)) else [_NOT_FINITE.get(str(value), value) for value in values]


def _json_doubles(values: Sequence[float]) -> list[object] | Sequence[object]:
    return [f'"{value}"' if isinstance(value, str) else value for value in _doubles(values)]


_CSV = _Lines(
    before="",
    label=lambda _name: "",
    after="\r\n",
    null="",
    quote="",
    cells={
        Kind.TIMESTAMP: times,
        Kind.TEXT: lambda values: map(_csv_cell, values),
        Kind.JSON: lambda values: map(_csv_cell, values),
        Kind.DOUBLE: _doubles,
        Kind.BIGINT: iter,
        Kind.BOOLEAN: _booleans,
    },
)

_JSONL = _Lines(
    before="{",
    label=lambda name: f'"{name}":',
    after="}\n",
    null="null",
    quote='"',
    cells={
        Kind.TIMESTAMP: lambda values: [f'"{at}"' for at in times(values)],
        Kind.TEXT: lambda values: map(_json_text, values),
        Kind.JSON: iter,
        Kind.DOUBLE: _json_doubles,
        Kind.BIGINT: iter,
        Kind.BOOLEAN: _booleans,
    },
)
