"""What a cold start costs: the CPU of importing each Lambda's entry, beside that of the SDK with one client.

Run with ``python -m tests.benchmarks.cold_start``. Each import is a fresh interpreter; the figure is the median of
nine, taken in turn with the reference's, so that a machine that slows down slows both. Bytecode is warm, as it is in
the artefacts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from functions.catalogue import FUNCTIONS, Function
from infra.stacks.code import Code

ROOT = Path(__file__).resolve().parents[2]
RUNS = 9
REFERENCE = "import boto3; boto3.client('dynamodb')"
LIMITS = {"ingest": 1.25}
LIMIT = 1.6
HEAVY = ("numpy", "pandas", "aws_xray_sdk", "arro3")

PROBE = """
import json, sys, time
before = time.process_time()
{statement}
print(json.dumps([time.process_time() - before, [name for name in {heavy!r} if name in sys.modules]]))
"""

ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/core/python'}",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


def measured(statement: str) -> tuple[float, list[str]]:
    """Return the CPU seconds of *statement* in a fresh interpreter, and which heavy packages it loaded."""
    probe = PROBE.format(statement=statement, heavy=HEAVY)
    ran = subprocess.run([sys.executable, "-c", probe], env=ENVIRONMENT, capture_output=True, check=True, text=True)
    seconds, heavy = json.loads(ran.stdout.splitlines()[-1])
    return seconds, heavy


def entry(function: Function) -> str:
    """Return the statement that loads a function as Lambda does."""
    module, _, name = function.import_path.rpartition(".")
    return f"import importlib; getattr(importlib.import_module({module!r}), {name!r})"


def main() -> int:
    """Print a line for each Lambda; fail where a limit is passed or an API function loads what it must not."""
    statements = {function.name: entry(function) for function in FUNCTIONS}
    for statement in (REFERENCE, *statements.values()):
        measured(statement)
    reference: list[float] = []
    taken: dict[str, list[float]] = {name: [] for name in statements}
    loaded: dict[str, list[str]] = {}
    for _ in range(RUNS):
        reference.append(measured(REFERENCE)[0])
        for name, statement in statements.items():
            seconds, loaded[name] = measured(statement)
            taken[name].append(seconds)
    base = statistics.median(reference)
    print(f"reference: {REFERENCE}: {base * 1000:.0f} ms CPU, median of {RUNS}")
    sizes = unpacked_kb()
    print(f"{'function':<14}{'ms':>6}{'ratio':>7}{'limit':>7}{'own kB':>8}{'layers kB':>11}  heavy")
    failed = False
    for function in FUNCTIONS:
        median = statistics.median(taken[function.name])
        limit = LIMITS.get(function.name, LIMIT)
        heavy = loaded[function.name]
        failed |= median / base > limit or bool(heavy)
        print(
            f"{function.name:<14}{median * 1000:>6.0f}{median / base:>7.2f}{limit:>7.2f}"
            f"{sizes[function.name].own:>8}{sizes[function.name].layers:>11}  {', '.join(heavy) or 'none'}"
        )
    return 1 if failed else 0


class Sizes(NamedTuple):
    """What Lambda unpacks for a function, in kB."""

    own: int
    layers: int


def unpacked_kb() -> dict[str, Sizes]:
    """Return the sizes by function: its artefact without bytecode, and its layers as ``make layers`` left them."""
    with tempfile.TemporaryDirectory() as staging:
        code = Code(Path(staging))
        always = size_kb(Path(code.core())) + size_kb(ROOT / "layers" / "vendor")
        columnar = size_kb(ROOT / "layers" / "columnar")
        return {
            function.name: Sizes(size_kb(Path(code.of(function))), always + (columnar if function.columnar else 0))
            for function in FUNCTIONS
        }


def size_kb(tree: Path) -> int:
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) // 1024


if __name__ == "__main__":
    sys.exit(main())
