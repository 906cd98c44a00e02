"""The readings store keeps its promises, and the machine that says so would notice if it did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.models.actors import Luck
from tests.models.machine import CrowdedMachine, ReadingsMachine
from whimbrel.domain import series
from whimbrel.domain.buckets import EARLIEST_MS, LATEST_MS
from whimbrel.store import readings, readings_blocks, readings_log
from whimbrel.store.readings import LAG_MS, ReadingStore, Slice
from whimbrel.store.readings_blocks import Blocks
from whimbrel.store.readings_log import Log

HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def test_the_store_is_the_join_of_everything_acknowledged() -> None:
    run_state_machine_as_test(
        ReadingsMachine,
        settings=settings(
            max_examples=250,
            stateful_step_count=40,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=HEALTH,
        ),
    )


def arrival_decides(patch: pytest.MonkeyPatch) -> None:
    def last_given(both: series.Series, _metadata_at: object) -> list[int]:
        return list(
            {both.timestamps[at]: at for at in sorted(range(len(both)), key=both.timestamps.__getitem__)}.values()
        )

    patch.setattr(series, "_winners", last_given)


def the_mark_moves_first(patch: pytest.MonkeyPatch) -> None:
    merge = ReadingStore._merge

    def moved_already(self: ReadingStore, lane: str, *rest: Any) -> int:
        self._log.move_mark(lane, self._clock() - LAG_MS)
        return merge(self, lane, *rest)

    patch.setattr(ReadingStore, "_merge", moved_already)


def blocks_are_put_without_comparing(patch: pytest.MonkeyPatch) -> None:
    put = Blocks._put

    def regardless(self: Blocks, device_id: str, sort_key: str, over: Any, attributes: dict[str, Any]) -> bool:
        item = {"pk": {"S": self._partition(device_id)}, "sk": {"S": sort_key}, **attributes}
        if "n" not in attributes:
            return put(self, device_id, sort_key, over, attributes)
        self._client.put_item(TableName=self._table, Item={**item, "v": {"N": "1"}})
        return True

    patch.setattr(Blocks, "_put", regardless)


def blocks_are_replaced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(readings_blocks, "join_frames", lambda frames: list(frames)[-1])


def the_compactor_does_not_stay_behind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(readings, "LAG_MS", 0)


def late_puts_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(readings_log, "LAG_MS", 10**9)


def the_reader_takes_the_blocks_first(patch: pytest.MonkeyPatch) -> None:
    def blocks_first(
        self: ReadingStore, device_id: str, sensor_ids: Any, start_ms: int, end_ms: int, *, order: Any = "asc"
    ) -> Iterator[Slice]:
        lane_name = readings.lane_of(device_id)
        lane = self._log.lane(lane_name)
        if lane is None:
            return
        stones = self._blocks.tombstones(device_id)
        found = list(self._overlapping_blocks(lane, device_id, EARLIEST_MS, LATEST_MS, ascending=True))
        lane = self._log.lane(lane_name)
        assert lane is not None
        frames = [block.frame(sensor_ids) for blocks in found for block in blocks]
        tail = self._tail(lane, device_id, sensor_ids)
        yield from readings._sliced([tail, *frames], (start_ms, end_ms), stones, {}, order)

    patch.setattr(ReadingStore, "read", blocks_first)


def failed_puts_are_acknowledged(patch: pytest.MonkeyPatch) -> None:
    put = Log.put
    patch.setattr(Log, "put", lambda self, segments: put(self, segments) and [])


def unprocessed_items_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    put = Log._put_some
    patch.setattr(Log, "_put_some", lambda self, some: put(self, some) and [])


def the_latest_is_noted_after_the_mark(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Blocks, "note_latest", lambda _self, _device_id, _frame: None)


def tombstones_are_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Log, "note_deletion", lambda _self, _lane, _device_id: None)


@pytest.mark.parametrize(
    ("mutant", "lucks"),
    [
        (arrival_decides, ()),
        (the_mark_moves_first, (Luck.CRASH_BEFORE,)),
        (blocks_are_put_without_comparing, ()),
        (blocks_are_replaced, ()),
        (the_compactor_does_not_stay_behind, ()),
        (late_puts_count, ()),
        (the_reader_takes_the_blocks_first, ()),
        (failed_puts_are_acknowledged, (Luck.REFUSED,)),
        (unprocessed_items_are_forgotten, (Luck.PARTLY,)),
        (the_latest_is_noted_after_the_mark, ()),
        (tombstones_are_not_looked_for, ()),
    ],
)
def test_a_broken_store_is_caught(
    mutant: Callable[[pytest.MonkeyPatch], None], lucks: tuple[Luck, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    monkeypatch.setattr(CrowdedMachine, "lucks", (Luck.GOOD, *lucks))
    monkeypatch.setattr(CrowdedMachine, "deletes", mutant is tombstones_are_not_looked_for)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            CrowdedMachine,
            settings=settings(
                max_examples=2000,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                verbosity=Verbosity.quiet,
                report_multiple_bugs=False,
                suppress_health_check=HEALTH,
            ),
        )
