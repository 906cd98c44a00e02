"""Where keys are kept: a file that only its owner may read, with a host and a key by profile."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cli.ending import Code, Ending

DEFAULT_HOST = "http://127.0.0.1:8080"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Login:
    """A host, and a key to it. The key is not in its ``repr``."""

    host: str
    key: str

    def __repr__(self) -> str:
        return f"Login({self.host!r})"


def file() -> Path:
    """Return where the profiles are."""
    import typer

    return Path(typer.get_app_dir("whimbrel"), "profiles.json")


def read() -> dict[str, Login]:
    """Return the profiles by name.

    Raises:
        Ending: the file is not ours, or broken.
    """
    try:
        return {name: Login(each["host"], each["key"]) for name, each in json.loads(file().read_text()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Ending(Code.USAGE, f"{file()} is broken. Delete it, and log in again.") from None


def write(profiles: dict[str, Login]) -> None:
    """Replace the file, in one step, by one that only its owner may read."""
    target = file()
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({name: {"host": login.host, "key": login.key} for name, login in profiles.items()}, indent=1)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False) as temporary:  # made with mode 0600
        temporary.write(text + "\n")
    Path(temporary.name).replace(target)


def login_for(profile: str, host: str | None) -> Login:
    """Return whom to call, and with which key: the environment wins over the profile.

    Raises:
        Ending: there is no key.
    """
    kept = read().get(profile)
    host = normal(host or os.environ.get("WHIMBREL_HOST") or (kept.host if kept else DEFAULT_HOST))
    if key := os.environ.get("WHIMBREL_API_KEY"):
        return Login(host, key)
    if kept is None:
        raise Ending(Code.NOT_ALLOWED, f"There is no key for the profile {profile}. Log in with `whimbrel login`.")
    if host != kept.host:
        raise Ending(
            Code.USAGE, f"The key of the profile {profile} is for {kept.host}, and goes nowhere else.",
            f"Log in there: `whimbrel login --host {host} --profile NAME`, or set WHIMBREL_API_KEY.",
        )  # fmt: skip
    return Login(host, kept.key)


def normal(host: str) -> str:
    """Return a host as ``https://example.org``: its paths are ours to add.

    Raises:
        Ending: it is no address, or one to which a key would travel in clear.
    """
    if "://" not in host:
        host = f"https://{host}"
    split = urlsplit(host)
    if split.scheme not in {"http", "https"} or not split.hostname or split.username:
        raise Ending(Code.USAGE, f"{host} is no host: give one such as https://iot.example.org.")
    if split.scheme == "http" and split.hostname not in LOOPBACK:
        raise Ending(Code.USAGE, f"{host} would carry the key in clear: give an https:// address.")
    return f"{split.scheme}://{split.netloc}" + re.sub(r"(/api)?(/v1)?/*\Z", "", split.path)
