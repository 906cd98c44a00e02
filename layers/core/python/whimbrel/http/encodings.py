"""Bodies that come compressed: inflated, within a limit, wherever the gateway has not done so itself."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, Any

from whimbrel.problems import BadRequest, FieldError, MalformedJson, PayloadTooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whimbrel.http.exchange import Exchange

_GZIP = b"\x1f\x8b"


def inflated(exchange: Exchange, limit: int) -> Mapping[str, Any]:
    """Return the event of *exchange* with its body as text, as it was before ``Content-Encoding``.

    API Gateway inflates gzip itself and may leave the header, so a body that does not begin as gzip does is taken for
    an inflated one: no JSON begins so.

    Raises:
        UnsupportedMediaType: another encoding than gzip.
        PayloadTooLarge: there are more than *limit* bytes in it.
        BadRequest: it is damaged, or no text.
    """
    encoding = exchange.header("Content-Encoding").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnsupportedMediaType("Send the body as it is, or with Content-Encoding: gzip.")
    if not exchange.event.get("isBase64Encoded"):
        return exchange.event
    body = exchange.body
    if encoding.endswith("gzip") and body.startswith(_GZIP):
        body = _inflate(body, limit)
    try:
        return {**exchange.event, "body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError as error:
        raise MalformedJson(
            f"The body is not UTF-8: byte {error.start}.",
            errors=(FieldError("", "not-utf-8", f"byte {error.start} is no UTF-8"),),
        ) from error


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
