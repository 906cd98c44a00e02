"""The text of API keys and access tokens: their form and checksum, in the manner of GitHub's token format.

``sk_live_``, ``sk_test_`` or ``pat_`` and 12 characters name the credential in public; 32 are its secret (190 bits),
and six are the CRC-32 of all before them in base 62: a typing error, or a random string, never costs a look-up.
``omni_`` is another way to write ``pat_``: the checksum is that of the text under ``pat_``.
"""

from __future__ import annotations

import hmac
import re
import string
import zlib
from hashlib import sha256
from typing import Literal

from whimbrel import chance
from whimbrel.ids import Id

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH = 12
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
PREFIXES = ("sk_live_", "sk_test_", "pat_", "omni_")
"""How a credential begins that is one of ours, and not an issuer's session."""

_FORM = re.compile(r"(?:sk_(?:live|test)|pat)_[0-9A-Za-z]{50}\Z", re.ASCII)

Mode = Literal["live", "test"]


def new_public_part(prefix: str) -> str:
    """Return the public name of a new credential: *prefix* and 12 random characters."""
    return prefix + chance.secret(Id.new(), ID_LENGTH, ALPHABET)


def whole(public: str) -> str:
    """Return the text of the credential called *public*: the name, a new secret, and the checksum.

    In a call that is repeated it is the same text again (see ``chance``), so that an answer can be kept without it.
    """
    body = public + chance.secret(public, SECRET_LENGTH, ALPHABET)
    return body + _checksum(body)


def public_part(text: str) -> str:
    """Return what may be kept and shown of a credential's *text*: all but its secret and checksum."""
    return text[: -SECRET_LENGTH - CHECKSUM_LENGTH]


def canonical(text: str) -> str:
    """Return *text* as it was made: a token that begins with ``omni_`` under ``pat_``."""
    return "pat_" + text.removeprefix("omni_") if text.startswith("omni_") else text


def key_id_of(text: str) -> str | None:
    """Return the identifier inside a credential in canonical form, or None where form or checksum are wrong."""
    body, checksum = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    if not _FORM.match(text) or not hmac.compare_digest(_checksum(body), checksum):
        return None
    return key_id(public_part(text))


def key_id(public: str) -> str:
    """Return the identifier by which the credential called *public* is looked up."""
    return public[-ID_LENGTH:]


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
