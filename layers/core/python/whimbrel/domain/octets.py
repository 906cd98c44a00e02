"""Bytes written and read in order: variable-length integers, byte strings, deflated planes, within an allowance."""

from __future__ import annotations

import zlib

_RAW = -15
_RAW_SMALL, _LITTLE_MEMORY = -13, 7
"""Enough where no words are looked for, and made in half the time."""
_SHORT = 24
"""Not worth deflating: a stream of its own costs some bytes and 2 µs."""
_SAMPLES = 32
_SAME_SHARE = 0.95


class CorruptBlock(ValueError):
    """The bytes are not a block of ours: foreign, truncated, altered, or of a format newer than this code."""


class BlockTooLarge(ValueError):
    """That much does not go into one block."""


class Allowance:
    """How much may still be packed or unpacked, so that a small foreign block cannot fill a reader's memory."""

    __slots__ = ("_left", "_refusal")

    def __init__(self, octets: int, refusal: type[ValueError] = CorruptBlock) -> None:
        self._left = octets
        self._refusal = refusal

    def spend(self, octets: int) -> None:
        """Take *octets* away.

        Raises:
            CorruptBlock: that much is not left. Or the refusal that was asked for.
        """
        self._left -= octets
        if self._left < 0:
            raise self._refusal("it unpacks to more than a block may hold")


class Writer:
    """Bytes in the making."""

    __slots__ = ("_allowance", "content")

    def __init__(self, allowance: Allowance) -> None:
        self.content = bytearray()
        self._allowance = allowance

    def beside(self) -> Writer:
        """Return a writer for a part of the same whole."""
        return Writer(self._allowance)

    def unsigned(self, number: int) -> None:
        """Write a number >= 0, seven bits a byte."""
        while number > 0x7F:  # noqa: PLR2004 (seven bits)
            self.content.append(number & 0x7F | 0x80)
            number >>= 7
        self.content.append(number)

    def signed(self, number: int) -> None:
        """Write a number of either sign; small ones are short."""
        self.unsigned(number << 1 if number >= 0 else ~number << 1 | 1)

    def raw(self, content: bytes) -> None:
        """Write bytes whose length the reader knows."""
        self.content += content

    def sized(self, content: bytes | bytearray) -> None:
        """Write bytes with their length."""
        self.unsigned(len(content))
        self.content += content

    def deflated(self, content: bytes, *, text: bool = False) -> None:
        """Write bytes as short as they get, which the reader knows the length of.

        *text* has repeating words; anything else is taken for numbers, in which looking for words costs time and,
        because it starves the Huffman code, bytes.
        """
        self._allowance.spend(len(content))
        first = content[:1]
        if content and content == first * len(content):
            self.unsigned(_ALL_ONE_BYTE)
            self.content += first
            return
        packed = content
        if len(content) > _SHORT:
            stream = (
                zlib.compressobj(6, zlib.DEFLATED, _RAW)
                if text
                else zlib.compressobj(6, zlib.DEFLATED, _RAW_SMALL, _LITTLE_MEMORY, _strategy(content))
            )
            packed = stream.compress(content) + stream.flush()
        if len(packed) < len(content):
            self.unsigned(_DEFLATED + len(packed))
            self.content += packed
        else:
            self.unsigned(_AS_IS)
            self.content += content


_ALL_ONE_BYTE, _AS_IS, _DEFLATED = range(3)


def _strategy(plane: bytes) -> int:
    """Return how to deflate a plane of numbers: runs if nearly all bytes are the same, Huffman's code alone if not."""
    sample = plane[:: max(1, len(plane) // _SAMPLES)]
    usual = sorted(sample)[len(sample) // 2]
    # Counting takes as long as deflating, so that only those are counted which may have as many.
    is_flat = 4 * sample.count(usual) >= 3 * len(sample) and plane.count(usual) >= _SAME_SHARE * len(plane)
    return zlib.Z_RLE if is_flat else zlib.Z_HUFFMAN_ONLY


class Reader:
    """Reads what `Writer` wrote; every method raises `CorruptBlock` when the bytes end too early."""

    __slots__ = ("_allowance", "_content", "_end", "_position")

    def __init__(self, content: memoryview, allowance: Allowance) -> None:
        self._content = content
        self._position = 0
        self._end = len(content)
        self._allowance = allowance

    @property
    def is_at_end(self) -> bool:
        """Whether everything has been read."""
        return self._position == self._end

    def unsigned(self) -> int:
        """Read a number >= 0 of at most 70 bits."""
        start = self._position
        if start < self._end and (number := self._content[start]) < 0x80:  # noqa: PLR2004 (by far most are short)
            self._position = start + 1
            return number
        number = 0
        for place, byte in enumerate(self._content[start : start + 10]):
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80:  # noqa: PLR2004 (the top bit says that more follow)
                self._position = start + place + 1
                return number
        raise CorruptBlock("a number does not end")

    def signed(self) -> int:
        """Read a number of either sign."""
        number = self.unsigned()
        return ~(number >> 1) if number & 1 else number >> 1

    def count(self, octets_each: int) -> int:
        """Read how many of something follow, and take *octets_each* for each of them from the allowance."""
        number = self.unsigned()
        self._allowance.spend(number * octets_each)
        return number

    def spend(self, octets: int) -> None:
        """Take *octets* from the allowance."""
        self._allowance.spend(octets)

    def raw(self, length: int) -> memoryview:
        """Read *length* bytes."""
        start = self._position
        if length > self._end - start:
            raise CorruptBlock("it ends too early")
        self._position = start + length
        return self._content[start : self._position]

    def rest(self) -> memoryview:
        """Read everything that is left."""
        return self.raw(self._end - self._position)

    def part(self) -> Reader:
        """Read bytes that carry their length, as a reader of their own."""
        return Reader(self.raw(self.unsigned()), self._allowance)

    def deflated(self, length: int) -> bytes:
        """Read and unpack *length* bytes."""
        self._allowance.spend(length)
        form = self.unsigned()
        if form == _ALL_ONE_BYTE:
            return bytes(self.raw(1)) * length
        if form == _AS_IS:
            return bytes(self.raw(length))
        stream = zlib.decompressobj(_RAW)
        try:
            content = stream.decompress(self.raw(form - _DEFLATED), length + 1)
        except zlib.error as error:
            raise CorruptBlock("a plane does not inflate") from error
        if len(content) != length or not stream.eof or stream.unused_data:
            raise CorruptBlock("a plane is longer or shorter than it should be")
        return content
