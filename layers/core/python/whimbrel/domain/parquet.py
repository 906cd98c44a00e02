"""Tables as Parquet: rows come in batches and leave in row groups, compressed with Zstandard.

The bytes depend on the rows alone, never on how these were cut into batches; memory holds one row group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

from whimbrel.domain.series import ValueType
from whimbrel.domain.tabular import Batch, Column, Kind, Sink, listed

ROW_GROUP = 32_768
"""Rows of a row group. It is held in memory, and a row may have 10 KB of metadata."""

Group = dict[str, list[Any]]
"""The rows of one row group, by column."""


def parquet_columns(columns: Sequence[Column]) -> list[Column]:
    """Return the columns of a table in Parquet: instead of one of VALUE there is one for each type."""
    found: list[Column] = []
    for column in columns:
        if column.kind is Kind.VALUE:
            found += [
                Column(
                    f"{column.name}{kind.capitalize()}", Kind(kind), f"{column.description} Null unless it is {kind}."
                )
                for kind in ValueType
            ]
        else:
            found.append(column)
    return found


def write_parquet(columns: Sequence[Column], batches: Iterable[Batch], sink: Sink) -> None:
    """Write a table as Parquet, a row group at a time."""
    from arro3.core import RecordBatchReader, Schema
    from arro3.io import write_parquet as write

    schema = Schema([_arrow_field(column) for column in parquet_columns(columns)])
    written = _Written()
    failures: list[Exception] = []

    def row_groups() -> Iterator[Any]:
        try:
            for group in _row_groups(columns, batches):
                yield _record_batch(schema, columns, group)
                sink.write(written.take())
        except Exception as error:
            # The writer turns what is raised here into text, so it is kept; what a file raises would abort the
            # process's Rust thread: hence bytes leave from here, and the writer's own file cannot fail.
            failures.append(error)
            raise

    try:
        write(
            RecordBatchReader.from_batches(schema, row_groups()),
            written,  # pyright: ignore[reportArgumentType] (all that it uses of a file)
            compression="zstd(3)",
            max_row_group_size=ROW_GROUP,
        )
    except Exception as error:  # noqa: BLE001 (the writer knows no narrower one)
        raise failures[0] if failures else error from None
    sink.write(written.take())


class _Written:
    """A file to append to, in memory."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is nowhere to flush to."""

    def seek(self, *_where: int) -> int:
        raise OSError("a stream has no places")

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _row_groups(columns: Sequence[Column], batches: Iterable[Batch]) -> Iterator[Group]:
    names = [column.name for column in parquet_columns(columns)]
    held: Group = {name: [] for name in names}
    rows = 0
    for batch in batches:
        rows += batch.rows
        for name, values in _cells(columns, batch):
            held[name].extend(values)
        while rows >= ROW_GROUP:
            yield {name: values[:ROW_GROUP] for name, values in held.items()}
            held = {name: values[ROW_GROUP:] for name, values in held.items()}
            rows -= ROW_GROUP
    if rows:
        yield held


def _cells(columns: Sequence[Column], batch: Batch) -> Iterator[tuple[str, Iterable[Any]]]:
    for column in columns:
        values = batch.varying.get(column.name)
        values = repeat(batch.constant[column.name], batch.rows) if values is None else listed(values)
        if column.kind is Kind.VALUE:
            for kind in ValueType:
                name = f"{column.name}{kind.capitalize()}"
                yield name, values if kind is batch.value_type else repeat(None, batch.rows)
        else:
            yield column.name, values


def _record_batch(schema: Any, columns: Sequence[Column], group: Group) -> Any:
    from arro3.core import Array, DataType, RecordBatch

    arrays: list[Any] = []
    for column in parquet_columns(columns):
        array = Array(group[column.name], type=_arrow_type(column.kind, plain=True))
        arrays.append(array.cast(DataType.timestamp("ms", tz="UTC")) if column.kind is Kind.TIMESTAMP else array)
    return RecordBatch(arrays, schema=schema)


def _arrow_field(column: Column) -> Any:
    from arro3.core import Field

    return Field(column.name, _arrow_type(column.kind), metadata={"description": column.description})


def _arrow_type(kind: Kind, *, plain: bool = False) -> Any:
    from arro3.core import DataType

    match kind:
        case Kind.TIMESTAMP:
            return DataType.int64() if plain else DataType.timestamp("ms", tz="UTC")
        case Kind.DOUBLE:
            return DataType.float64()
        case Kind.BIGINT:
            return DataType.int64()
        case Kind.BOOLEAN:
            return DataType.bool()
        case _:
            return DataType.utf8()
