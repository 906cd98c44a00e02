"""A fault at every call to AWS that a function makes which no client calls: it fails, is woken again, and is done once.

What is done is compared with a run without a fault. With the number of a call turns what goes wrong at it, and of the
longest functions each run takes a part of the calls (pytest-randomly's seed tells which).
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from functions.authorizer.authorize import handler as authorize
from functions.catalogue import EVENT_FUNCTIONS
from functions.devices.presence import handler as note_presence
from functions.organizations.operator import handler as operate
from functions.readings import ingest
from functions.readings.compact import handler as compact
from tests.faults.requests import AT, BY_NAME, a_request
from tests.faults.wire import Clock, Fault, Kind, Wire
from tests.faults.world import Dump, World, begin_warm, put_back, take
from tests.functions import exporting, working
from tests.functions.exporting import Context
from whimbrel.domain.exports import Export, ExportId, ExportStatus
from whimbrel.domain.jobs import Job, JobId, JobStatus

MOST_POINTS = 60
MOST_TIMES = 4
CREDENTIAL = re.compile(r"(?<=sk_live_)\w+|(?<=KEY#)\w+")
"""Named by chance, where no client's key is its seed."""


@dataclass
class Work:
    """What a function is woken for. ``do`` tells whether all is done; ``prepare`` makes what it needs."""

    do: Callable[[World, int], bool]
    prepare: Callable[[World], None] = lambda _: None
    is_once: bool = True
    """Whether a second call, after one that failed, completes the first."""


def queued(*bodies: Any) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{at}", "body": json.dumps(body)} for at, body in enumerate(bodies)]}


def all_taken(answer: dict[str, Any]) -> bool:
    return answer == {"batchItemFailures": []}


def do_authorize(world: World, _attempts: int) -> bool:
    arn = "arn:aws:execute-api:eu-central-1:123456789012:abc/api/GET/"
    headers = {"Authorization": f"Bearer {world.organization.api_key}"}
    event = {"type": "REQUEST", "headers": headers, "methodArn": arn, "requestContext": {"identity": {}}}
    return authorize(event, None)["context"]["organizationId"] == world.organization.id


def do_ingest(world: World, _attempts: int) -> bool:
    ingest._known.cache_clear()
    device = world.known["deviceId"]
    said = [{"sensorId": "t", "timestamp": AT + 5_000, "value": 1.5}, {"sensorId": "new", "value": 2}, 17]
    message = {
        "data": base64.b64encode(json.dumps(said).encode()).decode(),
        "orgId": world.organization.id,
        "deviceId": device,
        "receivedAt": AT + 6_000,
    }
    return all_taken(ingest.handler(queued(message), None))


def do_compact(world: World, _attempts: int) -> bool:
    message = {"organizationId": world.organization.id, "lane": world.known["deviceId"]}
    return all_taken(compact(queued(message), Context()))


def do_presence(world: World, _attempts: int) -> bool:
    message = {
        "clientId": world.known["deviceId"],
        "timestamp": AT,
        "eventType": "connected",
        "principalIdentifier": world.known["principal"],
        "versionNumber": 3,
        "sessionIdentifier": "s",
    }
    return all_taken(note_presence(queued(message), None))


def do_export(world: World, attempts: int) -> bool:
    exporting.played(world.organization.id, world.known["exportId"], attempts=attempts)
    export = world.tenant.things(Export).get(ExportId(world.known["exportId"]))
    return export.status is ExportStatus.READY


def start_import(world: World) -> None:
    a_request(BY_NAME["start_import"], world).send()


def do_job(world: World, attempts: int) -> bool:
    working.played(world.organization.id, world.known["importId"], attempts=attempts)
    return world.tenant.things(Job).get(JobId(world.known["importId"])).status is JobStatus.SUCCEEDED


def do_operate(world: World, _attempts: int) -> bool:
    request = {"action": "create-api-key", "organizationId": world.organization.id, "name": "another"}
    return bool(operate(request, None)["apiKey"])


def know_principal(world: World) -> None:
    url = f"/api/v1/devices/{world.known['deviceId']}/certificates"
    [certificate] = world.organization.client.get(url).ok()["items"]
    world.known["principal"] = certificate["principal"]


WORKS = {
    "authorizer": Work(do_authorize),
    "ingest": Work(do_ingest),
    "compact": Work(do_compact),
    "presence": Work(do_presence, know_principal),
    "export_steps": Work(do_export),
    "job_steps": Work(do_job, start_import),
    # An operator who hears nothing makes another key, and finds the first in the list.
    "operator": Work(do_operate, is_once=False),
}


def test_no_function_is_left_out() -> None:
    assert WORKS.keys() == {function.name for function in EVENT_FUNCTIONS}


@pytest.mark.parametrize("name", WORKS)
def test_a_fault_at_any_call_leaves_the_work_done_once(world: World, wire: Wire, clock: Clock, name: str) -> None:
    work = WORKS[name]
    clock.turn_back()
    put_back(world.before)
    begin_warm()
    work.prepare(world)
    prepared = take()

    def dump() -> Dump:
        return Counter(CREDENTIAL.sub("<credential>", line) for line in world.dump().elements())

    def done(fault: Fault | None = None, attempts: int = 1) -> bool:
        with suppress(Exception), wire.open(fault):
            return work.do(world, attempts)
        return False

    assert done()
    put_back(prepared)
    begin_warm()
    assert done()
    calls, expected = list(wire.calls), dump()
    assert calls
    points = [
        fault
        for at in range(len(calls))
        for fault in (
            Fault(at, Kind.LOST),
            Fault(at, [Kind.THROTTLE, Kind.ERROR, Kind.TIMEOUT][at % 3]),
            Fault(at, Kind.LOST, attempts=99),
            Fault(at, [Kind.TIMEOUT, Kind.THROTTLE, Kind.ERROR][at % 3], attempts=99),
        )
        if work.is_once or fault.attempts == 1
    ]
    if len(points) > MOST_POINTS:
        points = random.sample(points, MOST_POINTS)

    for fault in points:
        clock.turn_back()
        put_back(prepared)
        begin_warm()
        is_done = done(fault, 1 if fault.attempts == 1 else MOST_TIMES)
        assert wire.struck, f"{fault} did not strike"
        assert is_done or fault.attempts > 1, f"{fault} ({calls[fault.at]})"
        times = 1
        while not is_done:
            assert times < MOST_TIMES, f"{fault} ({calls[fault.at]}): not done after {times} times"
            is_done = done(attempts=MOST_TIMES)
            times += 1
        there = dump()
        assert there == expected, f"{fault} ({calls[fault.at]}): {there - expected}, not {expected - there}"
