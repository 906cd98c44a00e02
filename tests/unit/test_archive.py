"""Zip archives written as a stream, in one go or laid down and taken up again."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain.archive import Archive, Member

FILES = st.dictionaries(st.from_regex(r"[a-z]{1,8}\.csv", fullmatch=True), st.binary(max_size=2_000), max_size=5)


class Stream:
    """What an upload can do: it has no places to seek to."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, data: bytes) -> int:
        self.content += data
        return len(data)

    def tell(self) -> int:
        return len(self.content)

    def flush(self) -> None:
        """Do nothing."""


def archived(files: dict[str, bytes], *, level: int = 1, in_turns: bool) -> tuple[bytes, list[Member]]:
    stream = Stream()
    members: list[Member] = []
    archive = Archive(stream, [], level=level)
    for name, content in files.items():
        if in_turns:
            archive = Archive(stream, members, level=level)
        members.append(archive.add(name, lambda sink, content=content: sink.write(content)))
    archive.close()
    return bytes(stream.content), members


@given(FILES, st.sampled_from([0, 1]))
def test_it_reads_back(files: dict[str, bytes], level: int) -> None:
    content, members = archived(files, level=level, in_turns=True)

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files
    assert [member.sha256 for member in members] == [hashlib.sha256(each).hexdigest() for each in files.values()]
    assert [member.size_bytes for member in members] == [len(each) for each in files.values()]


@given(FILES)
def test_turns_leave_no_trace(files: dict[str, bytes]) -> None:
    assert archived(files, in_turns=True) == archived(files, in_turns=False)


def test_a_failure_leaves_the_stream_without_a_directory() -> None:
    stream = Stream()
    archive = Archive(stream, [], level=1)

    def fail(_sink: object) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        archive.add("a.csv", fail)

    assert b"PK\x05\x06" not in stream.content
