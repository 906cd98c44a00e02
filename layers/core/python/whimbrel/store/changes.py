"""What the call of the moment has changed of its tenant's things: noted by the registry, for the audit log."""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whimbrel.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Generator

    from whimbrel.entity import Entity

MOST_THINGS = 20
"""So many changed things are told one by one; of the others only how many."""
LONGEST_VALUE = 1_000
"""Characters of JSON; a longer value is cut."""
MOST_TOLD = 100_000
"""Octets of all changes together; of more than that the fields are left out. DynamoDB's items end at 400 KB."""
_OF_EVERY_VERSION = {"id", "updatedAt"}

Document = dict[str, Any]
_Key = tuple[str, str]


@dataclass(slots=True)
class Changes:
    """Things by kind and identifier: as they were read, and as they were written (None: removed)."""

    seen: dict[_Key, Document | None] = field(default_factory=dict[_Key, "Document | None"])
    written: dict[_Key, Document | None] = field(default_factory=dict[_Key, "Document | None"])
    more: int = 0

    def told(self) -> list[Document]:
        """Return every changed thing: ``{kind, id, before, after}``, of the fields that differ.

        What was removed without having been read has a ``before`` without fields.
        """
        told = [
            {"kind": kind, "id": identifier, **_difference(self.seen.get((kind, identifier)), after)}
            for (kind, identifier), after in self.written.items()
        ]
        if len(json.dumps(told)) <= MOST_TOLD:
            return told
        return [{**each, "before": each["before"] and {}, "after": each["after"] and {}} for each in told]


_CURRENT: ContextVar[Changes | None] = ContextVar("changes", default=None)


def follow() -> Changes:
    """Note from here on, in this context, what is changed."""
    changes = Changes()
    _CURRENT.set(changes)
    return changes


@contextmanager
def unless_refused() -> Generator[None]:
    """Forget what is noted inside the block, of writes that were only prepared, if it ends in a refusal.

    What ends in failure may have been written all the same.
    """
    changes = _CURRENT.get()
    written, more = (dict(changes.written), changes.more) if changes else ({}, 0)
    try:
        yield
    except Problem as problem:
        if changes and problem.status < 500:  # noqa: PLR2004
            changes.written, changes.more = written, more
        raise


def saw(thing: Entity[Any]) -> None:
    """Note how a thing was before."""
    changes = _CURRENT.get()
    if changes is not None and (key := (thing.kind, thing.id)) not in changes.written:
        changes.seen[key] = _document(thing)


def wrote(thing: Entity[Any]) -> None:
    """Note how a thing is now."""
    _note(thing.kind, thing.id, _document(thing))


def removed(kind: str, identifier: str) -> None:
    """Note that a thing is gone."""
    _note(kind, identifier, None)


def _note(kind: str, identifier: str, document: Document | None) -> None:
    changes = _CURRENT.get()
    if changes is None:
        return
    if (kind, identifier) in changes.written or len(changes.written) < MOST_THINGS:
        changes.written[kind, identifier] = document
    else:
        changes.more += 1


def _document(thing: Entity[Any]) -> Document:
    return thing.model_dump(mode="json", by_alias=True, exclude_none=True)


def _difference(before: Document | None, after: Document | None) -> Document:
    old, new = before or {}, after or {}
    names = [name for name in {**old, **new} if name not in _OF_EVERY_VERSION and old.get(name) != new.get(name)]
    return {
        "before": {name: _short(old[name]) for name in names if name in old} if before or after is None else None,
        "after": {name: _short(new[name]) for name in names if name in new} if after else None,
    }


def _short(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
