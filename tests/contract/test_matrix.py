"""Who may do what: each operation of openapi.json by each kind of caller, and what holds for one who may no longer.

What is right is said here once more, in the words of the API's contract; nothing of it comes from ``whimbrel.auth``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, NamedTuple

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.contract import planting
from tests.contract.planting import Planted, required
from tests.contract.test_every_operation import EVERY, Operation
from tests.functions.sessions import ISSUER
from tests.gateway import Answer, Client
from tests.watching import watched
from whimbrel import instants
from whimbrel.domain.credentials import public_part, whole

V1 = "/api/v1"
GROUPS = ("devices", "provisioning", "readings", "exports", "analytics")
READ = {f"{group}:read" for group in GROUPS} | {"access:read"}
WRITE = {f"{group}:write" for group in GROUPS}
SCOPES = READ | WRITE | {"admin"}

# --- What the contract says ---

DOTS = "/api/v1.6"
GROUP_OF = {
    **{f"{DOTS}/{each}": "readings" for each in ("devices", "tasks", "collections")},
    **{f"{DOTS}/{each}": "devices" for each in ("datasources", "variables")},
    **{f"{DOTS}/variables/{{variable}}/{each}": "readings" for each in ("values", "statistics")},
    "/v1/entities": "devices",
    **{f"/v1/entities/{{entityId}}/{each}": "readings" for each in ("history", "chart", "metrics")},
    "/api/schemas": "devices",
    **{f"{V1}/{each}": "devices" for each in ("sites", "devices", "components", "sensors", "device-groups")},
    **{f"{V1}/{each}": "devices" for each in ("sensor-profiles", "device-profiles", "packs")},
    f"{V1}/devices/registration": "provisioning",
    f"{V1}/devices/{{deviceId}}/certificates": "provisioning",
    **{f"{V1}/{each}": "readings" for each in ("readings", "imports", "jobs")},
    f"{V1}/exports": "exports",
    **{f"{V1}/{each}": "analytics" for each in ("annotations", "annotation-classes")},
}
NEED_OF = {
    "/api/docs": "nothing",
    "/api/v3/api-docs": "nothing",
    "/api/health": "nothing",
    f"POST {V1}/devices/provision": "nothing",
    f"{V1}/me": "anybody",
    f"GET {V1}/organization": "anybody",
    f"{V1}/organization": "admin",
    f"GET {V1}/members": "access:read",
    **{f"{V1}/{each}": "admin" for each in ("members", "invitations", "api-keys", "audit-log", "admin")},
    f"{V1}/access-tokens": "a member's session",
    f"POST {V1}/invitations/{{invitationId}}/accept": "anybody's session",
    f"POST {V1}/readings/batch": "readings:read",
    f"{DOTS}/auth": "anybody",
    f"{DOTS}/data": "readings:read",
    **{f"{method} /v1/entities/{{entityId}}": "readings:write" for method in ("PUT", "PATCH")},
    "GET /v1/entities/{entityId}": "readings:read",
    "POST /v1/entities/batch": "readings:write",  # and devices:write for those of its operations that take it
}
"""What it takes, where it is not the group's ``read`` or ``write``."""


def need_of(method: str, path: str) -> str:
    """Return what it takes: the longest of the rules that apply says so."""
    level = "read" if method == "GET" else "write"
    rules = {start: f"{group}:{level}" for start, group in GROUP_OF.items()} | NEED_OF
    split = [(*rule.rpartition(" ")[::2], need) for rule, need in rules.items()]
    applying = [
        (len(start), bool(verb), need)
        for verb, start, need in split
        if verb in {"", method} and f"{path}/".startswith(f"{start}/")
    ]
    assert applying, f"say in GROUP_OF or NEED_OF what {method} {path} takes"
    return (BY_KEY if path.startswith(DOTS) else "") + max(applying)[2]


BY_KEY = "a key or token, and "
"""Where the function looks at the credential by itself, and knows no sessions."""


MEMBER = READ | {"analytics:write"}
ADMIN = SCOPES
OWNER = SCOPES | {"*"}


