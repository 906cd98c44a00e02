"""The command line against the gateway in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from cli import session
from cli.app import app
from tests.cli.bridge import Bridge
from tests.conftest import Organization

HOST = "https://whimbrel.test"


@dataclass
class Terminal:
    """Somebody with a key, at a terminal that is none."""

    key: str
    bridge: Bridge
    pauses: list[float]

    def run(self, *words: str, code: int = 0, input: str | None = None, **environment: str) -> Result:
        """Run a command, which ends with *code*."""
        variables = {"WHIMBREL_HOST": HOST, "WHIMBREL_API_KEY": self.key} | environment
        result = CliRunner().invoke(app, [*words], input=input, env=variables)
        assert result.exit_code == code, (words, result.exit_code, result.output, result.exception)
        assert self.key not in result.output
        return result

    def json(self, *words: str, **options: Any) -> Any:
        """Run a command with ``--json`` and return what it printed."""
        return json.loads(self.run(*words, "--json", **options).stdout)


@pytest.fixture
def bridge(aws: None, monkeypatch: pytest.MonkeyPatch) -> Bridge:
    bridge = Bridge()
    monkeypatch.setattr(session, "transport", lambda: bridge)
    return bridge


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept; nothing sleeps."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("WHIMBREL_HOST", "WHIMBREL_API_KEY", "WHIMBREL_PROFILE", "COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def terminal(organization: Organization, bridge: Bridge, pauses: list[float], home: Path) -> Terminal:
    return Terminal(organization.api_key, bridge, pauses)


@pytest.fixture
def refusing(bridge: Bridge) -> Callable[..., None]:
    """Return what makes the next answers: a status, or what to raise."""

    def refuse(*answers: int | Exception, **headers: str) -> None:
        waiting: Iterator[int | Exception] = iter(answers)

        def unless(request: httpx.Request) -> httpx.Response | None:
            answer = next(waiting, None)
            if isinstance(answer, Exception):
                raise answer
            if answer is None:
                return None
            problem = {"title": "Not now", "detail": "Later.", "code": "not-now", "requestId": "r-1"}
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return httpx.Response(answer, json=problem, headers=named)

        bridge.unless = unless

    return refuse
