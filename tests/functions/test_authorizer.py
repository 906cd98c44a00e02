"""Who gets in: API keys, and sessions of an OpenID Connect issuer."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import boto3
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from functions.authorizer import sessions
from functions.organizations.operator import handler as operator
from tests.functions.conftest import Calls
from tests.functions.sessions import ISSUER, KEY
from tests.gateway import Client, authorized
from whimbrel.auth import Caller
from whimbrel.aws import secret
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain import credentials
from whimbrel.domain.credentials import ALPHABET, key_id_of, new_public_part, public_part, whole
from whimbrel.problems import Unauthenticated
from whimbrel.settings import settings as deployment

FOREIGN_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def a_key(prefix: str = "sk_live_") -> str:
    """The text of a key that nobody made."""
    return whole(new_public_part(prefix))


def token(key: Any = KEY, kid: str = "k1", algorithm: str = "RS256", **claims: Any) -> str:
    now = int(time.time())
    all_claims = {"iss": ISSUER, "aud": "whimbrel", "sub": "user-1", "iat": now, "exp": now + 3600} | claims
    present = {name: value for name, value in all_claims.items() if value is not None}
    return jwt.encode(present, key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture
def two_memberships(aws: None) -> list[str]:
    return [
        operator(
            {
                "action": "create-organization",
                "name": name,
                "members": [{"userId": "user-1", "email": "u@example.com", "role": role}],
            },
            None,
        )["organizationId"]
        for name, role in (("One", "OWNER"), ("Two", "MEMBER"))
    ]


def test_a_key_stands_for_its_organization_and_scopes(organization: Any, scoped: Callable[..., Client]) -> None:
    me = scoped("devices:read", "exports:write").get("/api/v1/me").ok()

    assert me["organization"]["id"] == organization.id
    assert me["kind"] == "API_KEY"
    assert me["scopes"] == ["devices:read", "exports:write"]


@pytest.mark.parametrize(
    "credential", ["", "Bearer", "Bearer ", "Basic abc", "Bearer sk_live_short", "Bearer a.b.c", "Bearer \udcff"]
)
def test_a_malformed_credential_is_nobody(aws: None, credential: str) -> None:
    refused = Client(headers={"Authorization": credential}).get("/api/v1/me")

    assert refused.status_code == HTTPStatus.UNAUTHORIZED


def test_a_well_formed_key_that_nobody_made_is_nobody(organization: Any) -> None:
    assert Client(a_key()).get("/api/v1/me").status_code == HTTPStatus.UNAUTHORIZED


def test_a_right_identifier_with_a_wrong_secret_is_nobody(organization: Any) -> None:
    right, wrong = organization.api_key, a_key()
    body = right[:20] + wrong[20:-6]

    forged = body + credentials._checksum(body)

    assert key_id_of(forged) == key_id_of(right)
    assert Client(forged).get("/api/v1/me").status_code == HTTPStatus.UNAUTHORIZED


@given(position=st.integers(8, 57), character=st.sampled_from(ALPHABET))
def test_no_typing_error_passes_the_checksum(position: int, character: str) -> None:
    key = a_key("sk_test_")
    mistyped = key[:position] + character + key[position + 1 :]

    assert (key_id_of(mistyped) is None) == (mistyped != key)


def test_the_cached_answer_covers_the_whole_stage(organization: Any) -> None:
    from functions.authorizer.authorize import handler

    headers = {"authorization": f"bearer {organization.api_key}"}
    arn = "arn:aws:execute-api:eu-central-1:123456789012:abc/api/DELETE/v1/devices/1"

    policy = handler({"headers": headers, "methodArn": arn}, None)["policyDocument"]

    assert policy["Statement"][0]["Resource"] == "arn:aws:execute-api:eu-central-1:123456789012:abc/api/*"


def test_a_member_chooses_among_their_organizations(issuer: None, two_memberships: list[str]) -> None:
    one, two = two_memberships

    def me(**headers: str) -> Any:
        return Client(token(), headers=headers).get("/api/v1/me")

    assert me().status_code == HTTPStatus.FORBIDDEN
    assert me(**{"X-Organization-Id": one}).ok()["role"] == "OWNER"
    assert me(**{"X-Organization-Id": two}).ok()["role"] == "MEMBER"
    assert Client(token(org=two)).get("/api/v1/me").ok()["organization"]["id"] == two


def test_the_header_does_not_open_a_foreign_organization(
    issuer: None, two_memberships: list[str], organization: Any
) -> None:
    client = Client(token(org=two_memberships[0]), headers={"X-Organization-Id": organization.id})

    assert client.get("/api/v1/devices").status_code == HTTPStatus.FORBIDDEN


def test_a_member_reads_and_does_not_write(issuer: None, two_memberships: list[str]) -> None:
    client = Client(token(org=two_memberships[1]))

    assert client.get("/api/v1/devices").status_code == HTTPStatus.OK
    assert client.post("/api/v1/devices", {"name": "x"}).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    "bad",
    [
        {"iss": "https://issuer.whimbrel.test.evil"},
        {"aud": "other"},
        {"aud": ["whimbrel", "other"]},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"exp": 1_000_000_000},
        {"exp": int(time.time()) + 86_400 * 400},
        {"nbf": int(time.time()) + 3_600},
        {"key": FOREIGN_KEY},
        {"kid": "unknown"},
        {"algorithm": "PS256"},
        {"key": "a shared secret of thirty-two bytes.", "algorithm": "HS256"},
        {"key": None, "algorithm": "none"},
        {"filler": "x" * 9_000},
    ],
)
def test_a_session_that_is_not_quite_right_is_nobody(
    issuer: None, two_memberships: list[str], bad: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorized({"Authorization": f"Bearer {token(**bad)}"})

    assert authorized({"Authorization": f"Bearer {token()}"})["subject"] == "user-1"


def test_a_good_key_is_not_called_bad_while_the_store_does_not_answer(organization: Any, calls: Calls) -> None:
    guessing = Client(organization.api_key, address="198.51.100.9")
    for _ in range(25):
        calls.begin({0: "timeout"})
        assert guessing.get("/api/v1/me").status_code == HTTPStatus.SERVICE_UNAVAILABLE
    calls.begin()
    assert guessing.get("/api/v1/me").status_code == HTTPStatus.OK


@given(text=st.text(max_size=200))
def test_any_text_as_a_credential_is_refused_and_not_an_error(text: str) -> None:
    assert sessions.claims_of(text) is None
    assert key_id_of(text) is None


# --- API keys and access tokens ---


@contextmanager
def calls() -> Generator[list[str]]:
    """Count the calls to DynamoDB."""
    made: list[str] = []

    def note(model: Any, **_: Any) -> None:
        made.append(model.name)

    events = aws_client("dynamodb").meta.events
    events.register("before-call.dynamodb", note)
    try:
        yield made
    finally:
        events.unregister("before-call.dynamodb", note)


def test_what_is_malformed_costs_no_read_and_the_rest_one(organization: Any) -> None:
    key = organization.api_key
    malformed = ["sk_", key[:-1], key + "a", key.swapcase(), key[:30] + key[31] + key[30] + key[32:], "pat_" + key[8:]]
    Client(key).get("/api/v1/me").ok()

    with calls() as made:
        for text in [*malformed, "omni_" + "a" * 50, "sk_prod_" + key[8:]]:
            assert Client(text).get("/api/v1/me").status_code == HTTPStatus.UNAUTHORIZED
    assert made == []

    with calls() as made:
        authorized({"Authorization": f"Bearer {key}"})
        Client(a_key()).get("/api/v1/me")
    assert made == ["GetItem", "GetItem"]


@given(prefix=st.sampled_from(["sk_live_", "sk_test_", "pat_"]))
def test_a_text_is_its_public_part_and_a_secret(prefix: str) -> None:
    public = new_public_part(prefix)
    one, two = whole(public), whole(public)

    assert one != two
    assert public_part(one) == public_part(two) == public
    assert key_id_of(one) == key_id_of(two) == public[-12:]


def test_under_a_seed_a_text_is_made_whole_again() -> None:
    from whimbrel import chance

    with chance.seeded(b"seed", 1_700_000_000_000):
        text = a_key()
        again = whole(public_part(text))
    with chance.seeded(b"other seed", 1_700_000_000_000):
        other = whole(public_part(text))

    assert again == text != other


def test_a_key_is_of_one_organization_only(organization: Any, other: Client) -> None:
    named = {"X-Organization-Id": organization.id}

    assert Client(organization.api_key, headers=named).get("/api/v1/me").status_code == HTTPStatus.OK
    assert Client(other.token, headers=named).get("/api/v1/me").json()["code"] == "not-a-member"


def test_an_answer_that_was_kept_does_not_outlive_the_credential(organization: Any) -> None:
    context = authorized({"Authorization": f"Bearer {organization.api_key}"})

    assert Caller.of_context(context).subject == Caller.of_context(context).credential_id
    with pytest.raises(Unauthenticated):
        Caller.of_context(context | {"validUntil": str(int(time.time()))})


def auth_item(text: str) -> dict[str, Any]:
    return aws_client("dynamodb").get_item(TableName="auth", Key={"pk": {"S": f"KEY#{key_id_of(text)}"}})["Item"]


def set_auth_item(text: str, **changes: dict[str, str]) -> None:
    aws_client("dynamodb").put_item(TableName="auth", Item=auth_item(text) | changes)


def test_the_use_of_a_key_is_noted_once_an_hour(organization: Any) -> None:
    client = Client(organization.api_key)
    client.get("/api/v1/me").ok()
    first = int(auth_item(organization.api_key)["last_used"]["N"])
    assert first == pytest.approx(time.time(), abs=60)

    client.get("/api/v1/me").ok()
    with calls() as made:
        authorized({"Authorization": f"Bearer {organization.api_key}"})
    assert made == ["GetItem"]

    set_auth_item(organization.api_key, last_used={"N": str(first - 3_600)})
    with calls() as made:
        authorized({"Authorization": f"Bearer {organization.api_key}"})
    assert made == ["GetItem", "UpdateItem"]
    assert int(auth_item(organization.api_key)["last_used"]["N"]) >= first


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDeniedException"])
def test_a_use_that_cannot_be_noted_is_allowed(organization: Any, code: str) -> None:
    from botocore.exceptions import ClientError

    def refuse(model: Any, **_: Any) -> None:
        if model.name == "UpdateItem":
            raise ClientError({"Error": {"Code": code}}, "UpdateItem")

    events = aws_client("dynamodb").meta.events
    events.register("before-call.dynamodb", refuse)
    try:
        assert authorized({"Authorization": f"Bearer {organization.api_key}"})["kind"] == "API_KEY"
    finally:
        events.unregister("before-call.dynamodb", refuse)


def rotate_secret() -> None:
    """Give the platform's secret a new version, as seen by a process that starts afterwards."""
    boto3.client("secretsmanager").put_secret_value(SecretId="whimbrel/secret", SecretString="another secret")
    new_process()


