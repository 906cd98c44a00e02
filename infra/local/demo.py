"""``make demo``: the main job on real input, against a running platform, as a stranger's device would do it.

A device registers, makes its key, gets a certificate, connects by mutual TLS and replays four years of recorded
weather; then the readings are queried, exported, downloaded and opened.
"""

from __future__ import annotations

import csv
import io
import json
import ssl
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from infra.local.settings import LocalSettings

SERIES = Path(__file__).parent / "data" / "seattle-weather.csv"
DAYS_A_MESSAGE = 100
PATIENCE_S = 60

console = Console()


@dataclass(frozen=True, slots=True)
class Api:
    """A client of the HTTP API with one key."""

    url: str
    key: str
    http: urllib3.PoolManager

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON of an answer.

        Raises:
            SystemExit: the API refused; its problem is the message.
        """
        answer = self.http.request(
            method,
            f"{self.url}/v1{path}",
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
            body=None if body is None else json.dumps(body),
        )
        if answer.status >= 400:  # noqa: PLR2004
            raise SystemExit(f"{method} {path} answered {answer.status}: {answer.data.decode()}")
        return answer.json()


@dataclass(frozen=True, slots=True)
class Device:
    """A device after provisioning: what it has to keep."""

    id: str
    topic: str
    host: str
    port: int
    tls: ssl.SSLContext


def main() -> None:
    """Run the tour."""
    state = LocalSettings.from_environment().state_dir
    try:
        credentials = json.loads((state / "credentials.json").read_text())
    except FileNotFoundError:
        raise SystemExit("No platform is running here: start one with `make run` in another terminal.") from None
    api = Api(credentials["apiUrl"], credentials["apiKey"], urllib3.PoolManager())
    device = register(api, Path(credentials["mqtt"]["caPath"]))
    rows = recorded()
    publish(device, rows)
    sensors = wait_until_stored(api, device, rows)
    show_latest(api, device)
    show_readings(api, sensors["temp_max"])
    export(api, device)


def register(api: Api, ca_path: Path) -> Device:
    """Register a device, and be the device that exchanges the token for a certificate."""
    step("Register a device: a one-time token, shown once")
    token = api.call("POST", "/devices/registration/tokens", {"deviceName": "seattle-weather-station"})
    console.print(f"  device {token['deviceId']}, token {token['token'][:24]}… until {token['expiresAt']}")
    step("On the device: make a key, send a signing request, get a certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, token["deviceId"])])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    answer = api.http.request(
        "POST",
        token["provisionEndpoint"],
        headers={"Content-Type": "application/json"},
        body=json.dumps({"token": token["token"], "csrPem": request.public_bytes(serialization.Encoding.PEM).decode()}),
    )
    if answer.status != 201:  # noqa: PLR2004
        raise SystemExit(f"Provisioning answered {answer.status}: {answer.data.decode()}")
    provisioned = answer.json()
    console.print(f"  certificate until {provisioned['notAfter']}; the private key never left the device")
    with tempfile.TemporaryDirectory() as directory:
        certificate_path, key_path = Path(directory, "device.pem"), Path(directory, "device.key")
        certificate_path.write_text(provisioned["certificatePem"])
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        tls = ssl.create_default_context(cafile=str(ca_path))
        tls.load_cert_chain(certificate_path, key_path)
    broker = provisioned["mqtt"]
    return Device(provisioned["deviceId"], provisioned["topics"]["readings"], broker["host"], broker["port"], tls)


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


def publish(device: Device, rows: list[dict[str, Any]]) -> None:
    """Connect by mutual TLS and publish *rows*, a hundred days a message, at QoS 1."""
    step("Connect by mutual TLS and replay the recorded series")
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device.id)
    client.tls_set_context(device.tls)
    connected = threading.Event()

    def on_connect(*_: object) -> None:
        connected.set()

    client.on_connect = on_connect
    client.connect(device.host, device.port)
    client.loop_start()
    if not connected.wait(PATIENCE_S):
        raise SystemExit("The broker did not answer.")
    with Progress(console=console) as progress:
        for row in progress.track(range(0, len(rows), DAYS_A_MESSAGE), description="  publishing"):
            message = json.dumps(rows[row : row + DAYS_A_MESSAGE])
            client.publish(device.topic, message, qos=1).wait_for_publish(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    values = sum(len(row["fields"]) for row in rows)
    console.print(f"  {len(rows):,} days with {values:,} readings, each message acknowledged by the broker")


def wait_until_stored(api: Api, device: Device, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the device's sensors by key, once all that was published can be read."""
    step("The sensors made themselves; wait until every reading can be queried")
    wanted = set(rows[0]["fields"])
    sensors: dict[str, str] = {}
    for _ in patiently("the readings"):
        listed = api.call("GET", f"/sensors?{urlencode({'deviceId': device.id})}")["items"]
        sensors = {sensor["key"]: sensor["id"] for sensor in listed}
        if wanted <= sensors.keys() and all(count(api, sensors[key]) == len(rows) for key in wanted):
            break
    quarantined = api.call("GET", f"/admin/quarantine?{urlencode({'deviceId': device.id})}")["items"]
    console.print(f"  {len(wanted)} sensors with {len(rows):,} readings each; {len(quarantined)} in quarantine")
    return sensors


def count(api: Api, sensor_id: str) -> int:
    """Return how many readings a sensor has."""
    return len(api.call("GET", f"/readings/sensor/{sensor_id}?limit=10000")["points"])


def show_latest(api: Api, device: Device) -> None:
    """Print the newest reading of each sensor."""
    step("The newest readings: GET /readings/latest?deviceId=…")
    table = Table("sensor", "type", "time", "value")
    for item in api.call("GET", f"/readings/latest?{urlencode({'deviceId': device.id})}")["items"]:
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


def export(api: Api, device: Device) -> None:
    """Export the device, download the zip by its presigned link and print what is in it."""
    step("Export everything, and download it")
    job = api.call(
        "POST",
        "/exports",
        {
            "scopeType": "DEVICE",
            "scopeId": device.id,
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
    archive = zipfile.ZipFile(io.BytesIO(api.http.request("GET", job["downloadUrl"]).data))
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
