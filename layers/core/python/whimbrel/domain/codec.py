"""The block codec: many readings of one device in few bytes, lossless to the bit.

A block holds sorted timestamps, shared by the sensors that report together, and a column of values, versions and sparse
metadata per sensor. See ``docs/`` for the layout. Standard library only; numpy is used when it has been asked for
(`vectorise`), and gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection

from whimbrel.domain.series import Frame


class CorruptBlock(ValueError):
    """The bytes are not a block of ours: foreign, truncated, altered, or of a format newer than this code."""


def encode(frame: Frame) -> bytes:
    """Return the block that holds *frame*; columns in the order of their sensor ids.

    Values may be anything their type allows: every NaN, −0.0, infinities, denormals, int64 extremes. Timestamps are
    int64 in any order, duplicates included.

    Raises:
        ValueError: more than ``MAX_READINGS`` readings, or a value outside its type.
    """
    raise NotImplementedError


def decode(block: bytes, sensor_ids: Collection[str] | None = None) -> Frame:
    """Return the frame that *block* holds, or only the columns of *sensor_ids*.

    Raises:
        CorruptBlock: always this, whatever is wrong; never more memory than ``MAX_READINGS`` readings can need.
    """
    raise NotImplementedError


def vectorise() -> bool:
    """Use numpy from now on in this process if it is installed, and tell whether it is.

    Importing it costs about 100 ms: worth it for more than about 165,000 readings.
    """
    raise NotImplementedError
