"""JSON as RFC 8259 means it: what Python's decoder lets through beyond it is refused, with the place."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NamedTuple

from whimbrel.problems import FieldError, MalformedJson

MAX_DEPTH = 32
_MAX_INTEGER_DIGITS = 20
_MAX_SIGNIFICANT_DIGITS = 38
_MAX_PATH = 256


class Wrong(NamedTuple):
    """What stands, until the walk finds its place, where a value of JSON is none of ours: a code and a sentence."""

    code: str
    message: str


class Repeated(dict[str, Any]):
    """An object in which a key stands more than once; ``key`` is the first of them, and the last value counts."""

    key = ""


def loads(text: str | bytes) -> Any:
    """Return the value of *text*.

    Raises:
        MalformedJson: not JSON; NaN, Infinity, a number beyond a double, an integer of more than 20 digits or another
        number of more than 38; a key twice; deeper than 32; a lone surrogate. It names the field, unless it is no JSON.
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


def _refuse_constant(name: str) -> float:
    raise MalformedJson(f"{name} is not a JSON number; leave the field out or send null.")


def _no_constant(name: str) -> Wrong:
    return Wrong("no-number", f"{name} is not a JSON number; leave the field out or send null")


def _integer(digits: str) -> int | Wrong:
    if len(digits.lstrip("-")) > _MAX_INTEGER_DIGITS:
        return Wrong("number-out-of-range", f"an integer has {_MAX_INTEGER_DIGITS} digits at most")
    return int(digits)


def _double(digits: str) -> float | Wrong:
    mantissa = digits.lower().partition("e")[0].lstrip("-0.").replace(".", "")
    if len(mantissa) > _MAX_SIGNIFICANT_DIGITS:
        return Wrong("number-out-of-range", f"a number has {_MAX_SIGNIFICANT_DIGITS} significant digits at most")
    value = float(digits)
    if not isfinite(value) or (value == 0 and mantissa.strip("0")):
        return Wrong("number-out-of-range", "the number is beyond what a double can hold")
    return value


def _decoded(text: str | bytes, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(text if isinstance(text, str) else text.decode("utf-8", "surrogatepass"))
    except json.JSONDecodeError as error:
        raise MalformedJson(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            errors=(FieldError("", "malformed-json", f"{error.msg} (character {error.pos})"),),
        ) from error
    except UnicodeDecodeError as error:
        raise MalformedJson(
            f"The body is not UTF-8: byte {error.start}.",
            errors=(FieldError("", "not-utf-8", f"byte {error.start} is no UTF-8"),),
        ) from error
    except RecursionError as error:
        raise _refusal("", Wrong("too-deep", f"objects and arrays go {MAX_DEPTH} levels deep at most")) from error
    except ValueError as error:
        raise MalformedJson("The body holds an integer of thousands of digits.") from error


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    seen: set[str] = set()
    repeated.key = next(name for name, _ in pairs if name in seen or seen.add(name))
    return repeated


_STRICT = json.JSONDecoder(
    object_pairs_hook=_marked, parse_constant=_no_constant, parse_int=_integer, parse_float=_double
)
_LENIENT = json.JSONDecoder(object_pairs_hook=_marked, parse_constant=_refuse_constant)


def _check(value: object, path: str, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise _refusal(path, Wrong("too-deep", f"objects and arrays go {MAX_DEPTH} levels deep at most"))
        if isinstance(value, Repeated):
            raise _refusal(_member(path, value.key), Wrong("duplicate-key", "the key stands twice in one object"))
        if isinstance(value, dict):
            for name, member in value.items():
                _check_text(name, path)
                _check(member, _member(path, name), depth + 1)
        else:
            for index, member in enumerate(value):
                _check(member, f"{path}[{index}]", depth + 1)
    elif isinstance(value, Wrong):
        raise _refusal(path, value)


def _check_text(text: str, path: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise _refusal(path, Wrong("lone-surrogate", "half a surrogate pair is no character")) from error


def _member(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _refusal(path: str, wrong: Wrong) -> MalformedJson:
    # The keys of the path are the client's: of any length, and not all of them characters.
    shown = path.encode("utf-8", "replace").decode()[:_MAX_PATH]
    return MalformedJson(f"{shown or 'body'}: {wrong.message}", errors=(FieldError(shown, *wrong),))
