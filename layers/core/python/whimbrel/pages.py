"""Lists, cut by key: a page is a slice after a position, and the position travels as a signed cursor."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from whimbrel.bodies import Wire
from whimbrel.problems import InvalidCursor

ItemT = TypeVar("ItemT")

CURSOR_LIFE_S = 86_400
_MAC_BYTES = 16


class Page(Wire, Generic[ItemT]):
    """Some items of a list, and where it goes on."""

    items: list[ItemT]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` to go on; null at the end.")]


@dataclass(frozen=True, slots=True)
class Cursors:
    """The cursors of one query of one tenant: a position that nobody else can make, alter or use elsewhere.

    ``key`` is secret; ``query`` is whatever tells this list from others: the organization, the route, its filters.
    """

    key: bytes
    query: tuple[str, ...]

    def seal(self, position: str) -> str:
        """Return the cursor of *position*; it is good for a day."""
        payload = json.dumps([position, int(time.time()) + CURSOR_LIFE_S], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(payload) + payload).rstrip(b"=").decode()

    def open(self, cursor: str) -> str:
        """Return the position of *cursor*.

        Raises:
            InvalidCursor: it is forged, altered, expired, or of another query or tenant.
        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as error:
            raise InvalidCursor("The cursor is not one of this API's.") from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        # Base64 has spare bits at its end: only the spelling that we made is ours.
        canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == cursor
        if not canonical or not hmac.compare_digest(mac, self._mac(payload)):
            raise InvalidCursor("The cursor does not belong to this list; start again without it.")
        position, expires = json.loads(payload)
        if expires < time.time():
            raise InvalidCursor("The cursor has expired; start again without it.")
        return position

    def _mac(self, payload: bytes) -> bytes:
        message = json.dumps(self.query).encode() + b"\0" + payload
        return hmac.digest(self.key, message, sha256)[:_MAC_BYTES]
