"""A fault at every call to AWS that an operation makes: the effect is there once, or the repeated request completes it.

One failed attempt is the SDK's to repeat, and nobody hears of it. Where all attempts fail the answer is 503, and its
client sends the request again: a POST under the same Idempotency-Key, the others as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults.requests import BY_NAME, OPERATIONS, Operation, Request, a_request
from tests.faults.wire import Clock, Fault, Kind, Wire
from tests.faults.world import INSTANT, Dump, World, begin_cold, begin_warm, put_back
from tests.gateway import Answer
from whimbrel.domain.audit import AuditEntryId
from whimbrel.http.audit import Record
from whimbrel.store.registry import Store
from whimbrel.store.repeats import LEASE_MS, Repeats

COLD = {
    "create_site",
    "create_registration_token",
    "ingest_readings",
    "create_import",
    "get_sensor_stats",
    "create_export",
    "create_annotation_class",
    "create_sensor_profile",
    "create_api_key",
}
"""Of each function, an operation that every time is a new process's first: with its session, secret and limiter."""

BY_CHANCE = {"renew_certificate", "ingest_readings"}
"""Where not the seed names what is made: IoT Core does, or the time of a reading's acceptance."""

MOST_SENDS = 4


def faults(call: int, *, changes: bool = True) -> Iterator[Fault]:
    """Yield what goes wrong at a call: with its number turns what leaves nothing behind.

    Where nothing *changes*, all that is not answered is alike. ``tests/long`` has everything, also what the SDK's
    repetition makes good: a first attempt that fails and leaves nothing.
    """
    yield Fault(call, [Kind.TIMEOUT, Kind.THROTTLE, Kind.ERROR][call % 3], attempts=99)
    if changes:
        yield Fault(call, Kind.LOST)
        yield Fault(call, Kind.LOST, attempts=99)
        if call % 3 == 0:
            yield Fault(call, Kind.TIMEOUT, attempts=99, onwards=True)


def every_fault(call: int) -> Iterator[Fault]:
    """Yield everything that can go wrong at a call."""
    for kind in (Kind.THROTTLE, Kind.ERROR, Kind.TIMEOUT, Kind.LOST):
        yield Fault(call, kind)
        yield Fault(call, kind, attempts=99)
        yield Fault(call, kind, attempts=99, onwards=True)


