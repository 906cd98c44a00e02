"""The commands that the API itself makes: one for each operation of the generated client, read from its signature.

A new operation needs nothing here. Its noun is its folder, its verb is its name without that noun, its options are its
parameters and the fields of its body.
"""

from __future__ import annotations

import enum
import inspect
import json
import pkgutil
import re
import sys
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.command import Run, bound
from cli.ending import kebab

API = Path(__file__).parent / "client" / "api"
PAGE = 200
LAST = {"if_match", "idempotency_key"}
"""Parameters that few need: they stand at the end of the list."""

NOUNS = {
    "access": "me",
    "audit_entries": "audit-log",
    "certificates": "certificates",
    "provisioning": "devices",
    "quarantined_readings": "quarantine",
    "registration_tokens": "registration-tokens",
}
"""Where the noun is not the folder: by the folder, or by what an operation's name says that it is about."""

VERBS = {
    "create_registration_tokens": "create-many",
    "delete_sensor_readings": "delete",
    "discard_quarantine": "discard-all",
    "get_latest_readings": "latest",
    "get_sensor_aggregates": "aggregated",
    "get_sensor_readings": "get",
    "get_sensor_stats": "stats",
    "get_sensor_window": "window",
    "query_readings": "batch",
    "replay_quarantine": "replay-all",
}
"""Where the verb is not the rest of the name."""


@dataclass(frozen=True)
class Operation:
    """An operation of the API, and the command that it is."""

    folder: str
    name: str

    @property
    def _about(self) -> str:
        """What the name says after its verb, in the plural."""
        return plural(self.name.partition("_")[2])

    @property
    def noun(self) -> str:
        return NOUNS.get(self._about) or NOUNS.get(self.folder) or self.folder.replace("_", "-")

    @property
    def verb(self) -> str:
        if self.name in VERBS:
            return VERBS[self.name]
        verb, _, about = self.name.partition("_")
        if self._about in NOUNS:
            return verb
        for form in (self.noun.replace("-", "_"), singular(self.noun.replace("-", "_"))):
            about = re.sub(rf"(\A|_){form}(\Z|_)", r"\1", about).strip("_")
        return "-".join([verb, *about.split("_")]).strip("-")

    @property
    def module(self) -> types.ModuleType:
        """The generated module; imported only when it is needed, as each costs start-up."""
        return import_module(f"cli.client.api.{self.folder}.{self.name}")

    @property
    def help(self) -> str:
        """What the API says of it: its summary, and what stands below that."""
        text = inspect.getdoc(self.module.sync_detailed) or ""
        summary, _, rest = text.split("\nArgs:\n")[0].split("\nRaises:\n")[0].strip().partition("\n")
        rest = " ".join(rest.split())
        return summary if rest.removesuffix(".") == summary else f"{summary}\n\n{rest}"


@cache
def operations() -> dict[str, dict[str, Operation]]:
    """Return every operation by noun and verb. Nothing is imported for it."""
    found: dict[str, dict[str, Operation]] = {}
    for folder in sorted(API.iterdir()):
        for each in pkgutil.iter_modules([str(folder)]):
            operation = Operation(folder.name, each.name)
            if found.setdefault(operation.noun, {}).setdefault(operation.verb, operation) != operation:
                raise ValueError(f"{operation} and another are one command")
    return found


def singular(word: str) -> str:
    """Return the singular of a noun of the API."""
    if re.search(r"(ch|sh|ss)es\Z", word):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if re.search(r"[^s]s\Z", word) else word


def plural(word: str) -> str:
    """Return the plural of a noun of the API, which may be one already."""
    if re.search(r"[^s]s\Z", word):
        return word
    return re.sub(r"(?<=[^aeiou])y\Z", "ie", word) + ("es" if re.search(r"(ch|sh|ss)\Z", word) else "s")


# What options hold


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


class Raw(dict[str, Any]):
    """JSON that the generated client takes for a model."""

    def to_dict(self) -> dict[str, Any]:
        return dict(self)


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


# The commands


@dataclass(frozen=True)
class Extension:
    """What a command does beyond its operation: options of its own, and what follows the answer."""

    options: list[inspect.Parameter]
    follow: Callable[..., None]


EXTENSIONS = {"create_export": "cli.transfer:export_waiting"}
"""By operation, where its extension is."""
OF_JOBS = "cli.transfer:job_waiting"
"""Where the extension is of what a job goes on with."""


