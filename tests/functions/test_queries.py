"""What many readings amount to, through the gateway: by bucket, altogether, and of many sensors at once."""

from __future__ import annotations

import json
import math
import random
import statistics
import subprocess
import sys
import time
from http import HTTPStatus
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.queries import rules, stats
from whimbrel.aws.clients import client as aws_client
from whimbrel.ids import DeviceId, SensorId
from whimbrel.instants import format_ms, now_ms, parse_ms
from whimbrel.settings import settings as platform_settings
from whimbrel.store import bucketed, history
from whimbrel.store.directory import organizations
from whimbrel.store.tenant import Tenant

READINGS = "/api/v1/readings"
T0 = 1_767_225_600_000  # 2026-01-01
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOBODYS = DeviceId("0190abcd-1234-7abc-8def-00000000ffff")
ALL = "avg,min,max,sum,count,first,last,stddev,p50,p95,p99,delta,timeWeightedAvg,range"


@pytest.fixture
def device(client: Any) -> str:
    return client.post("/api/v1/devices", {"name": "Pump 4"}).ok()["id"]


def sensor_of(device_id: str, key: str) -> str:
    return SensorId.named(DeviceId(device_id), "main", key)


def send(client: Any, device_id: str, key: str, readings: list[tuple[int, Any]], value_type: str = "") -> str:
    """Send readings of one sensor, made before if a type is given, and return its id."""
    if value_type:
        client.post("/api/v1/sensors", {"deviceId": device_id, "key": key, "name": key, "valueType": value_type}).ok()
    for start in range(0, len(readings), 20_000):
        rows = [
            {"sensorId": key, "timestamp": format_ms(at), "value": value}
            for at, value in readings[start : start + 20_000]
        ]
        assert client.post(READINGS, {"deviceId": device_id, "readings": rows}).ok()["quarantined"] == 0
    return sensor_of(device_id, key)


def ask(client: Any, sensor: str, start: int, end: int, interval: str, **more: str) -> Any:
    query = {"from": format_ms(start), "to": format_ms(end), "interval": interval} | more
    return client.get(f"{READINGS}/sensor/{sensor}/aggregated?" + "&".join(f"{k}={v}" for k, v in query.items()))


def buckets(client: Any, sensor: str, start: int, end: int, interval: str, **more: str) -> list[dict[str, Any]]:
    return ask(client, sensor, start, end, interval, **more).ok()["buckets"]


def column(found: list[dict[str, Any]], name: str) -> list[Any]:
    return [bucket[name] for bucket in found]


def refused(answer: Any, field: str) -> dict[str, Any]:
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    return answer.json()


def test_every_function_of_an_hour(client: Any, device: str) -> None:
    values = [20.0, 22.0, 21.0, 25.0]
    sensor = send(client, device, "t", [(T0 + n * 10 * MINUTE, value) for n, value in enumerate(values)])

    answer = ask(client, sensor, T0, T0 + HOUR, "1h", fn=ALL).ok()

    assert {name: answer[name] for name in ("sensorId", "valueType", "unit", "interval", "tz")} == {
        "sensorId": sensor,
        "valueType": "DOUBLE",
        "unit": None,
        "interval": "1h",
        "tz": "UTC",
    }
    [bucket] = answer["buckets"]
    assert bucket == {
        "start": "2026-01-01T00:00:00.000Z",
        "end": "2026-01-01T01:00:00.000Z",
        "count": 4,
        "avg": 22.0,
        "min": 20.0,
        "max": 25.0,
        "sum": 88.0,
        "first": 20.0,
        "last": 25.0,
        "stddev": pytest.approx(statistics.stdev(values)),
        "p50": 21.5,
        "p95": pytest.approx(24.55),
        "p99": pytest.approx(24.91),
        "delta": 2.0 + 21.0 + 4.0,
        "timeWeightedAvg": pytest.approx((20 + 22 + 21 + 3 * 25) / 6),
        "range": 5.0,
    }


def test_the_default_function_is_what_the_type_allows(client: Any, device: str) -> None:
    for key, value, name in (("t", 1.5, "avg"), ("door", True, "avg"), ("state", "on", "count")):
        [bucket] = buckets(client, send(client, device, key, [(T0, value)]), T0, T0 + HOUR, "1h")
        assert set(bucket) == {"start", "end", "count", name}


