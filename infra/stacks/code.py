"""What the Lambdas carry: a tree per function and the layers, copied from the checkout, with bytecode for their Python.

Bytecode is compiled here, by the interpreter of the Lambda's version, into a copy: beside the sources it would be
believed (``unchecked-hash``) by a developer's own Python 3.13, however stale. Without it a cold start takes 2.3 times
as long. The hash form keeps times out of the files, so that equal sources make equal artefacts.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from functions.catalogue import Function

ROOT = Path(__file__).resolve().parents[2]
LAMBDA_PYTHON = (3, 13)

SHARED_MODULES = ("__init__.py", "catalogue.py", "entry.py")
"""Modules of ``functions`` in every artefact."""

DOCUMENT_FOLDER = "reference"
"""The folder that publishes ``openapi.json``, and so carries it."""

VENDORED_LAYERS = ("vendor", "columnar")
_SOURCES_ONLY = shutil.ignore_patterns("__pycache__", "*.pyc")


class Code:
    """Directories to make assets from, below *staging*; they may go once the stacks are built.

    *python* is an interpreter of *version*, which compiles bytecode; without one there is none. *vendored* holds the
    layers that ``python -m infra.layers`` built; ``None`` leaves them empty.
    """

    def __init__(
        self,
        staging: Path,
        *,
        python: str = "",
        version: tuple[int, int] = LAMBDA_PYTHON,
        vendored: Path | None = None,
    ) -> None:
        self._staging = staging
        self._python = python
        self._version = version
        self._vendored = vendored

    def of(self, function: Function) -> str:
        """Return the tree of *function*: the shared modules and the folders it serves."""
        tree = self._staging / function.name
        package = tree / "functions"
        package.mkdir(parents=True)
        for name in SHARED_MODULES:
            if (ROOT / "functions" / name).exists():
                shutil.copy(ROOT / "functions" / name, package)
        for folder in function.folders:
            if (ROOT / "functions" / folder).exists():
                shutil.copytree(ROOT / "functions" / folder, package / folder, ignore=_SOURCES_ONLY)
        if DOCUMENT_FOLDER in function.folders:
            shutil.copy(ROOT / "openapi.json", tree)
        self._compile(tree, runs_at="/var/task")
        return str(tree)

    def core(self) -> str:
        """Return the tree of our own layer."""
        tree = self._staging / "layer-core"
        shutil.copytree(ROOT / "layers" / "core", tree, ignore=_SOURCES_ONLY)
        self._compile(tree, runs_at="/opt")
        return str(tree)

    def layer(self, name: str) -> str:
        """Return the tree of a layer of wheels.

        Raises:
            FileNotFoundError: it has not been built.
        """
        if self._vendored is None:
            tree = self._staging / f"layer-{name}"
            (tree / "python").mkdir(parents=True)
            (tree / "python" / "EMPTY").write_text("The wheels are in the environment that runs the Lambdas.\n")
            return str(tree)
        built = self._vendored / name
        if not (built / "python").is_dir():
            raise FileNotFoundError(f"{built} is not there: run `python -m infra.layers` first.")
        return str(built)

    def _compile(self, tree: Path, *, runs_at: str) -> None:
        if self._python:
            compile_tree(self._python, tree, runs_at=runs_at, version=self._version)


def compile_tree(python: str, tree: Path, *, runs_at: str, version: tuple[int, int] = LAMBDA_PYTHON) -> None:
    """Compile all of *tree* with the interpreter *python*; tracebacks will name *runs_at* in its place.

    Raises:
        subprocess.CalledProcessError: *python* is not of *version*, or a file does not compile.
    """
    is_version = f"import sys; sys.exit(sys.version_info[:2] != {version})"
    subprocess.run([python, "-c", is_version], check=True)
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(tree), "-p", runs_at]
    subprocess.run([python, "-m", "compileall", *options, str(tree)], check=True)
