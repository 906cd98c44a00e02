"""How fast rows become an archive: ``python -m tests.benchmarks.export_rows [rows]``; one core, no network."""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Iterator

import numpy as np

from functions.exports.contents import READING_COLUMNS
from functions.exports.draft import DEFLATE_LEVELS, WRITERS
from whimbrel.domain.archive import Archive
from whimbrel.domain.series import ValueType
from whimbrel.domain.tabular import Batch
from whimbrel.ids import Id

ROWS = 2_000_000
HOUR = 3_600


class Counting:
    """A stream that counts what it swallows."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Do nothing."""


def hours(rows: int) -> Iterator[Batch]:
    """Yield a sensor's readings at 1 Hz with 8 ms of jitter and a resolution of 0.1, an hour at a time."""
    ids = {name: Id.new() for name in ("deviceId", "componentId", "sensorId")}
    constant = {**ids, "sensorKey": "temperature", "valueType": "DOUBLE", "unit": "Cel", "metadata": None}
    # Arrays, as blocks are read.
    values = np.array([round(20 + 5 * math.sin(second / 600) + second % 7 / 10, 1) for second in range(HOUR)])
    for start in range(0, rows, HOUR):
        seconds = np.arange(start, start + HOUR)
        timestamps = 1_700_000_000_000 + seconds * 1_000 + seconds * 31 % 8
        yield Batch(HOUR, {"timestamp": timestamps, "value": values}, constant, ValueType.DOUBLE)


def main() -> None:
    """Print a line for each format."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    for form, write in WRITERS.items():
        stream = Counting()
        archive = Archive(stream, [], level=DEFLATE_LEVELS[form])
        begun = time.process_time()
        archive.add("readings", lambda sink, write=write: write(READING_COLUMNS, hours(rows), sink))
        archive.close()
        took = time.process_time() - begun
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{form:8} {rows / took / 1e6:5.2f} M rows/s {stream.size / rows:6.2f} B/row, peak {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
