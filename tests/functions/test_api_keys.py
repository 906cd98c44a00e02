"""API keys: who gives which, how long they work, and what is left when a call ends halfway."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.organizations.operator import handler as operator
from tests.functions.sessions import session
from tests.gateway import Answer, Client
from whimbrel import chance, instants
from whimbrel.auth import ROLE_SCOPES, Caller, Role, Scope, within
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain.api_keys import ApiKey
from whimbrel.domain.credentials import key_id_of
from whimbrel.ids import OrganizationId
from whimbrel.store import issuing
from whimbrel.store.credentials import Credentials
from whimbrel.store.registry import Store
from whimbrel.store.tenant import Tenant

KEYS = "/api/v1/api-keys"
GRANTABLE = sorted(scope.value for scope in Scope if scope.is_grantable)


@pytest.fixture
def people(issuer: None, aws: None) -> dict[str, Client]:
    """A session of each role in one organization."""
    made = operator(
        {
            "action": "create-organization",
            "name": "Acme",
            "members": [
                {"userId": role.lower(), "email": f"{role.lower()}@example.com", "role": role} for role in Role
            ],
        },
        None,
    )
    return {role: session(role.lower(), made["organizationId"]) for role in Role}


def make(client: Client, **fields: Any) -> dict[str, Any]:
    return client.post(KEYS, {"name": "k", "scopes": ["devices:read"]} | fields).ok()


def works(text: str) -> bool:
    status = Client(text).get("/api/v1/me").status_code
    assert status in {HTTPStatus.OK, HTTPStatus.UNAUTHORIZED}
    return status == HTTPStatus.OK


def seconds_from_now(seconds: float) -> str:
    return instants.format_ms(instants.now_ms() + int(seconds * 1_000))


def auth_item(text: str) -> dict[str, Any]:
    found = aws_client("dynamodb").get_item(TableName="auth", Key={"pk": {"S": f"KEY#{key_id_of(text)}"}})
    return dict(found.get("Item", {}))


def test_a_key_is_shown_once_and_never_kept(client: Client) -> None:
    made = client.post(KEYS, {"name": "Reader", "scopes": ["readings:read", "devices:read"], "mode": "test"})
    key = made.ok()
    assert made.status_code == HTTPStatus.CREATED
    assert made.headers["ETag"]
    assert key["key"].startswith(key["prefix"])
    assert key["prefix"].startswith("sk_test_")
    assert key["scopes"] == ["devices:read", "readings:read"]
    secret = key["key"].removeprefix(key["prefix"])

    shown = [client.get(f"{KEYS}/{key['id']}"), client.get(KEYS), client.patch(f"{KEYS}/{key['id']}", {"name": "R"})]

    assert all(secret not in answer.body and '"key"' not in answer.body for answer in shown)
    for table in ("registry", "auth"):
        assert secret not in str(aws_client("dynamodb").scan(TableName=table)["Items"])
    assert works(key["key"])
    me = Client(key["key"]).get("/api/v1/me").ok()
    assert (me["kind"], me["subject"], me["credentialId"]) == ("API_KEY", key["id"], key["id"])
    assert me["scopes"] == key["scopes"]
    assert me["expiresAt"][:19] == key["expiresAt"][:19]


def test_an_answer_of_making_a_key_says_all_that_a_list_says(client: Client) -> None:
    made = make(client, requestsPerSecond=5)
    [_first, listed] = client.get(KEYS).ok()["items"]

    assert {**listed, "key": made["key"]} == made
    assert listed["requestsPerSecond"] == 5
    assert listed["createdBy"] == client.get("/api/v1/me").ok()["credentialId"]


def test_the_last_use_is_shown_to_the_hour(client: Client) -> None:
    keys = [make(client) for _ in range(3)]
    assert {key["lastUsedAt"] for key in client.get(KEYS).ok()["items"][1:]} == {None}

    assert works(keys[1]["key"])

    used = {key["id"]: key["lastUsedAt"] for key in client.get(KEYS).ok()["items"]}
    assert used[keys[0]["id"]] is used[keys[2]["id"]] is None
    assert used[keys[1]["id"]] == client.get(f"{KEYS}/{keys[1]['id']}").ok()["lastUsedAt"]
    assert instants.now_ms() - instants.parse_ms(used[keys[1]["id"]]) < 60_000


def test_a_list_of_more_keys_than_one_look_up_takes(client: Client) -> None:
    tenant = Tenant(OrganizationId(client.get("/api/v1/organization").ok()["id"]))
    made = [issuing.issue_api_key(tenant, ApiKey.new(name="k", scopes=("*",), created_by="test")) for _ in range(120)]
    assert works(made[115].key)

    listed = client.get(f"{KEYS}?limit=200").ok()["items"]

    assert len(listed) == 121
    assert [key["id"] for key in listed if key["lastUsedAt"]] == [listed[0]["id"], made[115].id]


# --- Never more than one has ---


@pytest.mark.parametrize("role", Role)
def test_nobody_gives_more_than_they_have(people: dict[str, Client], role: Role) -> None:
    client = people[role]
    bound = ROLE_SCOPES[role]
    for scope in GRANTABLE:
        answer = client.post(KEYS, {"name": "k", "scopes": [scope]})
        may = Scope.ALL in bound or scope in bound
        if Scope.ADMIN not in bound and Scope.ALL not in bound:
            assert_refused(answer, "missing-scope", requiredScope="admin")
        elif may:
            assert answer.status_code == HTTPStatus.CREATED
        else:
            assert_refused(answer, "missing-scope", requiredScope=scope)


@pytest.mark.parametrize("wanted", [*GRANTABLE])
def test_a_key_gives_only_what_it_has(scoped: Callable[..., Client], wanted: str) -> None:
    maker = scoped("admin", "devices:read", "devices:write")

    answer = maker.post(KEYS, {"name": "k", "scopes": ["devices:read", wanted]})

    if wanted in {"admin", "devices:read", "devices:write", "access:read"}:
        assert works(answer.ok()["key"])
    else:
        assert_refused(answer, "missing-scope", requiredScope=wanted)


@given(
    bound=st.frozensets(st.sampled_from([Scope(name) for name in GRANTABLE])),
    scopes=st.frozensets(st.sampled_from([Scope(name) for name in GRANTABLE])),
)
def test_what_is_within_a_bound_is_what_both_allow(bound: frozenset[Scope], scopes: frozenset[Scope]) -> None:
    def allows(have: frozenset[Scope], scope: Scope) -> bool:
        organization = OrganizationId.new()
        return Caller(kind="API_KEY", organization_id=organization, subject="s", scopes=have).has(scope)

    both = within(bound, scopes)

    for name in GRANTABLE:
        allowed = allows(bound, Scope(name)) and allows(scopes, Scope(name))
        # What includes another scope and is not within the bound does not bring the other one with it.
        assert allows(both, Scope(name)) == allowed or (name == Scope.ACCESS_READ and not allows(both, Scope(name)))


def test_what_cannot_be_given_is_named(client: Client) -> None:
    for scopes in (["any"], ["session"], [], ["devices:delete"], "devices:read"):
        refused = client.post(KEYS, {"name": "k", "scopes": scopes})
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert refused.json()["errors"][0]["field"].startswith("scopes")


def test_a_key_cannot_change_its_own_scopes(client: Client, scoped: Callable[..., Client]) -> None:
    own = make(client, scopes=["admin", "devices:read"])
    other = make(client, scopes=["devices:read"])
    caller = Client(own["key"])

    assert_refused(caller.patch(f"{KEYS}/{own['id']}", {"scopes": ["admin"]}), "own-scopes")
    assert caller.patch(f"{KEYS}/{own['id']}", {"name": "Same", "scopes": own["scopes"]}).ok()["name"] == "Same"
    assert caller.patch(f"{KEYS}/{other['id']}", {"scopes": ["admin"]}).ok()["scopes"] == ["admin"]


@pytest.mark.parametrize("change", [{"name": "x"}, {"scopes": ["devices:read"]}, {"requestsPerSecond": None}], ids=str)
def test_a_key_that_can_do_more_is_not_theirs_to_change_or_rotate(
    client: Client, scoped: Callable[..., Client], change: dict[str, Any]
) -> None:
    mighty = make(client, scopes=["*"])
    lesser = scoped("admin", "devices:read")

    assert_refused(lesser.patch(f"{KEYS}/{mighty['id']}", change), "missing-scope", requiredScope="*")
    assert_refused(lesser.post(f"{KEYS}/{mighty['id']}/rotate", {}), "missing-scope", requiredScope="*")
    assert works(mighty["key"])
    assert lesser.delete(f"{KEYS}/{mighty['id']}").status_code == HTTPStatus.NO_CONTENT
    assert not works(mighty["key"])


def test_a_changed_scope_takes_effect(client: Client) -> None:
    key = make(client, scopes=["devices:read"], requestsPerSecond=7)
    assert Client(key["key"]).get("/api/v1/devices").status_code == HTTPStatus.OK

    changed = client.patch(f"{KEYS}/{key['id']}", {"scopes": ["exports:read"], "requestsPerSecond": None}).ok()

    assert changed["requestsPerSecond"] is None
    assert Client(key["key"]).get("/api/v1/devices").status_code == HTTPStatus.FORBIDDEN
    assert Client(key["key"]).get("/api/v1/exports").status_code == HTTPStatus.OK


# --- Until when ---


def test_a_key_lives_for_a_year_unless_told_otherwise(client: Client) -> None:
    year_ms = timedelta(days=365) // timedelta(milliseconds=1)
    key = make(client)

    assert instants.parse_ms(key["expiresAt"]) - instants.parse_ms(key["createdAt"]) == year_ms
    for past in (seconds_from_now(-1), "2020-01-01T00:00:00Z", "tomorrow", 7):
        refused = client.post(KEYS, {"name": "k", "scopes": ["devices:read"], "expiresAt": past})
        assert refused.json()["errors"][0]["field"] == "expiresAt"


def test_an_expired_key_is_nobody(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    key = make(client, expiresAt=seconds_from_now(3_600))
    assert works(key["key"])
    now = time.time()

    monkeypatch.setattr(time, "time", lambda: now + 3_598)
    assert works(key["key"])
    monkeypatch.setattr(time, "time", lambda: now + 3_601)
    assert not works(key["key"])

    monkeypatch.undo()
    sooner = client.patch(f"{KEYS}/{key['id']}", {"expiresAt": seconds_from_now(60)}).ok()
    monkeypatch.setattr(time, "time", lambda: now + 120)
    assert not works(key["key"])
    assert client.get(f"{KEYS}/{key['id']}").ok()["expiresAt"] == sooner["expiresAt"]


def test_only_an_owner_makes_a_key_for_ever(people: dict[str, Client], client: Client) -> None:
    for_ever = make(people[Role.OWNER], expiresAt=None, scopes=["*"])
    assert for_ever["expiresAt"] is None
    assert Client(for_ever["key"]).get("/api/v1/me").ok()["expiresAt"] is None

    for other in (people[Role.ADMIN], client, Client(for_ever["key"])):
        refused = other.post(KEYS, {"name": "k", "scopes": ["devices:read"], "expiresAt": None})
        assert_refused(refused, "owners-only")
    key = make(people[Role.ADMIN])
    assert_refused(people[Role.ADMIN].patch(f"{KEYS}/{key['id']}", {"expiresAt": None}), "owners-only")
    assert people[Role.OWNER].patch(f"{KEYS}/{key['id']}", {"expiresAt": None}).ok()["expiresAt"] is None
    assert people[Role.ADMIN].patch(f"{KEYS}/{key['id']}", {"name": "Still"}).ok()["expiresAt"] is None


# --- Rotation ---


def test_the_secret_before_works_during_the_overlap_and_is_the_same_key(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make(client)
    turned = client.post(f"{KEYS}/{key['id']}/rotate", {"overlapSeconds": 600})
    assert turned.status_code == HTTPStatus.CREATED
    after = turned.ok()
    now = time.time()

    assert after["key"] != key["key"]
    assert after["prefix"] == key["prefix"]
    assert instants.parse_ms(after["previousValidUntil"]) - instants.now_ms() > 590_000
    both = [Client(text).get("/api/v1/me").ok() for text in (key["key"], after["key"])]
    assert both[0]["subject"] == both[1]["subject"] == key["id"]
    assert both[0]["expiresAt"][:19] == after["previousValidUntil"][:19]
    assert both[1]["expiresAt"][:19] == key["expiresAt"][:19]

    monkeypatch.setattr(time, "time", lambda: now + 601)
    assert not works(key["key"])
    assert works(after["key"])


def test_a_second_rotation_ends_the_first_secret_at_once(client: Client) -> None:
    texts = [(key := make(client))["key"]]
    texts += [client.post(f"{KEYS}/{key['id']}/rotate", {}).ok()["key"] for _ in range(2)]

    assert [works(text) for text in texts] == [False, True, True]


def test_without_an_overlap_the_secret_before_ends_at_once(client: Client) -> None:
    key = make(client)
    after = client.post(f"{KEYS}/{key['id']}/rotate", {"overlapSeconds": 0}).ok()

    assert [works(key["key"]), works(after["key"])] == [False, True]


@pytest.mark.parametrize(("overlap", "status"), [(-1, 422), (0, 201), (604_800, 201), (604_801, 422), (None, 422)])
def test_an_overlap_is_a_week_at_most(client: Client, overlap: Any, status: int) -> None:
    key = make(client)

    assert client.post(f"{KEYS}/{key['id']}/rotate", {"overlapSeconds": overlap}).status_code == status


def test_an_overlap_does_not_outlive_the_key(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    key = make(client, expiresAt=seconds_from_now(60))
    client.post(f"{KEYS}/{key['id']}/rotate", {"overlapSeconds": 600}).ok()
    now = time.time()

    monkeypatch.setattr(time, "time", lambda: now + 61)

    assert not works(key["key"])


# --- The end, and other tenants ---


def test_a_deleted_key_opens_nothing(client: Client) -> None:
    key = make(client)
    url = f"{KEYS}/{key['id']}"

    assert client.delete(url).status_code == HTTPStatus.NO_CONTENT

    assert not works(key["key"])
    assert [client.get(url).status_code, client.delete(url).status_code] == [HTTPStatus.NOT_FOUND] * 2
    assert key["id"] not in client.get(KEYS).body
    assert client.post(f"{url}/rotate", {}).status_code == HTTPStatus.NOT_FOUND


def test_a_key_of_another_tenant_is_unknown(client: Client, other: Client) -> None:
    key = make(client)
    url = f"{KEYS}/{key['id']}"

    answers = [other.get(url), other.patch(url, {"name": "x"}), other.post(f"{url}/rotate", {}), other.delete(url)]

    assert {answer.status_code for answer in answers} == {HTTPStatus.NOT_FOUND}
    assert works(key["key"])
    assert key["id"] not in other.get(KEYS).body


def test_a_change_is_made_of_what_was_seen(client: Client) -> None:
    key = make(client)
    url = f"{KEYS}/{key['id']}"
    seen = client.get(url).headers["ETag"]
    client.patch(url, {"name": "Other"}, headers={"If-Match": seen}).ok()

    stale = {"If-Match": seen}
    assert client.patch(url, {"name": "Third"}, headers=stale).status_code == HTTPStatus.PRECONDITION_FAILED
    assert client.delete(url, headers=stale).status_code == HTTPStatus.PRECONDITION_FAILED
    assert works(key["key"])


# --- Halfway ---


class Lost(Exception):
    """The process ended here."""


def broken(cls: type, name: str, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Have the next call of a method end the process, before it does anything or after it did everything."""
    original = getattr(cls, name)

    def call(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(cls, name, original)
        if when == "after":
            original(*arguments, **options)
        raise Lost

    monkeypatch.setattr(cls, name, call)


POINTS = [
    pytest.param(cls, name, when, id=f"{when} {cls.__name__}.{name}")
    for cls, names in ((Store, ("add",)), (Credentials, ("add",)))
    for name in names
    for when in ("before", "after")
]


@pytest.mark.parametrize(("cls", "name", "when"), POINTS)
def test_a_repeated_creation_completes_the_first(
    organization: Any, monkeypatch: pytest.MonkeyPatch, cls: type, name: str, when: str
) -> None:
    tenant = Tenant(OrganizationId(organization.id))
    at_ms = instants.now_ms()

    def create() -> Any:
        with chance.seeded(b"one call", at_ms):
            return issuing.issue_api_key(tenant, ApiKey.new(name="k", scopes=("*",), created_by="test"))

    broken(cls, name, monkeypatch, when)
    with pytest.raises(Lost):
        create()
    assert_all_that_works_is_listed(tenant)

    made = create()

    assert works(made.key)
    assert create().key == made.key
    assert [key.id for key in tenant.things(ApiKey).all() if key.name == "k"] == [made.id]
    assert_all_that_works_is_listed(tenant)


ROTATION = [
    pytest.param(cls, name, when, id=f"{when} {cls.__name__}.{name}")
    for cls, name in ((Store, "replace"), (Credentials, "rotate"))
    for when in ("before", "after")
]


@pytest.mark.parametrize(("cls", "name", "when"), ROTATION)
def test_a_repeated_rotation_completes_the_first(
    organization: Any, monkeypatch: pytest.MonkeyPatch, cls: type, name: str, when: str
) -> None:
    key = make(organization.client)
    tenant = Tenant(OrganizationId(organization.id))
    at_ms = instants.now_ms()

    def rotate() -> str:
        with chance.seeded(b"one call", at_ms):
            return issuing.rotate(tenant, key["id"], timedelta(hours=1)).key

    broken(cls, name, monkeypatch, when)
    with pytest.raises(Lost):
        rotate()
    assert works(key["key"])

    text = rotate()

    assert rotate() == text
    assert works(text)
    assert works(key["key"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_repeated_change_takes_effect(organization: Any, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    client = organization.client
    key = make(client)
    url = f"{KEYS}/{key['id']}"
    broken(Credentials, "revise", monkeypatch, when)
    assert client.patch(url, {"scopes": ["exports:read"]}).status_code == HTTPStatus.INTERNAL_SERVER_ERROR

    client.patch(url, {"scopes": ["exports:read"]}).ok()

    assert Client(key["key"]).get("/api/v1/me").ok()["scopes"] == ["exports:read"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("cls", "name"), [(Credentials, "end"), (Store, "remove")], ids=["auth", "registry"])
def test_a_repeated_deletion_completes_the_first(
    organization: Any, monkeypatch: pytest.MonkeyPatch, cls: type, name: str, when: str
) -> None:
    client = organization.client
    key = make(client)
    broken(cls, name, monkeypatch, when)
    assert client.delete(f"{KEYS}/{key['id']}").status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert_all_that_works_is_listed(Tenant(OrganizationId(organization.id)))

    client.delete(f"{KEYS}/{key['id']}")

    assert not works(key["key"])
    assert client.get(f"{KEYS}/{key['id']}").status_code == HTTPStatus.NOT_FOUND


def test_a_creation_still_under_way_does_not_bring_back_what_was_deleted(
    organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = Tenant(OrganizationId(organization.id))
    original = Credentials.add

    def slow(self: Credentials, text: str, credential: Any) -> None:
        issuing.end(tenant, tenant.things(ApiKey).get(credential.id))
        original(self, text, credential)

    monkeypatch.setattr(Credentials, "add", slow)
    answer = organization.client.post(KEYS, {"name": "k", "scopes": ["*"]})

    assert answer.status_code == HTTPStatus.CONFLICT
    assert_all_that_works_is_listed(tenant)


@settings(max_examples=20)
@given(order=st.permutations([2, 3, 4]))
def test_changes_that_overtake_each_other_end_with_the_last(organization: Any, order: list[int]) -> None:
    tenant = Tenant(OrganizationId(organization.id))
    made = issuing.issue_api_key(tenant, ApiKey.new(name="k", scopes=("*",), created_by="test"))
    names = {2: "devices:read", 3: "exports:read", 4: "readings:read"}

    for version in order:
        after = made.model_copy(update={"version": version, "scopes": (Scope(names[version]),)})
        issuing.credentials().revise(made.prefix, issuing._credential(tenant, after), version)

    assert Client(made.key).get("/api/v1/me").ok()["scopes"] == [names[4]]


def assert_all_that_works_is_listed(tenant: Tenant) -> None:
    listed = {key.prefix[-12:] for key in tenant.things(ApiKey).all()}
    items = aws_client("dynamodb").scan(TableName="auth")["Items"]
    working = {item["pk"]["S"].removeprefix("KEY#") for item in items if "digest" in item}
    assert working <= listed


def assert_refused(answer: Answer, code: str, **members: str) -> None:
    assert answer.status_code == HTTPStatus.FORBIDDEN, answer.body
    document = answer.json()
    assert document["code"] == code
    assert members.items() <= document.items()
