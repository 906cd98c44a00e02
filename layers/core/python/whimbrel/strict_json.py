"""JSON as RFC 8259 means it: what Python's decoder lets through beyond it is refused, with the place."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from whimbrel.problems import FieldError, InvalidRequest, MalformedJson

MAX_DEPTH = 32
_MAX_INTEGER_DIGITS = 40


class Repeated(dict[str, Any]):
    """An object in which a key stands more than once; ``key`` is the first of them, and the last value counts."""

    key = ""


def loads(text: str | bytes) -> Any:
    """Return the value of *text*.

    Raises:
        MalformedJson: not JSON; NaN, Infinity or a number beyond a double; a key twice; deeper than 32; a lone
        surrogate.
    """
    value = _decoded(text, _STRICT)
    _check(value, "", 1)
    return value


def parse(text: str | bytes) -> Any:
    """Return the value of *text* without the walk of ``loads``: for callers that look at every value themselves.

    An object in which a key stands twice is `Repeated`.

    Raises:
        MalformedJson: not JSON, NaN or Infinity, a number of thousands of digits, or nested beyond the decoder's stack.
    """
    return _decoded(text, _LENIENT)


def is_deeper(value: object, levels: int) -> bool:
    """Tell whether objects and arrays are nested in *value* deeper than *levels*."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return levels == 0 or any(is_deeper(member, levels - 1) for member in value if isinstance(member, dict | list))


def repeated_key(value: object) -> str | None:
    """Return a key that stands twice in an object of *value*, which is not nested deeply; None if none does."""
    if isinstance(value, Repeated):
        return value.key
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = (repeated_key(member) for member in members if isinstance(member, dict | list))
    return next((key for key in found if key is not None), None)


def dumps(value: object) -> str:
    """Return compact JSON; NaN and infinities are a programming error here."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _no_constant(name: str) -> float:
    raise MalformedJson(f"{name} is not a JSON number; leave the field out or send null.")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS:
        raise MalformedJson(f"An integer has {len(digits)} digits; {_MAX_INTEGER_DIGITS} are the limit.")
    return int(digits)


def _decoded(text: str | bytes, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(text if isinstance(text, str) else text.decode("utf-8", "surrogatepass"))
    except json.JSONDecodeError as error:
        raise MalformedJson(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            errors=(FieldError("", "malformed-json", f"{error.msg} (character {error.pos})"),),
        ) from error
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not UTF-8: byte {error.start}.") from error
    except RecursionError as error:
        raise MalformedJson(f"The body is nested too deeply; {MAX_DEPTH} levels are the limit.") from error
    except ValueError as error:
        raise MalformedJson("The body holds an integer of thousands of digits.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = _marked(pairs)
    if isinstance(found, Repeated):
        twice = FieldError(found.key, "duplicate-key", "twice")
        raise MalformedJson("A key stands twice in one object.", errors=(twice,))
    return found


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    seen: set[str] = set()
    repeated.key = next(name for name, _ in pairs if name in seen or seen.add(name))
    return repeated


_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer)
_LENIENT = json.JSONDecoder(object_pairs_hook=_marked, parse_constant=_no_constant)


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