def test_a_range_is_half_open_and_its_buckets_are_whole(client: Any, device: str) -> None:
    sensor = send(client, device, "t", [(T0 + n * MINUTE, n) for n in range(120)])

    found = buckets(client, sensor, T0 + 30 * MINUTE, T0 + 90 * MINUTE, "PT1H", fn="first,last")

    assert column(found, "start") == ["2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"]
    assert column(found, "end") == ["2026-01-01T01:00:00.000Z", "2026-01-01T02:00:00.000Z"]
    assert column(found, "count") == [30, 30]
    assert column(found, "first") == [30, 60]
    assert column(found, "last") == [59, 89]


@pytest.mark.parametrize(
    ("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-06-01", 24)], ids=["spring", "autumn", "summer"]
)
def test_days_are_those_of_the_zone(client: Any, device: str, day: str, hours: int) -> None:
    noon = parse_ms(f"{day}T10:00:00Z")
    sensor = send(client, device, "t", [(noon + n * HOUR // 2, 1.0) for n in range(-80, 80)])

    [bucket] = buckets(client, sensor, noon, noon + 1, "1d", tz="Europe/Berlin", fill="null")
    start, end = parse_ms(bucket["start"]), parse_ms(bucket["end"])
    [whole] = buckets(client, sensor, start, end, "1d", tz="Europe/Berlin", fn="sum")
    by_hour = buckets(client, sensor, start, end, "1h", tz="Europe/Berlin")

    assert (end - start) / HOUR == hours
    assert (whole["start"], whole["count"]) == (bucket["start"], 2 * hours)
    assert column(by_hour, "count") == [2] * hours


def test_weeks_begin_on_monday_and_months_on_the_first(client: Any, device: str) -> None:
    sensor = send(client, device, "t", [(T0 + n * DAY, 1.0) for n in range(59)])

    weeks = buckets(client, sensor, T0, T0 + 59 * DAY, "1w")
    months = buckets(client, sensor, T0, T0 + 59 * DAY, "1mo")
    quarters = buckets(client, sensor, T0, T0 + 59 * DAY, "P3M")

    assert column(weeks, "start")[:2] == ["2025-12-29T00:00:00.000Z", "2026-01-05T00:00:00.000Z"]
    assert column(weeks, "count") == [4, 7, 7, 7, 7, 7, 7, 7, 6]
    assert column(months, "count") == [31, 28]
    assert [(quarter["end"], quarter["count"]) for quarter in quarters] == [("2026-04-01T00:00:00.000Z", 59)]


@pytest.mark.parametrize(
    ("fill", "averages", "held"),
    [
        ("none", [2.0, 8.0], [2.0, 8.0]),
        ("null", [None, 2.0, None, None, 8.0, None], [None, 2.0, 2.0, 2.0, 8.0, 8.0]),
        ("previous", [None, 2.0, 2.0, 2.0, 8.0, 8.0], [None, 2.0, 2.0, 2.0, 8.0, 8.0]),
        ("linear", [None, 2.0, 4.0, 6.0, 8.0, None], [None, 2.0, 2.0, 2.0, 8.0, 8.0]),
    ],
)
def test_empty_buckets_say_what_is_asked(
    client: Any, device: str, fill: str, averages: list[float | None], held: list[float | None]
) -> None:
    sensor = send(client, device, "t", [(T0 + HOUR, 2.0), (T0 + 4 * HOUR, 8.0)])

    found = buckets(client, sensor, T0, T0 + 6 * HOUR, "1h", fill=fill, fn="avg,timeWeightedAvg")

    assert column(found, "avg") == averages
    assert column(found, "timeWeightedAvg") == held
    assert column(found, "count") == ([1, 1] if fill == "none" else [0, 1, 0, 0, 1, 0])


def test_a_counter_goes_on_from_bucket_to_bucket_and_begins_anew(client: Any, device: str) -> None:
    readings = [(-90, 95), (-10, 100), (10, 110), (50, 130), (70, 140), (100, 5), (110, 9)]
    sensor = send(client, device, "wh", [(T0 + at * MINUTE, value) for at, value in readings], "BIGINT")

    by_hour = buckets(client, sensor, T0, T0 + 2 * HOUR, "1h", fn="delta")
    together = buckets(client, sensor, T0, T0 + 2 * HOUR, "2h", fn="delta")
    later = buckets(client, sensor, T0 + HOUR, T0 + 2 * HOUR, "1h", fn="delta")
    from_the_first = buckets(client, sensor, T0 - 2 * HOUR, T0, "2h", fn="delta")

    assert column(by_hour, "delta") == [30, 10 + 5 + 4]
    assert column(together, "delta") == [49]
    assert column(later, "delta") == [19]
    assert column(from_the_first, "delta") == [5]


def test_a_value_is_held_into_the_next_bucket_and_no_further_than_the_range(client: Any, device: str) -> None:
    readings = [(-DAY, 10.0), (T0 + 30 * MINUTE - T0, 20.0), (90 * MINUTE, 40.0)]
    sensor = send(client, device, "t", [(T0 + at, value) for at, value in readings])

    found = buckets(client, sensor, T0, T0 + 105 * MINUTE, "1h", fn="timeWeightedAvg")
    first = buckets(client, sensor, T0 - DAY - HOUR, T0 - DAY + HOUR, "1d", fn="timeWeightedAvg")

    assert column(found, "timeWeightedAvg") == [15.0, pytest.approx((30 * 20 + 15 * 40) / 45)]
    assert column(first, "timeWeightedAvg") == [10.0]


def test_truth_values_and_texts(client: Any, device: str) -> None:
    door = send(client, device, "door", [(T0 + n, n % 4 == 0) for n in range(8)])
    state = send(client, device, "state", [(T0, "idle"), (T0 + 1, "über"), (T0 + HOUR, "off")])

    [duty] = buckets(client, door, T0, T0 + HOUR, "1h", fn="avg,first,last,count")
    texts = buckets(client, state, T0, T0 + 3 * HOUR, "1h", fn="first,last", fill="previous")

    assert (duty["count"], duty["avg"], duty["first"], duty["last"]) == (8, 0.25, True, False)
    assert [(bucket["count"], bucket["first"], bucket["last"]) for bucket in texts] == [
        (2, "idle", "über"),
        (1, "off", "off"),
        (0, "off", "off"),
    ]
    assert "min" in refused(ask(client, door, T0, T0 + HOUR, "1h", fn="avg,min"), "fn")["detail"]
    assert "TEXT" in refused(ask(client, state, T0, T0 + HOUR, "1h", fn="avg"), "fn")["detail"]
    refused(ask(client, state, T0, T0 + HOUR, "1h", fn="p50"), "fn")
    refused(ask(client, state, T0, T0 + HOUR, "1h", fill="linear", fn="first"), "fill")
    refused(ask(client, door, T0, T0 + HOUR, "1h", fill="linear", fn="last"), "fill")
    assert ask(client, door, T0, T0 + HOUR, "1h", fill="linear", fn="avg").ok()


def test_integers_stay_exact_beyond_what_a_double_holds(client: Any, device: str) -> None:
    extremes = [2**63 - 1, -(2**63), 2**53 + 1, 2**63 - 1]
    sensor = send(client, device, "n", [(T0 + n, value) for n, value in enumerate(extremes)], "BIGINT")

    [bucket] = buckets(client, sensor, T0, T0 + HOUR, "1h", fn="min,max,sum,range,first,last,delta")

    assert bucket["min"] == -(2**63)
    assert bucket["max"] == bucket["first"] == bucket["last"] == 2**63 - 1
    assert bucket["sum"] == sum(extremes)
    assert bucket["range"] == 2**64 - 1
    assert bucket["delta"] == -(2**63) + (2**53 + 1 + 2**63) + (2**63 - 2**53 - 2)


def test_figures_beyond_a_double_are_null(client: Any, device: str) -> None:
    sensor = send(client, device, "t", [(T0 + n, 1.7e308 * (-1) ** (n % 3)) for n in range(9)])

    [bucket] = buckets(client, sensor, T0, T0 + HOUR, "1h", fn=ALL)
    summed = client.get(f"{READINGS}/sensor/{sensor}/stats").ok()

    assert bucket["max"] == summed["max"] == 1.7e308
    assert bucket["stddev"] is summed["stddev"] is None


def test_the_last_write_wins_in_figures_too(client: Any, device: str) -> None:
    sensor = send(client, device, "t", [(T0, 1.0), (T0 + 1, 2.0)])
    send(client, device, "t", [(T0, 5.0)])
    send(client, device, "t", [(T0 - HOUR, 7.0)])

    assert column(buckets(client, sensor, T0 - HOUR, T0 + HOUR, "1h", fn="sum"), "sum") == [7.0, 7.0]


@settings(max_examples=12)
@given(data=st.data())
def test_figures_are_those_of_the_raw_readings(client: Any, data: st.DataObject) -> None:
    device = client.post("/api/v1/devices", {"name": "x"}).ok()["id"]
    dice = random.Random(data.draw(st.integers(0, 2**32)))
    at = sorted(dice.sample(range(T0, T0 + 2 * DAY, 250), data.draw(st.integers(1, 3_000))))
    sensor = send(client, device, "t", [(when, round(dice.gauss(20, 5), 2)) for when in at])
    start = T0 + data.draw(st.integers(0, DAY))
    end = start + data.draw(st.integers(1, DAY))

    found = buckets(client, sensor, start, end, "15m", fn="avg,min,max,sum,p95,stddev,delta", tz="Asia/Kathmandu")

    query = f"from={format_ms(start - 30 * DAY)}&to={format_ms(end)}&limit=10000"
    raw = client.get(f"{READINGS}/sensor/{sensor}?{query}").ok()["points"]
    readings = [(parse_ms(point["timestamp"]), point["value"]) for point in raw]
    assert sum(column(found, "count")) == sum(when >= start for when, _ in readings)
    for bucket in found:
        first, after = max(start, parse_ms(bucket["start"])), parse_ms(bucket["end"])
        inside = [value for when, value in readings if first <= when < after]
        before = [value for when, value in readings if when < first][-1:]
        assert bucket["count"] == len(inside)
        assert (bucket["min"], bucket["max"]) == (min(inside), max(inside))
        assert bucket["sum"] == pytest.approx(sum(inside))
        assert bucket["avg"] == pytest.approx(statistics.fmean(inside))
        rises = [right - left if right >= left else right for left, right in pairwise(before + inside)]
        assert bucket["delta"] == pytest.approx(sum(rises))
        if len(inside) > 1:
            assert bucket["stddev"] == pytest.approx(statistics.stdev(inside))
            spot = 0.95 * (len(inside) - 1)
            low, high = sorted(inside)[math.floor(spot)], sorted(inside)[math.ceil(spot)]
            assert bucket["p95"] == pytest.approx(low + (high - low) * (spot % 1))
        else:
            assert bucket["stddev"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from": None}, "from"),
        ({"to": None}, "to"),
        ({"interval": None}, "interval"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"interval": "1M"}, "interval"),
        ({"interval": "0s"}, "interval"),
        ({"interval": "-1h"}, "interval"),
        ({"interval": "36h"}, "interval"),
        ({"interval": "9" * 31 + "h"}, "interval"),
        ({"interval": "9" * 40 + "h"}, "interval"),
        ({"interval": "1s"}, "interval"),
        ({"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "interval": "1d"}, "interval"),
        ({"to": "9999-12-31T23:59:59Z", "interval": "1y"}, "interval"),
        ({"fn": "median"}, "fn"),
        ({"fn": ""}, "fn"),
        ({"fn": "avg,"}, "fn"),
        ({"fn": "p100"}, "fn"),
        ({"fn": ",".join(f"p{n}" for n in range(1, 30))}, "fn"),
        ({"tz": "Europe/Atlantis"}, "tz"),
        ({"tz": "../../etc/passwd"}, "tz"),
        ({"tz": ""}, "tz"),
        ({"tz": "x" * 100}, "tz"),
        ({"fill": "zero"}, "fill"),
        ({"nosuch": "1"}, "nosuch"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else value,
)
def test_what_makes_no_sense_is_refused_by_name(client: Any, device: str, change: dict[str, Any], field: str) -> None:
    sensor = send(client, device, "t", [(T0, 1.0)])
    query = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "interval": "1h"} | change

    answer = client.get(
        f"{READINGS}/sensor/{sensor}/aggregated?" + "&".join(f"{k}={v}" for k, v in query.items() if v is not None)
    )

    assert refused(answer, field)["detail"].startswith((f"{field}: ", "Unknown"))


def test_ten_thousand_buckets_are_the_limit(client: Any, device: str) -> None:
    sensor = send(client, device, "t", [(T0 + 5_000, 1.0)])

    assert len(buckets(client, sensor, T0, T0 + 10_000_000, "1s", fill="null")) == 10_000
    problem = refused(ask(client, sensor, T0, T0 + 10_000_001, "1s"), "interval")
    assert problem["errors"][0]["code"] == "too-many-buckets"
    every = buckets(client, sensor, T0, T0 + 10_000_000, "1s", fill="previous", fn=ALL.removesuffix(",range"))
    assert len(json.dumps(every)) < 6 * 1024 * 1024


def test_too_many_readings_are_refused(client: Any, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = send(client, device, "t", [(T0 + n, float(n)) for n in range(101)])
    monkeypatch.setattr(history, "MOST_READINGS", 100)

    problem = refused(ask(client, sensor, T0, T0 + HOUR, "1h"), "from")

    assert "shorter range" in problem["detail"]
    refused(client.get(f"{READINGS}/sensor/{sensor}/stats"), "from")
    refused(client.post(f"{READINGS}/batch", {"sensorIds": [sensor], "last": "36500d", "maxPoints": 5}), "from")


def test_stats_of_numbers(client: Any, device: str) -> None:
    values = [3.0, 1.0, 4.0, 1.0, 5.0]
    sensor = send(client, device, "t", [(T0 + n, value) for n, value in enumerate(values)])

    found = client.get(f"{READINGS}/sensor/{sensor}/stats?from={format_ms(T0)}&to={format_ms(T0 + 5)}").ok()

    assert found == {
        "sensorId": sensor,
        "valueType": "DOUBLE",
        "unit": None,
        "count": 5,
        "min": 1.0,
        "max": 5.0,
        "avg": pytest.approx(2.8),
        "stddev": pytest.approx(statistics.stdev(values)),
        "sum": 14.0,
        "first": 3.0,
        "firstAt": format_ms(T0),
        "last": 5.0,
        "lastAt": format_ms(T0 + 4),
        "p50": 3.0,
        "p95": pytest.approx(4.8),
        "p99": pytest.approx(4.96),
    }
    part = client.get(f"{READINGS}/sensor/{sensor}/stats?from={format_ms(T0 + 2)}&to={format_ms(T0 + 3)}").ok()
    assert (part["count"], part["avg"], part["stddev"], part["p99"]) == (1, 4.0, None, 4.0)


def test_stats_of_truth_values_texts_and_integers(client: Any, device: str) -> None:
    door = send(client, device, "door", [(T0 + n, n < 3) for n in range(4)])
    state = send(client, device, "state", [(T0 + n, text) for n, text in enumerate(["b", "a", "b", "c", "a", "b"])])
    big = send(client, device, "n", [(T0, 2**62), (T0 + 1, 2**62), (T0 + 2, 2**62 + 4)], "BIGINT")

    truths, texts, numbers = (client.get(f"{READINGS}/sensor/{sensor}/stats").ok() for sensor in (door, state, big))

    assert truths == {
        "sensorId": door,
        "valueType": "BOOLEAN",
        "unit": None,
        "count": 4,
        "trueCount": 3,
        "falseCount": 1,
        "duty": 0.75,
        "first": True,
        "firstAt": format_ms(T0),
        "last": False,
        "lastAt": format_ms(T0 + 3),
    }
    assert texts["top"] == [{"value": "b", "count": 3}, {"value": "a", "count": 2}, {"value": "c", "count": 1}]
    assert (texts["count"], texts["distinct"], texts["isExact"], texts["first"], texts["last"]) == (
        6,
        3,
        True,
        "b",
        "b",
    )
    assert (numbers["sum"], numbers["min"], numbers["p50"]) == (3 * 2**62 + 4, 2**62, 2**62)
    assert numbers["stddev"] == pytest.approx(statistics.stdev([0, 0, 4]))


@pytest.mark.parametrize(("value_type", "sample"), [("DOUBLE", 1.5), ("BIGINT", 3), ("BOOLEAN", True), ("TEXT", "a")])
def test_stats_and_buckets_of_nothing(client: Any, device: str, value_type: str, sample: Any) -> None:
    sensor = send(client, device, "s", [(T0, sample)], value_type)
    query = f"from={format_ms(T0 + 1)}&to={format_ms(T0 + 2)}"

    found = client.get(f"{READINGS}/sensor/{sensor}/stats?{query}").ok()

    assert (found["count"], found["first"], found["lastAt"]) == (0, None, None)
    assert found.get("avg") is found.get("duty") is found.get("p50") is None
    assert found.get("top", []) == []
    assert buckets(client, sensor, T0 + 1, T0 + 2, "1m", fn="first") == []
    assert column(buckets(client, sensor, T0 + 1, T0 + 2, "1m", fn="first", fill="null"), "first") == [None]


def test_of_very_many_texts_it_is_said_that_not_all_were_told_apart(
    client: Any, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "MAX_DISTINCT", 3)
    sensor = send(client, device, "s", [(T0 + n, text) for n, text in enumerate("abcdeabab")])

    found = client.get(f"{READINGS}/sensor/{sensor}/stats").ok()

    assert (found["count"], found["distinct"], found["isExact"]) == (9, 3, False)
    assert found["top"][0] == {"value": "a", "count": 3}


def batch(client: Any, sensors: list[str], start: int = T0, end: int = T0 + DAY, **more: Any) -> Any:
    body = {"sensorIds": sensors, "from": format_ms(start), "to": format_ms(end), **more}
    return client.post(f"{READINGS}/batch", body)


def test_a_batch_gives_raw_readings_by_sensor(client: Any, device: str) -> None:
    other_device = client.post("/api/v1/devices", {"name": "Pump 5"}).ok()["id"]
    t = send(client, device, "t", [(T0, 1.5), (T0 + HOUR, 2.5), (T0 + DAY, 9.0)])
    door = send(client, device, "door", [(T0 + 1, True)])
    state = send(client, other_device, "state", [(T0 + 2, "on")])
    nothing = send(client, other_device, "n", [(T0 - 1, 1)], "BIGINT")

    answer = batch(client, [state, t, door, nothing, t]).ok()

    assert (answer["from"], answer["to"]) == (format_ms(T0), format_ms(T0 + DAY))
    assert list(answer["sensors"]) == [state, t, door, nothing]
    assert answer["sensors"][t] == {
        "valueType": "DOUBLE",
        "unit": None,
        "points": [{"timestamp": format_ms(T0), "value": 1.5}, {"timestamp": format_ms(T0 + HOUR), "value": 2.5}],
    }
    assert answer["sensors"][door]["points"] == [{"timestamp": format_ms(T0 + 1), "value": True}]
    assert answer["sensors"][state]["points"] == [{"timestamp": format_ms(T0 + 2), "value": "on"}]
    assert answer["sensors"][nothing]["points"] == []


def test_a_batch_reads_a_device_once(client: Any, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from whimbrel.store.readings import ReadingStore

    sensors = [send(client, device, key, [(T0, 1.0)]) for key in "abc"]
    read, asked = ReadingStore.read, []

    def counted(*arguments: Any, **options: Any) -> Any:
        asked.append(arguments[2])
        return read(*arguments, **options)

    monkeypatch.setattr(ReadingStore, "read", counted)
    batch(client, sensors).ok()

    assert [sorted(each) for each in asked] == [sorted(sensors)]


def test_a_batch_by_bucket_is_what_the_sensors_give_alone(client: Any, device: str) -> None:
    sensors = [
        send(client, device, key, [(T0 + n * MINUTE, n * int(step)) for n in range(200)]) for key, step in ("a1", "b2")
    ]
    names = ["avg", "delta", "p95"]

    listed = batch(client, sensors, interval="1h", fn=names, tz="Asia/Kathmandu", fill="null").ok()["sensors"]
    written = batch(client, sensors, interval="1h", fn="avg,delta,p95", tz="Asia/Kathmandu", fill="null").ok()[
        "sensors"
    ]

    assert listed == written
    for sensor in sensors:
        assert listed[sensor]["buckets"] == buckets(
            client, sensor, T0, T0 + DAY, "1h", fn="avg,delta,p95", tz="Asia/Kathmandu", fill="null"
        )


def test_a_batch_of_the_last_while(client: Any, device: str) -> None:
    now = now_ms() // MINUTE * MINUTE
    sensor = send(client, device, "t", [(now - n * MINUTE, float(n)) for n in range(-3, 60)])

    answer = client.post(f"{READINGS}/batch", {"sensorIds": [sensor], "last": "30m"}, at_ms=now).ok()
    by_bucket = {"sensorIds": [sensor], "last": "PT30M", "interval": "10m", "fn": "count"}
    reduced = client.post(f"{READINGS}/batch", by_bucket, at_ms=now).ok()

    assert answer["from"] == format_ms(now - 30 * MINUTE)
    # What a clock that is ahead has sent is not missing.
    assert len(answer["sensors"][sensor]["points"]) == 30 + 1 + 3
    assert sum(bucket["count"] for bucket in reduced["sensors"][sensor]["buckets"]) == 31


def test_a_batch_in_few_points_keeps_the_peaks_and_the_changes(client: Any, device: str) -> None:
    dice = random.Random(20261122)
    curve = [(T0 + n * 1000, round(dice.random(), 3)) for n in range(5_000)]
    curve[3_210] = (T0 + 3_210_000, 50.0)
    t = send(client, device, "t", curve)
    door = send(client, device, "door", [(T0 + n * 1000, 100 <= n < 200) for n in range(1_000)])

    found = batch(client, [t, door], maxPoints=100).ok()["sensors"]

    points = found[t]["points"]
    assert len(points) == 100
    assert {"timestamp": format_ms(T0 + 3_210_000), "value": 50.0} in points
    assert {(parse_ms(point["timestamp"]), point["value"]) for point in points} <= set(curve)
    assert [(parse_ms(point["timestamp"]) - T0, point["value"]) for point in found[door]["points"]] == [
        (0, False),
        (100_000, True),
        (200_000, False),
        (999_000, False),
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sensorIds": []}, "sensorIds"),
        ({"sensorIds": [SensorId.named(NOBODYS, str(n)) for n in range(51)]}, "sensorIds"),
        ({"sensorIds": ["temperature"]}, "sensorIds[0]"),
        ({"from": None}, "from"),
        ({"to": None}, "to"),
        ({"to": "2025-01-01T00:00:00Z"}, "from"),
        ({"last": "1h"}, "last"),
        ({"from": None, "to": None, "last": "soon"}, "last"),
        ({"maxPoints": 1}, "maxPoints"),
        ({"maxPoints": 10_001}, "maxPoints"),
        ({"maxPoints": 100, "interval": "1h"}, "maxPoints"),
        ({"fn": "avg"}, "fn"),
        ({"interval": "1h", "fn": ["avg", "mode"]}, "fn"),
        ({"interval": "1 hour"}, "interval"),
        ({"interval": "1s"}, "interval"),
        ({"interval": "1h", "tz": "Mars/Base"}, "tz"),
        ({"interval": "1h", "fill": "zero"}, "fill"),
        ({"nosuchfield": 1}, "nosuchfield"),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else value,
)
def test_a_batch_that_makes_no_sense_is_refused_by_name(
    client: Any, device: str, change: dict[str, Any], field: str
) -> None:
    sensor = send(client, device, "t", [(T0, 1.0)])
    body = {"sensorIds": [sensor], "from": format_ms(T0), "to": format_ms(T0 + DAY)} | change

    refused(client.post(f"{READINGS}/batch", body), field)


def test_an_answer_of_too_many_points_or_buckets_is_refused(
    client: Any, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensors = [send(client, device, key, [(T0 + n * 1000, 1.0) for n in range(60)]) for key in "abcdef"]
    texts = send(client, device, "s", [(T0 + n * 1000, "é" * 1000) for n in range(30)])

    refused(batch(client, sensors, maxPoints=9_000), "maxPoints")
    refused(batch(client, sensors, interval="10s"), "interval")
    monkeypatch.setattr(rules, "MAX_POINTS", 300)
    problem = refused(batch(client, sensors), "maxPoints")
    assert "maxPoints or interval" in problem["detail"]
    assert batch(client, sensors[:5]).ok()
    monkeypatch.setattr(bucketed, "MAX_TEXT_OCTETS", 50_000)
    refused(batch(client, [texts]), "from")
    refused(ask(client, texts, T0, T0 + HOUR, "1s", fn="first,last"), "from")


def test_a_month_of_percentiles_in_one_bucket_is_refused_above_the_limit(
    client: Any, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = send(client, device, "t", [(T0 + n, 1.0) for n in range(101)])
    monkeypatch.setattr("whimbrel.domain.aggregates.MOST_VALUES", 100)

    assert "shorter buckets" in refused(ask(client, sensor, T0, T0 + HOUR, "1h", fn="p95"), "fn")["detail"]
    assert ask(client, sensor, T0, T0 + HOUR, "1h", fn="avg").ok()


def test_another_tenants_sensor_is_unknown(client: Any, other: Any, device: str) -> None:
    sensor = send(client, device, "t", [(T0, 1.0)])
    theirs = other.post("/api/v1/devices", {"name": "Theirs"}).ok()["id"]
    own = send(other, theirs, "t", [(T0, 2.0)])

    for answer in (
        ask(other, sensor, T0, T0 + HOUR, "1h"),
        other.get(f"{READINGS}/sensor/{sensor}/stats"),
        batch(other, [own, sensor]),
        ask(other, SensorId.new(), T0, T0 + HOUR, "1h"),
    ):
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert batch(other, [own]).ok()["sensors"][own]["points"][0]["value"] == 2.0


def test_a_sensor_made_again_with_another_type_tells_of_that_type(client: Any, device: str) -> None:
    sensor = send(client, device, "t", [(T0, 1.5), (T0 + 2, 2.5)])
    assert client.delete(f"/api/v1/sensors/{sensor}").status_code == HTTPStatus.NO_CONTENT
    assert send(client, device, "t", [(T0 + 1, "on")], "TEXT") == sensor

    [bucket] = buckets(client, sensor, T0, T0 + HOUR, "1h", fn="first,last")
    points = batch(client, [sensor]).ok()["sensors"][sensor]["points"]

    assert (bucket["count"], bucket["first"], bucket["last"]) == (1, "on", "on")
    assert [point["value"] for point in points] == ["on"]


def test_a_cold_start_does_not_load_numpy() -> None:
    statement = "import sys, functions.queries.routes; print('numpy' in sys.modules)"
    environment = {"PYTHONPATH": ".:layers/core/python", "PATH": "/usr/bin:/bin"}

    loaded = subprocess.run([sys.executable, "-c", statement], env=environment, capture_output=True, check=True)

    assert loaded.stdout == b"False\n"


def test_retention_holds_for_figures(client: Any, device: str, organization: Any) -> None:
    from whimbrel.domain.organizations import Organization
    from whimbrel.store.tenant import Tenant

    now = now_ms()
    sensor = send(client, device, "t", [(now - 10 * DAY, 1.0), (now - DAY, 2.0), (now - 1000, 3.0)])
    things = Tenant(organization.id).things(Organization)
    things.change(organization.id, lambda one: one.next_version(retention_days=5))

    assert client.get(f"{READINGS}/sensor/{sensor}/stats").ok()["count"] == 2
    assert sum(column(buckets(client, sensor, now - 20 * DAY, now, "1h"), "count")) == 2


def test_past_days_are_summed_up_once_and_again_when_readings_come_late(
    client: Any, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The log is not looked at once more for a minute after it has been compacted.
    monkeypatch.setattr("whimbrel.store.readings.OVERLAP_MS", 0)
    dice = random.Random(5)
    rows = [(T0 + n * 7 * MINUTE, dice.random() * 100) for n in range(3 * 24 * 60 // 7)]
    sensor = send(client, device, "t", rows)
    compact()
    functions = {"fn": "avg,min,max,sum,first,last,stddev,delta,timeWeightedAvg"}

    def answers() -> list[str]:
        return [
            ask(client, sensor, T0 + HOUR, T0 + 3 * DAY, interval, **functions).body for interval in ("1h", "6h", "1d")
        ]

    first = answers()
    assert kept_days() == 2
    assert answers() == first

    late = (T0 + DAY + 30_000, 1000.5)
    send(client, device, "t", [late])
    with_late = answers()
    assert with_late != first
    assert [bucket["max"] for bucket in json.loads(with_late[2])["buckets"]][1] == late[1]
    compact()
    assert kept_days() == 1
    assert answers() == with_late
    assert kept_days() == 2


def kept_days() -> int:
    items = aws_client("dynamodb").scan(TableName=platform_settings().blocks_table)["Items"]
    return sum("hours" in item for item in items)


def compact() -> None:
    """Move everything into blocks at once."""
    [organization] = organizations(aws_client("dynamodb"), platform_settings().log_table)
    store = Tenant(organization).readings()
    time.sleep(0.002)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whimbrel.store.readings.LAG_MS", 0)
        assert store.compact("0").finished
