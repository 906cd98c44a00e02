"""User sessions: JWTs of one OpenID Connect issuer, verified against its published keys (RFC 7519, RFC 7517)."""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt

from whimbrel.settings import settings

ALGORITHMS = ["RS256", "EdDSA"]
MAX_TOKEN_BYTES = 8_192
MAX_LIFE_S = 86_400
LEEWAY_S = 30


def claims_of(token: str) -> dict[str, Any] | None:
    """Return the claims of a valid session token, else None."""
    deployment = settings()
    if not deployment.oidc_issuer or len(token) > MAX_TOKEN_BYTES:
        return None
    try:
        signing_key = _keys(deployment.oidc_jwks_url).get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            signing_key.key,
            # The key decides its algorithm, never the token: one published for RS256 verifies nothing else.
            algorithms=[name for name in ALGORITHMS if name == signing_key.algorithm_name],
            audience=deployment.oidc_audience,
            issuer=deployment.oidc_issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub"], "strict_aud": True},
        )
    # A key that does not fit the algorithm is a TypeError in PyJWT, and a header that is no JSON a ValueError.
    except (jwt.PyJWTError, TypeError, ValueError):
        return None
    return claims if claims["exp"] - claims["iat"] <= MAX_LIFE_S and claims["sub"] else None


@cache
def _keys(url: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(url, lifespan=300, timeout=5)
