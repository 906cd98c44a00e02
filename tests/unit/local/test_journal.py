"""The log keeps its promise: what ``durable`` returned for is read back, in order and whole."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.journal import CHANGES, Journal, JournalBroken

transactions = st.lists(st.lists(st.tuples(st.text(max_size=3), st.integers()), min_size=1, max_size=3), max_size=8)


def nothing(_: Path) -> None:
    """Begin a generation without documents."""


@contextmanager
def logging(folder: Path) -> Generator[tuple[Journal, Callable[[list[list[tuple[str, int]]]], None]]]:
    """Open the journal in *folder*, with a way to log transactions and wait until they are durable."""
    loop = asyncio.new_event_loop()
    journal = Journal(folder)
    journal.begin(nothing)
    journal.start(loop)
    yield journal, lambda groups: loop.run_until_complete(log(journal, groups))
    journal.close()
    loop.close()


async def log(journal: Journal, groups: list[list[tuple[str, int]]]) -> None:
    for group in groups:
        with journal.transaction():
            for change in group:
                journal.append(*change)
    await journal.durable()


def read(folder: Path) -> list[list[Any]]:
    return list(Journal(folder).read()[1])


@settings(max_examples=30)
@given(groups=transactions, cut=st.integers(0, 400))
def test_a_log_that_ends_early_holds_whole_transactions(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[tuple[str, int]]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with logging(folder) as (_, transact):
        transact(groups)
    written = [[list(change) for change in group] for group in groups]
    assert read(folder) == written

    changes = folder / "000001" / CHANGES
    changes.write_bytes(changes.read_bytes()[:cut])

    kept = read(folder)
    assert kept == written[: len(kept)]
    assert len(kept) == changes.read_bytes().count(b"\n")


def test_a_new_generation_replaces_the_old(tmp_path: Path) -> None:
    def write_state(folder: Path) -> None:
        (folder / "state.json").write_text("{}")

    with logging(tmp_path) as (journal, transact):
        transact([[("a", 1)]])
        journal.begin(write_state)
        transact([[("b", 2)]])

    assert [path.name for path in tmp_path.iterdir()] == ["000002"]
    documents, changes = Journal(tmp_path).read()
    assert (documents, list(changes)) == ({"state": b"{}"}, [[["b", 2]]])


def test_a_generation_that_fails_changes_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half.json").write_text("{")
        raise OSError(errno.ENOSPC, "disk full")

    with logging(tmp_path) as (journal, transact):
        transact([[("a", 1)]])
        with pytest.raises(OSError, match="disk full"):
            journal.begin(fail)
        transact([[("b", 2)]])

    documents, changes = Journal(tmp_path).read()
    assert (documents, list(changes)) == ({}, [[["a", 1]], [["b", 2]]])


def test_a_saved_document_is_the_last_one(tmp_path: Path) -> None:
    with logging(tmp_path) as (journal, _):
        for version in range(3):
            journal.save("iot", json.dumps(version).encode())

    assert Journal(tmp_path).read()[0] == {"iot": b"2"}


def test_nothing_is_acknowledged_once_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "disk full")

    with logging(tmp_path) as (_, transact):
        transact([[("kept", 1)]])
        monkeypatch.setattr("infra.local.journal._sync", refuse)
        for _ in range(2):
            with pytest.raises(JournalBroken, match="disk full"):
                transact([[("lost", 2)]])

    assert read(tmp_path)[0] == [["kept", 1]]
