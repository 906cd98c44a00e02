"""Runs every benchmark and writes ``docs/benchmarks.md``: ``python -m tests.benchmarks [--long] [--only NAMES]``.

Each is a process of its own, one after the other. What one of them prints is what the page has of it: what was left
out this time stays as it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tests.benchmarks.tables import SEED

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Written by `make bench`. Trust ratios more than times: the machine is a virtual one, and shared. Times are of the
processor (all threads), in this order: median, and beside it least and most, or what the table says. Everything that
chance decides follows from the seed {seed}.
"""

AIMS = """## Where it stands

| aim | to reach | shown by |
| --- | ---: | --- |
| write units a million readings, workload A / B / backfill | 5,000 / 5,000 / 1,200 | Costs |
| bytes billed a reading: walk at 1 Hz / 10 sensors every 60 s | 1.2 / 2.6 | Costs, Blocks |
| encode / decode, numpy, blocks of an hour | 45 / 15 ns | Blocks |
| ingest, body of 100 readings / 10,000 in columns | 1,300 / 400 ns | Ingestion |
| 30 days at 1 Hz by the hour, nine functions, raw | 150 ms | Queries |
| … from sums kept | 15 read units | Queries |
| export, CSV in a zip | 3 M rows/s | Exports |
| ingest CPU, bytes, one sensor's figures, export: level with VictoriaMetrics, InfluxDB, DuckDB | ratio ≤ 1 | Others |
"""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A section of the page, and the module that prints it."""

    title: str
    module: str
    about: str
    takes_long: bool = False


BENCHMARKS = (
    Benchmark(
        "Costs",
        "cost",
        "The real store against an exact DynamoDB in memory, each call counted as AWS bills it"
        " ([how](../tests/benchmarks/cost.py)).",
        takes_long=True,
    ),
    Benchmark("Blocks", "readings", "The codec alone ([how](../tests/benchmarks/readings.py))."),
    Benchmark(
        "Ingestion",
        "ingestion",
        "From the body to the block, and the handler of the queue with its emulated AWS"
        " ([how](../tests/benchmarks/ingestion.py)).",
    ),
    Benchmark(
        "Queries",
        "queries",
        "A month of a sensor at 1 Hz by the hour ([how](../tests/benchmarks/queries.py)).",
    ),
    Benchmark("Exports", "export_rows", "Rows to an archive ([how](../tests/benchmarks/export_rows.py))."),
    Benchmark(
        "Others",
        "peers",
        "The same data through VictoriaMetrics, InfluxDB and DuckDB, in turn, each made anew for each round"
        " ([rules and code](../tests/benchmarks/peers.py)). Servers are counted by their processes' CPU, over loopback"
        " HTTP; libraries by this process's. Bulk is a month of a sensor at 1 Hz in requests of 50,000 and a day of 100"
        " devices of ten sensors, until all is merged and at rest. Bytes are files for the others and, for us, what"
        " DynamoDB would bill, log included, with versions that the others do not keep. Of *Whimbrel, HTTP*, ours is"
        " the CPU of the Lambdas' processes: authorizer, SDK and JSON to DynamoDB included; the emulator of API"
        " Gateway, DynamoDB and S3 is counted apart and is in what a caller waits for. A Lambda's start is not"
        " counted. Exports are CSV: ours has nine columns and is zipped, theirs are plain. *First* is the first query"
        " after ingestion, *again* the next ones, with what each system keeps by default: VictoriaMetrics its result,"
        " we the sums of whole days.",
    ),
    Benchmark("Imports", "cold_start", "What loading each Lambda takes ([how](../tests/benchmarks/cold_start.py))."),
)


def main() -> int:
    """Run what was asked for, write the page, and return how many failed."""
    parser = argparse.ArgumentParser(description="Measure, and write docs/benchmarks.md.")
    parser.add_argument("--long", action="store_true", help="fleets of full size: an hour or so")
    parser.add_argument("--only", nargs="*", metavar="NAME", help=", ".join(each.module for each in BENCHMARKS))
    arguments = parser.parse_args()
    sections = _sections(PAGE.read_text() if PAGE.exists() else "")
    failed = 0
    for benchmark in BENCHMARKS:
        if arguments.only and benchmark.module not in arguments.only:
            continue
        print(f"== {benchmark.module}", flush=True)
        said = _ran(benchmark, long=arguments.long)
        failed += said is None
        if said:
            sections[benchmark.title] = said
            print(said, flush=True)
        kept = [sections[each.title] for each in BENCHMARKS if each.title in sections]
        PAGE.write_text("\n".join([HEAD.format(seed=SEED), AIMS, *kept]))
    return failed


def _ran(benchmark: Benchmark, *, long: bool) -> str | None:
    """Return the section that a benchmark makes; None: it failed."""
    command = [sys.executable, "-m", f"tests.benchmarks.{benchmark.module}"]
    command += ["--long"] if long and benchmark.takes_long else []
    began = time.monotonic()
    ran = subprocess.run(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True, check=False)
    took = time.monotonic() - began
    # One that judges says so by its exit code, and has printed its figures all the same.
    if not ran.stdout.strip():
        print(f"{benchmark.module} failed", file=sys.stderr)
        return None
    body = ran.stdout.strip() if "\n|" in ran.stdout else f"```\n{ran.stdout.strip()}\n```"
    when = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {took:.0f} s."
    return f"## {benchmark.title}\n\n{benchmark.about}\n\n{body}\n\n_{when}_\n"


def machine() -> str:
    """Return what it was measured on."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    busy = f"load {os.getloadavg()[0]:.1f}"
    return f"{model}, {os.cpu_count()} cores, {busy}, Python {platform.python_version()}, numpy {np.__version__}"


def _sections(page: str) -> dict[str, str]:
    """Return the sections of an earlier page, by title."""
    parts = re.split(r"(?m)^(?=## )", page)[1:]
    return {part.splitlines()[0].removeprefix("## "): part.rstrip() + "\n" for part in parts}


if __name__ == "__main__":
    sys.exit(main())
