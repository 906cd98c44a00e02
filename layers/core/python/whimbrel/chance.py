"""Where chance comes from: the system, or in a call that may be repeated a seed, so that it makes the same again.

A client that says how its call is to be recognized (``Idempotency-Key``) may send it twice because the first answer, or
the first process, was lost. Under the same seed the second run makes the same identifiers, the same marks on its writes
and the same secrets: what the first had done it finds done. A seed is made of the platform's secret and of what the
client alone knows; neither of the two tells anything by itself.
"""

from __future__ import annotations

import hmac
import secrets
import time
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


class _Seeded:
    def __init__(self, seed: bytes, at_ms: int) -> None:
        self.seed = seed
        self.at_ms = at_ms
        self.drawn = 0


_CURRENT: ContextVar[_Seeded | None] = ContextVar("chance", default=None)


@contextmanager
def seeded(seed: bytes, at_ms: int) -> Generator[None]:
    """Draw all chance from *seed* meanwhile, in the order asked for; *at_ms* is the time that identifiers carry."""
    token = _CURRENT.set(_Seeded(seed, at_ms))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def bits(count: int) -> int:
    """Return *count* random bits, 256 at most."""
    source = _CURRENT.get()
    if source is None:
        return secrets.randbits(count)
    source.drawn += 1
    return _number(source.seed, f"draw {source.drawn}") >> (256 - count)


def now_ms() -> int:
    """Return the time for a new identifier, in ms since 1970."""
    source = _CURRENT.get()
    return time.time_ns() // 1_000_000 if source is None else source.at_ms


def secret(name: str, length: int, alphabet: str) -> str:
    """Return a secret of *length* characters, 190 bits of chance at most, for what is publicly called *name*.

    Under a seed it follows from the name alone, whatever was drawn before: an answer that was kept without its secret
    can be made whole again.
    """
    source = _CURRENT.get()
    number = secrets.randbits(256) if source is None else _number(source.seed, f"secret {name}")
    characters = ""
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        characters += alphabet[digit]
    return characters


def _number(seed: bytes, label: str) -> int:
    return int.from_bytes(hmac.digest(seed, label.encode(), sha256))
