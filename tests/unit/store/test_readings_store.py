"""The readings store, a promise at a time; what holds under concurrency and crashes is in ``tests/models``."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.models.dynamodb import DynamoDB, octets_of, refusal
from whimbrel.domain import codec
from whimbrel.domain.segments import Segment
from whimbrel.domain.series import Column, Frame, Reading, Series, ValueType, join
from whimbrel.ids import DeviceId, SensorId
from whimbrel.store import readings
from whimbrel.store.readings import ReadingStore, Slice
from whimbrel.store.readings_lanes import LAG_MS
from whimbrel.store.readings_log import NotStored

START = 1_790_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
DEVICE = "0190abcd-1234-7abc-8def-0000000000d1"
SENSOR = "0190abcd-1234-7abc-8def-000000000001"
COLUMN = Column(SENSOR, ValueType.DOUBLE)
OTHER = Column("0190abcd-1234-7abc-8def-000000000002", ValueType.TEXT)


class Watched(DynamoDB):
    """Counts the calls of each kind, and lets a test spoil one."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.spoil: Callable[[str], None] = lambda _name: None

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in {"get_item", "put_item", "update_item", "batch_write_item", "query"}:
            return found

        def watched(**request: Any) -> Any:
            self.calls[name] += 1
            self.spoil(name)
            return found(**request)

        return watched


class World:
    """A store on a clock that the test moves."""

    def __init__(self, **options: Any) -> None:
        self.client = Watched()
        self.now = START
        self.asked: list[str] = []
        self.store = ReadingStore(
            self.client,
            "log",
            "blocks",
            "org",
            clock=lambda: self.now,
            sleep=lambda _s: None,
            chance=random.Random(1),
            request_compaction=self.asked.append,
            **options,
        )

    def append(self, frame: Frame) -> None:
        assert self.store.append({DEVICE: frame}) == {}

    def compact(self) -> None:
        self.now += 2 * LAG_MS
        while not self.store.compact("0").finished:
            pass

    def slices(self, start: int = 0, end: int = 2 * START, **options: Any) -> list[Slice]:
        return list(self.store.read(DEVICE, options.pop("sensor_ids", None), start, end, **options))

    def all(self, **options: Any) -> Frame:
        found: Frame = {}
        for part in self.slices(**options):
            for column, series in part.frame.items():
                found[column] = join(found[column], series) if column in found else series
        return found

    def segments(self) -> list[dict[str, Any]]:
        return [item for item in self.client.items("log").values() if "block" in item]

    def blocks(self) -> list[tuple[str, dict[str, Any]]]:
        return [(key[1], item) for key, item in sorted(self.client.items("blocks").items()) if "n" in item]


@pytest.fixture
def world() -> World:
    return World()


def every(step_ms: int, count: int, start: int = START, version: int = START) -> Frame:
    at = [start + row * step_ms for row in range(count)]
    return {COLUMN: Series.of(at, [row % 97 / 10 for row in range(count)], version)}


