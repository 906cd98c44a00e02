"""Jobs: their life, and deletions of readings, whatever happens to their workers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.jobs import deletion, replaying
from functions.jobs.advance import Advance
from tests.conftest import Organization
from tests.functions.working import Worker, played
from tests.gateway import Client
from tests.watching import watched
from whimbrel import instants
from whimbrel.domain.jobs import MAX_ERRORS, Job, JobError, JobId, JobKind
from whimbrel.ids import OrganizationId
from whimbrel.settings import settings as platform
from whimbrel.store.tenant import Tenant

MINUTE = 60_000
NOON = instants.parse_ms("2026-01-31T12:00:00Z")


@pytest.fixture
def worker(organization: Organization) -> Worker:
    return Worker(organization.client, organization.id)


def measured(worker: Worker, device: str, count: int, *, key: str = "t", at_ms: int | None = None) -> str:
    """Send a reading a minute from noon on; return their sensor."""
    readings = [
        {"deviceId": device, "sensorId": key, "timestamp": NOON + minute * MINUTE, "value": minute + 0.5}
        for minute in range(count)
    ]
    assert worker.send(*readings, at_ms=at_ms)["accepted"] == count
    return worker.sensors(device)[key]


def minutes(worker: Worker, sensor: str) -> list[int]:
    return [(instants.parse_ms(at) - NOON) // MINUTE for at, _, _ in worker.points(sensor)]


def test_deleting_a_range_answers_with_a_job_that_does_it(worker: Worker) -> None:
    sensor = measured(worker, worker.device(), 10)
    url = f"/api/v1/readings/sensor/{sensor}?from=2026-01-31T12:02:00Z&to=2026-01-31T12:05:00Z"

    asked = worker.client.delete(url)

    assert asked.status_code == 202
    job = asked.json()
    assert (job["kind"], job["status"], job["counts"], job["errors"]) == ("DELETE_READINGS", "PENDING", {}, [])
    assert job["parameters"]["from"] == "2026-01-31T12:02:00.000Z"
    assert "completedAt" not in job
    executions = boto3.client("stepfunctions").list_executions(stateMachineArn=platform().job_workflow_arn)
    assert [each["name"] for each in executions["executions"]] == [job["id"]]
    done = worker.done(asked)
    assert (done["status"], done["counts"], done["progress"]) == ("SUCCEEDED", {"readings": 3}, 100)
    assert done["completedAt"] >= done["createdAt"]
    assert minutes(worker, sensor) == [0, 1, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("query", "left"),
    [("", []), ("?from=2026-01-31T12:02:00Z", [0, 1]), ("?to=2026-01-31T12:02:00Z", [2, 3])],
    ids=["all", "from", "to"],
)
def test_without_either_end_a_deletion_is_of_all_time_on_that_side(worker: Worker, query: str, left: list[int]) -> None:
    sensor = measured(worker, worker.device(), 4)

    done = worker.done(worker.client.delete(f"/api/v1/readings/sensor/{sensor}{query}"))

    assert done["counts"] == {"readings": 4 - len(left)}
    assert minutes(worker, sensor) == left


def test_what_is_accepted_after_the_request_stays(worker: Worker) -> None:
    device = worker.device()
    sensor = measured(worker, device, 3)
    asked = worker.client.request("DELETE", f"/api/v1/readings/sensor/{sensor}", at_ms=instants.now_ms())
    later = instants.now_ms() + MINUTE
    worker.send({"deviceId": device, "sensorId": "t", "timestamp": NOON + MINUTE, "value": 9}, at_ms=later)

    done = worker.done(asked)

    assert done["counts"] == {"readings": 2}
    assert [value for _, value, _ in worker.points(sensor)] == [9.0]


def test_other_sensors_are_left_alone(worker: Worker) -> None:
    device = worker.device()
    sensor, other = measured(worker, device, 2), measured(worker, device, 2, key="u")

    worker.done(worker.client.delete(f"/api/v1/readings/sensor/{sensor}"))

    assert (minutes(worker, sensor), minutes(worker, other)) == ([], [0, 1])


def test_bad_ranges_and_foreign_sensors_are_refused(worker: Worker, other: Client, scoped: Callable[..., Any]) -> None:
    sensor = measured(worker, worker.device(), 1)
    url = f"/api/v1/readings/sensor/{sensor}"

    empty = worker.client.delete(f"{url}?from=2026-01-31T12:00:00Z&to=2026-01-31T12:00:00Z")
    naive = worker.client.delete(f"{url}?from=2026-01-31T12:00:00")

    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "from")
    assert (naive.status_code, naive.json()["errors"][0]["field"]) == (422, "from")
    assert other.delete(url).status_code == 404
    assert scoped("readings:read").delete(url).status_code == 403
    assert worker.client.get("/api/v1/jobs").ok()["items"] == []
    assert minutes(worker, sensor) == [0]


@settings(max_examples=15)
@given(at=st.integers(1, 30), event=st.sampled_from(["before-call", "after-call"]))
def test_a_deletion_whose_worker_dies_anywhere_counts_as_the_first_would(worker: Worker, at: int, event: str) -> None:
    sensor = measured(worker, worker.device(), 7)
    asked = worker.client.delete(f"/api/v1/readings/sensor/{sensor}?to=2026-01-31T12:05:00Z")

    done = worker.done(asked, dies=(at, event))

    assert (done["status"], done["counts"]) == ("SUCCEEDED", {"readings": 5})
    assert minutes(worker, sensor) == [5, 6]


def test_a_deletion_goes_on_from_where_it_was(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    device = worker.device()
    for day in range(3):
        worker.send(
            *(
                {"deviceId": device, "sensorId": "t", "timestamp": NOON - day * 40 * 86_400_000 + n, "value": n}
                for n in range(2_500)
            )
        )
    sensor = worker.sensors(device)["t"]
    monkeypatch.setattr(deletion, "PULSE_S", 0)
    asked = worker.client.delete(f"/api/v1/readings/sensor/{sensor}")

    steps = played(worker.organization_id, asked.json()["id"], budget_s=0)

    done = worker.client.get(asked.headers["Location"]).ok()
    assert len(steps) > 2
    assert (done["status"], done["counts"]) == ("SUCCEEDED", {"readings": 7_500})
    assert minutes(worker, sensor) == []


def test_jobs_are_listed_by_kind_and_status(worker: Worker, other: Client) -> None:
    sensor = measured(worker, worker.device(), 1)
    first = worker.done(worker.client.delete(f"/api/v1/readings/sensor/{sensor}"))
    second = worker.client.post("/api/v1/admin/quarantine/discard", {"filter": {}}).ok()

    def ids(query: str = "") -> list[str]:
        return [each["id"] for each in worker.client.get(f"/api/v1/jobs{query}").ok()["items"]]

    assert ids() == [first["id"], second["id"]]
    assert ids("?kind=DISCARD_QUARANTINE") == [second["id"]]
    assert ids("?status=SUCCEEDED") == [first["id"]]
    assert ids("?status=SUCCEEDED&kind=DISCARD_QUARANTINE") == []
    assert worker.client.get("/api/v1/jobs?kind=NAP").status_code == 422
    assert other.get("/api/v1/jobs").ok()["items"] == []
    assert other.get(f"/api/v1/jobs/{first['id']}").status_code == 404


def test_a_job_that_cannot_be_started_leaves_nothing(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = measured(worker, worker.device(), 1)
    monkeypatch.setenv("JOB_WORKFLOW_ARN", "arn:aws:states:eu-central-1:123456789012:stateMachine:gone")
    platform.cache_clear()

    refused = worker.client.delete(f"/api/v1/readings/sensor/{sensor}")

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert worker.client.get("/api/v1/jobs").ok()["items"] == []


def a_job(organization_id: str) -> Job:
    job = Job(id=JobId.new(), task=JobKind.DISCARD_QUARANTINE, parameters={"filter": {}}, requested_by="me")
    return Tenant(OrganizationId(organization_id)).things(Job).add(job)


def test_a_job_that_keeps_failing_says_so(worker: Worker) -> None:
    sensor = measured(worker, worker.device(), 1)
    asked = worker.client.delete(f"/api/v1/readings/sensor/{sensor}")

    def fail(_operation: str, params: dict[str, Any]) -> None:
        if params.get("TableName") == "log":
            raise EndpointConnectionError(endpoint_url="https://gone.test")

    with watched(before=fail):
        failed = worker.done(asked)

    assert failed["status"] == "FAILED"
    assert "Ask for it again" in failed["errors"][0]["detail"]
    assert "gone" not in str(failed["errors"])
    assert "progress" not in failed


def test_a_job_is_given_up_after_long_silence() -> None:
    job = Job(id=JobId.new(), task=JobKind.IMPORT, parameters={}, requested_by="me").started()

    assert job.seen_at(job.updated_at + timedelta(minutes=39)) is job
    seen = job.seen_at(job.updated_at + timedelta(minutes=41))
    assert (seen.status, seen.completed_at) == ("FAILED", job.updated_at + timedelta(minutes=40))


def test_a_job_that_ended_is_not_done_again(worker: Worker) -> None:
    job = a_job(worker.organization_id)
    played(worker.organization_id, job.id)
    before = worker.client.get(f"/api/v1/jobs/{job.id}")

    assert played(worker.organization_id, job.id) == ["run"]
    assert worker.client.get(f"/api/v1/jobs/{job.id}").headers["ETag"] == before.headers["ETag"]


def test_two_workers_at_one_job_count_everything_once(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was thought dead goes on, when another has done all of its work."""
    monkeypatch.setattr(replaying, "CHUNK", 2)
    worker.send(*({"sensorId": "t", "timestamp": NOON, "value": number} for number in range(5)))
    asked = worker.client.post("/api/v1/admin/quarantine/discard", {"filter": {}})
    noted = Advance.applied

    def overtaken(advance: Advance, job: Job) -> Job:
        monkeypatch.setattr(Advance, "applied", noted)
        played(worker.organization_id, job.id)
        return noted(advance, job)

    monkeypatch.setattr(Advance, "applied", overtaken)

    done = worker.done(asked)

    assert (done["status"], done["counts"]) == ("SUCCEEDED", {"discarded": 5})
    assert worker.client.get("/api/v1/admin/quarantine").ok()["items"] == []


