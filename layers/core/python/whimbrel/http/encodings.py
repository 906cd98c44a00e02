"""Bodies that come compressed: inflated, within a limit, wherever the gateway has not done so itself."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, Any

from whimbrel.problems import BadRequest, MalformedJson, PayloadTooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whimbrel.http.exchange import Exchange

_GZIP = b"\x1f\x8b"


def inflated(exchange: Exchange, limit: int) -> Mapping[str, Any]:
    """Return the event of *exchange* with its body as it was before ``Content-Encoding``.

    API Gateway inflates gzip itself and may leave the header, so a body that does not begin as gzip does is taken for
    an inflated one: no JSON begins so.

    Raises:
        UnsupportedMediaType: another encoding than gzip.
        PayloadTooLarge: there are more than *limit* bytes in it.
        BadRequest: it is damaged, or no text.
    """
    encoding = exchange.header("Content-Encoding").strip().lower()
    if encoding in {"", "identity"}:
        return exchange.event
    if encoding not in {"gzip", "x-gzip"}:
        raise UnsupportedMediaType("Send the body as it is, or with Content-Encoding: gzip.")
    body = exchange.body
    if not body.startswith(_GZIP):
        return exchange.event
    try:
        text = _inflate(body, limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The inflated body is not UTF-8: byte {error.start}.") from error
    return {**exchange.event, "body": text, "isBase64Encoded": False}


def _inflate(body: bytes, limit: int) -> bytes:
    """Return what is in the members of *body*, never making more of it than *limit* bytes and one."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as members:
            content = members.read(limit + 1)
    except EOFError as error:
        raise BadRequest("The body's gzip ends early; send all of it.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadRequest("The body is damaged gzip; compress it again.") from error
    if len(content) > limit:
        raise PayloadTooLarge(f"The body inflates to more than {limit} bytes.")
    return content