def noise(count: int, octets: int, start: int = START) -> Frame:
    """Return readings that do not get smaller."""
    dice = random.Random(count + start)
    at = [start + row * 1000 for row in range(count)]
    return {OTHER: Series.of(at, [dice.randbytes(octets // 2).hex() for _ in at], START)}


def test_a_small_batch_costs_one_write_and_can_be_read_at_once(world: World) -> None:
    world.append(every(1000, 10))
    before = world.client.calls.copy()

    world.append(every(1000, 10, START + 10_000))

    assert world.client.calls - before == Counter(batch_write_item=1)
    assert world.all() == every(1000, 20) | {COLUMN: world.all()[COLUMN]}
    assert world.all()[COLUMN].timestamps == [START + row * 1000 for row in range(20)]


def test_many_readings_of_one_bucket_skip_the_log(world: World) -> None:
    frame = every(1000, 3000, START - START % HOUR)

    world.append(frame)

    assert world.segments() == []
    assert world.all() == frame
    assert [sk[0] for sk, _ in world.blocks()] == ["h"] * len(world.blocks())


def test_a_large_segment_is_cut_and_no_item_is_too_large(world: World) -> None:
    frame = noise(400, 2000)

    world.append(frame)

    assert len(world.segments()) > 1
    assert max(map(octets_of, world.segments())) < 400 * 1024
    assert world.all() == frame


def test_a_block_that_is_full_is_followed_by_another_part(world: World) -> None:
    frames = [noise(300, 1000, START + part * 300_000) for part in range(4)]
    for frame in frames:
        world.append(frame)
        world.compact()

    assert len(world.blocks()) > 2
    assert max(octets_of(item) for _, item in world.blocks()) <= 257 * 1024
    assert [series.timestamps for series in world.all().values()] == [
        [at for frame in frames for at in frame[OTHER].timestamps]
    ]
    assert len(world.slices()) > 1


def test_compaction_moves_the_log_into_blocks_once(world: World) -> None:
    for minute in range(10):
        world.append(every(1000, 60, START + minute * 60_000))
        world.now += 60_000
    whole = world.all()
    world.now += LAG_MS

    done = world.store.compact("0")

    assert (done.segments, done.readings, done.finished) == (10, 600, True)
    assert world.all() == whole
    assert world.store.compact("0").segments == 0


def test_what_is_younger_than_the_lag_stays_in_the_log(world: World) -> None:
    world.append(every(1000, 10))
    world.now += LAG_MS

    assert world.store.compact("0").segments == 0
    world.now += 1
    assert world.store.compact("0").segments == 1


def test_delivering_again_after_compaction_changes_nothing(world: World) -> None:
    frame = every(1000, 100)
    world.append(frame)
    world.compact()
    blocks = world.blocks()

    world.append(frame)
    world.compact()

    assert world.blocks() == blocks
    assert world.all() == frame


@pytest.mark.parametrize("compacted", [False, True])
def test_the_larger_version_wins_however_late_the_smaller_arrives(world: World, *, compacted: bool) -> None:
    world.append({COLUMN: Series.of([START], [2.0], 20)})
    if compacted:
        world.compact()
    world.append({COLUMN: Series.of([START], [1.0], 10)})

    assert world.all()[COLUMN].at(0) == Reading(START, 20, 2.0, None)
    world.compact()
    assert world.all()[COLUMN].at(0) == Reading(START, 20, 2.0, None)


def test_minus_zero_of_the_same_version_is_not_lost(world: World) -> None:
    world.append({COLUMN: Series.of([START], [0.0], 1)})
    world.compact()
    world.append({COLUMN: Series.of([START], [-0.0], 1)})
    world.compact()

    assert str(world.all()[COLUMN].values) == "[-0.0]"
    assert str(world.store.latest(DEVICE)[COLUMN].value) == "-0.0"


@given(
    hours=st.sets(st.integers(-50, 50), min_size=1, max_size=8),
    start=st.integers(-51, 51),
    length=st.integers(0, 60),
    compacted=st.integers(0, 8),
)
def test_a_range_holds_what_is_inside_in_both_orders(hours: set[int], start: int, length: int, compacted: int) -> None:
    world = World()
    for number, hour in enumerate(sorted(hours, key=lambda hour: hour % 7)):
        world.append(every(HOUR // 2, 3, START + hour * HOUR))
        if number == compacted:
            world.compact()
    low, high = START + start * HOUR, START + (start + length) * HOUR
    expected = [at for at in world.all()[COLUMN].timestamps if low <= at < high]

    rising = [at for part in world.slices(low, high) for at in part.frame[COLUMN].timestamps]
    falling = [at for part in world.slices(low, high, order="desc") for at in part.frame[COLUMN].timestamps]

    assert rising == expected
    assert falling == expected[::-1]


@given(limit=st.integers(1, 40), order=st.sampled_from(["asc", "desc"]))
def test_pages_of_any_size_make_the_whole(limit: int, order: Any) -> None:
    world = World()
    world.append(every(HOUR, 80))
    world.compact()
    world.append(every(HOUR, 30, START + 70 * HOUR + 1))
    start, end = 0, 2 * START
    found: list[int] = []
    for _ in range(200):
        page = [at for part in world.slices(start, end, order=order) for at in part.frame[COLUMN].timestamps][:limit]
        if not page:
            break
        found += page
        start, end = (page[-1] + 1, end) if order == "asc" else (start, page[-1])

    assert sorted(found) == world.all()[COLUMN].timestamps
    assert found == sorted(found, reverse=order == "desc")


def test_a_reader_who_stops_early_fetches_little(world: World) -> None:
    world.append(every(10_000, 5000))
    for day in range(40):
        world.append(every(10_000, 8640, START + day * DAY))
    assert len(world.blocks()) >= 40
    before = world.client.calls["query"]

    newest = next(iter(world.store.read(DEVICE, None, 0, 2 * START, order="desc")))

    assert newest.frame[COLUMN].timestamps[0] == START + 40 * DAY - 10_000
    assert world.client.calls["query"] - before <= 4


def test_only_the_sensors_asked_for_are_read(world: World) -> None:
    world.append(every(1000, 5) | noise(5, 10))

    assert set(world.all(sensor_ids={SENSOR})) == {COLUMN}
    assert set(world.all(sensor_ids=[])) == set()
    assert set(world.all()) == {COLUMN, OTHER}


def test_retention_hides_what_is_older_at_once() -> None:
    world = World(retention_ms=DAY)
    world.append(every(HOUR, 49, START - 2 * DAY))
    expected = [START - DAY + hour * HOUR for hour in range(25)]

    assert world.all()[COLUMN].timestamps == expected
    world.now += HOUR
    assert world.all()[COLUMN].timestamps == expected[1:]
    world.compact()
    assert all("ttl" in item for _, item in world.blocks())
    world.now += 2 * DAY
    assert world.all() == {}
    assert world.store.latest(DEVICE) == {}


def test_a_sensor_may_be_kept_for_a_shorter_time(world: World) -> None:
    world.append(every(HOUR, 10))

    found = world.all(not_before={SENSOR: START + 5 * HOUR})

    assert found[COLUMN].timestamps[0] == START + 5 * HOUR


def test_the_latest_is_by_time_and_not_by_arrival(world: World) -> None:
    world.append({COLUMN: Series.of([START + 5], [5.0], 1, {0: "{}"})})
    world.append({COLUMN: Series.of([START + 1], [1.0], 9)})
    expected = {COLUMN: Reading(START + 5, 1, 5.0, "{}")}

    assert world.store.latest(DEVICE) == expected
    world.compact()
    assert world.store.latest(DEVICE, [SENSOR]) == expected
    assert world.store.latest(DEVICE, [OTHER.sensor_id]) == {}


def test_the_latest_takes_four_requests_however_long_ago(world: World) -> None:
    world.append(every(1000, 50))
    world.compact()
    for _ in range(3):
        world.now += DAY
        world.append(noise(1, 10, world.now))
        world.compact()
    before = world.client.calls.copy()

    assert world.store.latest(DEVICE)[COLUMN].timestamp == START + 49_000
    assert sum((world.client.calls - before).values()) <= 4


def test_deleting_hides_at_once_and_for_good(world: World) -> None:
    frame = every(1000, 100, version=7)
    world.append(frame)
    world.compact()
    world.append(every(1000, 10, START + 100_000, version=7))

    hidden = world.store.delete_range(DEVICE, SENSOR, START + 90_000, START + 105_000, 7)

    left = [START + row * 1000 for row in [*range(90), *range(105, 110)]]
    assert hidden == 15
    assert world.all()[COLUMN].timestamps == left
    world.append(frame)
    world.compact()
    assert world.all()[COLUMN].timestamps == left
    world.append({COLUMN: Series.of([START + 95_000], [1.0], 8)})
    assert START + 95_000 in world.all()[COLUMN].timestamps


def test_deleting_the_latest_uncovers_the_one_before(world: World) -> None:
    world.append(every(1000, 10, version=7))
    world.compact()

    world.store.delete_range(DEVICE, SENSOR, START + 5000, START + DAY, 7)

    assert world.store.latest(DEVICE)[COLUMN].timestamp == START + 4000
    world.store.delete_range(DEVICE, SENSOR, START, START + DAY, 7)
    assert world.store.latest(DEVICE) == {}


def test_a_deleted_reading_leaves_the_block_when_it_is_rewritten(world: World) -> None:
    world.append(every(1000, 50, version=7))
    world.compact()
    world.store.delete_range(DEVICE, SENSOR, START, START + 40_000, 7)

    world.append(every(1000, 1, START + 60_000))
    world.compact()

    assert [codec.decode(item["block"]["B"])[COLUMN].timestamps[0] for _, item in world.blocks()] == [START + 40_000]


def test_a_device_that_changes_its_pace_changes_its_buckets(world: World) -> None:
    world.append(every(900_000, 20, START - 20 * 900_000))
    world.compact()
    world.now = START
    for _ in range(40):
        world.append(every(1000, 2900, world.now, version=world.now))
        world.now += 3_000_000
        world.compact()

    spans = [sk[0] for sk, _ in world.blocks()]
    assert "m" in spans
    assert set(spans) <= {"m", "h"}
    timestamps = world.all()[COLUMN].timestamps
    assert len(timestamps) == 20 + 40 * 2900


def test_a_put_that_took_too_long_is_put_again(world: World) -> None:
    world.append(every(1000, 1))
    puts = [LAG_MS // 2 + 1, 0]

    def slow(name: str) -> None:
        if name == "batch_write_item":
            world.now += puts.pop(0)

    world.client.spoil = slow
    world.append(every(1000, 1, START + 5000))

    assert puts == []
    assert len(world.segments()) == 3
    assert len(world.all()[COLUMN]) == 2


def test_a_put_that_is_always_slow_is_not_acknowledged(world: World) -> None:
    def slow(name: str) -> None:
        world.now += LAG_MS if name == "batch_write_item" else 0

    world.client.spoil = slow

    failed = world.store.append({DEVICE: every(1000, 1)})

    assert {device: type(error) for device, error in failed.items()} == {DEVICE: NotStored}


def test_all_devices_of_a_failed_put_are_named(world: World) -> None:
    devices = [f"0190abcd-1234-7abc-8def-{number:012x}" for number in range(60)]
    batch = {device: every(1000, 1) for device in devices}
    world.store.append({DEVICE: every(1000, 1)})

    def puts_fail(name: str) -> None:
        if name == "batch_write_item":
            raise refusal(name, "ProvisionedThroughputExceededException", "later")

    world.client.spoil = puts_fail
    failed = world.store.append(batch)

    assert set(failed) == set(devices)
    assert all(isinstance(error, ClientError) for error in failed.values())
    world.client.spoil = lambda _name: None
    assert world.store.append(batch) == {}
    assert all(len(list(world.store.read(device, None, 0, 2 * START))) == 1 for device in devices)


def test_devices_that_report_together_share_a_write_and_a_name_is_written_once(world: World) -> None:
    devices = [f"0190abcd-1234-7abc-8def-{number:012x}" for number in range(100)]
    sensors = {device: str(SensorId.named(DeviceId(device), "main", "t")) for device in devices}

    def batch(start: int) -> dict[str, Frame]:
        return {
            device: {Column(sensors[device], ValueType.DOUBLE): Series.of([start + number], [number / 10], start)}
            for number, device in enumerate(devices)
        }

    names = dict.fromkeys(sensors.values(), "main/t")
    assert world.store.append(batch(START), names) == {}
    before = world.client.calls.copy()
    assert world.store.append(batch(START + 1000), names) == {}

    assert world.client.calls - before == Counter(batch_write_item=1)
    assert len(world.segments()[-1]["block"]["B"]) < 600
    for number, device in enumerate(devices):
        (part,) = world.store.read(device, None, 0, 2 * START)
        ((column, series),) = part.frame.items()
        assert column.sensor_id == sensors[device]
        assert series.timestamps == [START + number, START + 1000 + number]
    assert world.store.compact("0").segments == 0
    world.compact()
    assert len(world.blocks()) == 100


def test_lanes_grow_with_the_traffic_and_nothing_is_lost(world: World) -> None:
    devices = [f"0190abcd-1234-7abc-8def-{number:012x}" for number in range(64)]
    sent = dict.fromkeys(devices, 0)
    dice = random.Random(3)
    for minute in range(80):
        world.now += 60_000
        at = [world.now + row * 1000 for row in range(30)]
        frames = {device: {COLUMN: Series.of(at, [dice.random() for _ in at], world.now)} for device in devices}
        assert world.store.append(frames) == {}
        for device in devices:
            sent[device] += 30
        if minute % 20 == 19:
            for lane in ("0", "1", "2", "3"):
                world.store.compact(lane)

    partitions = {key[0] for key in world.client.items("log") if key[0].count("#") == 3 and "names" not in key[0]}
    assert len({partition.split("#")[2] for partition in partitions}) > 1
    for device in devices:
        found = sum(len(part.frame[COLUMN]) for part in world.store.read(device, None, 0, 2 * START))
        assert found == sent[device]


def test_compaction_is_asked_for_about_once_in_so_many_write_units(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "_WORTH_COMPACTING", 64)
    for number in range(300):
        world.append(noise(10, 700, START + number * 10_000))
    units = sum(-(-len(item["block"]["B"]) // 1024) for item in world.segments())

    assert units / 64 * 0.6 < len(world.asked) < units / 64 * 1.5
    assert set(world.asked) == {"0"}


def test_a_process_reads_the_log_once(world: World) -> None:
    for second in range(0, 50, 10):
        world.append(every(1000, 10, START + second * 1000))
    world.now += 2 * LAG_MS
    fetched: list[int] = []
    query = world.client.query

    def counted(**request: Any) -> Any:
        answer = query(**request)
        fetched.append(sum("block" in item and "ttl" in item for item in answer["Items"]))
        return answer

    world.client.query = counted  # type: ignore[method-assign]
    first = world.all()
    assert sum(fetched) == 5

    world.append(every(1000, 10, START + 50_000))
    fetched.clear()
    assert world.all()[COLUMN].timestamps == [*first[COLUMN].timestamps, *range(START + 50_000, START + 60_000, 1000)]
    assert sum(fetched) == 1
    world.compact()
    assert len(world.all()[COLUMN]) == 60


def test_the_sweep_finds_the_lanes_that_nobody_asked_for(world: World) -> None:
    world.append(every(1000, 1))
    assert list(world.store.lanes()) == []

    world.now += DAY
    assert list(world.store.lanes()) == ["0"]
    world.compact()
    assert list(world.store.lanes()) == []
    world.now += DAY
    assert list(world.store.lanes()) == ["0"]
    world.compact()
    assert list(world.store.lanes()) == []


def test_an_unknown_device_has_no_readings(world: World) -> None:
    assert world.slices() == []
    assert world.store.latest(DEVICE) == {}
    assert world.store.compact("0").finished
    assert world.store.delete_range(DEVICE, SENSOR, 0, START, 1) == 0


def test_another_organization_sees_nothing(world: World) -> None:
    world.append(every(1000, 600) | noise(3, 10))
    stranger = ReadingStore(world.client, "log", "blocks", "other", clock=lambda: world.now)

    assert list(stranger.read(DEVICE, None, 0, 2 * START)) == []
    assert stranger.latest(DEVICE) == {}


def test_times_before_1970_are_kept_in_order(world: World) -> None:
    frame = every(HOUR, 600, -300 * HOUR)
    world.append(frame)

    assert [at for part in world.slices(-DAY * 365) for at in part.frame[COLUMN].timestamps] == frame[COLUMN].timestamps


@pytest.mark.parametrize("at", [-62_135_596_800_001, 253_402_300_800_000])
def test_a_time_outside_the_calendar_is_refused(world: World, at: int) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        world.store.append({DEVICE: {COLUMN: Series.of([at], [1.0], START)}})


def test_a_block_that_is_not_ours_is_reported_and_costs_no_new_reading(world: World) -> None:
    world.append(every(1000, 3000, START - START % HOUR))
    for key, item in world.client.items("blocks").items():
        if "n" in item:
            world.client.items("blocks")[key] = item | {"block": {"B": b"foreign"}}

    world.append(every(1000, 3000, START - START % HOUR + 500))

    assert sum(Segment(item["block"]["B"]).readings for item in world.segments()) == 3000
    with pytest.raises(codec.CorruptBlock):
        world.slices()
