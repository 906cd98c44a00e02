"""The organization of the caller, and what the operator makes."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from functions.organizations.operator import handler as operator
from tests.functions.sessions import session
from tests.gateway import Client

URL = "/api/v1/organization"


def test_any_credential_sees_its_own_organization(
    organization: Any, scoped: Callable[..., Client], other: Client
) -> None:
    seen = scoped("devices:read").get(URL)

    assert seen.ok()["id"] == organization.id
    assert seen.ok()["name"] == "Acme"
    assert seen.headers["ETag"]
    assert other.get(URL).ok()["name"] == "Umbrella"


def test_an_administrator_changes_it(scoped: Callable[..., Client], client: Client) -> None:
    changed = scoped("admin").patch(URL, {"name": "Acme Works", "retentionDays": 400}).ok()

    assert changed["retentionDays"] == 400
    assert client.get(URL).ok()["name"] == "Acme Works"
    assert client.patch(URL, {"retentionDays": None}).ok()["retentionDays"] is None
    assert client.get(URL).ok()["name"] == "Acme Works"


def test_a_change_of_what_has_changed_is_refused(client: Client) -> None:
    etag = client.get(URL).headers["ETag"]
    client.patch(URL, {"name": "First"}, headers={"If-Match": etag}).ok()

    late = client.patch(URL, {"name": "Second"}, headers={"If-Match": etag})

    assert late.status_code == HTTPStatus.PRECONDITION_FAILED
    assert client.get(URL).ok()["name"] == "First"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"retentionDays": 0}, "retentionDays"),
        ({"retentionDays": 36_501}, "retentionDays"),
        ({"id": "x"}, "id"),
    ],
    ids=["empty", "null", "long", "none", "ever", "id"],
)
def test_what_is_wrong_is_named(client: Client, body: dict[str, Any], field: str) -> None:
    refused = client.patch(URL, body)

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert client.get(URL).ok()["name"] == "Acme"


def test_who_the_operator_names_are_members(aws: None, issuer: None) -> None:
    made = operator(
        {
            "action": "create-organization",
            "name": "Works",
            "owner": {"userId": "ada", "email": "ada@example.com"},
            "members": [{"userId": "bob", "email": "bob@example.com", "role": "MEMBER"}],
        },
        None,
    )

    listed = session("ada").get("/api/v1/members").ok()["items"]

    assert {(each["userId"], each["email"], each["role"]) for each in listed} == {
        ("ada", "ada@example.com", "OWNER"),
        ("bob", "bob@example.com", "MEMBER"),
    }
    assert session("bob").get(URL).ok()["id"] == made["organizationId"]
    assert session("bob").patch(URL, {"name": "Mine"}).status_code == HTTPStatus.FORBIDDEN
