"""One synthesis for all: the entry point that deployments use, in a process of its own."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import gating
from tests.infra.assembly import STAGE, Assembly

ROOT = Path(__file__).resolve().parents[2]


def synthesize(directory: Path, **context: Any) -> Assembly:
    """Return the assembly of a stage with settings of its own."""
    environment = os.environ | {
        "CDK_OUTDIR": str(directory),
        "CDK_CONTEXT_JSON": json.dumps({"stage": STAGE} | context),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    }
    subprocess.run([sys.executable, "-m", "infra.app"], cwd=ROOT, env=environment, check=True, capture_output=True)
    return Assembly(directory)


@pytest.fixture(scope="session")
def synthesized() -> Assembly:
    """The assembly of the checkout, made once for all processes of the run."""
    with gating.assembled(gating.WITH_CODE, with_code=True) as folder:
        return Assembly(folder)


@pytest.fixture(scope="session")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The assembly of a stage whose readings go through a stream."""
    return synthesize(tmp_path_factory.mktemp("streaming"), ingestion="kinesis", ingestWindowSeconds=30)


@pytest.fixture
def assembly(synthesized: Assembly) -> Assembly:
    """The assembly, in a copy that a test may spoil."""
    spoilable = copy.copy(synthesized)
    spoilable.templates = copy.deepcopy(synthesized.templates)
    return spoilable


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    return json.loads((ROOT / "openapi.json").read_text())
