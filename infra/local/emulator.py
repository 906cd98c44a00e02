"""Serves the emulator from this process: one HTTP port, one MQTT port, loopback only."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import ministack.app as gateway
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.services import eventbridge, iot, scheduler

from infra.local.patches import listen_on_loopback
from infra.local.patching import require
from infra.local.settings import HOST, LocalSettings

GRACE_S = 5.0
"""What is under way is given this long to finish when the platform stops."""
THREADS = 64


@asynccontextmanager
async def served(application: Any, settings: LocalSettings) -> AsyncGenerator[None]:
    """Serve *application* and the MQTT broker inside the block, then let what is under way finish.

    Raises:
        SystemExit: a port is taken.
    """
    require(gateway, "_MAIN_LOOP")
    require(iot, "mtls_start", "mtls_stop", "mtls_is_listening")
    loop = asyncio.get_running_loop()
    gateway._MAIN_LOOP = loop
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="emulator"))
    listen_on_loopback(loop)

    config = Config()
    config.bind = [f"fd://{_listening(settings.http_port, 'WHIMBREL_HTTP_PORT')}"]
    config.graceful_timeout = GRACE_S
    config.keep_alive_timeout = 75
    config.include_server_header = False
    config.errorlog = None
    stop = asyncio.Event()
    server = asyncio.create_task(serve(application, config, shutdown_trigger=stop.wait))
    await iot.mtls_start()
    if not iot.mtls_is_listening():
        raise SystemExit(f"Port {settings.mqtt_port} is taken; set WHIMBREL_MQTT_PORT to another.")
    eventbridge.start_scheduler()
    scheduler.start_scheduler()
    try:
        yield
    finally:
        await iot.mtls_stop()
        stop.set()
        await server


def _listening(port: int, variable: str) -> int:
    """Return the descriptor of a socket that listens on *port*."""
    try:
        return socket.create_server((HOST, port), backlog=1024).detach()
    except OSError as error:
        raise SystemExit(f"Port {port} is taken; set {variable} to another ({error}).") from error
