"""What all commands have in common: whom to call, how to print, and how to end."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.ending import Ending
from cli.output import Form

if TYPE_CHECKING:
    from cli.session import Session

PANEL = "Everywhere"

Profile = Annotated[
    str, typer.Option("--profile", envvar="WHIMBREL_PROFILE", help="Which login to use.", rich_help_panel=PANEL)
]
Host = Annotated[
    str | None,
    typer.Option("--host", help="Another host than the login's; so does WHIMBREL_HOST.", rich_help_panel=PANEL),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; a list as an array.", rich_help_panel=PANEL)]
AsNdjson = Annotated[bool, typer.Option("--ndjson", help="Print JSON, a line a thing.", rich_help_panel=PANEL)]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.", rich_help_panel=PANEL)]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what is called.", rich_help_panel=PANEL)]


@dataclass(frozen=True)
class Run:
    """One run of a command: calls, and what it prints."""

    session: Session
    form: Form

    @property
    def for_people(self) -> bool:
        return self.form is Form.TABLE

    def show(self, answer: Any) -> None:
        """Print an answer."""
        output.show([answer], self.form)

    def show_pages(self, pages: Iterable[Any]) -> None:
        """Print the pages of an answer."""
        output.show(pages, self.form)


def _everywhere(
    *,
    profile: Profile = "default",
    host: Host = None,
    as_json: AsJson = False,
    as_ndjson: AsNdjson = False,
    as_csv: AsCsv = False,
    verbose: Verbose = False,
) -> Run:
    from cli.profiles import login_for
    from cli.session import Session

    chosen = {Form.JSON: as_json, Form.NDJSON: as_ndjson, Form.CSV: as_csv}
    form = next((form for form, is_chosen in chosen.items() if is_chosen), Form.TABLE)
    return Run(Session(login_for(profile, host), verbose=verbose), form)


EVERYWHERE = inspect.signature(_everywhere, eval_str=True).parameters


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Return *function*, which takes a run and options of its own, as Typer takes it: with the options of all."""
    return bound(function, list(inspect.signature(function, eval_str=True).parameters.values())[1:])


def bound(function: Callable[..., None], own: list[inspect.Parameter]) -> Callable[..., None]:
    """Return *function* for Typer, which reads from *own* what it takes beside the run."""

    def run(**given: Any) -> None:
        common = {name: given.pop(name) for name in EVERYWHERE}
        with (run := _everywhere(**common)).session:
            function(run, **given)

    run.__doc__ = function.__doc__
    wrapped = ended(run)
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *EVERYWHERE.values())]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
    return wrapped


def ended(function: Callable[..., None]) -> Callable[..., None]:
    """Return *function* so that it says on stderr why it ends, and ends with the code for that."""

    @functools.wraps(function)
    def run(*args: Any, **given: Any) -> None:
        try:
            function(*args, **given)
        except Ending as end:
            output.say(*end.lines)
            raise typer.Exit(end.code) from None

    return run
