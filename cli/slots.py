"""The parameters of operations and the fields of their bodies as options, read from the generated client."""

from __future__ import annotations

import enum
import inspect
import json
import re
import sys
import types
import typing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated, Any

import typer

from cli.ending import kebab
from cli.operations import Operation


def moment(text: str) -> datetime:
    """Read a time; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no time: write it as 2026-01-31T12:00:00Z or 2026-01-31.") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def json_value(text: str) -> Any:
    """Read JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"this is no JSON: {error}") from None


def scalar(text: str) -> Any:
    """Read a number, true, false, or else a text."""
    try:
        read = json.loads(text)
    except ValueError:
        return text
    return read if isinstance(read, int | float) else text


def number(text: str) -> int | float:
    """Read a number; a whole one stays whole."""
    read = scalar(text)
    if isinstance(read, bool) or not isinstance(read, int | float):
        raise typer.BadParameter(f"{text} is no number.")
    return read


@dataclass(frozen=True)
class Slot:
    """A parameter of an operation, or a field of its body: where it goes, and how it is said."""

    name: str
    wire: str
    kind: Any
    is_required: bool
    help: str = ""
    nullable: bool = False
    is_argument: bool = False

    @property
    def option(self) -> str:
        return f"--{kebab(self.name)}"

    def parameter(self, prefix: str, *, required: bool) -> inspect.Parameter:
        """Return the parameter that Typer makes the option or argument of."""
        settings: dict[str, Any] = {"help": self.help, "show_default": False}
        kind = self.kind
        if not isinstance(kind, type) and not typing.get_origin(kind):
            settings |= {"parser": kind, "metavar": METAVARS[kind]}
            kind = str
        if self.is_argument:
            info: Any = typer.Argument(metavar=self.name.upper(), **settings)
        elif kind is bool:
            info = typer.Option(f"{self.option}/--no-{kebab(self.name)}", **settings)
        else:
            info = typer.Option(self.option, **settings)
        optional = not (required and self.is_required)
        return inspect.Parameter(
            prefix + self.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if optional else inspect.Parameter.empty,
            annotation=Annotated[kind | None if optional else kind, info],
        )


METAVARS: dict[Any, str] = {moment: "TIME", json_value: "JSON", scalar: "VALUE", number: "NUMBER"}


def kind_of(annotation: Any) -> tuple[Any, bool]:
    """Return as what an option of this annotation is read, and whether null may be sent instead."""
    is_union = typing.get_origin(annotation) in {types.UnionType, typing.Union}
    members = set(typing.get_args(annotation)) if is_union else {annotation}
    nullable = types.NoneType in members
    members = {each for each in members if each is not types.NoneType and getattr(each, "__name__", "") != "Unset"}
    if len(members) == 1:
        (only,) = members
        if only is bool or _is_plain(only):
            return only, nullable
        if only is datetime:
            return moment, nullable
        if typing.get_origin(only) is list and _is_plain(typing.get_args(only)[0]):
            return only, nullable
    if members and members <= {int, float}:
        return number, nullable
    if members <= {int, float, bool, str}:
        return scalar, nullable
    return json_value, nullable


def _is_plain(kind: Any) -> bool:
    return kind in (str, int) or (isinstance(kind, type) and issubclass(kind, enum.Enum))


def camel(name: str) -> str:
    """Return a name of Python's as the API has it."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(map(str.capitalize, rest))


def parameters(operation: Operation) -> list[Slot]:
    """Return the parameters of an operation, without its body."""
    said = helps(operation.module.sync_detailed)
    return [
        Slot(
            each.name,
            each.name,
            kind_of(each.annotation)[0],
            each.default is inspect.Parameter.empty,
            said.get(each.name, ""),
            is_argument=each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD,
        )
        for each in inspect.signature(operation.module._get_kwargs).parameters.values()
        if each.name != "body"
    ]


def body_of(operation: Operation) -> list[Slot] | None:
    """Return the fields of an operation's body; none if it has no fixed ones, None if there is no body."""
    body = inspect.signature(operation.module._get_kwargs).parameters.get("body")
    if body is None:
        return None
    if not hasattr(body.annotation, "__attrs_attrs__"):
        return []
    said = helps(body.annotation)
    found: list[Slot] = []
    for each in body.annotation.__attrs_attrs__:
        if each.init:
            kind, nullable = kind_of(_resolved(each.type, body.annotation))
            is_required = repr(each.default) == "NOTHING"
            found.append(Slot(each.name, camel(each.name), kind, is_required, said.get(each.name, ""), nullable))
    return found


class _Models(dict[str, Any]):
    """The generated models by name, each imported when it is asked for."""

    def __missing__(self, name: str) -> Any:
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        try:
            return getattr(import_module(f"cli.client.models.{snake}"), name)
        except (ImportError, AttributeError):
            raise KeyError(name) from None


def _resolved(annotation: Any, model: type) -> Any:
    if not isinstance(annotation, str):
        return annotation
    return eval(annotation, vars(sys.modules[model.__module__]), _Models())  # noqa: S307 (generated code)


def helps(documented: Any) -> dict[str, str]:
    """Return what the docstring of a generated function or model says of each parameter or field."""
    section = re.split(r"^(?:Args|Attributes):\n", inspect.getdoc(documented) or "", flags=re.MULTILINE)[1:]
    text = re.split(r"^\S", section[0], flags=re.MULTILINE)[0] if section else ""
    entries = re.findall(r"^ {4}(\w+) \((.*?)\):(.*?)(?=^ {4}\w|\Z)", text, re.MULTILINE | re.DOTALL)
    return {name: re.sub(r"Default: \w+\.", "Default: ", " ".join(said.split())) for name, _, said in entries}
