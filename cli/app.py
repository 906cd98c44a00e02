"""``whimbrel``: nouns and verbs. What the API has is in ``operations``; what is more than one call is written here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli import operations

SPECIALS: dict[str, dict[str, str]] = {
    "devices": {"register": "cli.devices:register"},
    "readings": {
        "import": "cli.transfer:import_readings",
        "query": "cli.readings:query",
        "tail": "cli.readings:tail",
    },
    "": {"login": "cli.login:login", "logout": "cli.login:logout", "simulate": "cli.simulate:simulate"},
}
"""By noun and verb, where commands are that are no single operation."""

EPILOG = (
    "Exit codes: 0 done, 1 refused, 2 usage, 3 not allowed, 4 not found, 5 unavailable (try again), 130 interrupted."
)


class Noun(TyperGroup):
    """The verbs of one noun; a command is made when it is asked for."""

    def __init__(self, noun: str = "", **settings: Any) -> None:
        self.verbs = operations.operations().get(noun, {}) | SPECIALS.get(noun, {})
        own: dict[str, Any] = {"name": noun, "help": ", ".join(sorted(self.verbs)), "no_args_is_help": True}
        super().__init__(**(own | settings))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 (as Typer asks)
        return sorted(self.verbs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 (as Typer asks)
        made = self.verbs.get(cmd_name)
        if made is None:
            return None
        if isinstance(made, str):
            return _command(cmd_name, _imported(made))
        return _command(cmd_name, _imported("cli.calls:callback")(made), made.help)


class Root(Noun):
    """The commands that have no noun, and then the nouns."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *sorted(operations.operations())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return Noun(cmd_name) if cmd_name in operations.operations() else super().get_command(ctx, cmd_name)


def _imported(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def _command(name: str, function: Callable[..., None], text: str | None = None) -> TyperCommand:
    made = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    made.command(name, help=text)(function)
    return typer.main.get_command(made)  # type: ignore[return-value]


app = typer.Typer(
    cls=Root, no_args_is_help=True, pretty_exceptions_enable=False, epilog=EPILOG, rich_markup_mode="markdown"
)


def _version(asked: bool) -> None:  # noqa: FBT001 (as Typer calls it)
    if asked:
        from importlib.metadata import version

        typer.echo(f"whimbrel {version('whimbrel')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    """Whimbrel, the telemetry platform, from the command line."""


def main() -> None:
    """Run the command line."""
    app()
