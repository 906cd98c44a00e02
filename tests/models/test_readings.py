"""The readings store keeps its promises, and the machine that says so would notice if it did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.models.actors import Actor, Luck
from tests.models.dynamodb import DynamoDB
from tests.models.machine import COLUMNS, DAY, DEVICES, START, CrowdedMachine, ReadingsMachine, SettlingMachine
from whimbrel.domain import series
from whimbrel.domain.buckets import EARLIEST_MS, LATEST_MS, Span
from whimbrel.domain.series import Column, Series, Value
from whimbrel.store import readings, readings_blocks, readings_log, readings_slices
from whimbrel.store.readings import LAG_MS, ReadingStore, Slice
from whimbrel.store.readings_blocks import Blocks
from whimbrel.store.readings_lanes import Lanes
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

    def moved_already(self: ReadingStore, *rest: Any) -> int:
        self._lanes.move_mark("0", self._clock() - LAG_MS)
        return merge(self, *rest)

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
        head = self._blocks.head(device_id)
        found = list(self._overlapping_blocks(head, device_id, EARLIEST_MS, LATEST_MS, ascending=True))
        lanes = self._lanes.find()
        if lanes is None:
            return
        frames = [block.frame(sensor_ids) for blocks in found for block in blocks]
        tail = self._tail(lanes, device_id, sensor_ids)
        yield from readings_slices.sliced([tail, *frames], (start_ms, end_ms), head.stones, {}, order)

    patch.setattr(ReadingStore, "read", blocks_first)


def failed_puts_are_acknowledged(patch: pytest.MonkeyPatch) -> None:
    put = Log.put
    patch.setattr(Log, "put", lambda self, *given: put(self, *given) and [])


def unprocessed_items_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    put = Log._put_some
    patch.setattr(Log, "_put_some", lambda self, *given: put(self, *given) and [])


def the_latest_is_not_settled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(readings_blocks, "_with_latest", lambda head, _frames: head)


def tombstones_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Blocks, "bury", lambda _self, _device_id, _stone: None)


def what_may_still_appear_is_taken_for_known(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Log, "_complete_until_ms", lambda self: self._clock() + LAG_MS)


def readers_do_not_look_into_old_lanes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Lanes, "to_look_at", lambda self, device_id: {lane: self.marks[lane] for lane in [self.lane_of(device_id)]}
    )


@pytest.mark.parametrize(
    ("mutant", "lucks", "machine"),
    [
        (arrival_decides, (), CrowdedMachine),
        (the_mark_moves_first, (Luck.CRASH_BEFORE,), CrowdedMachine),
        (blocks_are_put_without_comparing, (), CrowdedMachine),
        (blocks_are_replaced, (), CrowdedMachine),
        (the_compactor_does_not_stay_behind, (), CrowdedMachine),
        (late_puts_count, (), CrowdedMachine),
        (the_reader_takes_the_blocks_first, (), CrowdedMachine),
        (failed_puts_are_acknowledged, (Luck.REFUSED,), CrowdedMachine),
        (unprocessed_items_are_forgotten, (Luck.PARTLY,), CrowdedMachine),
        (the_latest_is_not_settled, (), SettlingMachine),
        (tombstones_are_not_kept, (), CrowdedMachine),
        (readers_do_not_look_into_old_lanes, (), CrowdedMachine),
        (what_may_still_appear_is_taken_for_known, (), CrowdedMachine),
    ],
)
def test_a_broken_store_is_caught(
    mutant: Callable[[pytest.MonkeyPatch], None],
    lucks: tuple[Luck, ...],
    machine: type[ReadingsMachine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutant(monkeypatch)
    monkeypatch.setattr(machine, "lucks", (Luck.GOOD, *lucks))
    monkeypatch.setattr(machine, "deletes", mutant is tombstones_are_not_kept)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine,
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


def settle_while_another_merges(patch: pytest.MonkeyPatch) -> None:
    """Let one writer settle what another merges into, interrupting each after any number of calls."""
    patch.setattr(readings, "_WORTH_MERGING", 1)
    patch.setattr(readings_blocks, "_UNSETTLED", dict.fromkeys(Span, 1))
    (device, *_), (column, other) = DEVICES, COLUMNS

    def appending(client: DynamoDB, its: Column, day: int, value: Value) -> Actor:
        batch = {device: {its: Series.of([START + day * DAY], [value], 1)}}

        def operation(client: Any) -> Any:
            store = ReadingStore(client, "log", "blocks", "org", clock=lambda: START, sleep=lambda _s: None)
            assert store.append(batch) == {}
            return store

        return Actor(client, operation)

    for first, second in product(range(16), range(12)):
        client = DynamoDB()
        appending(client, column, 0, 1.5).finish()
        settling, merging = appending(client, column, 2, 1.5), appending(client, other, 1, "on")
        for _ in range(first):
            settling.step()
        for _ in range(second):
            merging.step()
        settling.finish()
        merging.finish()
        assert (settling.error, merging.error) == (None, None)
        latest = ReadingStore(client, "log", "blocks", "org", clock=lambda: START).latest(device)
        assert set(latest) == {column, other}, f"lost after {first} and {second} calls"


def test_the_latest_is_found_whoever_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    settle_while_another_merges(monkeypatch)


def test_settling_that_is_not_announced_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Blocks, "_announce", lambda _self, _device_id, _end_ms: None)

    with pytest.raises(AssertionError, match="lost after"):
        settle_while_another_merges(monkeypatch)
