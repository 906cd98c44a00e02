"""What a block costs: bytes a reading by series, beside other encodings, and the time to encode and decode.

``python -m tests.benchmarks.readings``. The series are those that a size is promised for, in blocks of an hour, a day
or a month. Times are of the processor, each way in turn, the median and the best of several runs.
"""

from __future__ import annotations

import io
import json
import random
import statistics
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from tests.benchmarks.tables import SEED, Cell, Table
from tests.unit.domain.frames import promised
from whimbrel.domain import codec
from whimbrel.domain.series import Frame, Series, Value

RUNS = 15
LEAST_NS = 2_000_000
"""What is shorter is repeated within a run."""
GOALS = {"encode arrays, numpy": 45, "decode arrays, numpy": 15}


def main() -> None:
    """Print the tables."""
    for table in tables():
        print(table)


def tables(seed: int = SEED) -> list[Table]:
    """Return bytes by series and encoding, and nanoseconds by series and way."""
    found = promised(random.Random(seed))
    return [_sizes(found), _times(found)]


def _sizes(found: dict[str, tuple[Frame, float, float]]) -> Table:
    table = Table(
        "Bytes a reading",
        ("series", "readings", "entropy", "to reach", "ours", "pcodec", "Gorilla", "Parquet", "JSON, deflated"),
        note=(
            "Entropy is that of order 0, of the steps. Ours has the versions, keys of sensors and checksum in it, the"
            " others timestamps and values only. pcodec: a chunk for each, its default level. Gorilla: counted by its"
            " published rules, at a millisecond. Parquet: as exports"
            " are, by arro3 with Zstandard; its footer counts, too."
        ),
    )
    for name, (frame, entropy, spare) in found.items():
        count = sum(map(len, frame.values()))
        with _numpy():
            block = codec.encode(frame)
        others: list[Cell] = [
            "-" if size is None else f"{size / count:.2f}"
            for size in (_pcodec(frame), _gorilla(frame), _parquet(frame), _deflated_json(frame))
        ]
        sizes = (f"{entropy:.2f}", f"{entropy + spare:.2f}", f"{len(block) / count:.2f}")
        table.rows.append((name, count, *sizes, *others))
    return table


def _times(found: dict[str, tuple[Frame, float, float]]) -> Table:
    ways = ("encode", "decode", "encode, numpy", "decode, numpy", *GOALS)
    table = Table(
        "Nanoseconds of the processor a reading",
        ("series", *ways),
        note=(
            f"Median of {RUNS} runs, and the best. Lists of Python's numbers unless it says arrays; the standard"
            " library alone unless it says numpy. To reach, in hour blocks: "
            + ", ".join(f"{way} {most}" for way, most in GOALS.items())
            + "."
        ),
    )
    for name, (frame, _, _) in found.items():
        count = sum(map(len, frame.values()))
        block = codec.encode(frame)
        plain = [_nanoseconds(partial(codec.encode, frame), count), _nanoseconds(partial(codec.decode, block), count)]
        with _numpy():
            arrays = codec.decode_arrays(block)
            calls = (
                partial(codec.encode, frame),
                partial(codec.decode, block),
                partial(codec.encode, arrays),
                partial(codec.decode_arrays, block),
            )
            timed = [_nanoseconds(call, count) for call in calls]
        table.rows.append((name, *plain, *timed))
    return table


class _numpy:  # noqa: N801 (a context, used like a function)
    """Has the codec use numpy for a while."""

    def __enter__(self) -> None:
        assert codec.vectorise()

    def __exit__(self, *_: object) -> None:
        codec._vectorised = None


def _nanoseconds(call: Callable[[], object], count: int) -> str:
    """Return the median and the least of what *call* takes of the processor, over *count* readings each."""
    began = time.process_time_ns()
    call()
    times = 1 + LEAST_NS // max(1, time.process_time_ns() - began)
    taken: list[float] = []
    for _ in range(RUNS):
        began = time.process_time_ns()
        for _ in range(times):
            call()
        taken.append((time.process_time_ns() - began) / times / count)
    return f"{statistics.median(taken):.0f} ({min(taken):.0f})"


