"""A zip archive written as a stream, member by member, perhaps by several processes one after another.

Equal contents make equal bytes: there are no times of writing in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Protocol, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from whimbrel.domain.tabular import Sink

STREAMED = 0x08
"""The flag of a member whose sizes stand behind its data."""

ZIP64_VERSION = 45
"""The version of the format in which these sizes have 64 bits."""


@dataclass(frozen=True, slots=True)
class Member:
    """A finished member: its name, what it holds, and where and how it stands in the archive."""

    name: str
    size_bytes: int
    sha256: str
    offset: int
    packed_bytes: int
    crc: int

    def info(self) -> ZipInfo:
        """Return its entry for the archive's directory."""
        info = ZipInfo(self.name)
        info.compress_type = ZIP_DEFLATED
        info.flag_bits = STREAMED
        info.create_version = info.extract_version = ZIP64_VERSION
        info.external_attr = 0o600 << 16
        info.header_offset = self.offset
        info.file_size = self.size_bytes
        info.compress_size = self.packed_bytes
        info.CRC = self.crc
        return info


class Stream(Protocol):
    """What an archive needs of where it is written: a place that only grows."""

    def write(self, data: bytes, /) -> int: ...

    def tell(self) -> int:
        """Return how many bytes have been written."""
        ...

    def flush(self) -> None: ...


class Archive:
    """An archive that goes on behind *members* on *stream*.

    *level* is zlib's: 1 for text, 0 for what is compressed already.
    """

    def __init__(self, stream: Stream, members: Iterable[Member], *, level: int) -> None:
        # Finding no way to seek, it only writes, tells and flushes.
        self._zip = ZipFile(cast("IO[bytes]", stream), "w", ZIP_DEFLATED, compresslevel=level)
        self._zip.filelist.extend(member.info() for member in members)

    def add(self, name: str, write: Callable[[Sink], object]) -> Member:
        """Add a member that *write* writes to the sink it is given; it may be of any size."""
        # Its size is not known yet, and beyond 2 GiB only the 64-bit form can tell it.
        with self._zip.open(name, "w", force_zip64=True) as file:
            sink = _Digesting(file)
            write(sink)
        info = self._zip.filelist[-1]
        return Member(
            name=name,
            size_bytes=info.file_size,
            sha256=sink.digest.hexdigest(),
            offset=info.header_offset,
            packed_bytes=info.compress_size,
            crc=info.CRC,
        )

    def leave(self) -> None:
        """End here without a directory: another `Archive` goes on later."""
        # An archive without a file counts as closed; otherwise the interpreter would end it when it is collected.
        self._zip.fp = None

    def close(self) -> None:
        """Write the directory: the archive is complete."""
        self._zip.close()


class _Digesting:
    """A sink that passes on what is written, and knows its digest."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.digest = sha256()

    def write(self, data: bytes, /) -> None:
        self.digest.update(data)
        self._sink.write(data)
