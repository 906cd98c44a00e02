"""What a device has to keep, in a folder of its own, and how it connects: as firmware would do it."""

from __future__ import annotations

import json
import os
import ssl
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.ending import Code, Ending, refusal

if TYPE_CHECKING:
    import httpx
    from paho.mqtt.client import Client

PATIENCE_S = 20


@dataclass(frozen=True)
class Equipment:
    """A folder with ``device.key``, ``device.pem``, ``ca.pem`` and ``mqtt.json``; the last is written last."""

    folder: Path

    @property
    def is_complete(self) -> bool:
        return (self.folder / "mqtt.json").exists()

    @property
    def about(self) -> dict[str, Any]:
        """What the device was told when it was provisioned: its ids, the broker, its topics."""
        return json.loads((self.folder / "mqtt.json").read_text())

    def prepare(self) -> None:
        """Make the folder, and see that no device is in it.

        Raises:
            Ending: there is one, or no folder can be made.
        """
        if self.is_complete:
            raise Ending(Code.USAGE, f"There is a device in {self.folder}: give another folder.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Ending(Code.USAGE, f"{self.folder} cannot be made: {error.strerror}.") from None

    def provision(self, http: httpx.Client, endpoint: str, token: str) -> dict[str, Any]:
        """Make a key, exchange *token* for a certificate of it, keep both, and return the answer.

        Raises:
            Ending: the token is not good.
        """
        request = self._request_for_certificate()
        answer = http.post(
            endpoint, json={"token": token, "csrPem": request}, headers={"Idempotency-Key": str(uuid.uuid4())}
        )
        if not answer.is_success:
            raise refusal(answer)
        provisioned = answer.json()
        (self.folder / "device.pem").write_text(provisioned.pop("certificatePem"))
        (self.folder / "ca.pem").write_text(provisioned.pop("caChainPem"))
        files = {"key": "device.key", "certificate": "device.pem", "ca": "ca.pem"}
        (self.folder / "mqtt.json").write_text(json.dumps(provisioned | {"files": files}, indent=1) + "\n")
        return provisioned

    def _request_for_certificate(self) -> str:
        """Make the key, which never leaves this folder, and return a signing request in PEM."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        path = self.folder / "device.key"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            encodings = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            file.write(key.private_bytes(*encodings))
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def connect(self) -> Client:
        """Return a client connected by mutual TLS, in a thread of its own.

        Raises:
            Ending: the broker refused the device, or does not answer.
        """
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        broker = self.about["mqtt"]
        where = f"{broker['host']}:{broker['port']}"
        refused = Ending(
            Code.UNAVAILABLE,
            f"The broker at {where} did not take the device of {self.folder}.",
            "Was it deleted, or its certificate revoked? Then delete that folder.",
        )
        tls = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        tls.load_cert_chain(self.folder / "device.pem", self.folder / "device.key")
        client = Client(CallbackAPIVersion.VERSION2, client_id=broker["clientId"])
        client.tls_set_context(tls)
        answered = threading.Event()

        def on_answer(*_: object) -> None:
            answered.set()

        client.on_connect = client.on_disconnect = on_answer
        try:
            client.connect(broker["host"], broker["port"])
        except ssl.SSLError:
            raise refused from None
        except OSError as error:
            raise Ending(Code.UNAVAILABLE, f"The broker at {where} cannot be reached: {error}") from None
        client.loop_start()
        answered.wait(PATIENCE_S)
        if not client.is_connected():
            client.disconnect()
            client.loop_stop()
            raise refused
        return client
