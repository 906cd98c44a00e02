"""The installed ``whimbrel`` against the platform: from login to an archive, with devices of its own."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cli.client import AuthenticatedClient
from cli.client.api.sites import create_site, get_site
from cli.client.models.problem import Problem
from cli.client.models.site import Site
from cli.client.models.site_body import SiteBody
from tests.e2e.devices import eventually
from tests.e2e.launch import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("platform")]

WHIMBREL = Path(sys.executable).parent / "whimbrel"


class Shell:
    """A person with the command line, and a home of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    def run(self, *words: str, code: int = 0, stdin: str = "") -> str:
        """Return what a command prints; it ends with *code*."""
        done = subprocess.run(
            [WHIMBREL, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            env=self.environment,
            cwd=self.home,
            check=False,
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture
def shell(platform: Platform, tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    url = f"http://127.0.0.1:{platform.http_port}"
    shell.run("login", "--host", url, "--key", "-", stdin=platform.credentials["apiKey"] + "\n")
    return shell


def test_from_login_to_an_archive(shell: Shell, tmp_path: Path) -> None:
    (profiles,) = tmp_path.rglob("profiles.json")
    assert stat.S_IMODE(profiles.stat().st_mode) == 0o600

    registered = shell.json("devices", "register", "Pump", "--provision", "pump")
    assert {path.name for path in (tmp_path / "pump").iterdir()} == {"device.key", "device.pem", "ca.pem", "mqtt.json"}
    assert shell.json("devices", "get", registered["deviceId"])["status"] == "PENDING"

    words = ("simulate", "--devices", "3", "--interval", "1s", "--folder", "keys", "--name", "weather", "--count")
    simulated, again = shell.json(*words, "2"), shell.json(*words, "1")
    assert (simulated["messages"], again["messages"]) == (6, 3)
    assert simulated["devices"] == again["devices"]
    assert len(shell.json("devices", "list", "--tag", "simulated", "--q", "weather")) == 3

    for device in simulated["devices"]:
        query = ("readings", "query", "--device", device, "--key", "temperature", "--last", "1h")
        found = eventually(lambda query=query: shell.json(*query)["points"], lambda points: len(points) == 3)
        assert all(-10 < point["value"] < 40 for point in found)

    scope = ("--scope-type", "DEVICE", "--scope-id", simulated["devices"][0], "--format", "CSV")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400))
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400))
    window = ("--from", day, "--to", until, "--includes", "READINGS", "--wait", "-o", "out.zip")
    done = shell.json("exports", "create", *scope, *window)
    assert (done["status"], done["readingCount"]) == ("READY", 15)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert len(archive.read("readings.csv").decode().splitlines()) == 16


def test_the_generated_client_works_by_itself(platform: Platform) -> None:
    url = f"http://127.0.0.1:{platform.http_port}"
    with AuthenticatedClient(url, platform.credentials["apiKey"]) as client:
        made = create_site.sync(client=client, body=SiteBody("Roof"))
        assert isinstance(made, Site)
        assert get_site.sync(made.id, client=client) == made
        missing = get_site.sync_detailed("019bb77c-e000-7bfd-8f53-4284ae410328", client=client)
    assert isinstance(missing.parsed, Problem)
    assert (missing.status_code, missing.parsed.code) == (404, "not-found")


def test_a_file_is_imported(shell: Shell, tmp_path: Path) -> None:
    device = shell.json("devices", "create", "--name", "Pump")["id"]
    (tmp_path / "history.csv").write_text(
        "timestamp,sensorId,value\n2026-01-01T00:00:00Z,t,1\n2026-01-02T00:00:00Z,t,2\n"
    )

    done = shell.json("readings", "import", "history.csv", "--device-id", device, "--wait")
    assert done["status"] == "SUCCEEDED", done
    points = shell.json("readings", "query", "--device", device, "--key", "t")["points"]
    assert sorted(point["value"] for point in points) == [1, 2]


def test_ctrl_c_ends_a_simulation_and_a_revoked_device_is_told(shell: Shell, tmp_path: Path) -> None:
    words = ("simulate", "--devices", "1", "--folder", "keys", "--name", "revoked")
    with subprocess.Popen(
        [WHIMBREL, *words], stderr=subprocess.PIPE, text=True, env=shell.environment, cwd=tmp_path
    ) as process:
        assert process.stderr
        assert "connected: 1" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert "published: " in process.stderr.read()
    assert process.returncode == 130

    (device,) = shell.json("devices", "list", "--q", "revoked")
    for certificate in shell.json("certificates", "list", device["id"]):
        shell.run("certificates", "revoke", device["id"], certificate["id"])
    shell.run(*words, code=5)
