"""Devices as a stranger builds them: a key, a certificate, a standard MQTT client."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.e2e.launch import Platform
from whimbrel import instants

PATIENCE_S = 60
ATTEMPTS = 4


def eventually(find: Callable[[], Any], wanted: Callable[[Any], bool] = bool) -> Any:
    """Return what *find* finds once it is *wanted*; fail with the last thing found after a minute."""
    until = time.monotonic() + PATIENCE_S
    while not wanted(found := find()):
        assert time.monotonic() < until, f"still {found!r}"
        time.sleep(0.2)
    return found


def a_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def csr_of(key: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "station")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def self_signed(key: ec.EllipticCurvePrivateKey, common_name: str) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    now = instants.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Device:
    """A provisioned device with a standard MQTT client."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform = platform
        self.folder = folder
        registered = platform.call("POST", "/api/v1/devices/registration/tokens", {"deviceName": "station"}).json()
        self.key = a_key()
        self.provisioning = {"token": registered["token"], "csrPem": csr_of(self.key)}
        answer = platform.call("POST", "/api/v1/devices/provision", self.provisioning, key="")
        assert answer.status == HTTPStatus.CREATED, answer.body
        self.provisioned = answer.json()
        self.id: str = self.provisioned["deviceId"]
        self.organization_id: str = self.provisioned["organizationId"]
        self.topic = f"v1/readings/{self.organization_id}/{self.id}"

    def client(self, certificate: str | None = None, client_id: str | None = None) -> mqtt.Client:
        """Return a connected client, or one that was refused."""
        certificate_path, key_path = self.folder / "device.pem", self.folder / "device.key"
        certificate_path.write_text(certificate or self.provisioned["certificatePem"])
        encodings = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key_path.write_bytes(self.key.private_bytes(*encodings))
        tls = ssl.create_default_context(cafile=self.platform.credentials["mqtt"]["caPath"])
        tls.load_cert_chain(certificate_path, key_path)
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id or self.id, reconnect_on_failure=False)
        client.tls_set_context(tls)
        done = threading.Event()
        client.on_connect = lambda *_: done.set()
        client.on_disconnect = lambda *_: done.set()
        client.connect(self.provisioned["mqtt"]["host"], self.provisioned["mqtt"]["port"])
        client.loop_start()
        done.wait(10)
        return client

    def publish(self, payload: Any, topic: str | None = None) -> bool:
        """Publish once at QoS 1 and tell whether it was acknowledged by a broker that kept the connection."""
        client = self.client()
        assert client.is_connected()
        data = payload if isinstance(payload, bytes) else json.dumps(payload)
        sent = client.publish(topic or self.topic, data, qos=1)
        until = time.monotonic() + 5
        while not sent.is_published() and client.is_connected() and time.monotonic() < until:
            time.sleep(0.05)
        acknowledged = sent.is_published()
        client.disconnect()
        client.loop_stop()
        return acknowledged

    def get(self) -> dict[str, Any]:
        return self._asked(f"/api/v1/devices/{self.id}")

    def sensors(self) -> dict[str, dict[str, Any]]:
        return {sensor["key"]: sensor for sensor in self._asked(f"/api/v1/sensors?deviceId={self.id}")["items"]}

    def values(self, key: str) -> list[tuple[str, Any]]:
        sensor = self.sensors().get(key)
        if sensor is None:
            return []
        page = self._asked(f"/api/v1/readings/sensor/{sensor['id']}")
        return [(point["timestamp"], point["value"]) for point in page["points"]]

    def _asked(self, path: str) -> Any:
        """Return what a GET answers; on a busy machine it may say 503, and is asked again as clients are told to."""
        answer = self.platform.call("GET", path)
        for _ in range(ATTEMPTS):
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                time.sleep(int(answer.headers["retry-after"]))
                answer = self.platform.call("GET", path)
        assert answer.status == HTTPStatus.OK, answer.body
        return answer.json()