@dataclass(frozen=True)
class Principal:
    """A kind of caller, and what it has. ``known`` ones stand for somebody, who ``belongs`` to the organization."""

    name: str
    has: frozenset[str] = frozenset()
    known: bool = True
    belongs: bool = True
    ours: bool = True
    is_person: bool = False

    def expects(self, need: str) -> str:
        """Return what a call that takes *need* is answered: "401", "403" or "in"."""
        if need == "nothing":
            return "in"
        if not self.known or (self.is_person and need.startswith(BY_KEY)):
            return "401"
        need = need.removeprefix(BY_KEY)
        if need == "anybody's session":
            return "in" if self.is_person else "403"
        if not self.belongs:
            return "403"
        if need in {"a member's session", "an owner's session"}:
            return "in" if self.is_person and (need == "a member's session" or "*" in self.has) else "403"
        return "in" if need == "anybody" or need in self.has else "403"


def having(name: str, *scopes: str, **more: Any) -> Principal:
    return Principal(name, frozenset(scopes), **more)


PRINCIPALS = {
    principal.name: principal
    for principal in (
        *(
            having(name, known=False)
            for name in ("nobody", "malformed", "another scheme", "wrong secret", "unknown key")
        ),
        *(having(name, known=False) for name in ("revoked key", "expired key", "rotated key")),
        *(having(name, known=False) for name in ("token of one removed", "expired session", "forged session")),
        *(having(f"key {scope}", scope) for scope in sorted(READ | WRITE)),
        having("key admin", "admin", "access:read"),
        having("key *", *OWNER),
        having("session of an owner", *OWNER, is_person=True),
        having("session of an administrator", *ADMIN, is_person=True),
        having("session of a member", *MEMBER, is_person=True),
        having("token of an owner", *OWNER),
        having("token of an administrator", *ADMIN),
        having("token of a member", *MEMBER),
        having("token of a member for one scope", "devices:read"),
        having("token for a scope its user lost"),
        having("session of one of no organization", belongs=False, is_person=True),
        having("session of another organization that names ours", belongs=False, is_person=True),
        having("session that names another organization", belongs=False, is_person=True),
        having("key that names another organization", belongs=False),
        having("token that names another organization", belongs=False),
        having("key of another organization", *OWNER, ours=False),
        having("session of another organization", *OWNER, ours=False, is_person=True),
    )
}


# --- What is asked ---


class Cell(NamedTuple):
    """A call: its name, what it takes, and how it is made where it must change nothing and where it must be refused."""

    name: str
    need: str
    asked: Callable[[Client], Answer]
    asked_badly: Callable[[Client], Answer]
    is_about_ours: bool = False
    """Whether it names something of the organization."""


BY_HAND = {("DELETE", f"{V1}/members/{{userId}}"), ("DELETE", f"{V1}/organization")}
"""What more than the scope decides."""


def cells(ours: Planted) -> Iterator[Cell]:
    for operation in EVERY:
        if (operation.method, operation.path) not in BY_HAND:
            yield cell_of(operation, ours)
    olga, maximilian = (f"{V1}/members/{who}-{ours.name}" for who in ("olga", "max"))
    stale = {"If-Match": '"9-9"'}
    everything = {"name": "k", "scopes": ["*"]}
    an_owner = {"email": "x@example.com", "role": "OWNER"}
    by_hand: list[tuple[str, str, Callable[[Client], Answer]]] = [
        ("remove a member", "admin", lambda client: client.delete(maximilian, headers=stale)),
        # The last owner: nothing comes of it.
        ("remove an owner", "*", lambda client: client.delete(olga)),
        ("unmake an owner", "*", lambda client: client.patch(olga, {"role": "MEMBER"})),
        ("delete all", "an owner's session", lambda client: client.delete(f"{V1}/organization", headers=stale)),
        ("make a key of everything", "*", lambda client: client.post(f"{V1}/api-keys", everything)),
        ("invite an owner", "*", lambda client: client.post(f"{V1}/invitations", an_owner)),
    ]
    for name, need, call in by_hand:
        yield Cell(name, need, call, call)


def cell_of(operation: Operation, ours: Planted) -> Cell:
    def badly(client: Client) -> Answer:
        body = "{ not json" if operation.takes_body else None
        # Where parameters that nobody knows are passed over, what nobody has is what can be deleted without harm.
        spared = operation.url if operation.dialect and operation.method == "DELETE" else ours.path(operation.path)
        return client.request(operation.method, spared + "?no=such", body=body)

    def well(client: Client) -> Answer:
        return client.get(ours.path(operation.path) + query)

    query = required(operation)
    if operation.path.endswith("/latest"):
        query = f"?deviceId={ours.things['deviceId']}"
    name = f"{operation.method} {operation.path}"
    need = need_of(operation.method, operation.path)
    is_about_ours = "{" in operation.path or "deviceId" in query
    return Cell(name, need, well if operation.method == "GET" else badly, badly, is_about_ours)


