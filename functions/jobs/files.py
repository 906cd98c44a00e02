"""Files of readings as a stream of pieces, from any position on, in memory that does not grow with the file."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any

from functions.jobs.parquet import Heading
from whimbrel.aws.objects import Changed, Objects
from whimbrel.domain.imports import Import, ImportFormat, Layout, Piece, RowError
from whimbrel.domain.jobs import JobFailed

PIECE_BYTES = 4 * 1024 * 1024
"""So much of a CSV file is read, and noted as done, at once."""

PIECE_ROWS = 65_536
"""So many rows of a Parquet file."""

MAX_OPEN_BYTES = 4 * PIECE_BYTES
"""A row of CSV ends within so much, or its quotes are broken."""

MAX_COLUMNS = 200
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


class File:
    """The object of an import; it has to be the one that the import was started with."""

    def __init__(self, objects: Objects, key: str, etag: str, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._objects = objects
        self._key = key
        self._etag = etag

    def range(self, start: int, end: int) -> bytes:
        """Return the bytes ``start <= position < end``, as far as there are so many.

        Raises:
            JobFailed: the file is gone, or was replaced.
        """
        try:
            return self._objects.get_range(self._key, self._etag, start, min(end, self.size_bytes))
        except Changed as error:
            raise JobFailed("The file was replaced or deleted while it was imported.") from error


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
    _check_marks(file)
    reader = _ParquetReader(file)
    try:
        headings = reader.next()[0]
        names = [heading.name for heading in headings]
        layout = Layout.of(names, asked)
        _check_kinds(layout, headings)
        wanted = {layout.device, layout.sensor, layout.timestamp, layout.value, layout.metadata, layout.key}
        wanted |= {layout.value_type, *layout.typed.values()}
        reader.tell((sorted(wanted - {-1}), layout.timestamp, done))
        while batch := reader.next():
            rows, row, columns = batch
            piece = Piece(
                numbers=range(row - rows + 1, row + 1),
                columns=[columns.get(place, ()) for place in range(len(names))],
                errors=[],
                rows=rows,
                next={"row": row},
                share=reader.share,
                text=False,
            )
            yield layout, piece
            reader.tell(None)
    finally:
        reader.close()


class _ParquetReader:
    """The process that reads a Parquet file, and this one's side of what they say to each other."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._read_bytes = 0
        self._asked, asking = Pipe(duplex=False)
        answering, self._answered = Pipe(duplex=False)
        ends = asking, answering
        arguments = answering.fileno(), asking.fileno(), file.size_bytes, PIECE_ROWS
        self._process = subprocess.Popen(  # noqa: S603 (our own code, and numbers)
            [sys.executable, "-c", "from functions.jobs.parquet import main; main()", *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=[end.fileno() for end in ends],
            stderr=subprocess.DEVNULL,
        )
        for end in ends:
            end.close()

    @property
    def share(self) -> float:
        """How much of the file was read, 0 to 1."""
        return min(1.0, self._read_bytes / self._file.size_bytes)

    def next(self) -> tuple[Any, ...]:
        """Return what the process says next, without the word for it: nothing at the file's end.

        Raises:
            JobFailed: the file is damaged.
        """
        while (said := self._said())[0] == "range":
            content = self._file.range(*said[1:])
            self._read_bytes += len(content)
            self.tell(content)
        if said[0] == "broken":
            raise JobFailed(BROKEN.format(said[1]))
        return said[1:]

    def tell(self, what: object) -> None:
        """Say something to the process."""
        # Should it be gone, the next that it says is missed.
        with suppress(BrokenPipeError):
            self._answered.send(what)

    def _said(self) -> tuple[Any, ...]:
        try:
            return self._asked.recv()
        except EOFError as error:
            raise JobFailed(BROKEN.format("it cannot be read further.")) from error

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._asked.close()
        self._answered.close()


BROKEN = "It is no Parquet file, or is cut or damaged: {}"


def _check_marks(file: File) -> None:
    if file.size_bytes < 12 or file.range(0, 4) != PARQUET_MARK:  # noqa: PLR2004 (two marks and a length)
        raise JobFailed(BROKEN.format("it does not begin as one."))
    tail = file.range(file.size_bytes - 8, file.size_bytes)
    if tail[4:] != PARQUET_MARK or int.from_bytes(tail[:4], "little") > file.size_bytes - 12:
        raise JobFailed(BROKEN.format("it does not end as one."))


def _check_kinds(layout: Layout, headings: Sequence[Heading]) -> None:
    for place in (layout.device, layout.sensor, layout.key, layout.value_type):
        if place >= 0 and headings[place].kind != "text":
            raise JobFailed(f"The column {headings[place].name!r} is not text.")
    name, kind = headings[layout.timestamp]
    if kind == "naive":
        raise JobFailed(f"The column {name!r} names no time zone; write it as UTC.")
    if kind == "other":
        raise JobFailed(f"The column {name!r} is neither a timestamp, nor text, nor milliseconds since 1970.")