def callback(operation: Operation) -> Callable[..., None]:
    """Return an operation as a function for Typer."""
    slots, fields = parameters(operation), body_of(operation)
    names = {slot.name for slot in slots}
    extension = _extension(operation)
    options = [slot.parameter("p_", required=True) for slot in slots if slot.name not in LAST]
    if fields is not None:
        options += [field.parameter("b_", required=False) for field in fields]
        options.append(_option("body", str, "The whole body: JSON, @FILE, or - for stdin; other options win.", "JSON"))
    if clearable := [field for field in fields or () if field.nullable]:
        names_of_clearable = ", ".join(kebab(field.name) for field in clearable)
        options.append(_option("clear", list[str], f"Send null for a field: {names_of_clearable}.", "FIELD"))
    if "cursor" in names:
        options.append(_option("all", bool, "Follow the cursors to the end."))
    if extension:
        options += extension.options
    options += [slot.parameter("p_", required=True) for slot in slots if slot.name in LAST]

    def run(run: Run, **given: Any) -> None:
        request = _request(operation, slots, fields, given)
        if given.get("all"):
            if given["p_limit"] is None:
                request["params"]["limit"] = max(request["params"]["limit"], PAGE)
            run.show_pages(run.session.pages(request))
        elif extension:
            extension.follow(
                run, run.session.call(request), **{each.name: given[each.name] for each in extension.options}
            )
        else:
            run.show(run.session.call(request))

    return bound(run, options)


def _option(name: str, kind: Any, text: str, metavar: str | None = None) -> inspect.Parameter:
    info = typer.Option(f"--{name}", help=text, metavar=metavar, show_default=False)
    default = False if kind is bool else None
    annotation = Annotated[kind if kind is bool else kind | None, info]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _extension(operation: Operation) -> Extension | None:
    is_by_job = hasattr(operation.module, "JobAnswer") and operation.noun != "jobs"
    place = EXTENSIONS.get(operation.name) or (OF_JOBS if is_by_job else "")
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)() if place else None


def _request(
    operation: Operation, slots: list[Slot], fields: list[Slot] | None, given: dict[str, Any]
) -> dict[str, Any]:
    """Return the request that the generated client makes of what was given."""
    said = {slot.name: value for slot in slots if (value := given[f"p_{slot.name}"]) not in (None, [])}
    if fields is not None:
        said["body"] = raw(body(fields, given))
    positional = [said.pop(slot.name) for slot in slots if slot.is_argument]
    return operation.module._get_kwargs(*positional, **said)


def body(fields: list[Slot], given: dict[str, Any]) -> Any:
    """Return the body that ``--body`` and the options of its fields make together.

    Raises:
        typer.BadParameter: a field that has to be there is not.
    """
    whole = _whole(given["body"])
    said = {field.wire: _plain(value) for field in fields if (value := given[f"b_{field.name}"]) not in (None, [])}
    for name in given.get("clear") or ():
        field = next((each for each in fields if each.nullable and kebab(each.name) == kebab(name)), None)
        if field is None:
            raise typer.BadParameter(f"{name} cannot be null.", param_hint="--clear")
        said[field.wire] = None
    if not isinstance(whole, dict):
        if said:
            raise typer.BadParameter("it is no object, and takes no other fields.", param_hint="--body")
        return whole
    whole |= said
    if missing := [field.option for field in fields if field.is_required and field.wire not in whole]:
        raise typer.BadParameter("it has to be given, or be in --body.", param_hint=", ".join(missing))
    if not fields and not whole:
        raise typer.BadParameter("it has to be given.", param_hint="--body")
    return whole


def _whole(text: str | None) -> Any:
    if text is None:
        return {}
    if text == "-":
        return json_value(sys.stdin.read())
    if text.startswith("@"):
        try:
            return json_value(Path(text[1:]).read_text(encoding="utf-8"))
        except OSError as error:
            raise typer.BadParameter(f"{text[1:]} cannot be read: {error.strerror}.", param_hint="--body") from None
    return json_value(text)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, enum.Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value


def raw(value: Any) -> Any:
    """Return JSON so that the generated client takes it for models."""
    if isinstance(value, list):
        return [raw(each) for each in value]
    return Raw(value) if isinstance(value, dict) else value
