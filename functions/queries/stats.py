"""What all readings of a range amount to. Importing this loads numpy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from functions.queries.models import BooleanStats, NumberStats, TextCount, TextStats
from whimbrel import instants
from whimbrel.domain import aggregates
from whimbrel.domain.aggregates import Aggregation, Array, Values
from whimbrel.domain.fleet import Sensor
from whimbrel.domain.series import ValueType
from whimbrel.store.bucketed import Range
from whimbrel.store.history import History, give

MAX_DISTINCT = 100_000
MAX_DISTINCT_CHARACTERS = 32 * 1024 * 1024
TOP = 10
FIGURES = ("min", "max", "avg", "stddev", "sum", "p50", "p95", "p99")


def stats_of(history: History, sensor: Sensor, span: Range) -> NumberStats | BooleanStats | TextStats:
    """Return what all readings of a sensor in *span* amount to.

    Raises:
        InvalidRequest: more readings than one query looks at.
    """
    is_numeric = sensor.value_type not in {ValueType.BOOLEAN, ValueType.TEXT}
    functions = [aggregates.function_named(name, sensor.value_type) for name in FIGURES if is_numeric]
    shares = aggregates.shares_of(functions)
    taker = _Everything(Aggregation(np.array(span), shares, aggregates.MOST_VALUES), _Texts())
    give(history, {sensor.id: sensor}, {sensor.id: taker}, span)
    found = taker.aggregation.summaries.get(0)
    common: dict[str, Any] = {
        "sensor_id": sensor.id,
        "value_type": sensor.value_type,
        "unit": sensor.unit,
        "count": found.readings if found else 0,
        "first": found.first if found else None,
        "last": found.last if found else None,
        "first_at": instants.from_ms(found.first_ms) if found else None,
        "last_at": instants.from_ms(found.last_ms) if found else None,
    }
    if sensor.value_type is ValueType.TEXT:
        top = [TextCount(value=text, count=count) for text, count in taker.texts.top()]
        texts = taker.texts
        return TextStats(**common, distinct=len(texts.counts), is_exact=texts.is_exact, top=top)
    if sensor.value_type is ValueType.BOOLEAN:
        true_count = int(found.total) if found else 0
        return BooleanStats(
            **common,
            true_count=true_count,
            false_count=found.readings - true_count if found else 0,
            duty=true_count / found.readings if found else None,
        )
    [figures] = aggregates.figures(taker.aggregation, functions, *span, None)
    common.update(figures)
    return NumberStats(**common)


@dataclass(slots=True)
class _Everything:
    """All readings in one bucket, and their texts counted."""

    aggregation: Aggregation
    texts: _Texts

    def add(self, timestamps: Array, values: Values) -> None:
        self.aggregation.add(timestamps, values)
        if isinstance(values, list):
            self.texts.add(values)

    def finish(self) -> None:
        self.aggregation.finish()


@dataclass(slots=True)
class _Texts:
    """How often each text was met; texts that are first met when memory is full are not counted."""

    counts: Counter[str] = field(default_factory=Counter[str])
    is_exact: bool = True
    _characters: int = 0

    def add(self, texts: list[str]) -> None:
        counts = self.counts
        for text, count in Counter(texts).items():
            if text not in counts:
                self._characters += len(text)
                if len(counts) >= MAX_DISTINCT or self._characters > MAX_DISTINCT_CHARACTERS:
                    self.is_exact = False
                    continue
            counts[text] += count

    def top(self) -> list[tuple[str, int]]:
        """Return the most frequent texts, of equally frequent ones the first in order of characters."""
        return sorted(self.counts.items(), key=lambda entry: (-entry[1], entry[0]))[:TOP]
