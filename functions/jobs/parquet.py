"""Reads Parquet in a process of its own: a damaged file makes Arrow abort its process, which then is only this one.

The process asks for bytes of the file, and sends what it reads: ``("schema", [Heading, …])``; then, told which columns
are wanted and how many rows are known, ``("batch", rows, columns)`` until ``("end",)``; or ``("broken", why)``.
"""

from __future__ import annotations

import io
import sys
from collections import OrderedDict
from multiprocessing.connection import Connection
from typing import IO, Any, NamedTuple, cast

BLOCK_BYTES = 1024 * 1024
BLOCKS_HELD = 96
"""A file is read a page of a column at a time: so many blocks are kept, for as many columns."""


class Heading(NamedTuple):
    """A column: ``kind`` is text, integer, time (with a zone), naive (a time without), or other."""

    name: str
    kind: str


class Distant(io.RawIOBase):
    """The file, whose bytes the other process has."""

    def __init__(self, asked: Connection[Any, Any], answered: Connection[Any, Any], size_bytes: int) -> None:
        super().__init__()
        self._asked = asked
        self._answered = answered
        self._size_bytes = size_bytes
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        end = self._size_bytes if size is None or size < 0 else min(self._at + size, self._size_bytes)
        parts: list[bytes] = []
        while self._at < end:
            number, begin = divmod(self._at, BLOCK_BYTES)
            part = self._block(number)[begin : begin + end - self._at]
            parts.append(part)
            self._at += len(part)
        return b"".join(parts)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._asked.send(("range", number * BLOCK_BYTES, (number + 1) * BLOCK_BYTES))
            self._blocks[number] = self._answered.recv()
            if len(self._blocks) > BLOCKS_HELD:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]


def main() -> None:
    """Serve the process that has started this one: its pipes, the file's size and the rows of a batch are arguments."""
    answered_fd, asked_fd, size_bytes, batch_rows = map(int, sys.argv[1:])
    answered, asked = Connection(answered_fd, writable=False), Connection(asked_fd, readable=False)
    try:
        _serve(asked, answered, size_bytes, batch_rows)
    except (EOFError, BrokenPipeError):
        return
    except BaseException as error:  # noqa: BLE001 (Rust's panics are no exceptions to Python's mind)
        asked.send(("broken", str(error)[-200:]))


def _serve(asked: Connection[Any, Any], answered: Connection[Any, Any], size_bytes: int, batch_rows: int) -> None:
    from arro3.io import read_parquet

    file = Distant(asked, answered, size_bytes)
    reader = read_parquet(cast("IO[bytes]", file), batch_size=batch_rows)
    fields = [reader.schema.field(place) for place in range(len(reader.schema.names))]
    headings = [Heading(field.name, _kind(field.type)) for field in fields]
    asked.send(("schema", headings))
    wanted, time, done = answered.recv()
    row = 0
    for batch in reader:
        row += batch.num_rows
        # What is known was read to a batch's end.
        if row > done:
            columns = {place: _cells(batch.column(place), is_time=place == time) for place in wanted}
            asked.send(("batch", batch.num_rows, row, columns))
            answered.recv()
    asked.send(("end",))


def _kind(kind: Any) -> str:
    from arro3.core import DataType

    if DataType.is_dictionary(kind):
        kind = kind.value_type
    if DataType.is_string(kind) or DataType.is_large_string(kind) or DataType.is_string_view(kind):
        return "text"
    if DataType.is_timestamp(kind):
        return "time" if kind.tz else "naive"
    return "integer" if DataType.is_integer(kind) else "other"


def _cells(array: Any, *, is_time: bool) -> list[Any]:
    from arro3.core import DataType

    if is_time and DataType.is_timestamp(array.type):
        array = array.cast(DataType.timestamp("ms", tz=array.type.tz)).cast(DataType.int64())
    return array.to_pylist()
