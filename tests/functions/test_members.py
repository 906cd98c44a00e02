"""The people of an organization: who may do what to whom, and that one owner always remains."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.organizations.operator import handler as operator
from tests.functions.conftest import Calls
from tests.functions.sessions import session
from tests.gateway import Client
from whimbrel.auth import Role
from whimbrel.domain.members import LastOwner, Member, OwnerCount
from whimbrel.ids import OrganizationId
from whimbrel.problems import StaleVersion
from whimbrel.store.members import Members
from whimbrel.store.memberships import memberships
from whimbrel.store.tenant import Tenant

URL = "/api/v1/members"
PEOPLE = {"olga": "OWNER", "adam": "ADMIN", "mia": "MEMBER"}

pytestmark = pytest.mark.usefixtures("aws", "issuer")


def an_organization_of(people: dict[str, str]) -> str:
    members = [
        {
            "userId": name,
            "role": role,
            **({"email": f"{name}@example.com"} if name.isidentifier() and name.isascii() else {}),
        }
        for name, role in people.items()
    ]
    return operator({"action": "create-organization", "name": "Works", "members": members}, None)["organizationId"]


@pytest.fixture
def works(aws: None) -> str:
    """An organization of an owner, an administrator and a member."""
    return an_organization_of(PEOPLE)


def roles(client: Client) -> dict[str, str]:
    return {each["userId"]: each["role"] for each in client.get(URL).ok()["items"]}


def members_of(organization_id: str) -> Members:
    return Members(Tenant(OrganizationId(organization_id)), memberships())


def assert_sound(organization_id: str, users: list[str]) -> None:
    """There is an owner, as many as are counted, and the authorizer knows what the registry knows."""
    members = members_of(organization_id)
    there = {member.user_id: member.role for member in members.tenant.things(Member).all()}
    owners = sum(role is Role.OWNER for role in there.values())
    assert owners >= 1
    assert members.tenant.things(OwnerCount).get(members.tenant.organization_id).owners == owners
    for user in users:
        assert memberships().of(user).get(members.tenant.organization_id) == there.get(user)


def test_everybody_sees_the_members(works: str) -> None:
    assert roles(session("mia")) == PEOPLE
    page = session("mia").get(f"{URL}?limit=2").ok()
    rest = session("mia").get(f"{URL}?limit=2&cursor={page['nextCursor']}").ok()
    assert {each["userId"] for each in page["items"] + rest["items"]} == PEOPLE.keys()


def test_a_new_role_holds(works: str) -> None:
    assert session("mia").patch("/api/v1/organization", {}).status_code == HTTPStatus.FORBIDDEN

    promoted = session("adam").patch(f"{URL}/mia", {"role": "ADMIN"}).ok()

    assert promoted["role"] == "ADMIN"
    assert session("mia").patch("/api/v1/organization", {}).status_code == HTTPStatus.OK
    assert session("mia").get("/api/v1/me").ok()["role"] == "ADMIN"


def test_a_member_removed_is_one_no_longer(works: str) -> None:
    removed = session("adam").delete(f"{URL}/mia")

    assert removed.status_code == HTTPStatus.NO_CONTENT
    assert session("mia", works).get("/api/v1/organization").status_code == HTTPStatus.FORBIDDEN
    assert roles(session("adam")) == {"olga": "OWNER", "adam": "ADMIN"}
    assert session("adam").delete(f"{URL}/mia").status_code == HTTPStatus.NOT_FOUND


def test_a_member_keeps_their_other_organizations(works: str) -> None:
    second = an_organization_of({"mia": "OWNER"})

    session("adam").delete(f"{URL}/mia").ok()

    assert session("mia").get("/api/v1/me").ok()["organization"]["id"] == second


@pytest.mark.parametrize("user", ["mia", "adam"])
def test_everybody_may_leave(works: str, user: str) -> None:
    assert session(user).delete(f"{URL}/{user}").status_code == HTTPStatus.NO_CONTENT
    assert_sound(works, list(PEOPLE))


@pytest.mark.parametrize(
    ("caller", "method", "user", "body"),
    [
        ("mia", "PATCH", "mia", {"role": "ADMIN"}),
        ("mia", "DELETE", "adam", None),
        ("adam", "PATCH", "adam", {"role": "OWNER"}),
        ("adam", "PATCH", "mia", {"role": "OWNER"}),
        ("adam", "PATCH", "olga", {"role": "MEMBER"}),
        ("adam", "DELETE", "olga", None),
    ],
    ids=["rise", "remove-above", "rise-to-owner", "make-owner", "unmake-owner", "remove-owner"],
)
def test_nobody_acts_above_themselves(works: str, caller: str, method: str, user: str, body: Any) -> None:
    refused = session(caller).request(method, f"{URL}/{user}", json=body)

    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert roles(session("olga")) == PEOPLE
    assert_sound(works, list(PEOPLE))


def test_a_key_gives_no_rights_that_it_has_not(works: str) -> None:
    def key(*scopes: str) -> Client:
        request = {"action": "create-api-key", "organizationId": works, "name": "k", "scopes": scopes}
        return Client(operator(request, None)["apiKey"])

    refused = key("admin").patch(f"{URL}/mia", {"role": "ADMIN"})

    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert refused.json()["code"] == "missing-scope"
    assert key("*").patch(f"{URL}/mia", {"role": "OWNER"}).ok()["role"] == "OWNER"


def test_a_key_named_like_a_member_is_not_that_member(works: str) -> None:
    request = {"action": "create-api-key", "organizationId": works, "name": "k", "scopes": ["devices:read"]}
    key = Client(operator(request, None)["apiKey"])
    subject = key.get("/api/v1/me").ok()["subject"]
    members_of(works).add(Member.named(OrganizationId(works), subject, Role.MEMBER))

    assert key.delete(f"{URL}/{subject}").status_code == HTTPStatus.FORBIDDEN


def test_the_last_owner_stays_one(works: str) -> None:
    olga = session("olga")

    for refused in (olga.delete(f"{URL}/olga"), olga.patch(f"{URL}/olga", {"role": "ADMIN"})):
        assert refused.status_code == HTTPStatus.CONFLICT
        assert refused.json()["code"] == "last-owner"
    olga.patch(f"{URL}/adam", {"role": "OWNER"}).ok()
    olga.delete(f"{URL}/olga").ok()
    assert roles(session("adam")) == {"adam": "OWNER", "mia": "MEMBER"}
    assert_sound(works, list(PEOPLE))


def test_the_same_role_again_changes_nothing(works: str) -> None:
    first = session("olga").patch(f"{URL}/mia", {"role": "MEMBER"})
    again = session("olga").patch(f"{URL}/mia", {})

    assert first.headers["ETag"] == again.headers["ETag"]


def test_a_change_of_what_has_changed_is_refused(works: str) -> None:
    etag = session("olga").patch(f"{URL}/mia", {}).headers["ETag"]
    session("olga").patch(f"{URL}/mia", {"role": "ADMIN"}, headers={"If-Match": etag}).ok()

    for method, body in (("PATCH", {"role": "MEMBER"}), ("DELETE", None)):
        late = session("olga").request(method, f"{URL}/mia", json=body, headers={"If-Match": etag})
        assert late.status_code == HTTPStatus.PRECONDITION_FAILED
    assert roles(session("olga"))["mia"] == "ADMIN"


@pytest.mark.parametrize("role", ["KING", "", None, 1], ids=["unknown", "empty", "null", "number"])
def test_a_role_that_there_is_not_is_named(works: str, role: Any) -> None:
    refused = session("olga").patch(f"{URL}/mia", {"role": role})

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [error["field"] for error in refused.json()["errors"]] == ["role"]


def test_another_organizations_member_is_like_nobody(works: str, other: Client) -> None:
    for method, body in (("PATCH", {"role": "MEMBER"}), ("DELETE", None)):
        foreign = other.request(method, f"{URL}/mia", json=body)
        unknown = other.request(method, f"{URL}/eve", json=body)
        assert foreign.status_code == unknown.status_code == HTTPStatus.NOT_FOUND
        assert foreign.json()["detail"] == unknown.json()["detail"].replace("eve", "mia")
    assert session("mia").get("/api/v1/me").ok()["role"] == "MEMBER"


SUBJECTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@settings(max_examples=20)
@given(subject=SUBJECTS)
def test_a_member_is_found_whatever_the_issuer_calls_them(subject: str) -> None:
    organization_id = an_organization_of({"olga": "OWNER", subject: "MEMBER"} if subject != "olga" else PEOPLE)
    olga = session("olga", organization_id)

    changed = olga.patch(f"{URL}/{quote(subject, safe='')}", {})

    assert changed.ok()["userId"] == subject


@pytest.mark.parametrize("fault", ["before", "timeout"])
@pytest.mark.parametrize(
    ("method", "body"), [("DELETE", None), ("PATCH", {"role": "MEMBER"})], ids=["remove", "change-role"]
)
@pytest.mark.parametrize("user", ["adam", "second"], ids=["admin", "owner"])
def test_an_interrupted_call_is_completed_by_the_next(
    calls: Calls, fault: str, method: str, body: Any, user: str
) -> None:
    position = made = 0
    while position <= made:
        works = an_organization_of(PEOPLE | {"second": "OWNER"})
        olga = session("olga", works)
        url = f"{URL}/{user}"
        headers = {"If-Match": olga.patch(url, {}).headers["ETag"]}
        calls.begin({position: fault})
        olga.request(method, url, json=body, headers=headers)
        made = len(calls.made)
        calls.begin()
        olga.request(method, url, json=body, headers=headers)
        assert_sound(works, [*PEOPLE, "second"])
        assert roles(olga).get(user) == (body["role"] if body else None)
        position += 1
    assert position > 5


ROLES: list[Role | None] = [*Role, None]
CHANGES = st.tuples(st.sampled_from(["olga", "adam"]), st.sampled_from(ROLES))


def change(organization_id: str, user: str, role: Role | None) -> None:
    """Give a user a role or none, as far as the rules let one."""
    members = members_of(organization_id)
    member = members.find(user)
    try:
        if member is None:
            if role:
                members.add(Member.named(OrganizationId(organization_id), user, role))
        elif role is None:
            members.remove(member)
        else:
            members.change_role(member, role)
    except (LastOwner, StaleVersion):
        pass


@settings(max_examples=40)
@given(first=CHANGES, second=CHANGES, adam=st.sampled_from(["OWNER", "MEMBER"]), at=st.integers(0, 12))
def test_an_owner_remains_whatever_two_do_at_once(
    calls: Calls, first: tuple[str, Role], second: tuple[str, Role], adam: str, at: int
) -> None:
    works = an_organization_of({"olga": "OWNER", "adam": adam})
    calls.begin(meanwhile={at: lambda: change(works, *second)})

    change(works, *first)

    calls.begin()
    assert_sound(works, ["olga", "adam"])


def test_two_owners_who_leave_at_once_leave_one(calls: Calls) -> None:
    for at in range(14):
        works = an_organization_of({"olga": "OWNER", "adam": "OWNER"})
        calls.begin(meanwhile={at: lambda works=works: change(works, "adam", None)})
        change(works, "olga", None)
        calls.begin()
        assert_sound(works, ["olga", "adam"])


def test_who_becomes_an_owner_while_being_removed_is_counted(calls: Calls) -> None:
    for at in range(10):
        works = an_organization_of({"olga": "OWNER", "adam": "MEMBER"})
        calls.begin(meanwhile={at: lambda works=works: change(works, "adam", Role.OWNER)})
        change(works, "adam", None)
        calls.begin()
        assert_sound(works, ["olga", "adam"])


def test_strangers_and_keys_without_the_scope_see_no_members(works: str, scoped: Callable[..., Client]) -> None:
    assert scoped("devices:read").get(URL).status_code == HTTPStatus.FORBIDDEN
    assert session("eve").get(URL).status_code == HTTPStatus.FORBIDDEN
