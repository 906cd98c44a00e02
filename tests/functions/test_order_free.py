"""The same readings give the same answers to the byte: in whatever order they came, how often, and in which batches."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import Phase, Verbosity, given, settings
from hypothesis import strategies as st

from functions.readings import ingest
from tests.conftest import Organization, make_organization
from whimbrel.domain import codec, series
from whimbrel.ids import DeviceId, SensorId
from whimbrel.instants import format_ms, parse_ms
from whimbrel.store import readings
from whimbrel.store.readings import LAG_MS
from whimbrel.store.tenant import Tenant

READINGS = "/api/v1/readings"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
T0 = parse_ms("2024-03-30T23:00:00Z")
"""In Berlin a day of 23 hours begins."""

SENSORS = {"level": "DOUBLE", "count": "BIGINT", "open": "BOOLEAN", "state": "TEXT"}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "level": st.integers(-(10**4), 10**4).map(lambda number: number / 10) | st.floats(-1e300, 1e300),
    "count": st.integers(-(2**53), 2**53),
    "open": st.booleans(),
    "state": st.sampled_from(["on", "off", "", "naïve 🌡"]),
}
EXAMPLES = 12
NUMBERS = "avg,min,max,sum,count,first,last,stddev,p50,p95,delta,timeWeightedAvg,range"


@dataclass(frozen=True)
class Write:
    """What was said of an instant, and when that was accepted."""

    key: str
    at_ms: int
    accepted_ms: int
    value: Any
    metadata: dict[str, int] | None

    def row(self) -> dict[str, Any]:
        noted = {"metadata": self.metadata} if self.metadata else {}
        return {"timestamp": self.at_ms, **noted}


@dataclass(frozen=True)
class Message:
    """Writes accepted together, and the form in which they are sent."""

    writes: tuple[Write, ...]
    form: str

    @property
    def accepted_ms(self) -> int:
        return self.writes[0].accepted_ms

    def rows(self) -> list[dict[str, Any]]:
        if self.form == "structured":
            return [{**write.row(), "component": "main", "fields": {write.key: write.value}} for write in self.writes]
        return [{**write.row(), "sensorId": write.key, "value": write.value} for write in self.writes]

    def columns(self) -> dict[str, Any]:
        columns: dict[str, dict[str, list[Any]]] = {}
        for write in self.writes:
            column = columns.setdefault(write.key, {"timestamps": [], "values": []})
            column["timestamps"].append(write.at_ms)
            column["values"].append(write.value)
        return columns


# What happens one after the other: messages are delivered in one batch, the log is compacted, somebody asks.
Step = list[Message] | str


@st.composite
def histories(draw: st.DrawFn, *, crowded: bool) -> list[Write]:
    """Draw what is said of a few instants of a day: often more than once, each time accepted at another moment."""
    instants = draw(st.lists(st.integers(0, DAY - 1), min_size=1, max_size=1 if crowded else 6, unique=True))
    keys = ["level"] if crowded else [*SENSORS]
    said = st.tuples(st.sampled_from(keys), st.sampled_from(instants), st.integers(0, 5))
    places = draw(st.lists(said, min_size=2, max_size=6 if crowded else 20, unique=True))
    return [
        Write(
            key,
            T0 + at,
            # Most of it is late; some instants are told of when the day is over, and corrected.
            T0 + DAY + moment * 1_000,
            draw(VALUES[key]),
            draw(st.none() | st.fixed_dictionaries({"q": st.integers(0, 3)})),
        )
        for key, at, moment in places
    ]


@st.composite
def plans(draw: st.DrawFn, history: list[Write]) -> list[Step]:
    """Draw a way for a history to come about: any order, batches, forms and repetition."""
    messages: list[Message] = []
    by_moment: dict[int, list[Write]] = {}
    for write in [*history, *draw(st.lists(st.sampled_from(history), max_size=4))]:
        by_moment.setdefault(write.accepted_ms, []).append(write)
    for writes in by_moment.values():
        rest = draw(st.permutations(writes))
        while rest:
            size = draw(st.integers(1, len(rest)))
            part, rest = tuple(rest[:size]), rest[size:]
            plain = all(write.metadata is None for write in part)
            forms = ["simple", "structured", "HTTP", *(["columns"] if plain else [])]
            messages.append(Message(part, draw(st.sampled_from(forms))))
    again = draw(st.lists(st.sampled_from(messages), max_size=3))
    order = draw(st.permutations([*messages, *again]))
    steps: list[Step] = []
    while order:
        size = draw(st.integers(1, len(order)))
        steps.append(list(order[:size]))
        order = order[size:]
        steps += draw(st.lists(st.sampled_from(["compact", "ask"]), max_size=2, unique=True))
    return steps


@dataclass
class World:
    organization: Organization

    def device(self) -> str:
        client = self.organization.client
        device = client.post("/api/v1/devices", {"name": "d"}).ok()["id"]
        for key, value_type in SENSORS.items():
            body = {"deviceId": device, "key": key, "name": key, "valueType": value_type}
            client.post("/api/v1/sensors", body).ok()
        return device

    def play(self, device: str, steps: list[Step]) -> None:
        for step in steps:
            if step == "compact":
                self.compact()
            elif step == "ask":
                # The sums of the day may be kept now; what comes later has to change them.
                url = f"{READINGS}/sensor/{sensor_of(device, 'level')}/stats?from={format_ms(T0)}"
                self.organization.client.get(url).ok()
            else:
                self.deliver(device, step)  # type: ignore[arg-type]

    def deliver(self, device: str, messages: list[Message]) -> None:
        records: list[dict[str, str]] = []
        for number, message in enumerate(messages):
            rows = message.rows()
            if message.form in {"HTTP", "columns"}:
                part = {"series": message.columns()} if message.form == "columns" else {"readings": rows}
                body = {"deviceId": device, **part}
                done = self.organization.client.post(READINGS, body, at_ms=message.accepted_ms).ok()
                assert done["quarantined"] == 0, done
                continue
            told = {
                "data": base64.b64encode(json.dumps(rows).encode()).decode(),
                "orgId": self.organization.id,
                "deviceId": device,
                "receivedAt": message.accepted_ms,
            }
            records.append({"messageId": str(number), "body": json.dumps(told)})
        assert ingest.handler({"Records": records}, None) == {"batchItemFailures": []}

    def compact(self) -> None:
        """Move all that was delivered into blocks, as if it had been a while ago."""
        store = Tenant(self.organization.id).readings()  # type: ignore[arg-type]
        clock = store._clock
        store._clock = lambda: clock() + LAG_MS
        lanes = store._lanes.find()
        for lane in lanes.marks if lanes else ():
            assert store.compact(lane).finished
        # What is delivered now has a later key.
        time.sleep(0.002)


def sensor_of(device: str, key: str) -> str:
    return SensorId.named(DeviceId(device), "main", key)


def answers(client: Any, device: str) -> list[str]:
    """Return all that can be asked about a device, without its identifiers."""
    sensors = {key: sensor_of(device, key) for key in SENSORS}
    day = f"from={format_ms(T0)}&to={format_ms(T0 + DAY)}"
    part = f"from={format_ms(T0 + 5 * HOUR)}&to={format_ms(T0 + 17 * HOUR)}"
    # Named one by one: those of a device come in the order of identifiers, which differ.
    urls = ["latest?" + "&".join(f"sensorIds={sensor}" for sensor in sensors.values())]
    for key, sensor in sensors.items():
        urls += [f"sensor/{sensor}?{day}", f"sensor/{sensor}/stats?{part}"]
        if SENSORS[key] in {"DOUBLE", "BIGINT"}:
            urls += [f"sensor/{sensor}/aggregated?{day}&interval=1d&tz=Europe/Berlin&fn={NUMBERS}"]
    found = [client.get(f"{READINGS}/{url}") for url in urls]
    asked = {"sensorIds": [*sensors.values()], "from": format_ms(T0), "to": format_ms(T0 + DAY)}
    found += [
        client.post(f"{READINGS}/batch", asked | {"maxPoints": 3}),
        client.post(f"{READINGS}/batch", asked | {"interval": "1h"}),
    ]
    texts: list[str] = []
    for answer in found:
        answer.ok()
        text = answer.body.replace(device, "DEVICE")
        for key, sensor in sensors.items():
            text = text.replace(sensor, key)
        texts.append(text)
    return texts


def expected_points(history: list[Write], key: str) -> list[dict[str, Any]]:
    """Return what is true of a sensor: of each instant what was accepted last."""
    last: dict[int, Write] = {}
    for write in sorted(history, key=lambda write: write.accepted_ms):
        if write.key == key:
            last[write.at_ms] = write
    return [{"timestamp": format_ms(at), "value": last[at].value, "metadata": last[at].metadata} for at in sorted(last)]


def held(world: World, history: list[Write], steps: list[Step]) -> None:
    """Hold what came about by *steps* against the truth, and every answer against those of the plainest way."""
    client = world.organization.client
    other = world.device()
    world.play(other, steps)
    for key in {write.key for write in history}:
        points = client.get(f"{READINGS}/sensor/{sensor_of(other, key)}").ok()["points"]
        assert points == expected_points(history, key)
    plain = world.device()
    in_order = sorted(history, key=lambda write: (write.accepted_ms, write.at_ms))
    world.play(plain, [[Message((write,), "simple") for write in in_order]])
    theirs = answers(client, plain)
    for own, its in zip(answers(client, other), theirs, strict=True):
        assert own == its
    if "compact" not in steps:
        world.compact()
        assert answers(client, other) == theirs


def order_does_not_matter(data: st.DataObject, *, crowded: bool = False) -> None:
    history = data.draw(histories(crowded=crowded), "history")
    steps = data.draw(plans(history), "steps")
    with pytest.MonkeyPatch.context() as patch:
        # Some batches skip the log, and some blocks are decoded by numpy, although they are small.
        patch.setattr(readings, "_WORTH_MERGING", data.draw(st.sampled_from([3, 2_000]), "worth merging"))
        patch.setattr(codec, "_WORTH_AN_ARRAY", data.draw(st.sampled_from([1, 256]), "worth an array"))
        held(World(make_organization("Any order")), history, steps)


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_nothing_but_the_time_of_acceptance_decides(aws: None, data: st.DataObject) -> None:
    order_does_not_matter(data)


def arrival_decides(patch: pytest.MonkeyPatch) -> None:
    def last_given(both: series.Series, _metadata_at: object) -> list[int]:
        order = sorted(range(len(both)), key=both.timestamps.__getitem__)
        return list({both.timestamps[at]: at for at in order}.values())

    patch.setattr(series, "_winners", last_given)


def metadata_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    merged = series._merged

    def without(left: series.Series, right: series.Series) -> series.Series:
        found = merged(left, right)
        return series.Series(found.timestamps, found.values, found.versions)

    patch.setattr(series, "_merged", without)


@pytest.mark.parametrize("mutant", [arrival_decides, metadata_is_forgotten])
def test_a_store_that_errs_is_caught(
    aws: None, mutant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    search = settings(
        max_examples=200,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        database=None,
    )

    @search
    @given(data=st.data())
    def crowded(data: st.DataObject) -> None:
        order_does_not_matter(data, crowded=True)

    with pytest.raises(AssertionError):
        crowded()