def new_process() -> None:
    secret._secret.cache_clear()
    secret.derived_key.cache_clear()


def test_a_new_pepper_takes_over_on_next_use(organization: Any) -> None:
    client = Client(organization.api_key)
    client.get("/api/v1/me").ok()
    before = auth_item(organization.api_key)["digest"]["S"]

    rotate_secret()

    client.get("/api/v1/me").ok()
    after = auth_item(organization.api_key)["digest"]["S"]
    assert after.partition(":")[0] != before.partition(":")[0]
    rotate_secret()  # the first version is out of use now
    client.get("/api/v1/me").ok()
    assert Client(a_key()).get("/api/v1/me").status_code == HTTPStatus.UNAUTHORIZED


def test_a_pepper_two_versions_old_is_no_longer_known(organization: Any) -> None:
    rotate_secret()
    rotate_secret()

    assert Client(organization.api_key).get("/api/v1/me").status_code == HTTPStatus.UNAUTHORIZED


def test_a_process_of_the_older_pepper_judges_what_a_newer_one_wrote(organization: Any) -> None:
    client = Client(organization.api_key)
    boto3.client("secretsmanager").put_secret_value(SecretId="whimbrel/secret", SecretString="another secret")
    older = secret._secret()
    new_process()
    client.get("/api/v1/me").ok()
    rehashed = auth_item(organization.api_key)["digest"]["S"]
    assert not rehashed.startswith(older["VersionId"])

    with pytest.MonkeyPatch.context() as monkeypatch:
        newer = secret._secret
        monkeypatch.setattr(secret, "_secret", lambda version="": newer(version) if version else older)
        client.get("/api/v1/me").ok()

    assert auth_item(organization.api_key)["digest"]["S"] == rehashed