def _distinct(frame: Frame) -> Iterator[list[int]]:
    """Yield the timestamps, those that sensors share once."""
    yield from {id(series.timestamps): series.timestamps for series in frame.values()}.values()


def _numbers(series: Series) -> Any:
    """Return the values as an array; texts by their place in a dictionary."""
    if isinstance(series.values[0], str):
        words = sorted({str(value) for value in series.values})
        return np.array([words.index(str(value)) for value in series.values], np.uint16)
    if isinstance(series.values[0], bool):
        return np.array(series.values, np.uint16)
    return np.array(series.values)


def _pcodec(frame: Frame) -> int | None:
    try:
        pcodec: Any = import_module("pcodec")  # only where `make bench` installed it
        import_module("pcodec.standalone")
    except ImportError:
        return None
    arrays = [*map(np.array, _distinct(frame)), *map(_numbers, frame.values())]
    return sum(len(pcodec.standalone.simple_compress(array, pcodec.ChunkConfig())) for array in arrays)


def _parquet(frame: Frame) -> int:
    from arro3.core import Array
    from arro3.core import Table as Arrow
    from arro3.io import write_parquet

    columns: dict[str, Any] = {"timestamp": Array.from_numpy(np.array(next(_distinct(frame)), np.int64))}
    for number, series in enumerate(frame.values()):
        columns[f"value{number}"] = _arrow(series.values)
    stream = io.BytesIO()
    write_parquet(Arrow.from_pydict(columns), stream, compression="zstd(3)")
    return len(stream.getvalue())


def _arrow(values: list[Value]) -> Any:
    from arro3.core import Array, DataType

    if isinstance(values[0], str):
        return Array(values, DataType.utf8())
    return Array(values, DataType.bool()) if isinstance(values[0], bool) else Array.from_numpy(np.array(values))


def _deflated_json(frame: Frame) -> int:
    rows = [
        {"sensorId": "temperature", "timestamp": at, "value": value}
        for series in frame.values()
        for at, value in zip(series.timestamps, series.values, strict=True)
    ]
    return len(zlib.compress(json.dumps(rows, separators=(",", ":")).encode()))


def _gorilla(frame: Frame) -> int | None:
    """Return the bytes of delta-of-delta timestamps and XORed doubles; None: there are other values."""
    if not all(isinstance(series.values[0], float) for series in frame.values()):
        return None
    bits = sum(_gorilla_times(at) for at in _distinct(frame))
    bits += sum(_gorilla_values([float(value) for value in series.values]) for series in frame.values())
    return bits // 8 + 1


def _gorilla_times(at: list[int]) -> int:
    bits = 64 + 14
    deltas = np.diff(np.array(at))
    for change in np.diff(deltas).tolist():
        if not change:
            bits += 1
        elif -63 <= change <= 64:
            bits += 2 + 7
        elif -255 <= change <= 256:
            bits += 3 + 9
        elif -2047 <= change <= 2048:
            bits += 4 + 12
        else:
            bits += 4 + 32
    return bits


def _gorilla_values(values: list[float]) -> int:
    bits = 64
    words = [int.from_bytes(struct.pack(">d", value), "big") for value in values]
    leading = trailing = 65
    for before, now in pairwise(words):
        changed = before ^ now
        if not changed:
            bits += 1
            continue
        first = min(64 - changed.bit_length(), 31)
        last = (changed & -changed).bit_length() - 1
        if first >= leading and last >= trailing:
            bits += 2 + 64 - leading - trailing
        else:
            leading, trailing = first, last
            bits += 2 + 5 + 6 + 64 - leading - trailing
    return bits


if __name__ == "__main__":
    main()
