"""JSON as RFC 8259 means it: what Python's decoder lets through beyond it is refused, with the place."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from whimbrel.problems import FieldError, InvalidRequest, MalformedJson

MAX_DEPTH = 32
_MAX_INTEGER_DIGITS = 40


def loads(text: str | bytes) -> Any:
    """Return the value of *text*.

    Raises:
        MalformedJson: not JSON; NaN, Infinity or a number beyond a double; a key twice; deeper than 32; a lone
        surrogate.
    """
    value = parse(text, object_pairs_hook=_object)
    _check(value, "", 1)
    return value


def parse(text: str | bytes, **hooks: Any) -> Any:
    """Return the value of *text* without the walk of ``loads``: for callers that look at every value themselves.

    Raises:
        MalformedJson: not JSON, NaN or Infinity, or nested beyond the decoder's stack.
    """
    try:
        return json.loads(text, parse_constant=_no_constant, parse_int=_integer, **hooks)
    except json.JSONDecodeError as error:
        raise MalformedJson(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            errors=(FieldError("", "malformed-json", f"{error.msg} (character {error.pos})"),),
        ) from error
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not UTF-8: byte {error.start}.") from error
    except RecursionError as error:
        raise MalformedJson(f"The body is nested too deeply; {MAX_DEPTH} levels are the limit.") from error


def dumps(value: object) -> str:
    """Return compact JSON; NaN and infinities are a programming error here."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _no_constant(name: str) -> float:
    raise MalformedJson(f"{name} is not a JSON number; leave the field out or send null.")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS:
        raise MalformedJson(f"An integer has {len(digits)} digits; {_MAX_INTEGER_DIGITS} are the limit.")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedJson("A key stands twice in one object.", errors=(FieldError(twice, "duplicate-key", "twice"),))
    return found


def _check(value: object, path: str, depth: int) -> None:
    if depth > MAX_DEPTH and isinstance(value, dict | list):
        raise MalformedJson(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, float):
        if not isfinite(value):
            raise InvalidRequest.of(path, "the number is beyond what a double can hold", code="number-out-of-range")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_text(name, path)
            _check(member, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _check(member, f"{path}[{index}]", depth + 1)


def _check_text(text: str, path: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise MalformedJson(
                "The body holds half a surrogate pair.",
                errors=(FieldError(path, "lone-surrogate", "not a character"),),
            ) from error
