"""Everything that can go wrong at every call of every operation, and ten thousand operations with answers lost."""

from __future__ import annotations

import pytest

from tests.faults import conftest
from tests.faults.requests import OPERATIONS, Operation
from tests.faults.test_chances import knows_its_own_writes, takes_effect_once
from tests.faults.test_faults import Trial, every_fault
from tests.faults.wire import Clock, Wire
from tests.faults.world import World, begin_warm, put_back

clock, wire, world = conftest.clock, conftest.wire, conftest.world


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_fault_at_every_call(world: World, wire: Wire, clock: Clock, operation: Operation) -> None:
    trial = Trial.of(world, wire, clock, operation)

    found = {str(fault): trial.wrong(fault) for at in range(len(trial.calls)) for fault in every_fault(at)}

    assert not {fault: verdict for fault, verdict in found.items() if verdict}


def test_ten_thousand_operations_with_answers_lost(world: World, wire: Wire, clock: Clock) -> None:
    for _ in range(10):
        clock.turn_back()
        put_back(world.before)
        begin_warm()
        takes_effect_once(world, wire, clock, 200)
        clock.turn_back()
        put_back(world.before)
        knows_its_own_writes(world, wire, 800)
