"""Values back out of the dots API: pages, the last one, what they amount to, and several variables at once."""

from __future__ import annotations

import csv
import io
import random
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.dots import series, values
from tests.conftest import Organization
from tests.gateway import Client
from whimbrel import instants
from whimbrel.ids import OrganizationId, SensorId
from whimbrel.settings import settings as platform_settings
from whimbrel.store import history
from whimbrel.store.readings import LAG_MS
from whimbrel.store.tenant import Tenant

API = "/api/v1.6"
T0 = 1_767_225_600_000  # 2026-01-01
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.fixture
def dots(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("DOTS_BODY_BYTES", "5000000")
    platform_settings.cache_clear()
    return Client(headers={"X-Auth-Token": client.token or ""})


def send(dots: Client, device: str, variable: str, rows: Mapping[int, float]) -> str:
    """Store values, and return the variable."""
    body = [{"timestamp": at, variable: value} for at, value in rows.items()]
    dots.post(f"{API}/devices/{device}/_/bulk/values", body).ok()
    found = dots.get(f"{API}/variables?page_size=500").ok()["results"]
    return next(each["id"] for each in found if each["label"] == variable and each["datasource"]["name"] == device)


def compact(organization: Organization) -> None:
    """Move what is in the log into blocks."""
    store = Tenant(OrganizationId(organization.id)).readings()
    clock = store._clock
    store._clock = lambda: clock() + LAG_MS
    for lane in list(store._lanes.find().marks):  # pyright: ignore[reportOptionalMemberAccess]
        assert store.compact(lane).finished


def all_pages(dots: Client, url: str) -> tuple[int, list[tuple[int, Any]]]:
    """Follow the links, and return the count and the values."""
    first = page = dots.get(url).ok()
    found = page["results"]
    while page["next"]:
        page = dots.get(page["next"].removeprefix("https://whimbrel.test")).ok()
        assert page["count"] == first["count"]
        found = [*found, *page["results"]]
    return first["count"], [(each["timestamp"], each["value"]) for each in found]


MOMENTS = st.integers(0, 5 * 24 * 60).map(lambda at: T0 + at * MINUTE) | st.sampled_from([T0, T0 + DAY, T0 + DAY - 1])


@settings(max_examples=8)
@given(
    rows=st.dictionaries(MOMENTS, st.integers(-9, 9), max_size=16),
    late=st.dictionaries(MOMENTS, st.integers(-9, 9), max_size=3),
    near=st.sampled_from([2, 5, 10_000]),
    size=st.integers(3, 9),
    span=st.tuples(st.none() | MOMENTS, st.none() | MOMENTS),
    settled=st.booleans(),
)
def test_pages_are_the_values_newest_first_however_they_are_kept(
    dots: Client,
    organization: Organization,
    rows: dict[int, int],
    late: dict[int, int],
    near: int,
    size: int,
    span: tuple[int | None, int | None],
    settled: bool,  # noqa: FBT001
) -> None:
    start, end = span
    device = f"d{time.monotonic_ns()}"
    variable = send(dots, device, "v", {T0: 0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "NEAR", near)
        if rows:
            send(dots, device, "v", rows)
        compact(organization)
        dots.get(f"{API}/variables/{variable}/values?page_size=1").ok()
        if late:
            send(dots, device, "v", late)
        if settled:
            compact(organization)
        limits = {"start": start, "end": end, "page_size": size}
        query = "&".join(f"{name}={given}" for name, given in limits.items() if given is not None)
        expected = sorted(({T0: 0} | rows | late).items(), reverse=True)
        if start is not None and end is not None and start > end:
            assert dots.get(f"{API}/variables/{variable}/values?{query}").json()["code"] == 400001
            return
        expected = [each for each in expected if (start or 0) <= each[0] <= (end or T0 * 2)]

        for path in (f"/variables/{variable}/values", f"/devices/{device}/~v/values"):
            assert all_pages(dots, f"{API}{path}?{query}") == (len(expected), expected)


def test_a_deep_page_does_not_read_what_comes_before(
    dots: Client, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = send(dots, "a", "v", {T0 + number * 10 * MINUTE: number for number in range(1_500)})
    compact(organization)
    monkeypatch.setattr(values, "NEAR", 50)
    read: list[int] = []
    real = values._read

    def watched(*arguments: Any) -> Iterator[Any]:
        for reading in real(*arguments):
            read.append(reading.timestamp)
            yield reading

    monkeypatch.setattr(values, "_read", watched)

    page = dots.get(f"{API}/variables/{variable}/values?page_size=20&page=60").ok()

    assert page["count"] == 1_500
    assert [each["value"] for each in page["results"]] == list(range(319, 299, -1))
    assert len(read) < 100
    assert dots.get(f"{API}/variables/{variable}/values?page=16").status_code == 404


def test_what_is_too_much_to_count_is_refused(dots: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = send(dots, "a", "v", {T0 + number: number for number in range(30)})
    monkeypatch.setattr(values, "NEAR", 5)
    monkeypatch.setattr(history, "MOST_READINGS", 20)

    refused = dots.get(f"{API}/variables/{variable}/values")
    fewer = dots.get(f"{API}/variables/{variable}/values?start={T0 + 15}")

    assert (refused.status_code, list(refused.json()["detail"])) == (400, ["start"])
    assert fewer.ok()["count"] == 15


def test_a_table_has_the_same_values(dots: Client) -> None:
    noted = {"value": 1, "timestamp": 5, "context": {"a": "x, y"}}
    dots.post(f"{API}/devices/a/v/values", [noted, {"value": 2.5, "timestamp": 7}]).ok()

    answer = dots.get(f"{API}/devices/a/v/values?format=csv")

    assert answer.headers["Content-Type"].startswith("text/csv")
    [head, *rows] = csv.reader(io.StringIO(answer.body))
    assert head == ["timestamp", "value", "context", "created_at"]
    assert [row[:3] for row in rows] == [["7", "2.5", "{}"], ["5", "1.0", '{"a":"x, y"}']]


@pytest.mark.parametrize(
    "query", ["page=0", "page_size=0", "page_size=501", "start=x", "start=-1", "start=5&end=4", "format=xml"]
)
def test_a_wrong_parameter_is_named(dots: Client, query: str) -> None:
    dots.post(f"{API}/devices/a", {"v": 1}).ok()

    refused = dots.get(f"{API}/devices/a/v/values?{query}")

    assert (refused.status_code, refused.json()["code"]) == (400, 400001)
    assert list(refused.json()["detail"]) == [query.split("=", maxsplit=1)[0]]


def test_the_last_value_is_bare_text(dots: Client, client: Client) -> None:
    dots.post(f"{API}/devices/a", {"v": [{"value": 1, "timestamp": 5}, {"value": 24, "timestamp": 7}]}).ok()
    device = client.get("/api/v1/devices").ok()["items"][0]["id"]
    client.post("/api/v1/readings", {"deviceId": device, "readings": [{"sensorId": "state", "value": "on"}]}).ok()

    last = dots.get(f"{API}/devices/a/v/lv")

    assert (last.body, last.headers["Content-Type"]) == ("24.0", "text/plain; charset=utf-8")
    assert dots.get(f"{API}/devices/a/state/lv").body == "on"
    assert dots.get(f"{API}/devices/a/nothing/lv").status_code == 404


def test_statistics_are_of_both_ends(dots: Client) -> None:
    rows = {T0 + number * HOUR: number * 1.5 for number in range(60)}
    variable = send(dots, "a", "v", rows)
    inside = [value for at, value in rows.items() if T0 + HOUR <= at <= T0 + 30 * HOUR]

    def ask(function: str, start: int = T0 + HOUR, end: int = T0 + 30 * HOUR) -> Any:
        return dots.get(f"{API}/variables/{variable}/statistics/{function}/{start}/{end}")

    assert {name: ask(name).ok()[name] for name in ("mean", "variance", "min", "max", "sum", "count")} == {
        "mean": pytest.approx(statistics.mean(inside)),
        "variance": pytest.approx(statistics.variance(inside)),
        "min": min(inside),
        "max": max(inside),
        "sum": pytest.approx(sum(inside)),
        "count": 30,
    }
    assert (ask("mean", 1, 2).ok(), ask("count", 1, 2).ok()) == ({"mean": None}, {"count": 0})
    assert ask("variance", T0, T0).ok() == {"variance": None}
    assert ask("mode").status_code == ask("mean", 2, 1).status_code == 400
    assert dots.get(f"{API}/variables/{SensorId.new()}/statistics/mean/1/2").status_code == 404


# --- Several variables ---


@pytest.fixture
def two(dots: Client) -> tuple[str, str]:
    """Two variables: 130 values a minute apart, and of every second of these minutes the tenfold."""
    first = send(dots, "a", "v", {T0 + number * MINUTE: number for number in range(130)})
    second = send(dots, "b", "w", {T0 + number * MINUTE: number * 10 for number in range(0, 130, 2)})
    return first, second


def asked(dots: Client, what: str, variables: Any, **more: Any) -> Any:
    return dots.post(f"{API}/data/{what}", {"variables": list(variables), **more})


def test_raw_values_by_variable_and_joined(dots: Client, two: tuple[str, str]) -> None:
    columns = [
        "value.value",
        "timestamp",
        "device.label",
        "variable.label",
        "value.context",
        "variable.properties.color",
    ]

    apart = asked(dots, "raw/series", two, columns=columns, start=T0, end=T0 + 2 * MINUTE).ok()
    joined = asked(dots, "raw/series/", two, columns=["value.value", "timestamp"], join_dataframes=True, limit=3).ok()

    assert apart["columns"] == [columns, columns]
    assert apart["results"] == [
        [[value, T0 + value * MINUTE, "a", "v", {}, None] for value in (2, 1, 0)],
        [[value * 10, T0 + value * MINUTE, "b", "w", {}, None] for value in (2, 0)],
    ]
    assert joined["columns"] == ["timestamp", f"{two[0]}.value.value", f"{two[1]}.value.value"]
    assert joined["results"] == [
        [T0 + at * MINUTE, at if at >= 127 else None, at * 10 if at % 2 == 0 else None]
        for at in (129, 128, 127, 126, 124)
    ]


def test_without_a_range_it_is_the_last_hundred(dots: Client, two: tuple[str, str]) -> None:
    raw = asked(dots, "raw/series", two, columns=["timestamp"]).ok()["results"]
    counts = asked(dots, "stats/aggregation", two, aggregation="count").ok()["results"]
    means = asked(dots, "stats/aggregation/", two, aggregation="mean").ok()["results"]
    periods = asked(dots, "stats/resample/", two[:1], aggregation="count", period="1H").ok()["results"]

    assert [len(each) for each in raw] == counts == [100, 65]
    assert means == [statistics.mean(range(30, 130)), statistics.mean(range(0, 1300, 20))]
    assert periods == [[[T0, 30], [T0 + HOUR, 60], [T0 + 2 * HOUR, 10]]]


def test_a_range_may_be_open(dots: Client, two: tuple[str, str]) -> None:
    ahead = instants.now_ms() + 2 * MINUTE
    dots.post(f"{API}/devices/a", {"v": {"value": 7, "timestamp": ahead}}).ok()

    def count(**limits: int) -> Any:
        return asked(dots, "stats/aggregation", two, aggregation="count", join_dataframes=True, **limits).ok()[
            "results"
        ]

    def rows(**limits: int) -> int:
        return len(asked(dots, "raw/series", two[:1], columns=["timestamp"], **limits).ok()["results"][0])

    assert count(end=T0 + 9 * MINUTE) == 15
    assert count(start=T0 + 120 * MINUTE) == 15
    # Values of the future are there if they are asked for, or raw.
    assert count(start=T0 + 120 * MINUTE, end=ahead) == 16
    assert (rows(start=T0 + 120 * MINUTE), rows(end=T0)) == (11, 1)
    assert asked(dots, "stats/aggregation", two, aggregation="sum", start=2, end=1).status_code == 400


def test_figures_of_all_together_and_rounded(dots: Client, two: tuple[str, str]) -> None:
    span = {"start": T0, "end": T0 + 4 * MINUTE}
    everything = [0, 1, 2, 3, 4, 0, 20, 40]

    def figure(name: str, **more: Any) -> Any:
        return asked(dots, "stats/aggregation", two, aggregation=name, join_dataframes=True, **span, **more).ok()[
            "results"
        ]

    assert {name: figure(name) for name in ("mean", "min", "max", "sum", "count")} == {
        "mean": statistics.mean(everything), "min": 0, "max": 40, "sum": 70, "count": 8,
    }  # fmt: skip
    assert figure("mean", precision=1) == 8.8
    assert asked(dots, "stats/aggregation", two, aggregation="mean", **span).ok() == {"results": [2, 20]}


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32),
    period=st.sampled_from(["30T", "2H", "1D", "W", "M"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
)
def test_periods_are_the_calendars(dots: Client, seed: int, period: str, zone: str) -> None:
    dice = random.Random(seed)
    rows = {T0 + 80 * DAY + dice.randrange(15 * DAY): float(dice.randrange(-50, 50)) for _ in range(20)}
    variable = send(dots, f"d{time.monotonic_ns()}", "v", rows)
    expected: dict[int, list[float]] = {}
    for at, value in rows.items():
        expected.setdefault(label(at, period, ZoneInfo(zone)), []).append(value)

    answer = asked(
        dots, "stats/resample", [variable], aggregation="sum", period=period, tz=zone, start=T0, end=max(rows)
    ).ok()

    assert answer["results"] == [[[at, sum(expected[at])] for at in sorted(expected)]]
    assert answer["columns"] == [["timestamp", "value.sum"]]


def label(at: int, period: str, zone: ZoneInfo) -> int:
    """Return what names the period of a moment: where it begins; of weeks and months their last day."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "W":
        day += timedelta(days=6 - day.weekday())
    elif period == "M":
        day = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1, day=1) - timedelta(days=1)
    midnight = int(day.timestamp() * 1000)
    step = {"30T": 30 * MINUTE, "2H": 2 * HOUR}.get(period)
    # Steps are counted from the beginning of the day by a clock that is not set.
    return midnight + (at - midnight) // step * step if step else midnight


def test_joined_periods_have_a_figure_of_each_variable(dots: Client, two: tuple[str, str]) -> None:
    span = {"start": T0 + MINUTE, "end": T0 + 3 * MINUTE}

    answer = asked(dots, "stats/resample", two, aggregation="max", period="1T", join_dataframes=True, **span).ok()

    assert answer["columns"] == ["timestamp", f"{two[0]}.value.max", f"{two[1]}.value.max"]
    assert answer["results"] == [[T0 + MINUTE, 1, None], [T0 + 2 * MINUTE, 2, 20], [T0 + 3 * MINUTE, 3, None]]


QUERIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "no variables": ("stats/aggregation", {"aggregation": "mean", "variables": []}, "variables"),
    "no such function": ("stats/aggregation", {"aggregation": "median"}, "aggregation"),
    "no such period": ("stats/resample", {"aggregation": "mean", "period": "1Y"}, "period"),
    "a period between": ("stats/resample", {"aggregation": "mean", "period": "36H"}, "period"),
    "no such zone": ("stats/resample", {"aggregation": "mean", "period": "1H", "tz": "Mars"}, "tz"),
    "no such column": ("raw/series", {"columns": ["secret"]}, "columns[0]"),
    "too many decimals": ("stats/aggregation", {"aggregation": "mean", "precision": 99}, "precision"),
    "a limit beyond": ("raw/series", {"columns": ["timestamp"], "limit": 60_000}, "limit"),
    "a range backwards": ("raw/series", {"columns": ["timestamp"], "start": 5, "end": 4}, "start"),
    "a moment that is none": ("raw/series", {"columns": ["timestamp"], "start": "yesterday"}, "start"),
}


@pytest.mark.parametrize("case", QUERIES)
def test_a_query_that_means_nothing_is_refused_with_its_field(dots: Client, case: str) -> None:
    what, more, field = QUERIES[case]
    variable = send(dots, "a", "v", {T0: 1})

    refused = (
        asked(dots, what, [variable], **more) if "variables" not in more else dots.post(f"{API}/data/{what}", more)
    )

    assert (refused.status_code, refused.json()["code"]) == (400, 400001)
    assert list(refused.json()["detail"]) == [field]


def test_texts_and_truths_know_what_they_know(dots: Client, client: Client) -> None:
    device = client.post("/api/v1/devices", {"name": "a"}).ok()["id"]
    rows = [{"sensorId": "open", "value": True}, {"sensorId": "state", "value": "on"}]
    client.post("/api/v1/readings", {"deviceId": device, "readings": rows}).ok()
    found = {each["label"]: each["id"] for each in dots.get(f"{API}/variables").ok()["results"]}

    def figure(name: str, label: str) -> Any:
        return asked(dots, "stats/aggregation", [found[label]], aggregation=name)

    assert figure("mean", "open").ok() == {"results": [1]}
    assert figure("count", "state").ok() == {"results": [1]}
    assert figure("mean", "state").json()["code"] == figure("sum", "open").json()["code"] == 400001


def test_an_answer_has_an_end(dots: Client, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def answers() -> list[int]:
        raw = asked(dots, "raw/series", two, columns=["timestamp"], start=T0)
        periods = asked(dots, "stats/resample", two, aggregation="mean", period="1T", start=T0)
        return [raw.status_code, periods.status_code]

    assert answers() == [200, 200]
    monkeypatch.setattr(series, "MAX_ROWS", 194)
    assert answers() == [400, 400]
    monkeypatch.setattr(series, "MAX_ROWS", 195)
    assert answers() == [200, 200]
    monkeypatch.setattr(series, "MAX_OCTETS", 1_000)
    assert answers() == [400, 400]
