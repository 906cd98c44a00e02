"""That nothing of one organization is told to another, whatever the two do in whatever order."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test

from infra.isolation.gate import Gate
from tests.models.two_tenants import TwoTenants
from whimbrel.auth import Caller
from whimbrel.pages import Cursors
from whimbrel.settings import settings
from whimbrel.store import registry
from whimbrel.store.registry import Store
from whimbrel.store.repeats import Repeats

EXAMPLES, STEPS = 3, 250
ROUNDS = 20
ENOUGH = 5_000
"""Steps. Examples may end early, by chance: so there are rounds until that is done."""


def run(examples: int, steps: int, number: int, tally: Counter[str]) -> None:
    """Run the machine with the seed *number*, and count in *tally* what was done."""

    class Machine(TwoTenants):
        pass

    Machine.tally = tally

    limits = hypothesis_settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(seed(number)(Machine), settings=limits)


def test_neither_is_told_what_is_the_other_s() -> None:
    number = int(os.environ.get("TWO_TENANTS_SEED") or secrets.randbits(32))
    print(f"\nTWO_TENANTS_SEED={number}")

    tally: Counter[str] = Counter()
    for number_of_round in range(number, number + ROUNDS):
        run(EXAMPLES, STEPS, number_of_round, tally)
        if tally["steps"] >= ENOUGH:
            break

    print(dict(tally))
    assert tally["steps"] >= ENOUGH
    assert tally["answers searched"] >= ENOUGH
    assert tally["hits"] == 0
    assert tally["archives"] > 0


# --- That the machine sees what goes wrong: it is run on mistakes, and must fail ---


def open_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let through what the policies would refuse, so that the mistake alone is seen."""

    def count(gate: Gate, *_: Any) -> None:
        gate.judged += 1

    monkeypatch.setattr(Gate, "_decide", count)


def keys_without_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    open_gate(monkeypatch)
    begin = Store.__init__

    def init(self: Store[Any], *arguments: Any, **more: Any) -> None:
        begin(self, *arguments, **more)
        self._partition = f"ORG#{self._entity.kind}"

    monkeypatch.setattr(Store, "__init__", init)


def cursors_without_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "Cursors", lambda key, query: Cursors(key, query[1:]))


def repeats_without_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    open_gate(monkeypatch)
    monkeypatch.setattr(Repeats, "_key", lambda _, name: {"pk": {"S": "ORG#call"}, "sk": {"S": name}})


def pages_kept_by_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[Any, Any] = {}
    of_its_own = Store.page

    def page(self: Store[Any], limit: int, cursor: str | None = None, **narrowed: Any) -> Any:
        asked = (id(settings()), self._entity.kind, limit, cursor, repr(narrowed))
        if asked not in kept:
            kept[asked] = of_its_own(self, limit, cursor, **narrowed)
        return kept[asked]

    monkeypatch.setattr(Store, "page", page)


def membership_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    open_gate(monkeypatch)
    of_context = Caller.of_context.__func__

    def trusting(cls: type[Caller], context: Any, wanted: str = "") -> Caller:
        if wanted and "memberships" in context:
            context = context | {"memberships": json.dumps({wanted: "OWNER"})}
        return of_context(cls, context, wanted)

    monkeypatch.setattr(Caller, "of_context", classmethod(trusting))


MISTAKES = [
    keys_without_organization, cursors_without_organization, repeats_without_organization, pages_kept_by_the_process,
    membership_not_looked_at,
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=[each.__name__ for each in MISTAKES])
def test_a_mistake_is_seen(monkeypatch: pytest.MonkeyPatch, mistake: Callable[[pytest.MonkeyPatch], None]) -> None:
    mistake(monkeypatch)

    tally: Counter[str] = Counter()

    with pytest.raises(AssertionError) as seen:
        run(40, 100, 1, tally)
    print(tally, str(seen.value)[:300])
