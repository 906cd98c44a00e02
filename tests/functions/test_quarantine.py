"""Readings in quarantine: found, discarded, and replayed as if they had never been there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.jobs import replaying
from tests.conftest import Organization
from tests.functions.profiling import publish
from tests.functions.working import Worker, dying
from tests.gateway import Client
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain.quarantine import QuarantineFilter
from whimbrel.domain.readings import Reason, Rejection
from whimbrel.ids import OrganizationId
from whimbrel.instants import format_ms, from_ms, parse_ms
from whimbrel.settings import settings as platform
from whimbrel.store.equipment import Equipment
from whimbrel.store.intake import quarantine

QUARANTINE = "/api/v1/admin/quarantine"
NOON = parse_ms("2026-01-31T12:00:00Z")


@pytest.fixture
def worker(organization: Organization) -> Worker:
    return Worker(organization.client, organization.id)


def kept(worker: Worker, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = worker.client.get(f"{QUARANTINE}?limit=200{query}{cursor}").ok()
        found += page["items"]
        if not page["nextCursor"]:
            return found
        cursor = f"&cursor={page['nextCursor']}"


def set_status(worker: Worker, device: str, status: str) -> None:
    worker.client.patch(f"/api/v1/devices/{device}", {"status": status}).ok()


def refused(worker: Worker, device: str, count: int = 1, *, at_ms: int = NOON) -> list[str]:
    """Send readings to an inactive device; return where they are kept."""
    set_status(worker, device, "INACTIVE")
    readings = [
        {"deviceId": device, "sensorId": "t", "timestamp": NOON + number, "value": number} for number in range(count)
    ]
    answer = worker.send(*readings, at_ms=at_ms)
    assert answer["accepted"] == 0
    return [error["quarantineId"] for error in answer["errors"]]


class TestFilters:
    def test_the_list_narrows_by_device_reason_and_time(self, worker: Worker) -> None:
        pump, fan = worker.device(), worker.device("Fan")
        [first] = refused(worker, pump, at_ms=NOON)
        [second] = refused(worker, fan, at_ms=NOON + 1_000)
        set_status(worker, pump, "ACTIVE")
        bad = {"deviceId": pump, "sensorId": "t", "timestamp": "yesterday", "value": 1}
        third = worker.send(bad, at_ms=NOON + 2_000)["errors"][0]["quarantineId"]

        def ids(query: str) -> list[str]:
            return [each["id"] for each in kept(worker, query)]

        assert ids("") == [first, second, third]
        assert ids(f"&deviceId={pump}") == [first, third]
        assert ids("&reason=BAD_TIMESTAMP") == [third]
        assert ids(f"&from={format_ms(NOON + 1_000)}") == [second, third]
        assert ids(f"&to={format_ms(NOON + 1_000)}") == [first]
        assert ids(f"&from={format_ms(NOON + 1_000)}&to={format_ms(NOON + 2_000)}&deviceId={fan}") == [second]
        assert ids(f"&deviceId={pump}&from={format_ms(NOON + 1)}") == [third]

    def test_a_range_that_is_empty_is_refused(self, worker: Worker) -> None:
        at = format_ms(NOON)

        listed = worker.client.get(f"{QUARANTINE}?from={at}&to={at}")
        bulk = worker.client.post(f"{QUARANTINE}/replay", {"filter": {"from": at, "to": at}})

        assert (listed.status_code, listed.json()["errors"][0]["field"]) == (422, "from")
        assert (bulk.status_code, bulk.json()["errors"][0]["field"]) == (422, "filter.to")

    @pytest.mark.parametrize("verb", ["replay", "discard"])
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "filter"),
            ({"filter": {"reason": "BAD_LUCK"}}, "filter.reason"),
            ({"filter": {"deviceId": "pump"}}, "filter.deviceId"),
            ({"filter": {"from": "2026-01-31T12:00:00"}}, "filter.from"),
            ({"filter": {"colour": "red"}}, "filter.colour"),
        ],
        ids=["none", "reason", "device", "naive", "unknown"],
    )
    def test_a_filter_that_makes_no_sense_is_refused_by_field(
        self, worker: Worker, verb: str, body: Any, field: str
    ) -> None:
        answer = worker.client.post(f"{QUARANTINE}/{verb}", body)

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
        assert worker.client.get("/api/v1/jobs").ok()["items"] == []

    def test_bulk_operations_need_the_scope(self, scoped: Callable[..., Client]) -> None:
        for verb in ("replay", "discard"):
            assert scoped("readings:write").post(f"{QUARANTINE}/{verb}", {"filter": {}}).status_code == 403


class TestReplayOfOne:
    def test_what_is_accepted_now_lands_at_its_own_time_and_leaves(self, worker: Worker) -> None:
        device = worker.device()
        [identifier] = refused(worker, device)
        set_status(worker, device, "ACTIVE")

        answer = worker.client.post(f"{QUARANTINE}/{identifier}/replay").ok()

        assert answer == {"id": identifier, "accepted": True, "reason": None, "detail": None}
        assert kept(worker) == []
        assert worker.points(worker.sensors(device)["t"]) == [(format_ms(NOON), 0.0, None)]
        assert worker.client.post(f"{QUARANTINE}/{identifier}/replay").status_code == 404

    def test_what_still_fails_stays_with_its_new_reason(self, worker: Worker) -> None:
        device = worker.device()
        set_status(worker, device, "INACTIVE")
        bad = {"deviceId": device, "sensorId": "t", "timestamp": "yesterday", "value": 1}
        [error] = worker.send(bad)["errors"]
        url = f"{QUARANTINE}/{error['quarantineId']}"

        first = worker.client.post(f"{url}/replay").ok()
        set_status(worker, device, "ACTIVE")
        second = worker.client.post(f"{url}/replay").ok()

        assert (first["accepted"], first["reason"]) == (False, "DEVICE_INACTIVE")
        assert (second["accepted"], second["reason"]) == (False, "BAD_TIMESTAMP")
        item = worker.client.get(url).ok()
        assert (item["reason"], item["detail"]) == ("BAD_TIMESTAMP", second["detail"])
        assert item["payload"] == bad

    def test_a_later_write_is_not_overwritten(self, worker: Worker) -> None:
        device = worker.device()
        [identifier] = refused(worker, device, at_ms=NOON + 1_000)
        set_status(worker, device, "ACTIVE")
        later = {"deviceId": device, "sensorId": "t", "timestamp": NOON, "value": 7}
        worker.send(later, at_ms=NOON + 2_000)

        assert worker.client.post(f"{QUARANTINE}/{identifier}/replay").ok()["accepted"]

        assert worker.points(worker.sensors(device)["t"]) == [(format_ms(NOON), 7.0, None)]

    def test_what_was_kept_in_part_cannot_be_replayed_and_says_so(self, worker: Worker) -> None:
        device = worker.device()
        big = {"deviceId": device, "sensorId": "t", "timestamp": NOON, "value": 1, "metadata": {"a": "x" * 300_000}}
        [error] = worker.send(big)["errors"]

        answer = worker.client.post(f"{QUARANTINE}/{error['quarantineId']}/replay").ok()

        assert (answer["accepted"], answer["reason"]) == (False, "TOO_LARGE")
        assert "cannot be replayed" in answer["detail"]
        assert [each["id"] for each in kept(worker)] == [error["quarantineId"]]

    def test_a_reading_without_a_device_says_what_is_missing(self, worker: Worker) -> None:
        [error] = worker.send({"sensorId": "t", "value": 1})["errors"]

        answer = worker.client.post(f"{QUARANTINE}/{error['quarantineId']}/replay").ok()

        assert (answer["accepted"], answer["reason"]) == (False, "UNKNOWN_SENSOR")
        assert "deviceId" in answer["detail"]

    def test_another_tenants_is_not_found(self, worker: Worker, other: Client) -> None:
        [identifier] = refused(worker, worker.device())

        assert other.post(f"{QUARANTINE}/{identifier}/replay").status_code == 404

    def test_a_device_cannot_speak_for_another_by_replay(self, worker: Worker) -> None:
        device, stranger = worker.device(), worker.device("Fan")
        equipment = Equipment(aws_client("dynamodb"), platform().registry_table, OrganizationId(worker.organization_id))
        payload = {"deviceId": device, "sensorId": "t", "timestamp": NOON, "value": 1}
        rejection = Rejection(0, Reason.UNKNOWN_SENSOR, "not its gateway", payload)
        [identifier] = quarantine(equipment, stranger, [rejection], source="MQTT", accepted_ms=NOON)
        url = f"{QUARANTINE}/{identifier}/replay"

        before = worker.client.post(url).ok()
        worker.client.patch(f"/api/v1/devices/{device}", {"gatewayId": stranger}).ok()
        after = worker.client.post(url).ok()

        assert (before["accepted"], before["reason"]) == (False, "UNKNOWN_SENSOR")
        assert after["accepted"]
        assert worker.points(worker.sensors(device)["t"]) == [(format_ms(NOON), 1.0, None)]


class TestBulk:
    def test_a_replay_tells_what_was_accepted_and_what_stays(self, worker: Worker) -> None:
        device = worker.device()
        refused(worker, device, 3)
        bad = {"deviceId": device, "sensorId": "t", "timestamp": NOON, "value": "warm"}
        set_status(worker, device, "ACTIVE")
        worker.send({"deviceId": device, "sensorId": "t", "timestamp": NOON + 9, "value": 9})
        [error] = worker.send(bad)["errors"]

        done = worker.done(worker.client.post(f"{QUARANTINE}/replay", {"filter": {"deviceId": device}}))

        assert (done["kind"], done["status"]) == ("REPLAY_QUARANTINE", "PARTIAL")
        assert done["counts"] == {"accepted": 3, "refused": 1}
        assert [(each["item"], each["code"]) for each in done["errors"]] == [(error["quarantineId"], "TYPE_MISMATCH")]
        assert [each["id"] for each in kept(worker)] == [error["quarantineId"]]
        assert len(worker.points(worker.sensors(device)["t"])) == 4

    def test_a_discard_removes_what_the_filter_finds_and_nothing_else(self, worker: Worker) -> None:
        pump, fan = worker.device(), worker.device("Fan")
        refused(worker, pump, 3)
        left = refused(worker, fan, 2)

        done = worker.done(worker.client.post(f"{QUARANTINE}/discard", {"filter": {"deviceId": pump}}))

        assert (done["status"], done["counts"]) == ("SUCCEEDED", {"discarded": 3})
        assert sorted(each["id"] for each in kept(worker)) == sorted(left)

    def test_what_comes_after_the_request_is_not_discarded(self, worker: Worker) -> None:
        device = worker.device()
        refused(worker, device)
        asked = worker.client.post(f"{QUARANTINE}/discard", {"filter": {}})
        later = parse_ms(asked.json()["createdAt"]) + 60_000
        [new] = refused(worker, device, at_ms=later)

        done = worker.done(asked)

        assert done["counts"] == {"discarded": 1}
        assert [each["id"] for each in kept(worker)] == [new]

    def test_another_tenants_quarantine_is_left_alone(
        self, worker: Worker, an_organization: Callable[..., Organization]
    ) -> None:
        neighbour = an_organization("Umbrella")
        other = Worker(neighbour.client, neighbour.id)
        refused(other, other.device(), 2)

        done = worker.done(worker.client.post(f"{QUARANTINE}/discard", {"filter": {}}))

        assert done["counts"] == {}
        assert len(kept(other)) == 2

    @pytest.mark.parametrize("event", ["before-call", "after-call"])
    @pytest.mark.parametrize("verb", ["replay", "discard"])
    def test_a_worker_that_dies_at_any_call_changes_nothing(
        self, worker: Worker, monkeypatch: pytest.MonkeyPatch, verb: str, event: str
    ) -> None:
        monkeypatch.setattr(replaying, "CHUNK", 2)
        device, at = worker.device(), 0
        worker.died = True
        while worker.died:
            at += 1
            refused(worker, device, 3, at_ms=NOON + at)
            set_status(worker, device, "ACTIVE")
            asked = worker.client.post(f"{QUARANTINE}/{verb}", {"filter": {"deviceId": device}})

            done = worker.done(asked, dies=(at, event))

            assert done["status"] == "SUCCEEDED"
            assert done["counts"] == ({"discarded": 3} if verb == "discard" else {"accepted": 3, "refused": 0})
            assert kept(worker, f"&deviceId={device}") == []
        assert at > 5
        if verb == "replay":
            assert [value for _, value, _ in worker.points(worker.sensors(device)["t"])] == [0, 1, 2]

    def test_a_job_goes_on_over_many_steps(self, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(replaying, "CHUNK", 2)
        device = worker.device()
        refused(worker, device, 5)
        set_status(worker, device, "ACTIVE")

        done = worker.done(worker.client.post(f"{QUARANTINE}/replay", {"filter": {}}), budget_s=0)

        assert done["counts"] == {"accepted": 5, "refused": 0}
        assert kept(worker) == []

    def test_a_single_replay_that_dies_between_storing_and_leaving_can_be_repeated(self, worker: Worker) -> None:
        device = worker.device()
        [identifier] = refused(worker, device)
        set_status(worker, device, "ACTIVE")
        url = f"{QUARANTINE}/{identifier}/replay"
        answers: list[int] = []
        while not {200, 404} & set(answers):
            with dying(len(answers) + 1):
                answers.append(worker.client.post(url).status_code)

        # The last but one to die had done everything but say so.
        assert answers[-1] == 404
        assert kept(worker) == []
        assert worker.points(worker.sensors(device)["t"]) == [(format_ms(NOON), 0.0, None)]


VALUES = {"t": st.integers(0, 3), "u": st.booleans(), "v": st.sampled_from(["a", "b"])}
READINGS = st.one_of(
    *(
        st.fixed_dictionaries(
            {"sensorId": st.just(key), "timestamp": st.integers(NOON, NOON + 3), "value": values},
            optional={"metadata": st.sampled_from([{"by": "Jo"}, {"by": "Al"}])},
        )
        for key, values in VALUES.items()
    )
)
MESSAGES = st.lists(
    st.tuples(st.integers(NOON, NOON + 5), st.booleans(), st.lists(READINGS, min_size=1, max_size=3)),
    min_size=1,
    max_size=5,
)
"""Messages: when they were accepted, whether the cause of refusal was there, and what was in them."""


@settings(max_examples=12)
@given(messages=MESSAGES, data=st.data())
def test_replayed_in_any_order_it_is_as_if_it_had_never_been_refused(
    worker: Worker, messages: list[tuple[int, bool, list[dict[str, Any]]]], data: st.DataObject
) -> None:
    device, twin = worker.device(), worker.device("Twin")
    for at_ms, trouble, readings in messages:
        set_status(worker, device, "INACTIVE" if trouble else "ACTIVE")
        for receiver in (device, twin):
            worker.send(*({"deviceId": receiver} | each for each in readings), at_ms=at_ms)
    set_status(worker, device, "ACTIVE")
    items = data.draw(st.permutations([each["id"] for each in kept(worker, f"&deviceId={device}")]))
    one_by_one = items[: data.draw(st.integers(0, len(items)))]
    for identifier in one_by_one:
        assert worker.client.post(f"{QUARANTINE}/{identifier}/replay").ok()["accepted"]
    worker.done(worker.client.post(f"{QUARANTINE}/replay", {"filter": {"deviceId": device}}))

    assert kept(worker, f"&deviceId={device}") == []
    ours, theirs = worker.sensors(device), worker.sensors(twin)
    assert ours.keys() == theirs.keys()
    for key, sensor in ours.items():
        assert worker.points(sensor) == worker.points(theirs[key])
    latest = [
        sorted(
            (each["key"], each["timestamp"], each["value"])
            for each in worker.client.get(f"/api/v1/readings/latest?deviceId={which}").ok()["items"]
        )
        for which in (device, twin)
    ]
    assert latest[0] == latest[1]


@given(order=st.permutations(range(4)))
@settings(max_examples=6)
def test_once_the_component_has_a_profile_that_declares_the_field_its_readings_are_as_if_it_always_had(
    worker: Worker, order: list[int]
) -> None:
    temp, hum = {"key": "temp", "type": "DOUBLE"}, {"key": "hum", "type": "BIGINT"}
    narrow = publish(worker.client, temp)["id"]
    wide = publish(worker.client, temp, hum)["id"]
    device, twin = worker.device(), worker.device("Twin")
    component = {"key": "air", "name": "Air"}
    ours = worker.client.post("/api/v1/components", {**component, "deviceId": device, "sensorProfileId": narrow}).ok()
    worker.client.post("/api/v1/components", {**component, "deviceId": twin, "sensorProfileId": wide}).ok()
    for number in range(4):
        for receiver in (device, twin):
            fields = {"temp": number + 0.5, "hum": 40 + number}
            reading = {"deviceId": receiver, "component": "air", "timestamp": NOON + number % 2, "fields": fields}
            worker.send(reading, at_ms=NOON + number)
    items = [each["id"] for each in kept(worker, f"&deviceId={device}")]
    assert len(items) == 4
    worker.client.patch(f"/api/v1/components/{ours['id']}", {"sensorProfileId": wide}).ok()

    for place in order:
        assert worker.client.post(f"{QUARANTINE}/{items[place]}/replay").ok()["accepted"]

    sensors, others = worker.sensors(device), worker.sensors(twin)
    assert sensors.keys() == others.keys() == {"temp", "hum"}
    for key, sensor in sensors.items():
        assert worker.points(sensor) == worker.points(others[key]) != []


def test_identifiers_of_quarantine_begin_with_the_time_that_filters_begin_at(worker: Worker) -> None:
    [identifier] = refused(worker, worker.device(), at_ms=NOON)

    assert (QuarantineFilter(start=from_ms(NOON)).after() or "") < identifier
    assert (QuarantineFilter(start=from_ms(NOON + 1)).after() or "") > identifier
