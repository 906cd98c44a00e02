"""``whimbrel login`` and ``logout``."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from cli import output, profiles
from cli.command import Host, Profile, ended
from cli.ending import Code, Ending
from cli.profiles import DEFAULT_HOST, Login


@ended
def login(
    *,
    key: Annotated[
        str | None, typer.Option("--key", metavar="-", help="- reads the key from stdin; else it is asked for.")
    ] = None,
    host: Host = None,
    profile: Profile = "default",
) -> None:
    """Log in with an API key or an access token, and keep it for later commands.

    The key is asked for without echo. It is checked, and kept in a file that only you can read.
    """
    if key not in (None, "-"):
        raise Ending(Code.USAGE, "A key on the command line stays in the shell's history: use --key - and stdin.")
    kept = profiles.read()
    host = profiles.normal(host or (kept[profile].host if profile in kept else DEFAULT_HOST))
    if key == "-":
        secret = sys.stdin.readline().strip()
    else:
        secret = typer.prompt(f"Key for {host}", hide_input=True, err=True).strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise Ending(Code.USAGE, "That is no key.")
    me = _who(Login(host, secret))
    profiles.write(kept | {profile: Login(host, secret)})
    output.say(f"Logged in to {me['organization']['name']} at {host}, as the profile {profile}.")


def _who(login: Login) -> dict[str, Any]:
    from cli.client.api.access import get_me
    from cli.session import Session

    with Session(login) as session:
        return session.call(get_me._get_kwargs())


@ended
def logout(*, profile: Profile = "default") -> None:
    """Forget the key of a profile. It stays good: `whimbrel api-keys delete` revokes one."""
    kept = profiles.read()
    if kept.pop(profile, None) is None:
        raise Ending(Code.USAGE, f"There is no profile {profile}.")
    profiles.write(kept)
    output.say(f"Forgot the key of the profile {profile}.")
