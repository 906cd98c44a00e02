"""What a browser must read in an answer before it shows it to a page of another origin."""

from __future__ import annotations

from whimbrel.settings import settings

EXPOSED = (
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-Id",
)
"""What pages may read beyond what they always may."""


def cors_headers(origin: str) -> dict[str, str]:
    """Return the headers of every answer to a request of *origin*, which is empty where it is no browser's.

    Exactly the stage's origins are let in, one by one and never ``*``. No cookies are: credentials of ours are headers.
    """
    allowed = settings().cors_origins.split(",")
    if allowed == [""]:
        return {}
    # Also where the origin is another: a cache must not give one page what was meant for another.
    varied = {"Vary": "Origin"}
    if origin not in allowed:
        return varied
    return varied | {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": ", ".join(EXPOSED)}
