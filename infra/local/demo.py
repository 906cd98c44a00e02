"""``make demo``: the main job on real input, against a running platform, as a stranger's device would do it.

A device registers, makes its key, gets a certificate, connects by mutual TLS and replays four years of recorded
weather; then the readings are queried, exported, downloaded and opened.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.ending import Ending
from cli.equipment import Equipment
from cli.profiles import Login, normal
from cli.session import Session
from infra.local.settings import LocalSettings

SERIES = Path(__file__).parent / "data" / "seattle-weather.csv"
DAYS_A_MESSAGE = 100
PATIENCE_S = 60

console = Console()


@dataclass(frozen=True, slots=True)
class Api:
    """A client of the HTTP API with one key."""

    session: Session

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON of an answer."""
        return self.session.call({"method": method.lower(), "url": f"/api/v1{path}", "json": body})


def main() -> None:
    """Run the tour."""
    state = LocalSettings.from_environment().state_dir
    try:
        credentials = json.loads((state / "credentials.json").read_text())
    except FileNotFoundError:
        raise SystemExit("No platform is running here: start one with `make run` in another terminal.") from None
    login = Login(normal(credentials["apiUrl"]), credentials["apiKey"])
    try:
        with Session(login) as session, tempfile.TemporaryDirectory() as folder:
            tour(Api(session), Equipment(Path(folder)))
    except Ending as end:
        raise SystemExit(str(end)) from None


def tour(api: Api, equipment: Equipment) -> None:
    """Show all, with a device whose key and certificate are in *equipment*."""
    device_id = register(api, equipment)
    rows = recorded()
    publish(equipment, rows)
    sensors = wait_until_stored(api, device_id, rows)
    show_latest(api, device_id)
    show_readings(api, sensors["temp_max"])
    export(api, device_id)


def register(api: Api, equipment: Equipment) -> str:
    """Register a device, be the device that exchanges the token for a certificate, and return its id."""
    step("Register a device: a one-time token, shown once")
    token = api.call("POST", "/devices/registration/tokens", {"deviceName": "seattle-weather-station"})
    console.print(f"  device {token['deviceId']}, token {token['token'][:24]}… until {token['expiresAt']}")
    step("On the device: make a key, send a signing request, get a certificate")
    provisioned = equipment.provision(api.session.bare, token["provisionEndpoint"], token["token"])
    console.print(f"  certificate until {provisioned['notAfter']}; the private key never left the device")
    return provisioned["deviceId"]


def recorded() -> list[dict[str, Any]]:
    """Return the recorded days as structured readings of the component ``main``."""
    with SERIES.open(newline="") as file:
        return [
            {
                "component": "main",
                "timestamp": row["date"].replace("/", "-") + "T00:00:00Z",
                "fields": {
                    **{name: float(row[name]) for name in ("precipitation", "temp_max", "temp_min", "wind")},
                    "weather": row["weather"],
                },
            }
            for row in csv.DictReader(file)
        ]


def publish(equipment: Equipment, rows: list[dict[str, Any]]) -> None:
    """Connect by mutual TLS and publish *rows*, a hundred days a message, at QoS 1."""
    step("Connect by mutual TLS and replay the recorded series")
    topic = equipment.about["topics"]["readings"]
    client = equipment.connect()
    with Progress(console=console) as progress:
        for row in progress.track(range(0, len(rows), DAYS_A_MESSAGE), description="  publishing"):
            message = json.dumps(rows[row : row + DAYS_A_MESSAGE])
            client.publish(topic, message, qos=1).wait_for_publish(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    values = sum(len(row["fields"]) for row in rows)
    console.print(f"  {len(rows):,} days with {values:,} readings, each message acknowledged by the broker")


def wait_until_stored(api: Api, device_id: str, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the device's sensors by key, once all that was published can be read."""
    step("The sensors made themselves; wait until every reading can be queried")
    wanted = set(rows[0]["fields"])
    sensors: dict[str, str] = {}
    for _ in patiently("the readings"):
        listed = api.call("GET", f"/sensors?{urlencode({'deviceId': device_id})}")["items"]
        sensors = {sensor["key"]: sensor["id"] for sensor in listed}
        if wanted <= sensors.keys() and all(count(api, sensors[key]) == len(rows) for key in wanted):
            break
    quarantined = api.call("GET", f"/admin/quarantine?{urlencode({'deviceId': device_id})}")["items"]
    console.print(f"  {len(wanted)} sensors with {len(rows):,} readings each; {len(quarantined)} in quarantine")
    return sensors


def count(api: Api, sensor_id: str) -> int:
    """Return how many readings a sensor has."""
    return len(api.call("GET", f"/readings/sensor/{sensor_id}?limit=10000")["points"])


def show_latest(api: Api, device_id: str) -> None:
    """Print the newest reading of each sensor."""
    step("The newest readings: GET /readings/latest?deviceId=…")
    table = Table("sensor", "type", "time", "value")
    for item in api.call("GET", f"/readings/latest?{urlencode({'deviceId': device_id})}")["items"]:
        table.add_row(item["key"], item["valueType"], item["timestamp"], str(item["value"]))
    console.print(table)


def show_readings(api: Api, sensor_id: str) -> None:
    """Print a week of one sensor."""
    window = urlencode({"from": "2015-07-01T00:00:00Z", "to": "2015-07-08T00:00:00Z"})
    points = api.call("GET", f"/readings/sensor/{sensor_id}?{window}")["points"]
    step("A hot week: GET /readings/sensor/{id}?from=…&to=…")
    table = Table("day", "temp_max")
    for point in points:
        table.add_row(point["timestamp"][:10], f"{point['value']} °C")
    console.print(table)


def export(api: Api, device_id: str) -> None:
    """Export the device, download the zip by its presigned link and print what is in it."""
    step("Export everything, and download it")
    job = api.call(
        "POST",
        "/exports",
        {
            "scopeType": "DEVICE",
            "scopeId": device_id,
            "from": "2012-01-01T00:00:00Z",
            "to": "2016-01-01T00:00:00Z",
            "includes": ["READINGS", "ANNOTATIONS"],
            "format": "CSV",
        },
    )
    for _ in patiently("the export"):
        job = api.call("GET", f"/exports/{job['id']}")
        if job["status"] in {"READY", "FAILED"}:
            break
    if job["status"] != "READY":
        raise SystemExit(f"The export failed: {job}")
    archive = zipfile.ZipFile(io.BytesIO(api.session.bare.get(job["downloadUrl"]).content))
    table = Table("file", "bytes", "begins with")
    for entry in archive.infolist():
        text = archive.read(entry).decode()
        table.add_row(entry.filename, f"{entry.file_size:,}", " ".join(text.split())[:48] + "…")
    console.print(f"  {job['sizeBytes']:,} bytes with {job['readingCount']:,} readings")
    console.print(table)
    console.print(f"\nDone. The link works for a while: curl -o export.zip '{job['downloadUrl']}'", soft_wrap=True)


def patiently(what: str) -> Iterator[None]:
    """Yield twice a second for a minute.

    Raises:
        SystemExit: the minute is over.
    """
    until = time.monotonic() + PATIENCE_S
    with console.status(f"waiting for {what}"):
        while time.monotonic() < until:
            yield
            time.sleep(0.5)
    raise SystemExit(f"Waited {PATIENCE_S} s for {what}; see the platform's log.")


def step(text: str) -> None:
    """Announce a step."""
    console.print(f"\n[bold]{text}[/bold]")


if __name__ == "__main__":
    main()
