"""The operations of the generated client as nouns and verbs; nothing of it is imported for that.

A new operation needs nothing here: its noun is its folder, its verb is its name without that noun.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

API = Path(__file__).parent / "client" / "api"

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
    def module(self) -> ModuleType:
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