def told(status: int) -> str:
    return str(status) if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} else "in"


@dataclass
class Touched:
    """What is written or searched meanwhile, beyond the limits of requests and the last use of credentials."""

    calls: list[str] = field(default_factory=list)

    def see(self, operation: str, params: dict[str, Any]) -> None:
        if operation in {"GetItem", "AssumeRole", "GetSecretValue"}:
            return
        written = params.get("TransactItems") or [{"Update": params}]
        keys = [part.get("Update", {}).get("Key", {}).get("pk", {}).get("S", "") for part in written]
        if not all(key.startswith("KEY#") or key.endswith("#limit") for key in keys):
            self.calls.append(f"{operation} {keys}")


# --- The callers ---


aws, ours, theirs = planting.aws, planting.ours, planting.theirs


@pytest.fixture(scope="module")
def clients(ours: Planted, theirs: Planted) -> dict[str, Client]:
    """A client of each kind."""
    olga, adam, mia = (ours.person(who) for who in ("olga", "adam", "mia"))
    key, gone, turned = (a_key(ours.key) for _ in range(3))
    soon = a_key(ours.key, expiresAt=instants.format_ms(instants.now_ms() + 1_000))
    ours.key.delete(f"{V1}/api-keys/{gone['id']}").ok()
    ours.key.post(f"{V1}/api-keys/{turned['id']}/rotate", {"overlapSeconds": 0}).ok()
    tokens = {who: a_token(ours.person(who)) for who in ("olga", "adam", "mia")}
    invited = a_member(ours, "ivo", "ADMIN")
    lost = a_token(invited, scopes=["devices:write"])
    ours.key.patch(f"{V1}/members/ivo-{ours.name}", {"role": "MEMBER"}).ok()
    removed = a_member(ours, "rita", "MEMBER")
    orphan = a_token(removed)
    ours.key.delete(f"{V1}/members/rita-{ours.name}").ok()
    stranger = whole("sk_live_" + "0" * 12)
    forged = jwt.encode(
        jwt.decode(olga.token or "", options={"verify_signature": False}) | {"iss": ISSUER},
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        algorithm="RS256",
        headers={"kid": "k1"},
    )
    elsewhere = {"X-Organization-Id": theirs.id}
    made = {
        "nobody": Client(),
        "malformed": Client("sk_live_nonsense"),
        "another scheme": Client(headers={"Authorization": f"Basic {key['key']}"}),
        "wrong secret": Client(whole(public_part(key["key"]))),
        "unknown key": Client(stranger),
        "revoked key": Client(gone["key"]),
        "expired key": Client(soon["key"]),
        "rotated key": Client(turned["key"]),
        "token of one removed": Client(orphan),
        "expired session": ours.person("olga", iat=int(time.time()) - 7_200, exp=int(time.time()) - 60),
        "forged session": Client(forged, headers=olga.headers),
        **{f"key {scope}": Client(a_key(ours.key, scopes=[scope])["key"]) for scope in READ | WRITE | {"admin"}},
        "key *": ours.key,
        "session of an owner": olga,
        "session of an administrator": adam,
        "session of a member": mia,
        "token of an owner": Client(tokens["olga"]),
        "token of an administrator": Client(tokens["adam"]),
        "token of a member": Client(tokens["mia"]),
        "token of a member for one scope": Client(a_token(mia, scopes=["devices:read"])),
        "token for a scope its user lost": Client(lost),
        "session of one of no organization": ours.person("nemo"),
        "session of another organization that names ours": theirs.person("olga", ours.id),
        "session that names another organization": ours.person("olga", theirs.id),
        "key that names another organization": Client(key["key"], headers=elsewhere),
        "token that names another organization": Client(tokens["olga"], headers=elsewhere),
        "key of another organization": theirs.key,
        "session of another organization": theirs.person("olga"),
    }
    time.sleep(max(0.0, instants.parse_ms(soon["expiresAt"]) / 1_000 - time.time()))
    assert made.keys() == PRINCIPALS.keys()
    return made


