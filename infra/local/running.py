"""From an assembly to a platform that answers, and back down."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from importlib.metadata import version
from pathlib import Path

from ministack.core import lambda_runtime
from ministack.services import iot
from rich.console import Console
from rich.table import Table

from infra.local.assembly import Assembly
from infra.local.deployment import deploy
from infra.local.durability import Durability, resume_executions
from infra.local.emulator import GRACE_S, served
from infra.local.front import Front
from infra.local.hosting import Hosting
from infra.local.issuer import Issuer
from infra.local.journal import replace_file
from infra.local.patches import repair
from infra.local.seed import demo_organizations, write_credentials
from infra.local.settings import HOST, LocalSettings


class LocalPlatform:
    """An assembly, deployed to the emulator in this process."""

    def __init__(self, settings: LocalSettings, assembly: Assembly, console: Console) -> None:
        self._settings = settings
        self._assembly = assembly
        self._console = console
        self._deployed = Deployed(settings.state_dir / "deployed.json")
        self._issuer = Issuer(settings.state_dir / "issuer", settings.url)
        self._durability = Durability(settings.state_dir / "emulator")
        self._ca_path = settings.state_dir / "ca.pem"
        mqtt = {"MQTT_HOST": HOST, "MQTT_PORT": str(settings.mqtt_port), "MQTT_CA_PATH": str(self._ca_path)}
        self._hosting = Hosting({**mqtt, **self._issuer.settings}, assembly.folder)

    async def run(self) -> None:
        """Serve the platform until SIGINT or SIGTERM.

        Raises:
            SystemExit: a port is taken, or the state is another version's.
            DeploymentFailed: the assembly does not deploy.
        """
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        self._deployed.check_version()
        repair()
        if self._settings.workers:
            self._hosting.in_workers()
        else:
            self._hosting.in_process()
        self._durability.load()
        self._durability.start(loop)
        front = Front(self._issuer.documents())

        async with served(front, self._settings):
            starting = asyncio.create_task(self._start())
            stopping = asyncio.create_task(stop.wait())
            with self._console.status("Starting …"):
                await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                front.serving = True
                self._announce(time.monotonic() - began)
                upkeep = asyncio.create_task(self._durability.keep_small())
                await stopping
                upkeep.cancel()
                self._console.print("Stopping …")
                await front.drain(GRACE_S)
        if starting.done():  # else the state is half a deployment's, and what is on disk is the one before it
            self._durability.checkpoint()
        lambda_runtime.reset()

    async def _start(self) -> None:
        """Deploy what has changed, let the handlers run, seed, and write the credentials last."""
        replace_file(self._ca_path, iot.get_ca_cert_pem().encode(), mode=0o644)
        fingerprint = self._assembly.fingerprint()
        if self._deployed.fingerprint != fingerprint:
            await asyncio.to_thread(deploy, self._assembly)
            self._durability.checkpoint()
            self._deployed.record(fingerprint)
        self._hosting.open()
        resume_executions()
        organizations = await asyncio.to_thread(demo_organizations, self._settings)
        write_credentials(self._settings, self._issuer, organizations)

    def _announce(self, seconds: float) -> None:
        credentials = self._settings.state_dir / "credentials.json"
        table = Table.grid(padding=(0, 2))
        table.add_row("API", f"{self._settings.url}/api/v1")
        table.add_row("Reference", f"{self._settings.url}/api/docs")
        table.add_row("MQTT", f"{HOST}:{self._settings.mqtt_port}, TLS, with the device's certificate")
        table.add_row("Credentials", str(credentials))
        table.add_row("Log", str(self._settings.state_dir / "platform.log"))
        self._console.print(f"\n[bold]Whimbrel is ready[/bold] after {seconds:.1f} s.\n")
        self._console.print(table)
        read_key = f"import json; print(json.load(open('{credentials}'))['apiKey'])"
        self._console.print(f'\n  KEY=$(python3 -c "{read_key}")', soft_wrap=True)
        self._console.print(
            f'  curl -H "Authorization: Bearer $KEY" {self._settings.url}/api/v1/devices\n', soft_wrap=True
        )
        if not self._settings.enforce_iam:
            self._console.print(
                "IAM is simulated: functions and devices are held to their policies. AUTH=true holds everybody.",
                style="yellow",
                soft_wrap=True,
            )
        self._console.print("Ctrl-C stops it; what it knows stays.")


class Deployed:
    """Which assembly the state on disk belongs to, and which emulator wrote it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        known = json.loads(path.read_text()) if path.exists() else {}
        self.fingerprint: str = known.get("fingerprint", "")
        self._version: str = known.get("ministack", version("ministack"))

    def check_version(self) -> None:
        """Refuse a state that another version of the emulator has written."""
        if self._version != version("ministack"):
            raise SystemExit(
                f"The state in {self._path.parent} was written by ministack {self._version}, "
                f"and this is {version('ministack')}: remove it to start anew."
            )

    def record(self, fingerprint: str) -> None:
        """Remember what has been deployed."""
        document = {"fingerprint": fingerprint, "ministack": version("ministack")}
        replace_file(self._path, json.dumps(document).encode())
