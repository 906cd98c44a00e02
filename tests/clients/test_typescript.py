"""A TypeScript client: generated from ``openapi.json`` by openapi-typescript, compiled strictly, and used."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from tests.e2e.launch import ROOT, Platform

FOLDER = ROOT / "tests" / "clients" / "typescript"


def run(*command: str) -> str:
    """Return what *command* says in the client's folder; if it fails, the test does, with all it says."""
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_generated_client_compiles_and_speaks_to_the_platform(a_platform: Callable[..., Platform]) -> None:
    run("npm", "run", "generate")
    run("npm", "run", "compile")
    platform = a_platform()

    said = json.loads(
        run("node", "build/smoke.js", f"http://127.0.0.1:{platform.http_port}", platform.credentials["apiKey"])
    )

    [site] = platform.call("GET", "/api/v1/sites").json()["items"]
    assert said == {
        "site": {"id": site["id"], "timezone": "Europe/Berlin", "address": None},
        "names": ["Thermometer"],
        "next": None,
        "problem": {"status": 404, "code": "not-found", "type": "application/problem+json"},
    }
