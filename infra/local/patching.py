"""How the emulator's own functions are replaced: by name, and loudly when a name is gone."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Any

MADE_FOR = "1.5.33"


def replace(module: ModuleType | type, name: str, around: Callable[[Any], Any]) -> None:
    """Put ``around(original)`` in the place of *name*.

    Raises:
        SystemExit: this version of the emulator has no such name.
    """
    require(module, name)
    setattr(module, name, around(getattr(module, name)))


def require(module: ModuleType | type, *names: str) -> None:
    """Check that the emulator has *names*.

    Raises:
        SystemExit: it has not.
    """
    if missing := [name for name in names if not hasattr(module, name)]:
        raise SystemExit(
            f"ministack {version('ministack')} has no {module.__name__}.{', '.join(missing)}: "
            f"the local platform was made for {MADE_FOR}. Install that version, or revise infra/local."
        )
