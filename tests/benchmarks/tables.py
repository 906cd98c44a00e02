"""Tables of figures, which read well in a terminal and in a Markdown page alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

SEED = 20261122
"""Of everything that chance decides in the benchmarks."""

Cell = str | int | float


@dataclass
class Table:
    """Figures under a title; the first column names the rows."""

    title: str
    header: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list[Sequence[Cell]])
    note: str = ""

    def __str__(self) -> str:
        lines = [list(self.header), *([_shown(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        first, *rest = (
            "| " + " | ".join(_padded(place, cell, widths[place]) for place, cell in enumerate(line)) + " |"
            for line in lines
        )
        rule = "|" + "|".join("-" * (width + 1) + (":" if place else "-") for place, width in enumerate(widths)) + "|"
        parts = [f"### {self.title}", "\n".join([first, rule, *rest])]
        return "\n\n".join([*parts, self.note] if self.note else parts) + "\n"


def spread(call: Callable[[], int], runs: int) -> tuple[float, float, float]:
    """Return minimum, median and maximum of what *call* returns."""
    found = sorted(call() for _ in range(runs))
    return found[0], statistics.median(found), found[-1]


def _padded(place: int, cell: str, width: int) -> str:
    return cell.rjust(width) if place else cell.ljust(width)


def _shown(cell: Cell) -> str:
    match cell:
        case int():
            return f"{cell:,}"
        case float():
            return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}" if abs(cell) < 1 else f"{cell:.4g}"
        case _:
            return cell
