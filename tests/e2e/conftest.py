"""One synthesis for all, and one platform with real worker processes and policies enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import gating
from tests.e2e.launch import Platform


@pytest.fixture(scope="session")
def assembly() -> Path:
    """The cloud assembly of the checkout."""
    with gating.assembled(gating.WITH_CODE, with_code=True) as folder:
        return folder


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, assembly: Path) -> Iterator[Platform]:
    """The deployed platform as close to AWS as it gets here: Lambdas from their artefacts, IAM and IoT enforced."""
    platform = Platform(tmp_path_factory.mktemp("platform"), assembly, workers=True, enforce_iam=True)
    platform.start()
    yield platform
    platform.stop()


@pytest.fixture
def a_platform(tmp_path: Path, assembly: Path) -> Iterator[Callable[..., Platform]]:
    """Return a maker of platforms of the test's own, hosted as ``make run`` does; killed if still running."""
    made: list[Platform] = []

    def make(**options: Any) -> Platform:
        made.append(Platform(tmp_path / str(len(made)), assembly, **options))
        made[-1].start()
        return made[-1]

    yield make
    for platform in made:
        platform.kill()
