"""``whimbrel simulate``: devices that register, connect by mutual TLS, and publish what such devices might measure."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.command import Run, command
from cli.ending import Code, Ending
from cli.equipment import Equipment
from cli.readings import duration

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessageInfo

DAY_S = 86_400
PATIENCE_S = 20


@dataclass
class Simulated:
    """A device that is none: its connection, and what it has sent."""

    equipment: Equipment
    client: Client
    topic: str
    chance: random.Random
    sent: list[MQTTMessageInfo] = field(default_factory=list)

    def publish(self, at: datetime) -> None:
        """Publish one reading of each sensor."""
        fields = weather(at, self.chance)
        message = json.dumps([{"component": "main", "timestamp": at.isoformat(), "fields": fields}])
        self.sent = [each for each in self.sent if not each.is_published()]
        self.sent.append(self.client.publish(self.topic, message, qos=1))


def weather(at: datetime, chance: random.Random) -> dict[str, Any]:
    """Return what a weather station may see at that time of the day, never twice quite the same."""
    of_day = math.sin(2 * math.pi * (at.timestamp() % DAY_S / DAY_S - 1 / 3))
    temperature = 14 + 6 * of_day + chance.gauss(0, 0.3)
    return {
        "temperature": round(temperature, 2),
        "humidity": round(min(max(65 - 18 * of_day + chance.gauss(0, 1.5), 5), 100), 1),
        "pressure": round(1013 + chance.gauss(0, 0.5), 1),
        "battery": round(chance.uniform(3.6, 4.1), 2),
        "raining": chance.random() < 0.1,  # noqa: PLR2004
    }


@command
def simulate(
    run: Run,
    *,
    devices: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 10,
    interval: Annotated[str, typer.Option(metavar="DURATION", help="Between the messages of a device.")] = "1s",
    count: Annotated[int | None, typer.Option(min=1, help="Messages of each device; else until Ctrl-C.")] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the devices' keys are kept, for the next time.")
    ] = None,
    name: Annotated[str, typer.Option(help="How the devices' names begin.")] = "simulated",
) -> None:
    """Simulate weather stations: register them, connect each by mutual TLS, and publish readings.

    Their keys and certificates are kept, so that the next run is by the same devices.
    """
    every = duration(interval).total_seconds()
    total = 0
    with ExitStack() as stack:
        connected = [_connected(stack, each) for each in equipped(run, folder, name, devices)]
        stack.callback(lambda: output.say(f"Messages published: {total}."))
        output.say(f"Devices connected: {len(connected)}. Ctrl-C ends it.")
        due = time.monotonic()
        while count is None or total < count * len(connected):
            for each in connected:
                each.publish(datetime.now(UTC))
                total += 1
            due += every
            if count is None or total < count * len(connected):
                time.sleep(max(due - time.monotonic(), 0))
        until = time.monotonic() + PATIENCE_S
        for message in (message for each in connected for message in each.sent):
            message.wait_for_publish(max(until - time.monotonic(), 0))
            if not message.is_published():
                raise Ending(Code.UNAVAILABLE, "The broker did not acknowledge every message.")
    if not run.for_people:
        run.show({"devices": [each.equipment.about["deviceId"] for each in connected], "messages": total})


def equipped(run: Run, folder: Path | None, name: str, count: int) -> Iterator[Equipment]:
    """Yield the equipment of *count* devices of this organization; those that are missing are made."""
    from cli.client.api.access import get_me
    from cli.devices import issue

    organization = run.session.call(get_me._get_kwargs())["organization"]["id"]
    root = (folder or Path(typer.get_app_dir("whimbrel"), "simulated")) / organization
    for number in range(1, count + 1):
        equipment = Equipment(root / f"{name}-{number:03}")
        if not equipment.is_complete:
            equipment.prepare()
            token = issue(run, f"{name}-{number:03}", tags=["simulated"])
            equipment.provision(run.session.bare, token["provisionEndpoint"], token["token"])
        yield equipment


def _connected(stack: ExitStack, equipment: Equipment) -> Simulated:
    client = equipment.connect()
    stack.callback(client.loop_stop)
    stack.callback(client.disconnect)
    about = equipment.about
    return Simulated(equipment, client, about["topics"]["readings"], random.Random(about["deviceId"]))  # noqa: S311
