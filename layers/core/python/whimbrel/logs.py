"""Logs: the standard logger; Lambda's JSON log format turns a record and its ``extra`` into one structured line.

Messages are constants, what varies goes into ``extra``; no payloads, no secrets. (Powertools' Logger would add 70 ms to
the start of every function, and ingestion has no room for it.)

What looks like a secret is masked all the same, wherever in a record it stands: libraries put into exceptions what they
were given. Nothing is done until something is logged.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from functools import cache
from typing import Any

log = logging.getLogger("whimbrel")
log.setLevel(logging.INFO)

MASK = "…"
_DEEPEST = 6
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FORMS = (
    # Keys and tokens of ours: what names them in public stays.
    (r"((?:sk_(?:live|test)|pat|omni)_[0-9A-Za-z]{12})[0-9A-Za-z]+", r"\1"),
    (rf"({_UUID}\.{_UUID}\.)[\w-]+", r"\1"),
    # A JWT, also in a URL; only from where a word begins, or long texts take for ever.
    (r"(?:(?<![\w-])|(?<=%[0-9A-F]{2}))eyJ[\w-]+\.[\w-]*(?:\.[\w-]*)*", ""),
    (r"(?s)(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----).*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", r"\1"),
    (r"(?i)(x-amz-(?:signature|security-token|credential)(?:=|%3d|[\"']?\s?[:,]\s?[\"']?))[^&\s\"'<>]+", r"\1"),
    (r"(?i)((?:secret_?access_?key|session_?token|authorization)[\"']?\s?[:=]\s?[\"']?)[^&\"',}<>\r\n]+", r"\1"),
    (r"(?i)\b(bearer|basic) [\w.~+/=-]{16,}", r"\1 "),
)
"""What a secret looks like, and what of it is kept."""
_NAMES = (
    r"(?i)(?:authorization|cookie|x-amz-(?:signature|security-token)|(?:aws_?)?(?:secret_?access_?key|session_?token)"
    r"|secret_?string)\Z"
)
_OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def masked(text: str) -> str:
    """Return *text* with `MASK` in place of what looks like a secret."""
    for pattern, kept in _patterns():
        text = pattern.sub(kept, text)
    return text


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    # At first use: compiling takes 2 ms, and most processes never log.
    return [(re.compile(pattern), kept + MASK) for pattern, kept in _FORMS]


def _mask(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    if (safe := masked(message)) != message:
        record.msg, record.args = safe, ()
    for name in record.__dict__.keys() - _OF_EVERY_RECORD:
        setattr(record, name, _masked_value(name, record.__dict__[name]))
    if record.exc_info and record.exc_info[1]:
        text = "".join(traceback.format_exception(record.exc_info[1]))
        if masked(text) != text:
            stand_in = _stand_in(record.exc_info[1])
            record.exc_info = (type(stand_in), stand_in, record.exc_info[2])
    record.exc_text = record.exc_text and masked(record.exc_text)
    record.stack_info = record.stack_info and masked(record.stack_info)
    return True


def _masked_value(name: str, value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if re.match(_NAMES, name) or depth > _DEEPEST:
        return MASK
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        members: Mapping[Any, Any] = value
        return {key: _masked_value(str(key), member, depth + 1) for key, member in members.items()}
    if isinstance(value, list | tuple):
        items: list[Any] | tuple[Any, ...] = value
        return [_masked_value("", item, depth + 1) for item in items]
    text = str(value)
    return value if masked(text) == text else masked(text)


def _stand_in(error: BaseException, depth: int = 0) -> BaseException:
    """Return an exception that is told like *error*, and has no secret in its text or in what it came of."""
    kind = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    made: BaseException = kind(masked(str(error))).with_traceback(error.__traceback__)
    if depth < _DEEPEST:
        made.__cause__ = error.__cause__ and _stand_in(error.__cause__, depth + 1)
        made.__context__ = error.__context__ and _stand_in(error.__context__, depth + 1)
        made.__suppress_context__ = error.__suppress_context__
    return made


log.addFilter(_mask)
