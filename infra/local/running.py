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


async def run(settings: LocalSettings, assembly: Assembly, console: Console) -> None:
    """Serve the platform until SIGINT or SIGTERM.

    Raises:
        SystemExit: a port is taken, or the state is another version's.
        DeploymentFailed: the assembly does not deploy.
    """
    started = time.monotonic()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    deployed = _Deployed(settings.state_dir / "deployed.json")
    deployed.check_version()
    issuer = Issuer(settings.state_dir / "issuer", settings.url)
    ca_path = settings.state_dir / "ca.pem"
    hosting = Hosting(
        {"MQTT_HOST": HOST, "MQTT_PORT": str(settings.mqtt_port), "MQTT_CA_PATH": str(ca_path), **issuer.settings}
    )
    repair()
    if settings.workers:
        hosting.in_workers()
    else:
        hosting.in_process()
    durability = Durability(settings.state_dir / "emulator")
    durability.load()
    durability.start(loop)
    front = Front(issuer.documents())

    async with served(front, settings):
        startup = asyncio.create_task(_start(settings, assembly, deployed, hosting, durability, issuer, ca_path))
        stopping = asyncio.create_task(stop.wait())
        with console.status("Starting …"):
            await asyncio.wait({startup, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if startup.done():
            startup.result()
            front.serving = True
            _announce(settings, console, seconds=time.monotonic() - started)
            upkeep = asyncio.create_task(durability.keep_small())
            await stopping
            upkeep.cancel()
            console.print("Stopping …")
            await front.drain(GRACE_S)
    if startup.done():  # else the state is half a deployment's, and what is on disk is the one before it
        durability.checkpoint()
    lambda_runtime.reset()


async def _start(  # noqa: PLR0913, PLR0917 (each part of the platform, once)
    settings: LocalSettings,
    assembly: Assembly,
    deployed: _Deployed,
    hosting: Hosting,
    durability: Durability,
    issuer: Issuer,
    ca_path: Path,
) -> None:
    """Deploy what has changed, let the handlers run, seed, and write the credentials last."""
    replace_file(ca_path, iot.get_ca_cert_pem().encode(), mode=0o644)
    fingerprint = assembly.fingerprint()
    if deployed.fingerprint != fingerprint:
        await asyncio.to_thread(deploy, assembly)
        durability.checkpoint()
        deployed.record(fingerprint)
    hosting.open()
    resume_executions()
    organizations = await asyncio.to_thread(demo_organizations, settings)
    write_credentials(settings, issuer, organizations)


class _Deployed:
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


def _announce(settings: LocalSettings, console: Console, *, seconds: float) -> None:
    credentials = settings.state_dir / "credentials.json"
    table = Table.grid(padding=(0, 2))
    table.add_row("API", f"{settings.url}/api/v1")
    table.add_row("Reference", f"{settings.url}/api/docs")
    table.add_row("MQTT", f"{HOST}:{settings.mqtt_port}, TLS, with the device's certificate")
    table.add_row("Credentials", str(credentials))
    table.add_row("Log", str(settings.state_dir / "platform.log"))
    console.print(f"\n[bold]Whimbrel is ready[/bold] after {seconds:.1f} s.\n")
    console.print(table)
    read_key = f"import json; print(json.load(open('{credentials}'))['apiKey'])"
    console.print(f'\n  KEY=$(python3 -c "{read_key}")', soft_wrap=True)
    console.print(f'  curl -H "Authorization: Bearer $KEY" {settings.url}/api/v1/devices\n', soft_wrap=True)
    if not settings.enforce_iam:
        console.print("IAM is simulated: no policy is enforced. AUTH=true enforces them.", style="yellow")
    console.print("Ctrl-C stops it; what it knows stays.")
