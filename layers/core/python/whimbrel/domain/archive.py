"""A zip archive written as a stream, member by member, perhaps by several processes one after another.

Equal contents make equal bytes: there are no times of writing in it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any, Protocol, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from whimbrel.domain.tabular import Sink

STREAMED = 0x08
"""The flag of a member whose sizes stand behind its data."""

DESCRIPTOR = b"PK\x07\x08"
"""What these sizes begin with."""

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
    """An archive that goes on behind *members* on *stream*; without `close`, another one goes on later.

    *level* is 1 for text, 0 for what is compressed already.
    """

    def __init__(self, stream: Stream, members: Iterable[Member], *, level: int) -> None:
        self._stream = stream
        self._members = list(members)
        self._level = level

    def add(self, name: str, write: Callable[[Sink], object]) -> Member:
        """Add a member that *write* writes to the sink it is given; it may be of any size."""
        offset = self._stream.tell()
        begun = Member(name, 0, "", offset, 0, 0)
        # Its size is not known yet, and beyond 2 GiB only the 64-bit form can tell it.
        self._stream.write(begun.info().FileHeader(zip64=True))
        packing = _Packing(self._stream, self._level)
        write(packing)
        member = packing.finished(begun)
        self._stream.write(struct.pack("<4sLQQ", DESCRIPTOR, member.crc, member.packed_bytes, member.size_bytes))
        self._members.append(member)
        return member

    def close(self) -> None:
        """Write the directory: the archive is complete."""
        # Finding no way to seek, it only writes, tells and flushes.
        directory = ZipFile(cast("IO[bytes]", self._stream), "w")
        directory.filelist.extend(member.info() for member in self._members)
        directory.close()


class _Packing:
    """A sink that deflates what is written onto a stream, and knows its size and digests."""

    def __init__(self, stream: Stream, level: int) -> None:
        # Four times as fast as zlib, for as many bytes.
        from isal import isal_zlib

        deflate: Any = isal_zlib if level else zlib
        self._stream = stream
        self._deflating = deflate.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc32 = isal_zlib.crc32
        self._digest = sha256()
        self._size = self._packed = self._crc = 0

    def write(self, data: bytes | memoryview, /) -> None:
        self._digest.update(data)
        self._crc = self._crc32(data, self._crc)
        self._size += len(data)
        self._put(self._deflating.compress(data))

    def finished(self, begun: Member) -> Member:
        """Write what is left, and return the member that *begun* has become."""
        self._put(self._deflating.flush())
        return Member(begun.name, self._size, self._digest.hexdigest(), begun.offset, self._packed, self._crc)

    def _put(self, packed: bytes) -> None:
        self._packed += len(packed)
        if packed:
            self._stream.write(packed)
