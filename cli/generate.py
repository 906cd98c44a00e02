"""Generates ``cli/client`` from ``openapi.json``: ``python -m cli.generate [--check]``.

The client speaks the main API only, and says each refusal once: every error is a problem.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CLIENT = ROOT / "cli" / "client"
LEFT_OUT = {"Reference", "Entity API", "Dots API"}
RUFF = ("ruff check . --fix-only --isolated --select=I,F401", "ruff format . --isolated --line-length=120")


def document() -> dict[str, Any]:
    """Return what of ``openapi.json`` the client speaks."""
    whole = json.loads((ROOT / "openapi.json").read_text())
    paths: dict[str, Any] = {}
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            if LEFT_OUT.isdisjoint(operation["tags"]):
                paths.setdefault(path, {})[method] = operation | {"responses": _by_class(operation["responses"])}
    schemas = whole["components"]["schemas"]
    wanted = _named(paths)
    while (more := wanted | _named([schemas[name] for name in wanted])) != wanted:
        wanted = more
    components = whole["components"] | {"schemas": {name: schemas[name] for name in sorted(wanted)}}
    return whole | {"paths": paths, "components": components}


def _by_class(responses: dict[str, Any]) -> dict[str, Any]:
    return {f"{status[0]}XX" if status >= "400" else status: answer for status, answer in responses.items()}


def _named(part: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(part)))


def generate(into: Path) -> None:
    """Write the client into the directory *into*, which is made anew.

    Raises:
        SystemExit: the generator cannot say a part of the document.
    """
    from openapi_python_client import generate
    from openapi_python_client.config import Config, ConfigFile, MetaType

    shutil.rmtree(into, ignore_errors=True)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        source = Path(folder, "openapi.json")
        source.write_text(json.dumps(document()))
        settings = Config.from_sources(ConfigFile(post_hooks=[*RUFF]), MetaType.NONE, source, "utf-8", True, into)  # noqa: FBT003
        faults = generate(custom_template_path=Path(__file__).parent / "templates", config=settings)
    if faults:
        raise SystemExit("\n".join(f"{fault.header}: {fault.detail}" for fault in faults))


def texts(folder: Path) -> dict[str, str]:
    """Return what is in the modules of *folder*, by path."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.py"))}


def main() -> int:
    """Generate the client, or with ``--check`` say whether the one there is current."""
    if "--check" not in sys.argv[1:]:
        generate(CLIENT)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder, "client"))
        if texts(Path(folder, "client")) == texts(CLIENT):
            return 0
    sys.stderr.write("cli/client is stale: run make client\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
