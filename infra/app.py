"""Where the CDK begins: reads the stage's settings, builds the stacks, nothing else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from aws_cdk import App, Tags

from infra.stacks.api import Api
from infra.stacks.code import ROOT, Code
from infra.stacks.platform import Platform
from infra.stacks.stage import Stage
from infra.stacks.storage import Storage


def build(app: App, *, staging: Path) -> None:
    """Add the stacks of the stage that *app*'s context describes; *staging* must last until they are built."""
    stage = Stage.of(app)
    code = Code(staging, python=stage.python, vendored=None if stage.is_local else ROOT / "layers")
    document = json.loads((ROOT / "openapi.json").read_text())
    storage = Storage(app, f"{stage.prefix}-storage", stage=stage)
    platform = Platform(app, f"{stage.prefix}-platform", stage=stage, storage=storage, code=code)
    api = Api(app, f"{stage.prefix}-api", stage=stage, document=document)
    api.add_stack_dependency(platform)
    Tags.of(app).add("whimbrel:stage", stage.name)


def context() -> dict[str, object]:
    """Return the context of ``cdk.json``, which only the CDK's own command would read for us."""
    return json.loads((ROOT / "cdk.json").read_text())["context"]


if __name__ == "__main__":
    whimbrel = App(context=context(), analytics_reporting=False)
    with tempfile.TemporaryDirectory() as directory:
        build(whimbrel, staging=Path(directory))
    whimbrel.synth()
