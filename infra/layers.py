"""Build the layers of third-party wheels: ``python -m infra.layers --python /path/to/python3.13``.

Wheels only, hash-locked, for Linux on arm64 whatever machine this is: neither Docker nor a compiler takes part. With an
interpreter of the Lambda's version (``uv python install 3.13`` gets one) bytecode is compiled too; a cold start without
it takes 2.3 times as long.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from infra.stacks.code import ROOT, compile_tree

LAYERS = {"vendor": "runtime.txt", "columnar": "columnar.txt"}
PLATFORM = "aarch64-manylinux_2_28"
LAMBDA_LIMIT_BYTES = 262_144_000
"""What a function and all its layers may have unzipped."""

NOT_NEEDED = ("**/tests", "**/test", "**/__pycache__", "**/*.pyi", "**/*.pxd", "**/*.h", "bin")
"""Parts of wheels that nothing imports at run time. The dist-info stays: it has the licences."""


def build(name: str, *, python: str = "") -> int:
    """Build a layer anew, and return its size in bytes.

    Raises:
        subprocess.CalledProcessError: a wheel is missing for the platform, or its hash is not the locked one.
    """
    layer = ROOT / "layers" / name
    shutil.rmtree(layer, ignore_errors=True)
    packages = layer / "python"
    requirements = ROOT / "requirements" / LAYERS[name]
    # Without the project's configuration: its week of quarantine is for locking, and what is locked installs any day.
    command = [_uv(), "pip", "install", "--no-config", "--quiet", "--no-deps", "--require-hashes"]
    platform = ["--only-binary", ":all:", "--python-platform", PLATFORM, "--python-version", "3.13"]
    what = ["--target", str(packages), "--requirement", str(requirements)]
    subprocess.run([*command, *platform, *what], check=True)
    for pattern in NOT_NEEDED:
        for path in list(packages.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if python:
        compile_tree(python, layer, runs_at="/opt")
    return sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())


def _uv() -> str:
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        raise FileNotFoundError("uv is needed to build the layers: `make install` brings it.")
    return found


def main() -> None:
    """Build them all."""
    parser = argparse.ArgumentParser(description="Build the layers of third-party wheels.")
    parser.add_argument("--python", default="", help="a Python 3.13, to compile bytecode with")
    arguments = parser.parse_args()
    total = 0
    for name in LAYERS:
        size = build(name, python=arguments.python)
        total += size
        print(f"layers/{name}: {size / 1e6:.1f} MB")
    if total > LAMBDA_LIMIT_BYTES:
        raise SystemExit(f"The layers have {total:,} bytes; a function and its layers may have {LAMBDA_LIMIT_BYTES:,}.")
    if not arguments.python:
        print("No bytecode: before you deploy, name a Python 3.13 (--python, or PYTHON313=… for make).")


if __name__ == "__main__":
    main()
