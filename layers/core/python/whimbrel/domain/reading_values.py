"""What a reading's timestamp, value and metadata may be, each judged by itself. Standard library only."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from whimbrel.domain.readings import KnownSensor, Reason, Refused, short
from whimbrel.domain.series import Value, ValueType
from whimbrel.instants import END_OF_TIME_MS, parse_ms
from whimbrel.strict_json import MAX_DEPTH, is_deeper, repeated_key

MAX_TEXT = 1_000
MAX_METADATA_BYTES = 10_240
MAX_AHEAD_MS = 300_000
_INT64 = range(-(2**63), 2**63)
_EXACT = 2**53


def plain_double(value: Any, kind: type) -> float:
    """Return the double that an integer is exactly.

    Raises:
        TypeError: it is none, or no double is wanted.
    """
    if kind is float and type(value) is int and -_EXACT <= value <= _EXACT:
        return float(value)
    raise TypeError


def ms_of(text: str) -> int:
    """Return the milliseconds since 1970 of RFC 3339 *text*, from its three parts, most of which have come before.

    Raises:
        ValueError: it is not one, or a part is not.
    """
    return HOURS[text[:14]] + MINUTES[text[14:19]] + SECONDS[text[19:]]


class _Parts(dict[str, int]):
    """Parts of timestamps and what each adds, in milliseconds; parsed when first met, forgotten when too many."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__()
        self._before = before
        self._after = after

    def __missing__(self, part: str) -> int:
        parsed = parse_ms(f"{self._before}{part}{self._after}")
        if len(self) >= _MOST_PARTS:
            self.clear()
        self[part] = parsed
        return parsed


_MOST_PARTS = 10_000
HOURS = _Parts("", "00:00Z")
MINUTES = _Parts("1970-01-01T00:", "Z")
SECONDS = _Parts("1970-01-01T00:00:00", "")


def timestamp_of(value: object, accepted_ms: int) -> int:
    """Return the milliseconds since 1970 of a reading's timestamp.

    Raises:
        Refused: no time, before 1970, beyond the year 9999, or more than five minutes ahead of its acceptance.
    """
    if isinstance(value, str):
        try:
            at = parse_ms(value)
        except (ValueError, OverflowError) as error:
            raise Refused(Reason.BAD_TIMESTAMP, f"timestamp {short(value)}: {error}") from error
    elif isinstance(value, int) and not isinstance(value, bool):
        at = value
    else:
        raise Refused(Reason.BAD_TIMESTAMP, "timestamp is RFC 3339 or milliseconds since 1970")
    if not 0 <= at < END_OF_TIME_MS:
        raise Refused(Reason.BAD_TIMESTAMP, "timestamp is before 1970 or beyond 9999")
    if at > accepted_ms + MAX_AHEAD_MS:
        raise Refused(Reason.BAD_TIMESTAMP, "timestamp is more than 5 minutes ahead; check the device's clock")
    return at


def value_of(value: object, sensor: KnownSensor) -> Value:
    """Return *value* as the sensor's type holds it; a DOUBLE takes integers, a BIGINT whole doubles below 2^53.

    Raises:
        Refused: another type, beyond its range, or too long a text.
    """
    wanted = sensor.value_type
    if wanted is ValueType.TEXT:
        if isinstance(value, str):
            return _text(value)
    elif wanted is ValueType.BOOLEAN:
        if isinstance(value, bool):
            return value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return _double(value) if wanted is ValueType.DOUBLE else _bigint(value)
    raise Refused(Reason.TYPE_MISMATCH, f"{sensor.component}/{sensor.key} is {wanted.value}, not {json_type(value)}")


def metadata_of(value: object) -> str:
    """Return the JSON text of a reading's metadata, its keys in order.

    Raises:
        Refused: not an object, or more than 10 KB.
    """
    if not isinstance(value, dict):
        raise Refused(Reason.TYPE_MISMATCH, "metadata is a JSON object")
    if is_deeper(value, MAX_DEPTH):
        raise Refused(Reason.MALFORMED_JSON, f"metadata is nested deeper than {MAX_DEPTH} levels")
    if (twice := repeated_key(value)) is not None:
        raise Refused(Reason.MALFORMED_JSON, f"{short(twice)} stands twice in one object")
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size = len(text.encode())
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.MALFORMED_JSON, "metadata holds what JSON cannot: half a surrogate, or NaN") from error
    if size > MAX_METADATA_BYTES:
        raise Refused(Reason.TOO_LARGE, f"metadata has {size} bytes; {MAX_METADATA_BYTES} are the limit")
    return text


def _double(number: float) -> float:
    try:
        double = float(number)
    except OverflowError:
        double = float("inf")
    if not isfinite(double):
        raise Refused(Reason.OUT_OF_RANGE, "the number is beyond what a double can hold")
    return double


def _bigint(number: float) -> int:
    if isinstance(number, int):
        if number not in _INT64:
            raise Refused(Reason.OUT_OF_RANGE, "the number is beyond 64 bits")
        return number
    if not number.is_integer():
        raise Refused(Reason.TYPE_MISMATCH, "the sensor is BIGINT; send a whole number")
    if abs(number) > _EXACT:
        raise Refused(Reason.OUT_OF_RANGE, "send whole numbers beyond 2^53 without a fraction or exponent")
    return int(number)


def _text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Refused(Reason.TOO_LARGE, f"the text has {len(text)} characters; {MAX_TEXT} are the limit")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Refused(Reason.MALFORMED_JSON, "the text holds half a surrogate pair") from error
    return text


def is_plain_text(text: str) -> bool:
    return len(text) <= MAX_TEXT and text.isascii()


def type_of(value: object) -> ValueType:
    if isinstance(value, bool):
        return ValueType.BOOLEAN
    if isinstance(value, str):
        return ValueType.TEXT
    if isinstance(value, (int, float)):
        return ValueType.DOUBLE
    raise Refused(Reason.TYPE_MISMATCH, f"a value is a number, a text or a boolean, not {json_type(value)}")


def json_type(value: object) -> str:
    names: dict[type, str] = {
        bool: "a boolean",
        str: "a text",
        int: "a number",
        float: "a number",
        dict: "an object",
        list: "an array",
    }
    return names.get(type(value), "null")
