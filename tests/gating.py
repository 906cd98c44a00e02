"""The gate in tests: what the platform does in process is held to the policies of the template (``infra.isolation``).

It is shut wherever AWS is in process. A plugin of pytest: it says at the end what was judged, and a run in which
nothing was, or something that nobody has mapped to permissions, fails.
"""

from __future__ import annotations

import fcntl
import importlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any

import pytest

from functions.catalogue import FUNCTIONS, HTTP_FUNCTIONS
from infra.isolation.gate import Gate
from infra.isolation.policies import Policies, read
from infra.local.assembly import up_to_date

HANDLERS = {spec.name: spec.import_path for spec in FUNCTIONS}
PLACE = Path(__file__).parent.parent / ".pytest_cache" / "assembly"
WITH_CODE = PLACE.with_name("assembly-with-code")
_used = 0


@cache
def gate() -> Gate:
    """Return the gate of this process."""
    return Gate(policies(), by_hand=True)


@cache
def policies() -> Policies:
    """Return the policies of the checkout, about the tables and the bucket of the tests."""
    with assembled(PLACE, with_code=False) as folder:
        return read(folder, names={**os.environ, "COMPACT_QUEUE_URL": "https://sqs/compaction"})


@contextmanager
def assembled(place: Path, *, with_code: bool) -> Generator[Path]:
    """Keep in *place* an assembly of the checkout, made once for all processes and again when a source has changed."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield up_to_date(place, with_code=with_code).folder


@contextmanager
def gated() -> Generator[None]:
    """Shut the gate inside the block."""
    global _used  # noqa: PLW0603 (for the verdict on the run)
    _used += 1
    with gate().shut():
        yield


def be_functions() -> None:
    """Have every handler be its function, whoever calls it; before anybody imports one.

    HTTP functions are called by the tests' gateway, which says so itself.
    """
    for spec in set(FUNCTIONS) - set(HTTP_FUNCTIONS):
        path, _, name = spec.import_path.rpartition(".")
        module = importlib.import_module(path)
        setattr(module, name, acting(spec.import_path, getattr(module, name)))


def acting(import_path: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return *handler* as the function of that import path."""

    @wraps(handler)
    def act(*arguments: Any) -> Any:
        if not _used:
            return handler(*arguments)
        with gate().acting_as(import_path):
            return handler(*arguments)

    return act


def pytest_sessionfinish(session: pytest.Session) -> None:
    told = {"used": _used, "judged": gate().judged, "unmapped": gate().unmapped} if _used else {}
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["gate"] = told
    else:
        _reports.append(told)
        if sum(report.get("used", 0) for report in _reports) and not _passed():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


_reports: list[dict[str, Any]] = []
"""Of each process of the run."""


def _passed() -> bool:
    judged = sum(report.get("judged", 0) for report in _reports)
    return judged > 0 and not any(report.get("unmapped") for report in _reports)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _reports.append(getattr(node, "workeroutput", {}).get("gate", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if any(_reports):
        judged = sum(report.get("judged", 0) for report in _reports)
        unmapped = sorted({call for report in _reports for call in report.get("unmapped", ())})
        terminalreporter.write_line(f"gate: {judged:,} calls judged, unmapped: {', '.join(unmapped) or 'none'}")
