"""Spans of time as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

LONGEST = timedelta(days=36_525)
_SHORT = re.compile(r"(\d{1,9})([smhdw])\Z", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ISO_8601 = TypeAdapter(timedelta)


def parse_duration(text: str) -> timedelta:
    """Return the span of ``15m``, ``24h``, ``7d``, ``2w``, ``30s`` or an ISO 8601 duration such as ``PT15M``.

    Raises:
        ValueError: neither; not above zero; more than a hundred years.
    """
    short = _SHORT.match(text)
    try:
        if short:
            span = timedelta(**{_UNITS[short[2]]: int(short[1])})
        elif text.startswith("P"):
            span = _ISO_8601.validate_python(text)
        else:
            raise ValueError("write it as 15m, 24h, 7d, or in ISO 8601 as PT15M")
    except (ValidationError, OverflowError) as error:
        raise ValueError("write it as 15m, 24h, 7d, or in ISO 8601 as PT15M") from error
    if not timedelta(0) < span <= LONGEST:
        raise ValueError("it must be above zero and at most a hundred years")
    return span
