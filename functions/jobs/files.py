"""Files of readings as a stream of pieces, from any position on, in memory that does not grow with the file."""

from __future__ import annotations

import csv
import io
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import IO, Any, cast

from whimbrel.aws import objects
from whimbrel.domain.imports import Import, ImportFormat, Layout, Piece, RowError
from whimbrel.domain.jobs import JobFailed

PIECE_BYTES = 4 * 1024 * 1024
"""So much of a CSV file is read, and noted as done, at once."""

PIECE_ROWS = 65_536
"""So many rows of a Parquet file."""

MAX_OPEN_BYTES = 4 * PIECE_BYTES
"""A row of CSV ends within so much, or its quotes are broken."""

MAX_COLUMNS = 200
BLOCK_BYTES = 1024 * 1024
BLOCKS_HELD = 96
"""A Parquet file is read a page of a column at a time: so many blocks are kept, for as many columns."""

MALFORMED_ROW = "MALFORMED_ROW"
MAX_HEADER_BYTES = 64 * 1024
PARQUET_MARK = b"PAR1"
STRANGE = {
    b"\x1f\x8b": "It is compressed (gzip); upload it uncompressed.",
    b"PK": "It is a zip archive; unpack it, and upload the file of readings in it.",
    b"\xff\xfe": "It is UTF-16; write it as UTF-8.",
    b"\xfe\xff": "It is UTF-16; write it as UTF-8.",
    PARQUET_MARK: "It is a Parquet file; ask for an import of the format PARQUET.",
}


class File(io.RawIOBase):
    """The object of an import, with random access; it has to be the one that the import was started with."""

    def __init__(self, key: str, etag: str, size_bytes: int) -> None:
        super().__init__()
        self.size_bytes = size_bytes
        self.failure: Exception | None = None
        """What the first read that failed said: readers below us turn it into words of their own."""
        self._key = key
        self._etag = etag
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def range(self, start: int, end: int) -> bytes:
        """Return the bytes ``start <= position < end``.

        Raises:
            JobFailed: the file is gone, or was replaced.
        """
        try:
            return objects.get_range(self._key, self._etag, start, min(end, self.size_bytes))
        except objects.Changed as error:
            raise JobFailed("The file was replaced or deleted while it was imported.") from error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        end = self.size_bytes if size is None or size < 0 else min(self._at + size, self.size_bytes)
        parts: list[bytes] = []
        while self._at < end:
            number, begin = divmod(self._at, BLOCK_BYTES)
            part = self._block(number)[begin : begin + end - self._at]
            parts.append(part)
            self._at += len(part)
        return b"".join(parts)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            try:
                self._blocks[number] = self.range(number * BLOCK_BYTES, (number + 1) * BLOCK_BYTES)
            except Exception as error:
                self.failure = self.failure or error
                raise
            if len(self._blocks) > BLOCKS_HELD:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]


def pieces(file: File, asked: Import, position: dict[str, Any]) -> Iterator[tuple[Layout, Piece]]:
    """Yield a file's pieces from *position* on, which is that of a piece before or empty.

    Raises:
        JobFailed: it is not what the import says, or is broken.
    """
    if asked.format is ImportFormat.PARQUET:
        return _parquet_pieces(file, asked, position.get("row", 0))
    return _csv_pieces(file, asked, position.get("offset", 0), position.get("row", 0))


def _csv_pieces(file: File, asked: Import, offset: int, row: int) -> Iterator[tuple[Layout, Piece]]:
    header_end, header = _header(file)
    layout = Layout.of(header, asked)
    for lines, end in _lines(file, max(offset, header_end), row):
        try:
            text = lines.decode()
        except UnicodeDecodeError as error:
            line = lines.count(b"\n", 0, error.start) + 1
            raise JobFailed(f"It is not UTF-8: see line {line} after row {row}.") from error
        records, errors = _records(text)
        good: list[Sequence[str]] = []
        numbers: list[int] = []
        bad: list[RowError] = []
        for number, record in enumerate(records, row + 1):
            if len(record) == layout.width:
                good.append(record)
                numbers.append(number)
            else:
                said = errors.get(number - row - 1) or f"it has {len(record)} cells, and the first row {layout.width}"
                bad.append(RowError(number, MALFORMED_ROW, said))
        row += len(records)
        columns = list(zip(*good, strict=True)) or [()] * layout.width
        piece = Piece(
            numbers=numbers,
            columns=columns,
            errors=bad,
            rows=len(records),
            next={"offset": end, "row": row},
            share=end / file.size_bytes,
            text=True,
        )
        yield layout, piece


def _header(file: File) -> tuple[int, list[str]]:
    """Return where the rows begin, and the headings before them."""
    begin = file.range(0, MAX_HEADER_BYTES)
    for mark, advice in STRANGE.items():
        if begin.startswith(mark):
            raise JobFailed(advice)
    start = 3 if begin.startswith(b"\xef\xbb\xbf") else 0
    end = begin.find(b"\n") + 1 or len(begin)
    if end == MAX_HEADER_BYTES:
        raise JobFailed("Its first line does not end; is it CSV?")
    try:
        header = next(csv.reader([begin[start:end].decode()], strict=True), [])
    except UnicodeDecodeError as error:
        raise JobFailed("It is not UTF-8: see the first line.") from error
    except csv.Error as error:
        raise JobFailed(f"The first line is no CSV: {error}.") from error
    if len(header) > MAX_COLUMNS:
        raise JobFailed(f"It has {len(header)} columns; {MAX_COLUMNS} are the limit.")
    return end, [name.strip() for name in header]