@dataclass
class Trial:
    """One operation, tried again and again from the same beginning."""

    world: World
    wire: Wire
    clock: Clock
    request: Request
    answer: Answer
    calls: list[str]
    dump: Dump
    entries: int

    @classmethod
    def of(cls, world: World, wire: Wire, clock: Clock, operation: Operation) -> Trial:
        """Try an operation without any fault."""
        clock.turn_back()
        request = a_request(operation, world)
        trial = cls(world, wire, clock, request, Answer(0, {}, ""), [], Dump(), 0)
        for _ in range(2):  # The first lets this process learn what a warm one knows.
            trial.begin()
            trial.answer = trial.send()
        assert trial.answer.status_code == operation.status, trial.answer.body
        trial.calls, trial.dump, trial.entries = list(wire.calls), trial.state(), trial.recorded()
        return trial

    @property
    def operation(self) -> Operation:
        return self.request.operation

    def begin(self) -> None:
        self.clock.turn_back()
        put_back(self.world.before)
        if self.operation.name in COLD:
            begin_cold()
        else:
            begin_warm()

    def send(self, fault: Fault | None = None) -> Answer:
        headers = {"Idempotency_Key": "a-call-of-a-client"} if self.operation.is_keyed else {}
        with self.wire.open(fault):
            return self.request.send(**headers)

    def state(self) -> Dump:
        exactly = self.operation.is_keyed and self.operation.name not in BY_CHANCE
        return self.world.dump(exactly=exactly) if self.operation.changes else Dump()

    def recorded(self) -> int:
        """Return how many entries the audit log has of this operation, those of calls that died included."""
        if not self.operation.changes:
            return 0
        self.clock.pass_s(61)
        return sum(entry["action"] == self.operation.name for entry in self.world.audited())

    def is_done(self, answer: Answer) -> bool:
        """Tell whether a client has what it asked for: of a batch, all."""
        body = answer.body.replace(" ", "")
        is_whole = '"outcome":"FAILED"' not in body and '"status":503' not in body
        return answer.status_code == self.operation.status and is_whole

    def wrong(self, fault: Fault) -> str | None:
        """Try it with a fault; return what is wrong with what came of it."""
        self.begin()
        answers = [self.send(fault)]
        if not self.wire.struck:
            return "the fault did not strike"
        if fault.attempts == 1 and not self.is_done(answers[0]):
            return f"the SDK's repetition was not enough: {answers[0].body}"
        while not self.is_done(answers[-1]):
            if not self.is_for_now(answers[-1]) or len(answers) == MOST_SENDS:
                return f"answer {len(answers)}: {answers[-1]}"
            if answers[-1].status_code == 409:
                self.clock.pass_s(LEASE_MS // 1000 + 1)
            answers.append(self.send())
            if self.operation.method == "DELETE" and answers[-1].status_code == 404:
                break
        if not self.operation.changes:
            return None if _shown(answers[-1]) == _shown(self.answer) else f"another answer: {answers[-1].body}"
        return self.wrong_state(len(answers), is_audited=fault.kind in {Kind.LOST, Kind.TIMEOUT})

    def is_for_now(self, answer: Answer) -> bool:
        """Tell whether *answer* asks to come again, and says when: no other is right where a fault was."""
        if answer.status_code == self.operation.status:
            return True
        codes = {(503, "unavailable"), (409, "still-running"), (503, 503_001), (409, 409_001)}
        return (answer.status_code, answer.json()["code"]) in codes and int(answer.headers.get("Retry-After", 0)) > 0

    def wrong_state(self, sends: int, *, is_audited: bool) -> str | None:
        """Return in what the state differs from that of a run without a fault."""
        state = self.state()
        if self.operation.name in {"delete_sensor_readings", "delete_variable_values"}:
            # A DELETE has no key: each attempt may leave a job, and the second finds nothing to delete.
            state = Dump(dict.fromkeys(state, 1))
        if state != self.dump:
            return f"after {sends}: too much: {state - self.dump}; too little: {self.dump - state}"
        entries = self.recorded() if is_audited else self.entries
        if not self.entries <= entries <= self.entries * sends:
            return f"{entries} entries in the audit log after {sends} requests"
        return None


def _shown(answer: Answer) -> str:
    return INSTANT.sub("", re.sub(r"X-Amz-[^\"]*", "", answer.body))


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_fault_at_any_call_leaves_the_effect_once(
    world: World, wire: Wire, clock: Clock, operation: Operation
) -> None:
    trial = Trial.of(world, wire, clock, operation)

    wrong = {
        f"{fault} ({call})": verdict
        for at, call in enumerate(trial.calls)
        for fault in faults(at, changes=operation.changes)
        if (verdict := trial.wrong(fault))
    }

    assert not wrong, "\n".join(f"{fault}: {verdict}" for fault, verdict in wrong.items())


def verdicts(trial: Trial) -> list[str]:
    found = [trial.wrong(fault) for at in range(len(trial.calls)) for fault in faults(at)]
    return [verdict for verdict in found if verdict]


def test_a_put_that_does_not_know_its_own_write_is_caught(
    world: World, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial.of(world, wire, clock, BY_NAME["update_site"])
    put = Store[Any]._put

    def forgetful(self: Store[Any], item: dict[str, Any], *more: Any) -> Any:
        there = put(self, item, *more)
        return there if there is item else None

    monkeypatch.setattr(Store, "_put", forgetful)
    assert any("stale-version" in verdict for verdict in verdicts(trial))


def test_a_repeated_call_under_another_seed_is_caught(
    world: World, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial.of(world, wire, clock, BY_NAME["create_device_group"])
    there = Repeats._there

    def another(self: Repeats, *arguments: Any) -> Any:
        begun = there(self, *arguments)
        return begun._replace(at_ms=begun.at_ms + 1)

    monkeypatch.setattr(Repeats, "_there", another)
    assert any("too much" in verdict for verdict in verdicts(trial))


def test_an_entry_that_is_added_twice_is_caught(
    world: World, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial.of(world, wire, clock, BY_NAME["delete_device_group"])
    end = Record.end

    def twice(self: Record, status: int | None) -> None:
        end(self, status)
        self.content["id"] = AuditEntryId.new()
        end(self, status)

    monkeypatch.setattr(Record, "end", twice)
    assert any("entries in the audit log" in verdict for verdict in verdicts(trial))
