"""The platform's secret, and the keys that are derived from it."""

from __future__ import annotations

import hmac
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from whimbrel.aws.clients import client
from whimbrel.settings import settings


class VersionedKey(NamedTuple):
    """A key of one version of the secret; ``is_superseded`` once there is a newer version."""

    version: str
    key: bytes
    is_superseded: bool


@cache
def derived_key(purpose: str) -> bytes:
    """Return the 32-byte key for *purpose*; keys of different purposes tell nothing of each other (HMAC as a PRF)."""
    return _derived(_secret()["SecretString"], purpose)


def versioned_key(purpose: str, version: str = "") -> VersionedKey | None:
    """Return the key for *purpose* under one *version* of the secret, or the current one.

    None if the version has gone out of use: Secrets Manager labels two, the current and the one before. A process that
    started under the one before reads the newer one when it meets its name.
    """
    if version == _secret()["VersionId"]:
        version = ""
    found = _secret(version)
    if not found.get("VersionStages"):
        return None
    superseded = "AWSCURRENT" not in found["VersionStages"]
    return VersionedKey(found["VersionId"], _derived(found["SecretString"], purpose), superseded)


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode(), sha256)


@cache
def _secret(version: str = "") -> dict[str, Any]:
    from botocore.exceptions import ParamValidationError

    secrets = client("secretsmanager")
    which = {"VersionId": version} if version else {}
    try:
        return dict(secrets.get_secret_value(SecretId=settings().secret_arn, **which))
    except (secrets.exceptions.ResourceNotFoundException, ParamValidationError):
        if not version:
            raise
        return {}
