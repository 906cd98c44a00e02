"""What commands print: tables for people, JSON for machines. Only data goes to stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

GAP = 2
WIDEST = 48
FIRST = ("id", "timestamp", "key", "name", "status")
LATER = ("virtual", "createdAt", "updatedAt")
ROWS = ("items", "points", "buckets", "series")
"""What the API calls the lists that its answers are about."""


class Form(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


def console(*, stderr: bool = False) -> Console:
    """Return a console that wraps nothing where no person looks."""
    from rich.console import Console

    found = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not found.is_terminal and "COLUMNS" not in found._environ:
        found.width = 1000
    return found


def say(*lines: str) -> None:
    """Tell a person something that is no data."""
    for line in lines:
        sys.stderr.write(_printable(line) + "\n")


def line(data: Any) -> str:
    """Return JSON in one line."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def show(pages: Iterable[Any], form: Form) -> None:
    """Print an answer, or the pages of one."""
    if form is Form.NDJSON:
        for page in pages:
            for row in rows(page) if listed(page) else [page]:
                write(line(row))
        return
    whole = joined(pages)
    if form is Form.CSV:
        write_csv(rows(whole))
    elif form is Form.JSON:
        only_list = isinstance(whole, dict) and set(whole) <= {"items", "nextCursor"} and "items" in whole
        write(json.dumps(whole["items"] if only_list else whole, ensure_ascii=False, indent=1))
    elif listed(whole):
        table(list(rows(whole)))
    else:
        fields(whole)
    cursor = whole.get("nextCursor") if isinstance(whole, dict) else None
    if cursor:
        say(f"There is more: --all, or --cursor {cursor}")


def listed(answer: Any) -> str | None:
    """Return the name of the list that an answer is about, if it is about one."""
    if not isinstance(answer, dict):
        return "items" if isinstance(answer, list) else None
    return next((name for name in ROWS if isinstance(answer.get(name), list)), None)


def rows(answer: Any) -> list[Any]:
    """Return the rows of an answer."""
    if isinstance(answer, list):
        return answer
    name = listed(answer)
    return answer[name] if name else [answer]


def joined(pages: Iterable[Any]) -> Any:
    """Return the pages as one answer."""
    whole: Any = None
    for page in pages:
        if whole is None:
            whole = page
            continue
        name = listed(page) or "items"
        whole = page | {name: whole[name] + page[name]}
    return whole


def write(text: str) -> None:
    """Print a line of data."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_csv(found: Iterable[Any]) -> None:
    """Print rows as CSV, under a line of names."""
    import csv

    found = list(found)
    names = list(dict.fromkeys(name for row in found for name in row))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_raw(row.get(name)) for name in names] for row in found)


def table(found: list[Any]) -> None:
    """Print rows as a table: the columns that fit, identifiers whole."""
    from rich.table import Table

    if not found:
        say("There is none.")
        return
    if not isinstance(found[0], dict):
        found = [{"value": each} for each in found]
    screen = console()
    names, hidden = _fitting(found, screen.width)
    drawn = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name in names:
        is_id = name == "id" or name.endswith("Id")
        drawn.add_column(
            name, no_wrap=True, overflow="fold" if is_id else "ellipsis", max_width=None if is_id else WIDEST
        )
    for row in found:
        drawn.add_row(*(cell(row.get(name)) for name in names))
    screen.print(drawn)
    if hidden and screen.is_terminal:
        say(f"No room for {', '.join(hidden)}: --json has all.")


def _fitting(found: list[dict[str, Any]], width: int) -> tuple[list[str], list[str]]:
    """Return the columns that fit into *width*, and the others; what is empty everywhere is in neither."""
    told = list(dict.fromkeys(name for row in found for name, value in row.items() if value not in (None, [], {}, "")))
    nested = {name for row in found for name, value in row.items() if isinstance(value, dict)}
    told.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST) + (name in LATER or name in nested))
    left, names, hidden = width, list[str](), list[str]()
    for name in told:
        natural = max(len(name), *(len(cell(row.get(name))) for row in found))
        needs = natural if name.endswith(("id", "Id")) else min(natural, WIDEST)
        if names and needs > left:
            hidden.append(name)
        else:
            names.append(name)
            left -= needs + GAP
    return names, hidden


def fields(answer: Any) -> None:
    """Print one thing, a field a line."""
    from rich.table import Table

    if answer is None:
        say("Done.")
        return
    drawn = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False)
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in _flat(answer):
        drawn.add_row(name, cell(value))
    console().print(drawn)


def _flat(answer: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in answer.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def cell(value: Any) -> str:
    """Return a value as a table has it: in one line, and nothing that moves a terminal's cursor."""
    if value is None:
        return ""
    is_texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
    text = ", ".join(value) if is_texts else str(_raw(value))
    return _printable(text)


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _raw(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str | int | float) or value is None else line(value)
