"""The development issuer: an OpenID Connect issuer reduced to a key, its JWKS, and tokens minted at start."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from infra.local.journal import replace_file

AUDIENCE = "whimbrel-local"
JWKS_PATH = "/.well-known/jwks.json"
DISCOVERY_PATH = "/.well-known/openid-configuration"
VALIDITY_S = 24 * 3600
ALGORITHM = "RS256"  # as Cognito's


class Issuer:
    """Mints session tokens with the key in *folder*, made there at the first start; *url* is who it says it is."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.url = url
        self.key_path = folder / "private.pem"
        if not self.key_path.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            replace_file(self.key_path, pem)
        key = serialization.load_pem_private_key(self.key_path.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise SystemExit(f"{self.key_path} is not an RSA key; remove it and start again.")
        self._key = key
        public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
        self.kid = hashlib.sha256(public["n"].encode()).hexdigest()[:16]
        self._jwk = {**public, "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    @property
    def settings(self) -> dict[str, str]:
        """What the authorizer verifies tokens by."""
        return {
            "OIDC_ISSUER": self.url,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_JWKS_URL": self.url + JWKS_PATH,
        }

    def documents(self) -> dict[str, Any]:
        """Return what is published, by path."""
        discovery = {
            "issuer": self.url,
            "jwks_uri": self.url + JWKS_PATH,
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }
        return {JWKS_PATH: {"keys": [self._jwk]}, DISCOVERY_PATH: discovery}

    def token(self, *, user_id: str, email: str, organization_id: str) -> str:
        """Return a session of *user_id*, valid for a day."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": user_id,
            "email": email,
            "org": organization_id,
            "iat": now,
            "nbf": now,
            "exp": now + VALIDITY_S,
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self.kid})