# --- Sessions ---


def test_a_cognito_access_token_names_its_client(issuer: None, two_memberships: list[str]) -> None:
    def is_good(**claims: Any) -> bool:
        return sessions.claims_of(token(**claims)) is not None

    assert is_good(aud=None, client_id="whimbrel", token_use="access")
    assert is_good(token_use="id")
    assert not is_good(aud=None, client_id="other", token_use="access")
    assert not is_good(aud="other", client_id="whimbrel", token_use="access")
    assert not is_good(aud=None, client_id="whimbrel")
    assert not is_good(aud=None, client_id="whimbrel", token_use="id")
    assert not is_good(token_use="refresh")


def test_without_an_audience_nobody_gets_in(
    issuer: None, two_memberships: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_AUDIENCE", "")
    deployment.cache_clear()

    assert sessions.claims_of(token(aud="")) is None
    assert sessions.claims_of(token(aud=None)) is None


NOT_QUITE_RIGHT: dict[str, dict[str, Any]] = {
    "nobody": {"sub": ""},
    "long name": {"sub": "x" * 257},
    "of the future": {"iat": int(time.time()) + 3_600, "exp": int(time.time()) + 7_200},
    "expired": {"exp": int(time.time()) - 31},
    "too long a life": {"iat": int(time.time()), "exp": int(time.time()) + 86_401},
    "no time": {"exp": "soon"},
    "infinite": {"exp": float("inf")},
    "several issuers": {"iss": [ISSUER]},
    "almost the issuer": {"iss": ISSUER + "/"},
    "several audiences": {"aud": ["whimbrel"]},
}


@pytest.mark.parametrize("claims", NOT_QUITE_RIGHT.values(), ids=NOT_QUITE_RIGHT)
def test_claims_that_are_not_quite_right_are_refused(issuer: None, aws: None, claims: dict[str, Any]) -> None:
    assert sessions.claims_of(signed(claims)) is None
    assert sessions.claims_of(signed({})) is not None


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """A token with the right signature, whatever its claims and header; PyJWT would refuse to make some."""
    now = int(time.time())
    everything = {"iss": ISSUER, "aud": "whimbrel", "sub": "user-1", "iat": now, "exp": now + 3600} | claims
    return signed_raw(json.dumps({"alg": "RS256", "kid": "k1"} | (header or {})), json.dumps(everything))


def signed_raw(header: str, payload: str) -> str:
    head = ".".join(_segment(each.encode("utf-8", "surrogatepass")) for each in (header, payload))
    return f"{head}.{_segment(RSAAlgorithm(RSAAlgorithm.SHA256).sign(head.encode(), KEY))}"


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize("kid", ["../../dev/null", "k1" * 65, "a\\b", "k1\x00", "", 7, None, ["k1"], "k 1"], ids=repr)
def test_a_kid_that_is_none_is_refused_without_a_look(
    issuer: None, aws: None, monkeypatch: pytest.MonkeyPatch, kid: Any
) -> None:
    monkeypatch.setattr(sessions._Keys, "get_signing_key", lambda *_: pytest.fail("looked up"))

    assert sessions.claims_of(signed({}, {"kid": kid})) is None


def test_a_token_says_nothing_about_its_own_keys(issuer: None, aws: None) -> None:
    foreign = json.loads(RSAAlgorithm.to_jwk(FOREIGN_KEY.public_key())) | {"kid": "k1"}
    elsewhere = {"jku": "https://evil.test/jwks", "x5u": "https://evil.test/x5u", "jwk": foreign}
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "whimbrel", "sub": "user-1", "iat": now, "exp": now + 60}
    headers = {"kid": "k1"} | elsewhere

    assert sessions.claims_of(jwt.encode(claims, FOREIGN_KEY, algorithm="RS256", headers=headers)) is None
    assert sessions.claims_of(jwt.encode(claims, KEY, algorithm="RS256", headers=headers)) is not None


