"""The contract is about answers, not about state: its many tests share one AWS and one organization."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from tests.conftest import Organization, aws_in_process, client_with, make_organization
from tests.functions import sessions
from whimbrel.auth import Role
from whimbrel.domain.members import Member
from whimbrel.ids import OrganizationId
from whimbrel.store.members import Members
from whimbrel.store.memberships import memberships
from whimbrel.store.tenant import Tenant

issuer = sessions.issuer


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with aws_in_process():
        yield


@pytest.fixture(scope="module")
def organization(aws: None) -> Organization:
    """An organization that somebody is a member of, where only a person's session will do."""
    made = make_organization()
    identifier = OrganizationId(made.id)
    Members(Tenant(identifier), memberships()).add(Member.named(identifier, "somebody", Role.MEMBER))
    return made


@pytest.fixture(scope="module")
def client(organization: Organization) -> Any:
    return organization.client


@pytest.fixture(scope="module")
def scoped(organization: Organization) -> Callable[..., Any]:
    @cache
    def make(*scopes: str) -> Any:
        return client_with(organization, *scopes)

    return make
