"""The workflow of jobs played step by step, as the state machine does, also by workers that die."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from functions.jobs import steps
from tests.functions.exporting import Context, Killer, Steps
from tests.gateway import Answer, Client


def played(organization_id: str, job_id: str, *, budget_s: int = 600, attempts: int = 1) -> list[str]:
    """Play the state machine, each step up to *attempts* times; return the steps it went through."""
    context = Context((budget_s + steps.MARGIN_S) * 1000)
    step = Steps(steps.handler, {"organizationId": organization_id, "jobId": job_id}, context, attempts)
    try:
        while not step("run")["done"]:
            assert len(step.taken) < 100, "it does not come to an end"
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001 (the machine catches all)
        step("fail", error={"Error": type(error).__name__, "Cause": "{}"})
    return step.taken


@dataclass
class Worker:
    """Does the jobs of one organization."""

    client: Client
    organization_id: str
    died: bool = False
    """Whether the last job's worker lived long enough to die when it was to."""

    def done(self, answer: Answer, *, budget_s: int = 600, dies: tuple[int, str] | None = None) -> dict[str, Any]:
        """Have the job done that *answer* (202) is about, and return it; *dies* is when its worker does, once."""
        assert answer.status_code == 202, answer.body
        assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json()['id']}"
        with dying(*dies) if dies else nullcontext() as killer:
            played(self.organization_id, answer.json()["id"], budget_s=budget_s, attempts=2 if dies else 1)
        self.died = killer is not None and killer.calls >= killer.at
        return self.client.get(answer.headers["Location"]).ok()

    def points(self, sensor: str) -> list[tuple[str, Any, Any]]:
        """Return all readings of a sensor."""
        found: list[tuple[str, Any, Any]] = []
        url = f"/api/v1/readings/sensor/{sensor}?limit=10000"
        cursor = ""
        while True:
            page = self.client.get(url + cursor).ok()
            found += [(each["timestamp"], each["value"], each["metadata"]) for each in page["points"]]
            if not page["nextCursor"]:
                return found
            cursor = f"&cursor={page['nextCursor']}"

    def device(self, name: str = "Pump", **fields: Any) -> str:
        return self.client.post("/api/v1/devices", {"name": name, **fields}).ok()["id"]

    def sensors(self, device: str) -> dict[str, str]:
        """Return the sensors of a device by their keys."""
        items = self.client.get(f"/api/v1/sensors?deviceId={device}&limit=200").ok()["items"]
        return {each["key"]: each["id"] for each in items}

    def send(self, *readings: dict[str, Any], at_ms: int | None = None) -> dict[str, Any]:
        return self.client.request("POST", "/api/v1/readings", json=list(readings), at_ms=at_ms).ok()


@contextmanager
def dying(at: int, event: str = "after-call") -> Generator[Killer]:
    """Let the process die at the *at*-th call to S3 or DynamoDB, before it or after it."""
    killer = Killer(at, event)
    with killer.watch():
        yield killer
