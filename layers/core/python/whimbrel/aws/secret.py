"""The platform's secret, and the keys that are derived from it."""

from __future__ import annotations

import hmac
from functools import cache
from hashlib import sha256

from whimbrel.aws.clients import client
from whimbrel.settings import settings


@cache
def derived_key(purpose: str) -> bytes:
    """Return the 32-byte key for *purpose*; keys of different purposes tell nothing of each other (HMAC as a PRF)."""
    return hmac.digest(_secret(), purpose.encode(), sha256)


@cache
def _secret() -> bytes:
    return client("secretsmanager").get_secret_value(SecretId=settings().secret_arn)["SecretString"].encode()
