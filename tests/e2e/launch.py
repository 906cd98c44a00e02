"""Starts platforms as processes of their own, and speaks to them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = ("-m", "infra.local")
PATIENCE_S = 60.0
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Answer:
    """What came back; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Platform:
    """A platform with its state in *state_dir*; ``start`` may be called again after ``stop`` or ``kill``."""

    state_dir: Path
    assembly: Path
    workers: bool = False
    enforce_iam: bool = False
    launcher: tuple[str, ...] = LAUNCHER
    http_port: int = field(default_factory=a_free_port)
    mqtt_port: int = field(default_factory=a_free_port)

    def start(self) -> None:
        """Start it and return when it answers; its output is in the error if it does not."""
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
            "WHIMBREL_STATE_DIR": str(self.state_dir),
            "WHIMBREL_HTTP_PORT": str(self.http_port),
            "WHIMBREL_MQTT_PORT": str(self.mqtt_port),
            "WHIMBREL_WORKERS": str(self.workers),
            "AUTH": str(self.enforce_iam),
            "PYTHONPATH": str(ROOT),
        }
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self._written.unlink(missing_ok=True)
        with (self.state_dir / "console.out").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *self.launcher, "--assembly", str(self.assembly)],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"The platform did not start:\n{self.output()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would: nothing is flushed, nobody says good-bye."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as Ctrl-C does, and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    @property
    def credentials(self) -> dict[str, Any]:
        return json.loads(self._written.read_text())

    def output(self) -> str:
        """Return what it has said and logged."""
        paths = (self.state_dir / "console.out", self.state_dir / "platform.log")
        return "\n".join(path.read_text(errors="replace")[-8000:] for path in paths if path.exists())

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request to the API as the first organization, or with another *key* (empty for none)."""
        credential = self.credentials["apiKey"] if key is None else key
        given = {"Authorization": f"Bearer {credential}"} if credential else {}
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given |= {"Content-Type": "application/json"} if content is not None else {}
        connection = HTTPConnection("127.0.0.1", self.http_port, timeout=30)
        try:
            connection.request(method, path, content, given | (headers or {}))
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def aws(self, service: str) -> Any:
        """Return a boto3 client of the emulator, which does not try again."""
        client: Any = boto3.client
        return client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.http_port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10, signature_version="s3v4")
            if service == "s3"
            else Config(retries={"total_max_attempts": 1}, read_timeout=10),
        )

    @property
    def _written(self) -> Path:
        return self.state_dir / "credentials.json"

    def _is_ready(self) -> bool:
        if not self._written.exists():
            return False
        try:
            return self.call("GET", "/api/health/ready", key="").status == 200
        except OSError:
            return False
