"""People's sessions, as an issuer without a network makes them."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from functions.authorizer import sessions
from tests.gateway import Client

ISSUER = "https://issuer.whimbrel.test"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def issuing() -> Generator[None]:
    """Publish the issuer's key inside the block."""
    published = json.loads(RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k1", "alg": "RS256"}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda _: {"keys": [published]})
        sessions._keys.cache_clear()
        yield
    sessions._keys.cache_clear()


@pytest.fixture
def issuer() -> Iterator[None]:
    """Publish the issuer's key."""
    with issuing():
        yield


def session(user_id: str, organization_id: str = "", **claims: object) -> Client:
    """Return a client with a session of a user, whose address is ``<user>@example.com`` unless *claims* say else."""
    now = int(time.time())
    all_claims = {
        "iss": ISSUER,
        "aud": "whimbrel",
        "sub": user_id,
        "email": f"{user_id}@example.com",
        "iat": now,
        "exp": now + 3600,
    } | claims
    headers = {"X-Organization-Id": organization_id} if organization_id else {}
    return Client(jwt.encode(all_claims, KEY, algorithm="RS256", headers={"kid": "k1"}), headers=headers)
