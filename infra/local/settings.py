"""What the local platform is told from outside, and what it tells the emulator."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYER = ROOT / "layers" / "core" / "python"
REGION = "us-east-1"
ACCOUNT = "000000000000"
HOST = "127.0.0.1"
"""The only address anything here listens on. Presigned links carry it: the host is part of what they sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """How to run the platform on this machine.

    ``workers`` runs each Lambda in processes of its own, from the zip the deployment would upload; otherwise handlers
    are imported from the checkout into this process, and their calls judged there. ``enforce_iam`` makes the emulator
    judge IAM and IoT policies; in this process it would know no function from another, so it comes with ``workers``.
    """

    http_port: int = 8080
    mqtt_port: int = 8883
    state_dir: Path = ROOT / ".local"
    workers: bool = False
    enforce_iam: bool = False

    @classmethod
    def from_environment(cls) -> LocalSettings:
        """Read ``WHIMBREL_*`` and ``AUTH``.

        Raises:
            SystemExit: the environment says that this is production.
        """
        if os.environ.get("STAGE") == "prod":
            raise SystemExit("STAGE=prod: this is an emulator with open credentials, and never production.")
        return cls(
            http_port=int(os.environ.get("WHIMBREL_HTTP_PORT", "8080")),
            mqtt_port=int(os.environ.get("WHIMBREL_MQTT_PORT", "8883")),
            state_dir=Path(os.environ.get("WHIMBREL_STATE_DIR", ROOT / ".local")).absolute(),
            workers=_is_on("WHIMBREL_WORKERS") or _is_on("AUTH"),
            enforce_iam=_is_on("AUTH"),
        )

    @property
    def url(self) -> str:
        """The origin of everything that speaks HTTP: the API, presigned links, AWS itself."""
        return f"http://{HOST}:{self.http_port}"

    def emulator_environment(self) -> dict[str, str]:
        """Return the variables that ``ministack`` and boto3 read; the former at import."""
        return {
            "GATEWAY_PORT": str(self.http_port),
            "IOT_MTLS_PORT": str(self.mqtt_port),
            "BIND_HOST": HOST,
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "0",  # durability.py does, and survives a kill
            "STATE_DIR": str(self.state_dir / "files"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.state_dir / "objects"),
            "LOG_LEVEL": "WARNING",
            "AUTH": "true" if self.enforce_iam else "false",
            "TMPDIR": str(self.state_dir / "tmp"),
            "MINISTACK_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # Whatever account the shell is logged in to: nothing here may reach it.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def enter(self) -> None:
        """Make this process's environment the emulator's. Must come before ``ministack`` is imported."""
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "PYTHONDONTWRITEBYTECODE"):
            os.environ.pop(name, None)
        os.environ.update(self.emulator_environment())


def _is_on(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}
