"""The bodies of dots: which variables of which devices get which values, and when.

A dot is a number, as such or as a text, or ``{"value", "timestamp"?, "context"?}``. The narrowest timestamp counts: its
own, then that of the entry of values that it stands in, then the device's, then the query's, then the server's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from whimbrel.domain.reading_values import json_type
from whimbrel.domain.readings import Reason, Refused, short
from whimbrel.problems import InvalidRequest, MalformedJson
from whimbrel.strict_json import Repeated, parse

MOST_DEVICES = 500
_OF_A_DOT = frozenset({"value", "timestamp", "context"})

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dot:
    """One value as it was sent: of which device and variable, and where it stands in the body.

    ``timestamp`` is what stands around it, in a tuple; empty for the server's time.
    """

    device: str
    variable: str
    said: Any
    timestamp: tuple[Any, ...]
    path: str

    def reading(self) -> Said:
        """Return the dot as a reading of its device, as far as it says anything.

        Its value is the number that a text stands for, else as it was sent.
        """
        said = self.said if isinstance(self.said, dict) else {"value": self.said}
        timestamp = (said["timestamp"],) if "timestamp" in said else self.timestamp
        reading: Said = {"sensorId": self.variable}
        if "value" in said:
            reading["value"] = _number(said["value"])
        if timestamp:
            reading["timestamp"] = _milliseconds(timestamp[0])
        if said.get("context") is not None:
            reading["metadata"] = said["context"]
        return reading

    def check(self) -> None:
        """Do nothing if this is a dot, whatever it says.

        Raises:
            Refused: it is none.
        """
        if isinstance(self.said, dict):
            if isinstance(self.said, Repeated):
                raise Refused(Reason.MALFORMED_JSON, f"{short(self.said.key)} stands twice in one object")
            if unknown := self.said.keys() - _OF_A_DOT:
                raise Refused(
                    Reason.MALFORMED_JSON, f"a dot has value, timestamp and context, no {short(min(unknown))}"
                )
            if not isinstance(self.said.get("context", {}), dict):
                raise Refused(Reason.TYPE_MISMATCH, "context is a JSON object")
        reading = self.reading()
        if "value" not in reading:
            raise Refused(Reason.MISSING_FIELD, "value is missing")
        if isinstance(reading["value"], bool) or not isinstance(reading["value"], int | float):
            raise Refused(Reason.TYPE_MISMATCH, f"a dot's value is a number, not {json_type(reading['value'])}")


def of_device(body: Any, device: str, timestamp: tuple[Any, ...]) -> list[Dot]:
    """Return the dots of ``{variable: dot or array of dots, …}``.

    Raises:
        InvalidRequest: it is none.
    """
    found: list[Dot] = []
    for variable, said in _object(body, "body").items():
        found += _listed(said, device, variable, timestamp, shown(variable))
    return _some(found)


def of_variable(body: Any, device: str, variable: str, timestamp: tuple[Any, ...]) -> list[Dot]:
    """Return the dots of a body that is one dot, or an array of them."""
    return _some(list(_listed(body, device, variable, timestamp, "")))


def of_entries(body: Any, device: str, timestamp: tuple[Any, ...], path: str = "") -> list[Dot]:
    """Return the dots of ``[{variable: dot, …, "timestamp"?}, …]``, the body or part of one at *path*.

    Raises:
        InvalidRequest: it is none.
    """
    found: list[Dot] = []
    for index, raw in enumerate(_array(body, path or "body")):
        place = f"{path}[{index}]"
        entry = _object(raw, place)
        around = (entry["timestamp"],) if "timestamp" in entry else timestamp
        for variable, said in entry.items():
            if variable != "timestamp":
                found += _listed(said, device, variable, around, f"{place}.{shown(variable)}")
    return found if path else _some(found)


def of_devices(body: Any, timestamp: tuple[Any, ...]) -> list[Dot]:
    """Return the dots of ``[{"device", "timestamp"?, "values": [entry, …]}, …]``.

    Raises:
        InvalidRequest: it is none.
    """
    found: list[Dot] = []
    for index, raw in enumerate(_array(body, "body")):
        part = _object(raw, f"[{index}]")
        for name in ("device", "values"):
            if name not in part:
                raise InvalidRequest.of(f"[{index}].{name}", "it is missing", code="missing")
        if unknown := part.keys() - {"device", "timestamp", "values"}:
            raise InvalidRequest.of(
                f"[{index}].{shown(min(unknown))}", "there is no such field", code="extra-forbidden"
            )
        if not isinstance(part["device"], str):
            raise InvalidRequest.of(f"[{index}].device", "send the device's label")
        around = (part["timestamp"],) if "timestamp" in part else timestamp
        found += of_entries(part["values"], part["device"], around, f"[{index}].values")
    if len({dot.device for dot in found}) > MOST_DEVICES:
        raise InvalidRequest.of("body", f"{MOST_DEVICES} devices are the limit", code="length")
    return _some(found)


def of_collection(body: Any) -> list[Said]:
    """Return the objects of ``[{"variable", "value", "timestamp"?, "context"?}, …]``; the variables are texts.

    Raises:
        InvalidRequest: it is none.
    """
    items = [_object(raw, f"[{index}]") for index, raw in enumerate(_array(body, "body"))]
    for index, item in enumerate(items):
        if not isinstance(item.get("variable"), str):
            raise InvalidRequest.of(f"[{index}].variable", "send the variable's id", code="missing")
    if not items:
        raise InvalidRequest.of("body", "send one value at least", code="length")
    return items


def _listed(said: Any, device: str, variable: str, timestamp: tuple[Any, ...], path: str) -> Iterator[Dot]:
    if isinstance(said, list):
        for index, each in enumerate(said):
            yield Dot(device, variable, each, timestamp, f"{path}[{index}]")
    else:
        yield Dot(device, variable, said, timestamp, path)


def _some(dots: list[Dot]) -> list[Dot]:
    if not dots:
        raise InvalidRequest.of("body", "send one value at least", code="length")
    return dots


def _object(raw: Any, path: str) -> Said:
    if not isinstance(raw, dict):
        raise InvalidRequest.of(path, f"send an object, not {json_type(raw)}")
    if isinstance(raw, Repeated):
        raise InvalidRequest.of(path, f"{shown(raw.key)} stands twice in one object", code="duplicate-key")
    return raw


def _array(raw: Any, path: str) -> list[Any]:
    if not isinstance(raw, list):
        raise InvalidRequest.of(path, f"send an array, not {json_type(raw)}")
    return raw


def _number(value: Any) -> Any:
    """Return the number that a text is, in JSON's spelling; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        number = parse(value.strip())
    except MalformedJson:
        return value
    return number if isinstance(number, int | float) and not isinstance(number, bool) else value


def _milliseconds(timestamp: Any) -> Any:
    """Return a timestamp in the milliseconds that it says, as a number or a text; anything else as it is.

    What is finer is cut.
    """
    number = _number(timestamp)
    return int(number) if isinstance(number, float) and isfinite(number) else number


def shown(name: str) -> str:
    """Return a client's own name as far as it can be told back: half a surrogate pair cannot."""
    return name[:64].encode("utf-8", "replace").decode()
