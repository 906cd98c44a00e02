"""The platform with the mistake that the crash test is there to catch: it acknowledges first and writes later."""

from __future__ import annotations

import time

from infra.local import journal
from infra.local.__main__ import main

write = journal.Journal._write


async def acknowledge(_: journal.Journal) -> None:
    """Promise what is not yet true."""


def write_later(self: journal.Journal, lines: list[bytes], documents: dict[str, bytes]) -> None:
    time.sleep(0.05)
    write(self, lines, documents)


setattr(journal.Journal, "durable", acknowledge)  # noqa: B010 (the type of a method is not to be assigned)
setattr(journal.Journal, "_write", write_later)  # noqa: B010
main()