def a_key(by: Client, **fields: Any) -> dict[str, Any]:
    return by.post(f"{V1}/api-keys", {"name": "k", "scopes": ["*"]} | fields).ok()


def a_token(by: Client, **fields: Any) -> str:
    return by.post(f"{V1}/access-tokens", {"name": "t"} | fields).ok()["token"]


def a_member(ours: Planted, who: str, role: str) -> Client:
    """Have somebody join by an invitation, and return their session."""
    email = f"{who}-{ours.name}@example.com"
    invitation = ours.person("olga").post(f"{V1}/invitations", {"email": email, "role": role}).ok()
    session = ours.person(who)
    session.post(f"{V1}/invitations/{invitation['id']}/accept").ok()
    return session


# --- The matrix ---


@pytest.fixture(scope="module")
def tally() -> Iterator[list[int]]:
    """Count cells, and say how many there were."""
    counted: list[int] = []
    yield counted
    print(f"\nmatrix: {sum(counted)} cells of {len(counted)} kinds of callers")


@pytest.mark.parametrize("name", list(PRINCIPALS))
def test_everybody_may_what_the_contract_says_and_nothing_else(
    ours: Planted, clients: dict[str, Client], tally: list[int], name: str
) -> None:
    principal, client = PRINCIPALS[name], clients[name]
    wrong: list[str] = []
    asked = 0
    for cell in cells(ours):
        expected = principal.expects(cell.need)
        touched = Touched()
        with watched(before=touched.see):
            answer = (cell.asked if expected == "in" else cell.asked_badly)(client)
        asked += 1
        seen = told(answer.status_code)
        found = answer.status_code < HTTPStatus.BAD_REQUEST
        if (
            seen != expected
            or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
            or (seen != "in" and touched.calls and "/" in cell.name)
            or (
                cell.name.startswith("GET") and expected == "in" and found != (principal.ours or not cell.is_about_ours)
            )
        ):
            wrong.append(f"{cell.name}: {answer.status_code} and not {expected}, {touched.calls}")
    tally.append(asked)

    assert wrong == []
    assert asked > len(EVERY)


def test_the_document_says_so_too() -> None:
    words = {None: "nothing", "any": "anybody", "session": "a member's session"}
    by_rule = {
        ("DELETE", f"{V1}/members/{{userId}}"): "anybody",  # themselves; others take the scope admin
        ("DELETE", f"{V1}/organization"): "a member's session",  # of an owner
    }
    accept = f"{V1}/invitations/{{invitationId}}/accept"

    said = {(each.method, each.path): words.get(each.scope, each.scope) for each in EVERY if each.path != accept}

    ruled = {(method, path): need_of(method, path).removeprefix(BY_KEY) for method, path in said} | by_rule
    assert said == ruled


# --- Those who may no longer ---

SENSITIVE = tuple(f"{V1}/{each}" for each in ("api-keys", "members", "invitations", "access-tokens", "organization"))


def is_looked_up(name: str) -> bool:
    """Tell whether what the caller may is looked up for this call, however lately the gateway asked."""
    method, _, path = name.partition(" ")
    is_sensitive = path.startswith(SENSITIVE) and not path.endswith("/accept")
    return method == "DELETE" or is_sensitive or path.startswith(DOTS)


@dataclass
class Ending:
    """Somebody who may less from some moment on: what they may at once where it is looked up, and a minute later."""

    client: Client
    begin: Callable[[], object]
    at_once: Principal | None
    later: Principal
    after_s: float = 0
    everywhere: bool = False
    """Whether the gateway's memory makes no difference."""


NONE = having("nobody any more", known=False)


def revoked_key(ours: Planted) -> Ending:
    key = a_key(ours.key)
    return Ending(Client(key["key"]), lambda: ours.key.delete(f"{V1}/api-keys/{key['id']}").ok(), NONE, NONE)


def revoked_token(ours: Planted) -> Ending:
    mia = ours.person("mia")
    token = mia.post(f"{V1}/access-tokens", {"name": "t"}).ok()
    return Ending(Client(token["token"]), lambda: mia.delete(f"{V1}/access-tokens/{token['id']}").ok(), NONE, NONE)


def narrowed_key(ours: Planted) -> Ending:
    key = a_key(ours.key)
    reader = having("reader", "devices:read")
    narrow = {"scopes": ["devices:read"]}
    return Ending(Client(key["key"]), lambda: ours.key.patch(f"{V1}/api-keys/{key['id']}", narrow).ok(), reader, reader)