def _lines(file: File, offset: int, row: int) -> Iterator[tuple[bytes, int]]:
    """Yield whole records, as bytes, and the offset behind them."""
    held = b""
    while offset < file.size_bytes:
        begin = offset + len(held)
        held += file.range(begin, begin + PIECE_BYTES)
        end = len(held) if offset + len(held) >= file.size_bytes else _last_end(held)
        if not end:
            if len(held) >= MAX_OPEN_BYTES:
                raise JobFailed(f"A quote that opens after row {row} is not closed, or lines do not end.")
            continue
        offset += end
        yield held[:end], offset
        held = held[end:]


def _last_end(held: bytes) -> int:
    """Return where the last record ends that is there whole: at a line's end outside quotes."""
    end = held.rfind(b"\n") + 1
    quotes = held.count(b'"', 0, end)
    while end and quotes % 2:
        before = held.rfind(b"\n", 0, end - 1) + 1
        quotes -= held.count(b'"', before, end)
        end = before
    return end


def _records(text: str) -> tuple[list[list[str]], dict[int, str]]:
    """Return the records of *text*, those that are broken empty; and of these, by place, what is wrong."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return [record for record in reader if record], {}
    except csv.Error:
        pass
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[list[str]] = []
    errors: dict[int, str] = {}
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return records, errors
        except csv.Error as error:
            errors[len(records)] = f"it is no CSV: {error}"
            records.append([])
            continue
        if record:
            records.append(record)


def _parquet_pieces(file: File, asked: Import, done: int) -> Iterator[tuple[Layout, Piece]]:
    reader = _opened(file)
    schema = reader.schema
    names: list[str] = list(schema.names)
    layout = Layout.of(names, asked)
    wanted = {layout.device, layout.sensor, layout.timestamp, layout.value, layout.metadata, layout.key}
    wanted |= {layout.value_type, *layout.typed.values()}
    for place in (layout.device, layout.sensor, layout.key, layout.value_type):
        if place >= 0 and not _is_text(schema.field(place).type):
            raise JobFailed(f"The column {names[place]!r} is not text.")
    _check_times(names[layout.timestamp], schema.field(layout.timestamp).type)
    row = 0
    while (batch := _next(reader, file)) is not None:
        row += batch.num_rows
        if row <= done:
            continue
        # A step goes on where the one before ended, which is where a batch did.
        columns = [
            _cells(batch.column(place), is_time=place == layout.timestamp) if place in wanted else ()
            for place in range(len(names))
        ]
        piece = Piece(
            numbers=range(row - batch.num_rows + 1, row + 1),
            columns=columns,
            errors=[],
            rows=batch.num_rows,
            next={"row": row},
            share=file.tell() / file.size_bytes,
            text=False,
        )
        yield layout, piece


BROKEN = "It is no Parquet file, or is cut or damaged: {}"


def _opened(file: File) -> Any:
    from arro3.io import read_parquet

    if file.size_bytes < 12 or file.range(0, 4) != PARQUET_MARK:  # noqa: PLR2004 (two marks and a length)
        raise JobFailed(BROKEN.format("it does not begin as one."))
    tail = file.range(file.size_bytes - 8, file.size_bytes)
    if tail[4:] != PARQUET_MARK or int.from_bytes(tail[:4], "little") > file.size_bytes - 12:
        raise JobFailed(BROKEN.format("it does not end as one."))
    try:
        return read_parquet(cast("IO[bytes]", file), batch_size=PIECE_ROWS)
    except BaseException as error:  # noqa: BLE001 (see there)
        raise _blamed(file, error) from None


def _next(reader: Any, file: File) -> Any:
    try:
        return next(reader, None)
    except BaseException as error:  # noqa: BLE001 (see there)
        raise _blamed(file, error) from None


def _blamed(file: File, error: BaseException) -> BaseException:
    """Return what is to be raised when Arrow has raised *error*: its own exceptions are not to be told apart."""
    if file.failure:
        return file.failure
    # Rust's panics are not exceptions to Python's mind.
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        return JobFailed(BROKEN.format(str(error)[-200:]))
    return error


def _is_text(kind: Any) -> bool:
    from arro3.core import DataType

    if DataType.is_dictionary(kind):
        kind = kind.value_type
    return DataType.is_string(kind) or DataType.is_large_string(kind) or DataType.is_string_view(kind)


def _check_times(name: str, kind: Any) -> None:
    from arro3.core import DataType

    if DataType.is_timestamp(kind):
        if not kind.tz:
            raise JobFailed(f"The column {name!r} names no time zone; write it as UTC.")
    elif not _is_text(kind) and not DataType.is_integer(kind):
        raise JobFailed(f"The column {name!r} is neither a timestamp, nor text, nor milliseconds since 1970.")


def _cells(array: Any, *, is_time: bool) -> list[Any]:
    from arro3.core import DataType

    if is_time and DataType.is_timestamp(array.type):
        array = array.cast(DataType.timestamp("ms", tz=array.type.tz)).cast(DataType.int64())
    return array.to_pylist()
