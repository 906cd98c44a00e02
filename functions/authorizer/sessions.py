"""User sessions: JWTs of one OpenID Connect issuer, verified against its published keys (RFC 7519, RFC 7517).

Nothing in a token says how it is to be judged. Its ``kid`` picks one of the published keys, and that key has its
algorithm; ``jku``, ``x5u`` and ``jwk`` are not looked at.
"""

from __future__ import annotations

import re
import time
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jwt

from whimbrel.settings import settings

ALGORITHMS = ["RS256", "EdDSA"]
MAX_TOKEN_BYTES = 8_192
MAX_SUBJECT_LENGTH = 256
MAX_LIFE_S = 86_400
LEEWAY_S = 30
KEYS_KEPT_S = 300
STALE_KEYS_KEPT_S = 86_400
"""How long the keys last fetched serve while the issuer does not answer."""

_KID = re.compile(r"(?!.*\.\.)[A-Za-z0-9_=+/.:-]{1,128}\Z", re.ASCII)
"""Base64 of either kind, and hostnames; not a way out of a folder."""

_WRONG = (jwt.PyJWTError, TypeError, ValueError)
"""A key that does not fit the algorithm is a TypeError in PyJWT, a header that is no JSON a ValueError."""


def claims_of(token: str) -> dict[str, Any] | None:
    """Return the claims of a valid session token, else None."""
    deployment = settings()
    if not (deployment.oidc_issuer and deployment.oidc_audience) or len(token) > MAX_TOKEN_BYTES:
        return None
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str) or not _KID.match(kid):
            return None
        signing_key = _keys(deployment.oidc_jwks_url).get_signing_key(kid)
        claims: dict[str, Any] = jwt.decode(
            token,
            signing_key.key,
            # The key decides its algorithm, never the token: one published for RS256 verifies nothing else.
            algorithms=[name for name in ALGORITHMS if name == signing_key.algorithm_name],
            issuer=deployment.oidc_issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": False},
        )
        is_good = (
            claims["exp"] - claims["iat"] <= MAX_LIFE_S
            and 0 < len(claims["sub"]) <= MAX_SUBJECT_LENGTH
            and _is_for(deployment.oidc_audience, claims)
        )
    except _WRONG:
        return None
    return claims if is_good else None


def _is_for(audience: str, claims: dict[str, Any]) -> bool:
    """Tell whether a token is meant for us: exactly, and not among others.

    A Cognito access token names its client in ``client_id`` and has no audience; its other kind is the ID token.
    """
    use = claims.get("token_use", "id")
    if use == "access":
        return claims.get("client_id") == audience and claims.get("aud", audience) == audience
    return use == "id" and claims.get("aud") == audience


class _Keys(jwt.PyJWKClient):
    """The issuer's published keys; the last ones for a day while it does not answer."""

    def __init__(self, url: str) -> None:
        super().__init__(url, lifespan=KEYS_KEPT_S, timeout=3)
        self._last: tuple[Any, float] = (None, 0.0)

    def fetch_data(self) -> Any:
        """Return the key set."""
        try:
            self._last = super().fetch_data(), time.monotonic()
        except (jwt.PyJWTError, ValueError, OSError):
            keys, fetched_at = self._last
            if keys is None or time.monotonic() - fetched_at > STALE_KEYS_KEPT_S:
                raise
        return self._last[0]


@cache
def _keys(url: str) -> _Keys:
    """Return the keys at *url*.

    Raises:
        ValueError: they could be changed under way. Only the development issuer, in its own stage, is without TLS.
    """
    parts = urlsplit(url)
    is_local = settings().stage == "local" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not is_local:
        raise ValueError("the issuer's keys are fetched over https only")
    return _Keys(url)
