"""One world for all tests of a module: each puts it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.wire import Clock, Wire, standing_still, wired
from tests.faults.world import World, a_world, fill
from tests.functions import sessions
from whimbrel.auth import Role
from whimbrel.domain.members import Member
from whimbrel.ids import OrganizationId
from whimbrel.store.members import Members
from whimbrel.store.memberships import memberships


@pytest.fixture(scope="module")
def clock() -> Iterator[Clock]:
    with standing_still() as clock:
        yield clock


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with wired() as wire:
        yield wire


@pytest.fixture(scope="module")
def world(clock: Clock, wire: Wire) -> Iterator[World]:
    with sessions.issuing(), a_world() as world:
        organization = OrganizationId(world.organization.id)
        members = Members(world.tenant, memberships())
        members.add(Member.named(organization, "somebody", Role.MEMBER, "somebody@example.com"))
        members.add(Member.named(organization, "owner", Role.OWNER, "owner@example.com"))
        fill(world, sessions.session("somebody", organization))
        world.settle()
        yield world
