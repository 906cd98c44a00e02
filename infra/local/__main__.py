"""``python -m infra.local``: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import sys
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from rich.console import Console

from infra.local.assembly import Assembly, up_to_date
from infra.local.settings import LAYER, LocalSettings

LOG = "platform.log"


def main() -> None:
    """Run the platform.

    Raises:
        SystemExit: it cannot be run here; the message says why.
    """
    parser = ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--workers", action="store_true", help="run each Lambda in processes of its own")
    parser.add_argument("--assembly", type=Path, help="deploy this cloud assembly instead of synthesizing one")
    arguments = parser.parse_args()
    settings = LocalSettings.from_environment()
    settings = replace(settings, workers=settings.workers or arguments.workers)
    console = Console(file=sys.stdout, highlight=False)
    _prepare(settings)

    if arguments.assembly:
        assembly = Assembly(arguments.assembly)
    else:
        with console.status("Synthesizing the CDK app, if it has changed …"):
            assembly = up_to_date(settings.state_dir, with_code=settings.workers)
    settings.enter()
    sys.path.insert(0, str(LAYER))
    sys.stdout = sys.stderr = _log_file(settings.state_dir / LOG)
    # The emulator reads the environment as it is imported.
    from infra.local.running import LocalPlatform

    code = 0
    try:
        asyncio.new_event_loop().run_until_complete(LocalPlatform(settings, assembly, console).run())
    except SystemExit as refusal:
        console.print(str(refusal), style="red")
        code = 1
    except Exception:  # noqa: BLE001 (the end of the line: told on the console, whose streams are not the log's)
        console.print_exception()
        console.print(f"More in {settings.state_dir / LOG}", style="red")
        code = 1
    # The emulator's threads poll for ever, and all that matters is on disk.
    os._exit(code)


def _prepare(settings: LocalSettings) -> None:
    """Take the state folder for this process, and clear what the last one left lying about."""
    folder = settings.state_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"Another platform runs on {folder}; set WHIMBREL_STATE_DIR to start a second.") from None
    (folder / "credentials.json").unlink(missing_ok=True)  # there again when ready
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir()


def _log_file(path: Path) -> TextIO:
    file = path.open("w", buffering=1, encoding="utf-8")
    logging.basicConfig(stream=file, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("whimbrel").setLevel(logging.INFO)  # the others' news is each request and each Lambda
    return file


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # before the platform listens for it
        sys.exit(130)