@pytest.mark.parametrize(
    ("stage", "url", "outcome"),
    [
        ("local", "http://127.0.0.1:8080/jwks.json", "allowed"),
        ("local", "http://localhost:8080/jwks.json", "allowed"),
        ("local", "http://issuer.test/jwks.json", "refused"),
        ("local", "https://issuer.test/jwks.json", "allowed"),
        ("prod", "http://127.0.0.1:8080/jwks.json", "refused"),
        ("prod", "http://localhost:8080/jwks.json", "refused"),
        ("prod", "https://issuer.test/jwks.json", "allowed"),
        ("prod", "file:///etc/jwks.json", "refused"),
        ("prod", "", "refused"),
    ],
)
def test_the_development_issuer_is_refused_in_every_other_stage(
    aws: None, issuer: None, monkeypatch: pytest.MonkeyPatch, stage: str, url: str, outcome: str
) -> None:
    monkeypatch.setenv("STAGE", stage)
    monkeypatch.setenv("OIDC_JWKS_URL", url)
    deployment.cache_clear()

    assert ("allowed" if sessions.claims_of(token()) else "refused") == outcome


class Publisher:
    """An issuer's JWKS over time: what is published, whether it answers, and how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.published: list[dict[str, Any]] = [jwk(KEY, "k1")]
        self.is_down = False
        self.asked = 0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda keys: self.fetch(keys))  # noqa: PLW0108 (bound)
        sessions._keys.cache_clear()

    def fetch(self, client: jwt.PyJWKClient) -> Any:
        self.asked += 1
        if self.is_down:
            raise jwt.PyJWKClientConnectionError("down")
        client._last_successful_fetch = self.now
        return {"keys": self.published}


def jwk(key: Any, kid: str) -> dict[str, Any]:
    return json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "alg": "RS256"}


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    yield Publisher(monkeypatch)
    sessions._keys.cache_clear()


def test_keys_are_kept_for_five_minutes(aws: None, publisher: Publisher) -> None:
    for passed in (0, 100, 199):
        publisher.now += passed
        assert sessions.claims_of(token())
    assert publisher.asked == 1

    publisher.now += 2
    assert sessions.claims_of(token())
    assert publisher.asked == 2


def test_unknown_keys_have_the_issuer_asked_once_in_thirty_seconds(aws: None, publisher: Publisher) -> None:
    assert sessions.claims_of(token())
    for _ in range(100):
        publisher.now += 0.5
        assert sessions.claims_of(token(kid=f"k{publisher.now}")) is None
    assert publisher.asked <= 3

    publisher.is_down = True
    asked = publisher.asked
    for _ in range(100):
        publisher.now += 0.5
        assert sessions.claims_of(token(kid=f"k{publisher.now}")) is None
    assert publisher.asked - asked <= 2


def test_a_key_that_was_published_early_takes_over_without_a_failure(aws: None, publisher: Publisher) -> None:
    assert sessions.claims_of(token())
    publisher.published.append(jwk(FOREIGN_KEY, "k2"))
    publisher.now += 301

    for second in range(900):
        publisher.now += 1
        if second == 600:
            publisher.published.pop(0)
        signing: dict[str, Any] = {"key": FOREIGN_KEY, "kid": "k2"} if second >= 10 else {}
        assert second % 30 or sessions.claims_of(token(**signing))


def test_the_last_keys_serve_for_a_day_while_the_issuer_is_down(aws: None, publisher: Publisher) -> None:
    assert sessions.claims_of(token())
    publisher.is_down = True

    publisher.now += 86_000
    assert sessions.claims_of(token())
    publisher.now += 301
    assert sessions.claims_of(token())
    publisher.now += 301
    assert sessions.claims_of(token()) is None

    publisher.is_down = False
    assert sessions.claims_of(token())


# Of what tokens are made of, and of what breaks readers of them.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=5,
)
ODD = JSON | st.sampled_from(["k1", "RS256", "HS256", "none", "EdDSA", ISSUER, "whimbrel", 10**400, "9" * 5000, [[]]])
HEADERS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("alg", "kid", "typ", "crit", "b64", "jku", "x5u", "jwk", "x5c", "zip", "cty"), ODD),
)
CLAIMS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("iss", "aud", "sub", "exp", "iat", "nbf", "jti", "token_use", "client_id", "org", "email"), ODD
    ),
)


def as_credential(headers: dict[str, Any], claims: dict[str, Any], signing: str) -> str:
    header = json.dumps({"alg": "RS256", "kid": "k1"} | headers)
    payload = json.dumps(claims)
    if signing == "signed":
        return signed_raw(header, payload)
    return ".".join(_segment(each.encode("utf-8", "surrogatepass")) for each in (header, payload, "signature"))


MANGLED = st.builds(as_credential, HEADERS, CLAIMS, st.sampled_from(["signed", "unsigned"]))
RAW = (
    st.text(max_size=300)
    | st.from_regex(r"[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{0,80}", fullmatch=True)
    | st.from_regex(r"(sk_live_|sk_test_|pat_|omni_)[0-9A-Za-z]{49,51}", fullmatch=True)
    | st.sampled_from(["e" * 100_000, "." * 9_000, _segment(b"[" * 6_000) + ".e30.", _segment(b'{"kid":' * 700) + ".."])
)


def variants(credential: str, at: int) -> list[str]:
    """Return a credential, and it cut, mistyped, doubled and joined wrongly somewhere."""
    at %= len(credential) or 1
    head, tail = credential[:at], credential[at:]
    cuts = [head, tail, head + tail[1:], head + "." + tail, head + "=" + tail[1:], tail + head, head * 2]
    return [credential, *cuts, credential.replace(".", "..", 1), credential.swapcase()]


@pytest.mark.parametrize("batch", range(4))
def test_no_generated_credential_is_let_in_or_an_error(issuer: None, aws: None, batch: int) -> None:
    judged = 0

    @settings(max_examples=260, deadline=None, database=None)
    @given(credential=MANGLED | RAW, at=st.integers(0, 1_000))
    def judge(credential: str, at: int) -> None:
        nonlocal judged
        for text in variants(credential, at):
            judged += 1
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                authorized({"Authorization": f"Bearer {text}"})

    judge()
    assert judged >= 2_500


@pytest.mark.parametrize("header", ["[" * 4_000, '{"kid":' * 1_000], ids=["list", "object"])
def test_a_header_too_deep_to_read_is_nobody_s(issuer: None, aws: None, header: str) -> None:
    assert sessions.claims_of(f"{_segment(header.encode())}.e30.AAAA") is None