def removed_member(ours: Planted) -> Ending:
    session = a_member(ours, "remo", "ADMIN")
    nobody = having("of no organization", belongs=False, is_person=True)
    remove = f"{V1}/members/remo-{ours.name}"
    return Ending(session, lambda: ours.key.delete(remove).ok(), NONE, nobody)


def token_of_a_removed_member(ours: Planted) -> Ending:
    token = a_token(a_member(ours, "toni", "ADMIN"))
    return Ending(Client(token), lambda: ours.key.delete(f"{V1}/members/toni-{ours.name}").ok(), NONE, NONE)


def demoted(ours: Planted) -> Ending:
    session = a_member(ours, "demi", "ADMIN")
    member = having("member", *MEMBER, is_person=True)
    change = f"{V1}/members/demi-{ours.name}"
    return Ending(session, lambda: ours.key.patch(change, {"role": "MEMBER"}).ok(), member, member)


def token_of_one_demoted(ours: Planted) -> Ending:
    token = a_token(a_member(ours, "dora", "ADMIN"))
    member = having("member", *MEMBER)
    change = f"{V1}/members/dora-{ours.name}"
    return Ending(Client(token), lambda: ours.key.patch(change, {"role": "MEMBER"}).ok(), member, member)


def expired_key(ours: Planted) -> Ending:
    key = a_key(ours.key, expiresAt=instants.format_ms(instants.now_ms() + 30_000))
    return Ending(Client(key["key"]), lambda: None, NONE, NONE, after_s=31, everywhere=True)


def expired_token(ours: Planted) -> Ending:
    token = a_token(ours.person("mia"), expiresAt=instants.format_ms(instants.now_ms() + 30_000))
    return Ending(Client(token), lambda: None, NONE, NONE, after_s=31, everywhere=True)


def expired_session(ours: Planted) -> Ending:
    session = ours.person("mia", exp=int(time.time()) + 1)  # and 30 s for clocks that differ
    return Ending(session, lambda: None, NONE, NONE, after_s=32, everywhere=True)


def key_rotated_before(ours: Planted) -> Ending:
    key = a_key(ours.key)
    ours.key.post(f"{V1}/api-keys/{key['id']}/rotate", {"overlapSeconds": 20}).ok()
    return Ending(Client(key["key"]), lambda: None, NONE, NONE, after_s=21, everywhere=True)


def key_rotated_meanwhile(ours: Planted) -> Ending:
    key = a_key(ours.key)
    rotate = f"{V1}/api-keys/{key['id']}/rotate"
    # That a key has another secret is known where credentials are, and not where it is looked up what the key may do.
    return Ending(Client(key["key"]), lambda: ours.key.post(rotate, {"overlapSeconds": 0}).ok(), None, NONE)


ENDINGS = [
    revoked_key, revoked_token, narrowed_key, removed_member, token_of_a_removed_member, demoted, token_of_one_demoted,
    expired_key, expired_token, expired_session, key_rotated_before, key_rotated_meanwhile,
]  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS, ids=[each.__name__ for each in ENDINGS])
def test_who_may_no_longer_may_not_at_once_where_it_matters_and_in_a_minute_anywhere(
    ours: Planted, monkeypatch: pytest.MonkeyPatch, ending: Callable[[Planted], Ending]
) -> None:
    case = ending(ours)
    client = replace(case.client, cached=True)
    assert client.get(f"{V1}/me").status_code == HTTPStatus.OK
    began = time.time()
    case.begin()

    monkeypatch.setattr(time, "time", lambda: began + case.after_s)
    at_once = [
        (cell.name, told(cell.asked_badly(client).status_code), case.at_once.expects(cell.need))
        for cell in cells(ours)
        if case.at_once and (case.everywhere or is_looked_up(cell.name))
    ]
    cached = client.get(f"{V1}/devices")
    monkeypatch.setattr(time, "time", lambda: began + 61)
    later = [
        (cell.name, told(cell.asked_badly(client).status_code), case.later.expects(cell.need)) for cell in cells(ours)
    ]

    assert [each for each in at_once if each[1] != each[2]] == []
    assert [each for each in later if each[1] != each[2]] == []
    assert len(at_once) > 25 or not case.at_once
    # The gateway did remember: otherwise this has shown nothing.
    assert (cached.status_code == HTTPStatus.OK) != case.everywhere
