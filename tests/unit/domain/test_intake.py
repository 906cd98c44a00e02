"""The judgement of readings: the same in any order and any form, and times as `parse_ms` reads them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whimbrel.domain import reading_values
from whimbrel.domain.intake import Intake
from whimbrel.domain.profile_rules import compile_fields
from whimbrel.domain.readings import KnownDevice, KnownSensor, Reason
from whimbrel.domain.series import ValueType
from whimbrel.ids import ComponentId, DeviceId, SensorId
from whimbrel.instants import format_ms, parse_ms

DEVICE = DeviceId("01900000-0000-7000-8000-000000000001")
NOW = 1_767_225_600_000
PROFILE = {
    "key": "weather",
    "fields": [
        {"key": "temperature", "type": "DOUBLE", "unit": "Cel", "min": -50, "max": 50, "required": True},
        {"key": "count", "type": "BIGINT", "min": 0},
        {"key": "state", "type": "ENUM", "options": ["on", "off"]},
        {"key": "axes", "type": "ARRAY", "items": {"type": "DOUBLE", "minItems": 1, "maxItems": 3}},
    ],
}
KNOWN = {"whole": ValueType.BIGINT, "level": ValueType.DOUBLE, "door": ValueType.BOOLEAN, "note": ValueType.TEXT}


def a_device(*, inactive: bool = False) -> KnownDevice:
    """Return a device with a sensor of each type in ``main``, a component with a profile, one whose profile is gone."""
    components = {key: ComponentId.named(DEVICE, key) for key in ("main", "mast", "ruin")}
    device = KnownDevice(DEVICE, inactive, None, components)
    device.profiles = {"mast": compile_fields(PROFILE), "ruin": None}
    for key, value_type in KNOWN.items():
        identifier = SensorId.named(DEVICE, "main", key)
        device.add(KnownSensor(identifier, value_type, components["main"], "main", key))
    temperature = SensorId.named(DEVICE, "mast", "temperature")
    device.add(KnownSensor(temperature, ValueType.DOUBLE, components["mast"], "mast", "temperature"))
    return device


def judged(rows: list[tuple[int, Any]], device: KnownDevice | None = None) -> Intake:
    intake = Intake(device or a_device(), NOW)
    intake.take(rows)
    intake.settle()
    return intake


def outcome(intake: Intake) -> Any:
    return (
        intake.accepted,
        [(each.index, each.reason) for each in intake.rejections],
        {column: (list(map(repr, s.values)), s.timestamps, s.metadata) for column, s in intake.frame().items()},
        intake.new_sensors,
    )


names = st.sampled_from(
    [
        "level",
        "whole",
        "door",
        "note",
        "fresh",
        "main/fresh",
        "newer",
        "mast/temperature",
        "mast/state",
        "mast/axes",
        "mast/nothing",
        "ruin/a",
        "tail/a",
        "no key",
        SensorId.named(DEVICE, "main", "fresh"),
        SensorId.named(DEVICE, "main", "level"),
        SensorId.named(DEVICE, "main", "unheard"),
    ]
)
values = st.sampled_from(
    [
        1,
        1.5,
        -3,
        60,
        True,
        "on",
        "text",
        "x" * 1_001,
        None,
        [1.0],
        [],
        [1, 2, 3, 4],
        {},
        2**63,
        10**400,
        1e999,
        -0.0,
        "é",
        "\ud800",
    ]
)
timestamps = st.sampled_from(
    [
        NOW,
        NOW - 1,
        NOW + 300_000,
        NOW + 300_001,
        -1,
        0,
        1.5,
        True,
        None,
        "yesterday",
        format_ms(NOW),
        "1969-12-31T23:00:00Z",
    ]
)
simple = st.fixed_dictionaries({"sensorId": names, "timestamp": timestamps, "value": values})
noted = st.fixed_dictionaries(
    {"sensorId": names, "value": values}, optional={"metadata": st.sampled_from([{}, {"a": 1}, [], "x", None])}
)
structured = st.fixed_dictionaries(
    {
        "component": st.sampled_from(["main", "mast", "ruin", "tail", 5]),
        "fields": st.dictionaries(
            st.sampled_from(["fresh", "newer", "level", "temperature", "state", "axes", "count"]), values, max_size=3
        ),
    },
    optional={"timestamp": timestamps | st.just(NOW), "deviceId": st.just(DEVICE), "metadata": st.just({"a": 1})},
)
plain = st.builds(
    lambda component, at, fields: {"component": component, "timestamp": at, "fields": fields},
    st.sampled_from(["main", "mast"]),
    st.sampled_from([NOW, NOW - 1, format_ms(NOW - 2)]),
    st.fixed_dictionaries(
        {},
        optional={
            "level": st.sampled_from([1, 2.5, "x", 2**63]),
            "note": st.sampled_from(["x", "\u00e9", 1, "x" * 1_001]),
            "door": st.booleans() | st.just(1),
            "whole": st.sampled_from([1, 1.5, True]),
            "temperature": st.sampled_from([50, 50.5, -50, True]),
            "count": st.sampled_from([-1, 0]),
        },
    ),
)
sent = st.lists(simple | noted | structured | plain | st.sampled_from([17, None, [], {}, {"fields": 1}]), max_size=12)


@given(sent=sent, chance=st.randoms(use_true_random=False))
def test_the_order_of_readings_does_not_matter(sent: list[Any], chance: random.Random) -> None:
    rows = list(enumerate(sent))
    shuffled = rows[:]
    chance.shuffle(shuffled)

    assert outcome(judged(shuffled)) == outcome(judged(rows))


@given(sent=sent)
def test_a_glance_sees_what_care_does(sent: list[Any]) -> None:
    careful = Intake(a_device(), NOW)
    careful._taken = len(sent)
    for index, raw in enumerate(sent):
        careful._take_carefully(index, raw)
    careful.settle()

    assert outcome(judged(list(enumerate(sent)))) == outcome(careful)


@given(sent=sent)
def test_what_was_accepted_once_is_accepted_again_and_makes_nothing_more(sent: list[Any]) -> None:
    first = judged(list(enumerate(sent)))
    device = a_device()
    for sensor in first.new_sensors.values():
        device.components.setdefault(sensor.component, sensor.component_id)
        device.add(sensor)

    again = judged(list(enumerate(sent)), device)

    refused = {each.index for each in first.rejections}
    assert {each.index for each in again.rejections} <= refused
    assert first.accepted + len(first.rejections) == again.accepted + len(again.rejections) == len(sent)
    if len(again.rejections) == len(first.rejections):
        assert again.frame() == first.frame()


columns = st.integers(0, 8).flatmap(
    lambda size: st.tuples(
        names,
        st.lists(timestamps, min_size=size, max_size=size) | st.just([NOW - n for n in range(size)]),
        st.lists(values, min_size=size, max_size=size) | st.lists(st.floats(-90, 90), min_size=size, max_size=size),
    )
)


@given(series=st.lists(columns, max_size=4))
def test_a_series_is_its_readings_one_by_one(series: list[tuple[str, list[Any], list[Any]]]) -> None:
    whole = Intake(a_device(), NOW)
    rows: list[tuple[int, Any]] = []
    for name, ats, found in series:
        whole.take_series(len(rows), name, ats, found)
        rows += [
            (len(rows) + place, {"sensorId": name, "timestamp": at, "value": value})
            for place, (at, value) in enumerate(zip(ats, found, strict=True))
        ]
    whole.settle()

    assert outcome(whole) == outcome(judged(rows))


times = st.builds(
    "{:04d}-{:02d}-{:02d}{}{:02d}:{:02d}:{:02d}{}{}".format,
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from("Tt _"),
    st.integers(0, 25),
    st.integers(0, 61),
    st.integers(0, 61),
    st.sampled_from(["", ".", ".5", ".123", ".123456789123", ".x"]),
    st.sampled_from(["Z", "z", "", "+02:00", "-23:59", "+24:00", "+2:00", "Z "]),
)


@given(text=times | st.text(max_size=30) | st.integers(0, 253_402_300_799_999).map(format_ms))
@example("9999-12-31T23:30:00-01:00")
@example("0001-01-01T00:30:00+01:00")
@example("2016-12-31T23:59:60.9Z")
@example("2026-01-31T12:00:00.000\u0660Z")
def test_a_time_in_parts_is_the_time_as_a_whole(text: str) -> None:
    try:
        expected = parse_ms(text)
    except (ValueError, OverflowError):
        expected = None

    if expected is None:
        with pytest.raises(ValueError, match=r"it|year|day|month|hour|minute|second|offset"):
            reading_values.ms_of(text)
    else:
        assert reading_values.ms_of(text) == expected


def test_parts_of_times_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = reading_values._Parts("1970-01-01T00:00:00", "")
    monkeypatch.setattr(reading_values, "_MOST_PARTS", 10)

    found = [parts[f".{number:03d}Z"] for number in range(100)]

    assert found == list(range(100))
    assert len(parts) <= 10


@pytest.mark.parametrize(
    ("component", "fields", "reason"),
    [
        ("mast", {"temperature": 20.5}, None),
        ("mast", {"temperature": 20, "count": 3, "state": "on", "axes": [1, 2.5]}, None),
        ("mast", {"temperature": -50}, None),
        ("mast", {"temperature": 50}, None),
        ("mast", {"count": 3}, Reason.MISSING_FIELD),
        ("mast", {"temperature": 50.1}, Reason.OUT_OF_RANGE),
        ("mast", {"temperature": "20"}, Reason.TYPE_MISMATCH),
        ("mast", {"temperature": 20, "count": 1.5}, Reason.TYPE_MISMATCH),
        ("mast", {"temperature": 20, "state": "maybe"}, Reason.OUT_OF_RANGE),
        ("mast", {"temperature": 20, "axes": []}, Reason.ARRAY_SIZE),
        ("mast", {"temperature": 20, "axes": [1, 2, 3, 4]}, Reason.ARRAY_SIZE),
        ("mast", {"temperature": 20, "axes": [1, "2"]}, Reason.TYPE_MISMATCH),
        ("mast", {"temperature": 20, "humidity": 50}, Reason.UNKNOWN_SENSOR),
        ("ruin", {"temperature": 20}, Reason.MISSING_PROFILE),
        ("tail", {"temperature": 20}, Reason.UNKNOWN_COMPONENT),
        ("main", {"anything": 20}, None),
    ],
    ids=range(16),
)
def test_a_profile_is_enforced(component: str, fields: dict[str, Any], reason: Reason | None) -> None:
    intake = judged([(7, {"component": component, "fields": fields})])

    assert [(each.index, each.reason) for each in intake.rejections] == ([] if reason is None else [(7, reason)])
    assert (not intake.frame()) is (reason is not None)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("mast/temperature", 20, None),
        (SensorId.named(DEVICE, "mast", "temperature"), 20, None),
        (SensorId.named(DEVICE, "mast", "temperature"), 51, Reason.OUT_OF_RANGE),
        ("mast/temperature", 51, Reason.OUT_OF_RANGE),
        ("mast/temperature", -50.5, Reason.OUT_OF_RANGE),
        ("mast/temperature", True, Reason.TYPE_MISMATCH),
        ("mast/axes", [1, 2], None),
        ("mast/axes", 1, Reason.TYPE_MISMATCH),
        ("mast/axes.0", 1, Reason.UNKNOWN_SENSOR),
        ("mast/humidity", 1, Reason.UNKNOWN_SENSOR),
        ("ruin/temperature", 1, Reason.MISSING_PROFILE),
    ],
    ids=range(11),
)
def test_a_simple_reading_of_a_profiled_component_is_held_to_it(
    name: str, value: object, reason: Reason | None
) -> None:
    intake = judged([(0, {"sensorId": name, "timestamp": NOW, "value": value})])

    assert [each.reason for each in intake.rejections] == ([] if reason is None else [reason])


def test_a_profile_gives_its_sensors_type_and_unit() -> None:
    intake = judged([(0, {"component": "mast", "fields": {"temperature": 1, "count": 2, "axes": [1, 2]}})])

    made = {sensor.key: (sensor.value_type, sensor.unit) for sensor in intake.new_sensors.values()}
    assert made == {
        "count": (ValueType.BIGINT, None),
        "axes.0": (ValueType.DOUBLE, None),
        "axes.1": (ValueType.DOUBLE, None),
    }
    bare = a_device()
    del bare.sensors[SensorId.named(DEVICE, "mast", "temperature")]
    [made_anew] = judged([(0, {"component": "mast", "fields": {"temperature": 1}})], bare).new_sensors.values()
    assert made_anew.unit == "Cel"


@pytest.mark.parametrize("reading", [{"sensorId": "level", "timestamp": NOW, "value": 1.0}, 17])
def test_an_inactive_device_has_nothing_accepted(reading: object) -> None:
    intake = judged([(0, reading)], a_device(inactive=True))

    assert [each.reason for each in intake.rejections] == [Reason.DEVICE_INACTIVE]


def test_a_number_decides_over_a_text_wherever_it_stands() -> None:
    rows = [(0, {"sensorId": "fresh", "value": "warm"}), (1, {"sensorId": "main/fresh", "value": 21})]

    intake = judged(rows)

    assert [(each.index, each.reason) for each in intake.rejections] == [(0, Reason.TYPE_MISMATCH)]
    assert [sensor.value_type for sensor in intake.new_sensors.values()] == [ValueType.DOUBLE]


def test_a_new_sensor_can_be_named_by_its_identifier_before_it_is_by_its_key() -> None:
    identifier = SensorId.named(DEVICE, "main", "fresh")

    intake = judged([(0, {"sensorId": identifier, "value": 1}), (1, {"sensorId": "fresh", "value": 2})])

    assert (intake.accepted, intake.rejections, list(intake.new_sensors)) == (2, [], [identifier])


def test_an_identifier_that_nothing_has_is_unknown() -> None:
    intake = judged([(0, {"sensorId": SensorId.new(), "value": 1})])

    assert [each.reason for each in intake.rejections] == [Reason.UNKNOWN_SENSOR]


@pytest.mark.parametrize("at", [True, 1.5, None, "yesterday", -1, NOW + 300_001], ids=repr)
@pytest.mark.parametrize("in_columns", [False, True])
def test_a_bad_time_of_a_known_sensor_is_refused(at: object, *, in_columns: bool) -> None:
    intake = Intake(a_device(), NOW)
    if in_columns:
        intake.take_series(5, "level", [at], [1.0])
    else:
        intake.take([(5, {"sensorId": "level", "timestamp": at, "value": 1.0})])
    intake.settle()

    assert [(each.index, each.reason) for each in intake.rejections] == [(5, Reason.BAD_TIMESTAMP)]
    assert (intake.accepted, intake.frame()) == (0, {})


def test_a_key_that_looks_like_an_identifier_is_none() -> None:
    device = a_device()
    key = SensorId.named(DEVICE, "main", "level")
    device.add(KnownSensor(SensorId.new(), ValueType.TEXT, device.components["main"], "main", key))

    assert judged([(0, {"sensorId": key, "timestamp": NOW, "value": 1.5})], device).accepted == 1
