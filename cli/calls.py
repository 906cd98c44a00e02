"""Operations as commands: what was said on the command line becomes a call of the generated client."""

from __future__ import annotations

import enum
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.command import Run, bound
from cli.ending import kebab
from cli.operations import Operation
from cli.slots import Slot, body_of, json_value, parameters

PAGE = 200
LAST = {"if_match", "idempotency_key"}
"""Parameters that few need: they stand at the end of the list."""


class Raw(dict[str, Any]):
    """JSON that the generated client takes for a model."""

    def to_dict(self) -> dict[str, Any]:
        return dict(self)


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
