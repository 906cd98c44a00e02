"""How people come in: by an invitation, to the address that it names, once."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.invitations.rules import AlreadyInvited, InvitationSpent, accept, invite
from functions.organizations.operator import handler as operator
from tests.functions.conftest import Calls
from tests.functions.sessions import session
from tests.gateway import Answer, Client
from whimbrel import instants
from whimbrel.auth import Role
from whimbrel.domain.members import Invitation, InvitationId, InvitationStatus, same_address
from whimbrel.http.exchange import User
from whimbrel.ids import OrganizationId
from whimbrel.problems import StaleVersion
from whimbrel.store.tenant import Tenant

URL = "/api/v1/invitations"

pytestmark = pytest.mark.usefixtures("aws", "issuer")


@pytest.fixture
def works(aws: None) -> str:
    """An organization of an owner and an administrator."""
    people = [
        {"userId": name, "email": f"{name}@example.com", "role": role}
        for name, role in (("olga", "OWNER"), ("adam", "ADMIN"))
    ]
    return operator({"action": "create-organization", "name": "Works", "members": people}, None)["organizationId"]


def invited(email: str = "mia@example.com", role: str = "MEMBER", by: str = "adam") -> dict[str, Any]:
    return session(by).post(URL, {"email": email, "role": role}).ok()


def accepted(invitation_id: str, by: Client) -> Answer:
    return by.post(f"{URL}/{invitation_id}/accept")


def statuses(query: str = "") -> list[str]:
    return [each["status"] for each in session("adam").get(URL + query).ok()["items"]]


def expire(organization_id: str, invitation_id: str) -> None:
    invitations = Tenant(OrganizationId(organization_id)).things(Invitation)
    past = instants.now() - timedelta(seconds=1)
    invitations.change(InvitationId(invitation_id), lambda invitation: invitation.next_version(expires_at=past))


def test_somebody_invited_comes_in(works: str) -> None:
    invitation = invited()
    mia = session("mia")
    assert mia.get("/api/v1/me").status_code == HTTPStatus.FORBIDDEN

    welcome = accepted(invitation["id"], mia).ok()

    assert invitation["status"] == "PENDING"
    assert invitation["invitedBy"] == "adam"
    assert (welcome["organizationId"], welcome["organizationName"]) == (works, "Works")
    assert welcome["member"]["role"] == "MEMBER"
    assert mia.get("/api/v1/me").ok()["organization"]["id"] == works
    assert statuses() == ["ACCEPTED"]
    assert {each["userId"] for each in mia.get("/api/v1/members").ok()["items"]} == {"olga", "adam", "mia"}


def test_accepting_again_answers_the_same(works: str) -> None:
    invitation = invited()

    first, again = (accepted(invitation["id"], session("mia")) for _ in range(2))

    assert first.status_code == again.status_code == HTTPStatus.OK
    assert first.json() == again.json()


def test_the_case_of_an_address_does_not_matter(works: str) -> None:
    invitation = invited("Mia@Example.com")

    assert accepted(invitation["id"], session("mia", email="mIA@example.COM")).status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    "claims",
    [{"email": "eve@example.com"}, {"email": None}, {"email_verified": False}, {"email_verified": "false"}],
    ids=["another", "none", "unverified", "unverified-text"],
)
def test_to_anybody_else_an_invitation_is_like_none(works: str, claims: dict[str, Any]) -> None:
    invitation = invited()
    unknown = InvitationId.new()

    refused = accepted(invitation["id"], session("mia", **claims))
    nothing = accepted(unknown, session("mia", **claims))

    assert refused.status_code == nothing.status_code == HTTPStatus.NOT_FOUND
    assert refused.json()["detail"] == nothing.json()["detail"].replace(unknown, invitation["id"])
    assert statuses() == ["PENDING"]


def test_only_a_persons_session_accepts(works: str, client: Client) -> None:
    refused = accepted(invited()["id"], client)

    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert refused.json()["requiredScope"] == "session"


def test_a_malformed_identifier_is_like_an_unknown_one(works: str) -> None:
    assert accepted("nonsense", session("mia")).status_code == HTTPStatus.NOT_FOUND


def test_a_revoked_invitation_is_gone(works: str) -> None:
    invitation = invited()

    for _ in range(2):
        revoked = session("adam").delete(f"{URL}/{invitation['id']}")
        assert revoked.status_code == HTTPStatus.NO_CONTENT
    assert accepted(invitation["id"], session("mia")).status_code == HTTPStatus.GONE
    assert statuses() == ["REVOKED"]


def test_an_expired_invitation_is_gone(works: str) -> None:
    invitation = invited()
    expire(works, invitation["id"])

    assert accepted(invitation["id"], session("mia")).status_code == HTTPStatus.GONE
    assert statuses("?status=EXPIRED") == ["EXPIRED"]
    assert statuses("?status=PENDING") == []


def test_an_invitation_serves_one_person(works: str) -> None:
    invitation = invited()
    accepted(invitation["id"], session("mia")).ok()

    assert accepted(invitation["id"], session("twin", email="mia@example.com")).status_code == HTTPStatus.GONE
    assert session("adam").delete(f"{URL}/{invitation['id']}").status_code == HTTPStatus.CONFLICT


def test_who_was_removed_does_not_come_back_by_an_old_invitation(works: str) -> None:
    invitation = invited()
    accepted(invitation["id"], session("mia")).ok()
    session("adam").delete("/api/v1/members/mia").ok()

    assert accepted(invitation["id"], session("mia")).status_code == HTTPStatus.GONE
    assert session("mia").get("/api/v1/me").status_code == HTTPStatus.FORBIDDEN
    assert accepted(invited()["id"], session("mia")).status_code == HTTPStatus.OK


def test_a_member_who_accepts_keeps_their_role(works: str) -> None:
    invitation = invited("adam.private@example.com", by="olga")

    welcome = accepted(invitation["id"], session("adam", email="adam.private@example.com")).ok()

    assert welcome["member"]["role"] == "ADMIN"
    assert statuses() == ["ACCEPTED"]


def test_an_address_has_one_pending_invitation(works: str) -> None:
    first = invited()

    refused = session("adam").post(URL, {"email": "MIA@example.com", "role": "ADMIN"})

    assert refused.status_code == HTTPStatus.CONFLICT
    assert refused.json()["code"] == "already-invited"
    assert refused.json()["id"] == first["id"]
    session("adam").delete(f"{URL}/{first['id']}").ok()
    second = invited()
    expire(works, second["id"])
    invited()
    assert statuses() == ["REVOKED", "EXPIRED", "PENDING"]


def test_members_are_not_invited(works: str) -> None:
    refused = session("adam").post(URL, {"email": "Olga@example.com", "role": "MEMBER"})

    assert refused.status_code == HTTPStatus.CONFLICT
    assert refused.json()["code"] == "already-member"
    assert statuses() == []


def test_nobody_invites_above_themselves(works: str) -> None:
    assert session("adam").post(URL, {"email": "x@example.com", "role": "OWNER"}).status_code == HTTPStatus.FORBIDDEN
    request = {"action": "create-api-key", "organizationId": works, "name": "k", "scopes": ["admin"]}
    key = Client(operator(request, None)["apiKey"])
    assert key.post(URL, {"email": "x@example.com", "role": "MEMBER"}).json()["code"] == "missing-scope"
    assert statuses() == []


def test_an_owner_invites_an_owner(works: str) -> None:
    invitation = invited(role="OWNER", by="olga")
    accepted(invitation["id"], session("mia")).ok()

    session("olga").delete("/api/v1/members/olga").ok()

    assert session("mia").delete("/api/v1/members/mia").status_code == HTTPStatus.CONFLICT


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "MEMBER"}, "email"),
        ({"email": "mia", "role": "MEMBER"}, "email"),
        ({"email": "mia@b@c", "role": "MEMBER"}, "email"),
        ({"email": "mia @example.com", "role": "MEMBER"}, "email"),
        ({"email": "\u212aim@example.com", "role": "MEMBER"}, "email"),
        ({"email": "x" * 250 + "@x.de", "role": "MEMBER"}, "email"),
        ({"email": "mia@example.com"}, "role"),
        ({"email": "mia@example.com", "role": "KING"}, "role"),
        ({"email": "mia@example.com", "role": "MEMBER", "expiresInSeconds": 59}, "expiresInSeconds"),
        ({"email": "mia@example.com", "role": "MEMBER", "expiresInSeconds": 2_592_001}, "expiresInSeconds"),
    ],
    ids=["none", "bare", "two", "space", "kelvin", "long", "no-role", "role", "soon", "late"],
)
def test_what_is_wrong_is_named(works: str, body: dict[str, Any], field: str) -> None:
    refused = session("adam").post(URL, body)

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert statuses() == []


def test_anothers_invitation_is_like_none(works: str, other: Client) -> None:
    invitation, unknown = invited(), InvitationId.new()

    foreign, nothing = (other.delete(f"{URL}/{each}") for each in (invitation["id"], unknown))

    assert foreign.status_code == nothing.status_code == HTTPStatus.NOT_FOUND
    assert foreign.json()["detail"] == nothing.json()["detail"].replace(unknown, invitation["id"])
    assert other.get(URL).ok()["items"] == []


def test_a_revocation_of_what_has_changed_is_refused(works: str) -> None:
    created = session("adam").post(URL, {"email": "mia@example.com", "role": "MEMBER"})
    accepted(created.json()["id"], session("mia")).ok()

    late = session("adam").delete(f"{URL}/{created.json()['id']}", headers={"If-Match": created.headers["ETag"]})

    assert late.status_code == HTTPStatus.PRECONDITION_FAILED


@pytest.mark.parametrize("fault", ["before", "timeout"])
def test_an_interrupted_acceptance_is_completed_by_the_next(calls: Calls, works: str, fault: str) -> None:
    position, status = 0, 0
    while status != HTTPStatus.OK:
        user = f"user-{position}"
        invitation = invited(f"{user}@example.com", "OWNER", by="olga")
        calls.begin({position: fault})
        status = accepted(invitation["id"], session(user)).status_code
        calls.begin()
        accepted(invitation["id"], session(user)).ok()
        assert session(user).get("/api/v1/me").ok()["role"] == "OWNER"
        position += 1
    assert position > 5


MIA = User("mia", "mia@example.com", None)


def an_invitation(email: str = MIA.email) -> Invitation:
    return Invitation(
        id=InvitationId.new(),
        email=email,
        role=Role.MEMBER,
        expires_at=instants.now() + timedelta(days=1),
        invited_by="olga",
    )


def test_of_two_who_invite_at_once_one_does(calls: Calls, works: str) -> None:
    tenant = Tenant(OrganizationId(works))
    for at in range(8):
        email = f"user-{at}@example.com"
        made: list[Invitation] = []

        def try_to_invite(email: str = email, made: list[Invitation] = made) -> None:
            with contextlib.suppress(AlreadyInvited):
                made.append(invite(tenant, an_invitation(email)))

        calls.begin(meanwhile={at: try_to_invite})
        try_to_invite()
        if calls.meanwhile:
            try_to_invite()
        calls.begin()
        pending = [each.id for each in tenant.things(Invitation).all() if each.email == email]
        assert [each.id for each in made] == pending
        assert len(pending) == 1


def test_the_same_invitation_again_is_made_once(works: str) -> None:
    tenant, invitation = Tenant(OrganizationId(works)), an_invitation()

    assert invite(tenant, invitation) == invite(tenant, invitation)
    assert len(list(tenant.things(Invitation).all())) == 1


def test_it_is_accepted_or_revoked_never_both(calls: Calls, works: str) -> None:
    tenant = Tenant(OrganizationId(works))
    for at in range(10):
        user = User(f"user-{at}", f"user-{at}@example.com", email_verified=True)
        invitation = invite(tenant, an_invitation(user.email))

        def revoke(invitation: Invitation = invitation) -> None:
            with contextlib.suppress(StaleVersion):
                tenant.things(Invitation).replace(invitation.next_version(status=InvitationStatus.REVOKED))

        calls.begin(meanwhile={at: revoke})
        try:
            accept(tenant, invitation.id, user)
            status = InvitationStatus.ACCEPTED
        except InvitationSpent:
            status = InvitationStatus.REVOKED
        calls.begin()
        assert tenant.things(Invitation).get(invitation.id).status is status
        is_member = session(user.subject).get("/api/v1/me").status_code == HTTPStatus.OK
        assert is_member == (status is InvitationStatus.ACCEPTED)


@given(later_ms=st.integers(-5, 5))
def test_an_invitation_ends_when_it_says(later_ms: int) -> None:
    invitation = an_invitation()

    seen = invitation.seen_at(invitation.expires_at + timedelta(milliseconds=later_ms))

    assert (seen.status is InvitationStatus.EXPIRED) == (later_ms >= 0)


@given(address=st.text(max_size=12))
def test_no_address_beyond_ascii_equals_another(address: str) -> None:
    assert same_address(address, address.swapcase()) == address.isascii()
