"""The small language: identifiers, time, cursors, strict JSON, and one request at a time."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel import instants, strict_json
from whimbrel.auth import Caller, Scope
from whimbrel.bodies import Wire
from whimbrel.domain.durations import LONGEST, parse_duration
from whimbrel.http.exchange import CurrentCaller, CurrentExchange
from whimbrel.http.resource import Api, Resource
from whimbrel.ids import DeviceId, Id, OrganizationId, SensorId
from whimbrel.pages import Cursors
from whimbrel.problems import InvalidCursor, MalformedJson, Problem

milliseconds = st.integers(0, instants.END_OF_TIME_MS - 1)


@given(milliseconds)
def test_a_time_survives_its_text(at: int) -> None:
    assert instants.parse_ms(instants.format_ms(at)) == at
    assert instants.to_ms(instants.from_ms(at)) == at


@given(milliseconds, milliseconds)
def test_texts_of_times_sort_as_the_times_do(one: int, other: int) -> None:
    assert (one < other) == (instants.format_ms(one) < instants.format_ms(other))


@given(st.datetimes(datetime(1970, 1, 3), datetime(9999, 12, 29)), st.integers(-1439, 1439))  # noqa: DTZ001 (hypothesis)
def test_any_offset_means_the_same_moment(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
    text = moment.astimezone(timezone(timedelta(minutes=minutes))).isoformat()

    assert instants.parse_ms(text) == instants.to_ms(moment)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00+24:00",
        "٢٠٢٦-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        instants.parse_ms(text)


def test_a_leap_second_is_the_second_before_it() -> None:
    assert instants.parse_ms("2016-12-31T23:59:60Z") == instants.parse_ms("2016-12-31T23:59:59Z")


def test_identifiers_are_version_7_and_sort_by_time() -> None:
    made = []
    for _ in range(5):
        made.append(DeviceId.new())
        time.sleep(0.002)

    assert made == sorted(made)
    assert all(Id.is_valid(one) for one in made)


@given(st.text(max_size=10), st.text(max_size=10))
def test_a_name_gives_one_identifier_and_another_name_another(one: str, other: str) -> None:
    parent = DeviceId("01a2042e-3355-774b-a31e-867e9a750b59")

    assert SensorId.named(parent, one) == SensorId.named(parent, one)
    assert (SensorId.named(parent, one) == SensorId.named(parent, other)) == (one == other)
    assert Id.is_valid(SensorId.named(parent, one))
    assert SensorId.named(parent, one)[:13] == parent[:13]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "01A2042E-3355-774B-A31E-867E9A750B59",
        "01a2042e-3355-474b-a31e-867e9a750b59",
        "01a2042e-3355-774b-a31e-867e9a750b59\n",
        "01a2042e-3355-774b-c31e-867e9a750b59",
    ],
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    assert not Id.is_valid(text)


CURSORS = Cursors(b"k" * 32, ("organization", "devices"))


@given(st.text())
def test_a_cursor_opens_where_it_was_sealed(position: str) -> None:
    assert CURSORS.open(CURSORS.seal(position)) == position


@given(st.text(min_size=1, max_size=40), st.data())
def test_a_cursor_with_any_character_changed_is_refused(position: str, data: st.DataObject) -> None:
    cursor = CURSORS.seal(position)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda character: character != cursor[place]))

    with pytest.raises(InvalidCursor):
        CURSORS.open(cursor[:place] + other + cursor[place + 1 :])


@pytest.mark.parametrize(
    "foreign",
    [
        Cursors(b"x" * 32, ("organization", "devices")),
        Cursors(b"k" * 32, ("organization", "sites")),
        Cursors(b"k" * 32, ("other", "devices")),
        Cursors(b"k" * 32, ("organization", "devices", "")),
    ],
)
def test_a_cursor_of_another_key_query_or_tenant_is_refused(foreign: Cursors) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.open(foreign.seal("position"))


def test_a_cursor_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = CURSORS.seal("position")
    day_later = time.time() + 86_401
    monkeypatch.setattr(time, "time", lambda: day_later)

    with pytest.raises(InvalidCursor, match="expired"):
        CURSORS.open(cursor)


json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
json_values: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        json_scalars | st.lists(json_values, max_size=3) | st.dictionaries(st.text(max_size=5), json_values, max_size=3)
    )
)


@given(json_values)
def test_what_is_json_comes_through(value: Any) -> None:
    assert strict_json.loads(strict_json.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "-Infinity",
        "[1e999]",
        '{"a":1,"a":2}',
        '"\\ud800"',
        '{"\\udfff":1}',
        "[" * 33 + "]" * 33,
        "[" * 100_000,
        "1" * 21,
        '{"a":-1' + "0" * 20 + "}",
        "0." + "1" * 39,
        "1e-400",
        "{",
        "",
        "'a'",
        b"\xff",
        b"\xed\xa0\x80",
    ],
)
def test_what_only_python_takes_for_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(MalformedJson) as refusal:
        strict_json.loads(text)

    assert refusal.value.errors


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ('{"a":[{"b":NaN}]}', "a[0].b", "no-number"),
        ('{"a":{"b":-1e999}}', "a.b", "number-out-of-range"),
        ('{"a":[1,' + "9" * 21 + "]}", "a[1]", "number-out-of-range"),
        ('{"a":{"b":1,"c":2,"b":3}}', "a.b", "duplicate-key"),
        ('{"a":"\\udc00"}', "a", "lone-surrogate"),
        ('{"' + "k" * 1_000 + '":NaN}', "k" * 256, "no-number"),
        ('{"\\ud800":{"a":1,"a":2}}', "", "lone-surrogate"),
        ('{"a":{"\\ud800":1,"\\ud800":2}}', "a.?", "duplicate-key"),
    ],
    ids=["nan", "infinite", "long", "twice", "half", "long key", "half a key", "half a key twice"],
)
def test_the_place_of_what_is_wrong_is_named(text: str, field: str, code: str) -> None:
    with pytest.raises(MalformedJson) as refusal:
        strict_json.loads(text)

    [error] = refusal.value.errors
    assert (error.field, error.code) == (field, code)
    assert strict_json.dumps(refusal.value.document("request")).encode()


@pytest.mark.parametrize(
    "number", ["-" + "9" * 20, "1.7976931348623157e308", "5e-324", "0." + "1" * 38, "0e-999", "-0.0"]
)
def test_the_largest_and_smallest_numbers_are_taken(number: str) -> None:
    assert strict_json.loads(number) == json.loads(number)


def test_thirty_two_levels_are_not_too_deep() -> None:
    assert strict_json.loads("[" * 32 + "]" * 32)
    with pytest.raises(MalformedJson):
        strict_json.loads("[" * 33 + "]" * 33)


@given(st.integers(1, 10_000), st.sampled_from("smh"))
def test_short_and_iso_durations_agree(count: int, unit: str) -> None:
    assert parse_duration(f"{count}{unit}") == parse_duration(f"PT{count}{unit.upper()}") <= LONGEST


def test_problem_codes_are_kebab_case() -> None:
    class NotAMemberOfX509(Problem): ...

    assert NotAMemberOfX509.code() == "not-a-member-of-x509"


class Whose(Wire):
    """Who asked, as seen at both ends of a handler."""

    first: str
    last: str
    event: str


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Make the interpreter switch threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_threads")
def test_threads_never_answer_with_each_others_tenants(aws: None) -> None:
    """Powertools keeps the current event in class state; without the lock, dozens of these answers are wrong."""
    resource = Resource("/api/v1/whose", tag="Test")

    @resource.operation("GET", scope=Scope.DEVICES_READ)
    def whose(caller: CurrentCaller, exchange: CurrentExchange) -> Whose:
        """Tell whose request this is."""
        time.sleep(0)
        event = resource.router.current_event["requestContext"]["authorizer"]["organizationId"]
        return Whose(first=caller.organization_id, last=exchange.event["requestContext"]["accountId"], event=event)

    apis = [Api(resource), Api(resource)]
    wrong: list[str] = []

    def ask(api: Api) -> None:
        organization = OrganizationId.new()
        scopes = frozenset({Scope.DEVICES_READ})
        caller = Caller(kind="API_KEY", organization_id=organization, subject="key", scopes=scopes)
        context = {"stage": "api", "path": "/api/v1/whose", "requestId": "r", "accountId": organization}
        event = {"httpMethod": "GET", "resource": "/v1/whose", "path": "/v1/whose", "headers": {}, "body": None}
        for _ in range(60):
            answer = api({**event, "requestContext": {**context, "authorizer": caller.context()}}, None)
            if set(json.loads(answer["body"]).values()) != {organization}:
                wrong.append(answer["body"])

    threads = [threading.Thread(target=ask, args=(apis[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
