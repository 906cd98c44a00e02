"""API keys: their form and checksum, in the manner of GitHub's token format.

``sk_live_`` or ``sk_test_``, 12 characters that name the key, 32 of secret (190 bits), and six that are the CRC-32 of
all before them in base 62: a typing error, or a random string, never costs a look-up.
"""

from __future__ import annotations

import hmac
import re
import string
import zlib
from hashlib import sha256
from typing import Literal, NamedTuple

from whimbrel import chance
from whimbrel.ids import Id

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH = 12
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
_FORM = re.compile(r"sk_(?:live|test)_([0-9A-Za-z]{50})\Z", re.ASCII)

Mode = Literal["live", "test"]


class ApiKey(NamedTuple):
    """A key in clear: shown once, never stored."""

    id: str
    text: str


def new_api_key(mode: Mode) -> ApiKey:
    """Return a new key."""
    identifier = chance.secret(Id.new(), ID_LENGTH, ALPHABET)
    body = f"sk_{mode}_{identifier}{chance.secret(identifier, SECRET_LENGTH, ALPHABET)}"
    return ApiKey(identifier, body + _checksum(body))


def key_id_of(text: str) -> str | None:
    """Return the identifier inside a key, or None where form or checksum are wrong."""
    found = _FORM.match(text)
    if not found or not hmac.compare_digest(_checksum(text[:-CHECKSUM_LENGTH]), text[-CHECKSUM_LENGTH:]):
        return None
    return found[1][:ID_LENGTH]


def digest(pepper: bytes, text: str) -> str:
    """Return what is stored of a secret: its HMAC-SHA256. A slow hash would add nothing to 190 random bits."""
    return hmac.digest(pepper, text.encode(), sha256).hex()


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    characters = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        characters = ALPHABET[digit] + characters
    return characters
