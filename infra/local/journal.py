"""A write-ahead log: what was acknowledged is on disk, whatever becomes of the process.

State lives in numbered *generations*, one folder each: a document per service (``<name>.json``) as of the generation's
beginning, and ``changes.jsonl`` with what has changed since, a line per change or transaction. A document may also be
replaced as a whole. Changes are written and synced in groups by one thread, and an answer waits for its group.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

Change = list[Any]
"""A kind and its arguments, all JSON."""

CHANGES = "changes.jsonl"
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class JournalBroken(Exception):
    """The disk refused a write: nothing may be acknowledged until a restart has read back what is really there."""


class Journal:
    """The log of the newest generation in *folder*.

    Reading comes first, then ``begin`` and ``start``. Any thread may log changes; ``begin`` and ``durable`` belong to
    the event loop's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generation = _newest(folder)
        self._changed = threading.Condition()
        self._writing = threading.Lock()  # held by whoever writes files; taken before _changed
        self._lines: list[bytes] = []
        self._documents: dict[str, bytes] = {}
        self._group: list[Change] | None = None
        self._file: BinaryIO = io.BytesIO()
        self._writer: threading.Thread | None = None
        self._closing = False
        self._appended = 0
        self._durable = 0
        self._broken: OSError | None = None
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.size = 0
        """Bytes of changes in this generation."""

    def read(self) -> tuple[dict[str, bytes], Iterator[list[Change]]]:
        """Return the documents, and the transactions in their order. A line that was cut off was never acknowledged."""
        here = self._folder / f"{self._generation:06d}"
        documents = {path.stem: path.read_bytes() for path in here.glob("*.json")}
        changes = here / CHANGES
        lines = changes.read_bytes().splitlines(keepends=True) if changes.exists() else []
        return documents, (json.loads(line) for line in lines if line.endswith(b"\n"))

    def begin(self, write_documents: Callable[[Path], None]) -> None:
        """Start a generation from the documents that *write_documents* puts into a folder, and drop the one before.

        Nothing is appended meanwhile. What is already applied but not yet written is in those documents.
        """
        with self._writing, self._changed:
            following = self._folder / f"{self._generation + 1:06d}"
            part = following.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            write_documents(part)
            file = (part / CHANGES).open("xb", buffering=0)
            part.rename(following)
            self._file.close()
            self._file = file
            sync_folder(self._folder)
            shutil.rmtree(self._folder / f"{self._generation:06d}", ignore_errors=True)
            self._generation += 1
            self.size = 0
            self._lines.clear()
            self._documents.clear()
            self._durable = self._appended
        self._release()

    def append(self, *change: Any) -> None:
        """Log a change that has just been made to the state in memory."""
        with self._changed:
            if self._group is None:
                self._put([list(change)])
            else:
                self._group.append(list(change))

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Log the changes made inside as one: after a crash there will be all of them or none."""
        with self._changed:
            self._group = []
            try:
                yield
            finally:
                group, self._group = self._group, None
                if group:
                    self._put(group)

    def save(self, name: str, document: bytes) -> None:
        """Replace the document *name*."""
        with self._changed:
            self._documents[name] = document
            self._appended += 1
            self._changed.notify()

    async def durable(self) -> None:
        """Return when everything logged so far is on disk.

        Raises:
            JournalBroken: it will not be.
        """
        if self._broken is None and self._durable < self._appended:
            written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((self._appended, written))
            await written
        if self._broken is not None:
            raise JournalBroken(str(self._broken))

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write what is logged from now on, and wake on *loop* who waits for it."""
        self._loop = loop
        self._writer = threading.Thread(target=self._write_forever, name="journal", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Write what is still to be written, and log no more."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._writer is not None:
            self._writer.join()
        self._file.close()

    def _put(self, transaction: list[Change]) -> None:
        self._lines.append(json.dumps(transaction, separators=(",", ":")).encode() + b"\n")
        self._appended += 1
        self._changed.notify()

    def _write_forever(self) -> None:
        while self._broken is None:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._documents or self._closing)
                if not (self._lines or self._documents):
                    return
            with self._writing:
                with self._changed:
                    lines, self._lines = self._lines, []
                    documents, self._documents = self._documents, {}
                    reached = self._appended
                try:
                    self._write(lines, documents)
                except OSError as error:
                    self._broken = error
                self._durable = reached
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._release)

    def _write(self, lines: list[bytes], documents: dict[str, bytes]) -> None:
        if lines:
            group = b"".join(lines)
            if self._file.write(group) != len(group):
                raise OSError("The disk took only a part of the changes.")
            _sync(self._file.fileno())
            self.size += len(group)
        for name, document in documents.items():
            replace_file(self._folder / f"{self._generation:06d}" / f"{name}.json", document)

    def _release(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._durable:
            _, written = self._waiting.popleft()
            if not written.done():  # a caller that went away has cancelled it
                written.set_result(None)


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put *content* at *path*, whole or not at all, and on disk before returning."""
    temporary = path.with_name(path.name + ".tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _newest(folder: Path) -> int:
    """Return the number of the newest generation, 0 if there is none; unfinished ones (``.part``) do not count."""
    folder.mkdir(parents=True, exist_ok=True)
    return max((int(path.name) for path in folder.iterdir() if path.name.isdigit()), default=0)
