"""Access tokens: they are their user, as that user is now, and no more."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

import pytest

from functions.organizations.operator import handler as operator
from tests.functions.sessions import session
from tests.gateway import Client
from whimbrel import instants
from whimbrel.auth import ROLE_SCOPES, Role, Scope
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain.credentials import whole
from whimbrel.ids import OrganizationId
from whimbrel.store.memberships import memberships

TOKENS = "/api/v1/access-tokens"


@pytest.fixture
def acme(issuer: None, aws: None) -> str:
    """An organization with a user of each role."""
    return organization("Acme", {role.lower(): role for role in Role})


def organization(name: str, people: dict[str, Role]) -> str:
    members = [{"userId": user, "email": f"{user}@example.com", "role": role} for user, role in people.items()]
    return operator({"action": "create-organization", "name": name, "members": members}, None)["organizationId"]


def make(client: Client, **fields: Any) -> dict[str, Any]:
    return client.post(TOKENS, {"name": "script"} | fields).ok()


def me(text: str, **headers: str) -> Any:
    return Client(text, headers=headers).get("/api/v1/me")


@pytest.mark.parametrize("role", Role)
def test_a_token_is_its_user(acme: str, role: Role) -> None:
    made = session(role.lower(), acme).post(TOKENS, {"name": "script"})
    token = made.ok()
    assert made.status_code == HTTPStatus.CREATED
    assert token["token"].startswith(token["prefix"])
    assert token["prefix"].startswith("pat_")

    who = me(token["token"]).ok()

    assert (who["kind"], who["subject"], who["role"]) == ("ACCESS_TOKEN", role.lower(), role)
    assert (who["organization"]["id"], who["credentialId"]) == (acme, token["id"])
    assert set(who["scopes"]) == set(ROLE_SCOPES[role])


def test_omni_is_another_way_to_write_pat(acme: str) -> None:
    token = make(session("owner", acme))["token"]

    assert me("omni_" + token.removeprefix("pat_")).ok() == me(token).ok()
    assert me("omni_" + whole("pat_" + token[4:16])[4:]).status_code == HTTPStatus.UNAUTHORIZED
    assert me("omni_omni_" + token.removeprefix("pat_")).status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("role", Role)
def test_a_token_may_what_both_it_and_its_user_may(acme: str, role: Role) -> None:
    client = session(role.lower(), acme)
    bound = ROLE_SCOPES[role]
    for scope in (Scope.DEVICES_READ, Scope.DEVICES_WRITE, Scope.ADMIN, Scope.ALL):
        answer = client.post(TOKENS, {"name": "script", "scopes": [scope]})
        if scope in bound or Scope.ALL in bound:
            assert me(answer.ok()["token"]).ok()["scopes"] == [scope]
        else:
            assert answer.status_code == HTTPStatus.FORBIDDEN
            assert answer.json()["requiredScope"] == scope


def test_a_token_follows_its_user_to_another_role_and_out(acme: str) -> None:
    texts = [make(session("admin", acme))["token"], make(session("admin", acme), scopes=["devices:write"])["token"]]
    everywhere = memberships()

    everywhere.set("admin", OrganizationId(acme), Role.MEMBER)
    assert set(me(texts[0]).ok()["scopes"]) == set(ROLE_SCOPES[Role.MEMBER])
    assert me(texts[1]).ok()["scopes"] == []
    everywhere.set("admin", OrganizationId(acme), Role.OWNER)
    assert me(texts[0]).ok()["scopes"] == ["*"]
    assert me(texts[1]).ok()["scopes"] == ["devices:write"]
    everywhere.remove("admin", OrganizationId(acme))
    assert {me(text).status_code for text in texts} == {HTTPStatus.UNAUTHORIZED}


def test_a_token_is_of_the_organization_it_was_made_in(acme: str) -> None:
    other = organization("Umbrella", {"owner": Role.OWNER})
    token = make(session("owner", acme))["token"]

    assert me(token, **{"X-Organization-Id": acme}).ok()["organization"]["id"] == acme
    assert me(token, **{"X-Organization-Id": other}).json()["code"] == "not-a-member"
    assert session("owner", other).get(TOKENS).ok()["items"] == []


def test_one_sees_and_ends_one_s_own_tokens_only(acme: str) -> None:
    owner, member = session("owner", acme), session("member", acme)
    first, second = make(owner), make(owner)
    foreign = make(member)
    assert me(second["token"]).ok()

    listed = owner.get(TOKENS).ok()["items"]

    assert [token["id"] for token in listed] == [first["id"], second["id"]]
    assert [bool(token["lastUsedAt"]) for token in listed] == [False, True]
    assert all("token" not in token for token in listed)
    assert owner.delete(f"{TOKENS}/{foreign['id']}").status_code == HTTPStatus.NOT_FOUND
    assert me(foreign["token"]).status_code == HTTPStatus.OK
    assert owner.delete(f"{TOKENS}/{first['id']}").status_code == HTTPStatus.NO_CONTENT
    assert me(first["token"]).status_code == HTTPStatus.UNAUTHORIZED
    assert owner.delete(f"{TOKENS}/{first['id']}").status_code == HTTPStatus.NOT_FOUND
    assert [token["id"] for token in owner.get(TOKENS).ok()["items"]] == [second["id"]]


def test_only_a_person_makes_tokens(acme: str, client: Client) -> None:
    token = Client(make(session("owner", acme))["token"])

    for caller in (token, client):
        assert caller.post(TOKENS, {"name": "script"}).json()["code"] == "missing-scope"
        assert caller.get(TOKENS).status_code == HTTPStatus.FORBIDDEN
    assert session("nobody", acme).post(TOKENS, {"name": "script"}).json()["code"] == "not-a-member"


def test_a_token_expires(acme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = session("owner", acme)
    usual, soon = make(owner), make(owner, expiresAt=instants.format_ms(instants.now_ms() + 60_000))
    for never in (None, "2020-01-01T00:00:00Z"):
        refused = owner.post(TOKENS, {"name": "script", "expiresAt": never})
        assert refused.json()["errors"][0]["field"] == "expiresAt"
    now = time.time()

    monkeypatch.setattr(time, "time", lambda: now + 61)

    assert me(soon["token"]).status_code == HTTPStatus.UNAUTHORIZED
    assert me(usual["token"]).status_code == HTTPStatus.OK


def test_a_token_is_never_kept(acme: str) -> None:
    token = make(session("owner", acme))
    secret = token["token"].removeprefix(token["prefix"])

    for table in ("registry", "auth"):
        assert secret not in str(aws_client("dynamodb").scan(TableName=table)["Items"])
