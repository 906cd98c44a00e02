"""The Lambdas as such, and what is in their artefacts."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.catalogue import FUNCTIONS, Function
from infra.stacks.code import ROOT, Code, compile_tree
from tests.infra.assembly import Assembly

MONTH_DAYS = 30


def artefact(assembly: Assembly, function: str) -> Path:
    """Return the directory that a function's code is zipped from."""
    key = assembly.functions()[function]["Code"]["S3Key"]
    return assembly.directory / f"asset.{key.removesuffix('.zip')}"


def test_the_catalogue_and_the_template_agree(assembly: Assembly) -> None:
    assert set(assembly.functions()) == {spec.name for spec in FUNCTIONS}


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_a_function_is_as_the_catalogue_says(assembly: Assembly, spec: Function) -> None:
    function = assembly.functions()[spec.name]

    assert function["Handler"] == spec.import_path
    assert function["MemorySize"] == spec.memory_mb
    assert function["Timeout"] == spec.timeout_s
    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == "python3.13"
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    layers = [re.sub(r"\W|Functions|\w{8}>$", "", assembly.text(layer)) for layer in function["Layers"]]
    assert layers == ["Core", "Vendor", *(["Columnar"] if spec.columnar else [])]


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_an_artefact_holds_its_folders_and_no_others(assembly: Assembly, spec: Function) -> None:
    package = artefact(assembly, spec.name) / "functions"

    folders = {path.name for path in package.iterdir() if path.is_dir()}
    assert folders == {folder for folder in spec.folders if (ROOT / "functions" / folder).is_dir()}
    assert {path.name for path in package.iterdir() if path.is_file()} == {"__init__.py", "catalogue.py", "entry.py"}
    assert not list(package.rglob("__pycache__"))


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_a_handler_is_in_its_artefact(assembly: Assembly, spec: Function) -> None:
    module, _, _ = spec.import_path.rpartition(".")

    assert (artefact(assembly, spec.name) / f"{module.replace('.', '/')}.py").is_file()


def test_the_function_that_publishes_the_document_carries_it(assembly: Assembly) -> None:
    published = artefact(assembly, "reference") / "openapi.json"

    assert json.loads(published.read_text()) == json.loads((ROOT / "openapi.json").read_text())
    assert not (artefact(assembly, "fleet") / "openapi.json").exists()


def test_every_function_logs_to_a_group_that_forgets(assembly: Assembly) -> None:
    groups = assembly.of_type("AWS::Logs::LogGroup")
    own = [assembly.text(function["LoggingConfig"]["LogGroup"]) for function in assembly.functions().values()]

    assert len(set(own)) == len(FUNCTIONS)
    assert {name.strip("<>") for name in own} < set(groups)
    assert {group["RetentionInDays"] for group in groups.values()} == {MONTH_DAYS}


def test_layers_are_laid_out_as_lambda_expects(assembly: Assembly) -> None:
    layers = assembly.of_type("AWS::Lambda::LayerVersion")
    [core] = [layer for name, layer in layers.items() if "Core" in name]
    tree = assembly.directory / f"asset.{core['Content']['S3Key'].removesuffix('.zip')}"

    assert (tree / "python" / "whimbrel" / "settings.py").is_file()
    assert {tuple(layer["CompatibleArchitectures"]) for layer in layers.values()} == {("arm64",)}
    assert {tuple(layer["CompatibleRuntimes"]) for layer in layers.values()} == {("python3.13",)}


def test_a_layer_that_was_not_built_stops_the_synthesis(tmp_path: Path) -> None:
    code = Code(tmp_path / "staging", vendored=tmp_path / "nothing")

    with pytest.raises(FileNotFoundError, match=r"python -m infra\.layers"):
        code.layer("vendor")


def test_an_artefact_has_bytecode_for_every_module(tmp_path: Path) -> None:
    code = Code(tmp_path, python=sys.executable, version=sys.version_info[:2])

    trees = [Path(tree) for tree in (code.core(), *(code.of(spec) for spec in FUNCTIONS))]

    for tree in trees:
        modules = list(tree.rglob("*.py"))
        assert modules
        assert {Path(importlib.util.cache_from_source(str(module))) for module in modules} == set(tree.rglob("*.pyc"))


def test_bytecode_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        Code(tmp_path, python=sys.executable, version=(3, 9)).core()


def test_nothing_of_the_checkout_is_deployed_but_functions_and_the_layer(assembly: Assembly) -> None:
    allowed = {"functions", "openapi.json", "python"}
    trees = [path for path in assembly.directory.glob("asset.*") if path.is_dir()]

    assert trees
    for tree in trees:
        assert {path.name for path in tree.iterdir()} <= allowed
        assert [path for path in tree.rglob("*") if path.name == "tests" or path.name.startswith("test_")] == []


def test_bytecode_is_believed_whatever_became_of_its_source(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text("print('as compiled')\n")

    compile_tree(sys.executable, tmp_path, runs_at="/var/task", version=sys.version_info[:2])

    compiled = Path(importlib.util.cache_from_source(str(source))).read_bytes()
    unchecked_hash = 0b01
    assert int.from_bytes(compiled[4:8], "little") == unchecked_hash
    assert b"/var/task/module.py" in compiled
    assert str(tmp_path).encode() not in compiled
    source.write_text("print('changed')\n")
    ran = subprocess.run([sys.executable, "-c", "import module"], cwd=tmp_path, check=True, capture_output=True)
    assert ran.stdout == b"as compiled\n"


def test_equal_sources_make_equal_artefacts(tmp_path: Path) -> None:
    spec = next(spec for spec in FUNCTIONS if spec.name == "fleet")

    first, second = (Path(Code(tmp_path / name).of(spec)) for name in ("a", "b"))

    assert contents(first) == contents(second)


def contents(tree: Path) -> dict[str, Any]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