def test_a_job_without_a_record_ends(worker: Worker) -> None:
    assert played(worker.organization_id, JobId.new()) == ["run"]


@given(batches=st.lists(st.integers(0, 40), max_size=8))
def test_errors_are_bounded_and_counted(batches: list[int]) -> None:
    job = Job(id=JobId.new(), task=JobKind.IMPORT, parameters={}, requested_by="me").started()
    for number, size in enumerate(batches):
        told = tuple(JobError(item=f"{number}-{each}", code="X", detail="x") for each in range(size))
        job = job.advanced({"at": number}, {"rows": 1}, errors=told)

    done = job.completed(instants.now())

    assert len(done.errors) == min(MAX_ERRORS, sum(batches))
    assert done.failures == sum(batches)
    assert done.status == ("PARTIAL" if sum(batches) else "SUCCEEDED")
    assert done.counts.get("rows", 0) == len(batches)


class TestPurge:
    def test_a_purge_deletes_all_that_the_device_left(self, worker: Worker) -> None:
        device, neighbour = worker.device(), worker.device("Fan")
        sensors = [measured(worker, device, 5), measured(worker, device, 5, key="u")]
        kept = measured(worker, neighbour, 2)
        worker.send({"deviceId": device, "sensorId": "t", "value": "no number"})

        asked = worker.client.delete(f"/api/v1/devices/{device}?purge=true")

        assert worker.client.get(f"/api/v1/devices/{device}").status_code == 404
        done = worker.done(asked)
        assert (done["kind"], done["status"]) == ("PURGE_DEVICE", "SUCCEEDED")
        assert done["counts"] == {"readings": 10, "quarantined": 1}
        store = Tenant(OrganizationId(worker.organization_id)).readings()
        assert list(store.read(device, None, 0, instants.END_OF_TIME_MS)) == []
        for sensor in sensors:
            assert worker.client.get(f"/api/v1/sensors/{sensor}").status_code == 404
        assert worker.client.get("/api/v1/admin/quarantine").ok()["items"] == []
        assert worker.client.get(f"/api/v1/components?deviceId={device}").ok()["items"] == []
        assert minutes(worker, kept) == [0, 1]

    def test_without_purge_the_readings_stay(self, worker: Worker) -> None:
        device = worker.device()
        sensor = measured(worker, device, 3)

        deleted = worker.client.delete(f"/api/v1/devices/{device}")

        assert (deleted.status_code, deleted.body) == (204, "")
        assert worker.client.get("/api/v1/jobs").ok()["items"] == []
        assert minutes(worker, sensor) == [0, 1, 2]

    def test_a_purge_that_is_not_started_leaves_the_device(
        self, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = worker.device()
        arn = platform().job_workflow_arn
        monkeypatch.setenv("JOB_WORKFLOW_ARN", arn + "-gone")
        platform.cache_clear()
        assert worker.client.delete(f"/api/v1/devices/{device}?purge=true").status_code == 503
        monkeypatch.setenv("JOB_WORKFLOW_ARN", arn)
        platform.cache_clear()

        assert worker.client.get(f"/api/v1/devices/{device}").status_code == 200
        assert worker.client.delete(f"/api/v1/devices/{device}?purge=true").status_code == 202

    def test_another_tenants_device_is_not_found(self, worker: Worker, other: Client) -> None:
        device = worker.device()

        assert other.delete(f"/api/v1/devices/{device}?purge=true").status_code == 404
        assert worker.client.get(f"/api/v1/devices/{device}").status_code == 200

    @settings(max_examples=10)
    @given(at=st.integers(1, 60), event=st.sampled_from(["before-call", "after-call"]))
    def test_a_purge_whose_worker_dies_anywhere_counts_once(self, worker: Worker, at: int, event: str) -> None:
        device = worker.device()
        measured(worker, device, 4)
        measured(worker, device, 3, key="u")
        worker.send({"deviceId": device, "sensorId": "t", "value": "no number"})
        asked = worker.client.delete(f"/api/v1/devices/{device}?purge=true")

        done = worker.done(asked, dies=(at, event))

        assert (done["status"], done["counts"]) == ("SUCCEEDED", {"readings": 7, "quarantined": 1})
        assert worker.sensors(device) == {}
