"""Who gets in: API keys, and sessions of an OpenID Connect issuer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from functions.authorizer import sessions
from functions.organizations.operator import handler as operator
from tests.gateway import Client, authorized
from whimbrel.domain.credentials import ALPHABET, key_id_of, new_api_key

ISSUER = "https://issuer.whimbrel.test"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FOREIGN_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Publish the issuer's key without a network."""
    published = json.loads(RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k1", "alg": "RS256"}
    monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda _: {"keys": [published]})
    sessions._keys.cache_clear()
    yield
    sessions._keys.cache_clear()


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
    assert Client(new_api_key("live").text).get("/api/v1/me").status_code == HTTPStatus.UNAUTHORIZED


def test_a_right_identifier_with_a_wrong_secret_is_nobody(organization: Any) -> None:
    right, wrong = organization.api_key, new_api_key("live").text
    from whimbrel.domain import credentials

    body = right[:20] + wrong[20:-6]

    forged = body + credentials._checksum(body)

    assert key_id_of(forged) == key_id_of(right)
    assert Client(forged).get("/api/v1/me").status_code == HTTPStatus.UNAUTHORIZED


@given(position=st.integers(8, 57), character=st.sampled_from(ALPHABET))
def test_no_typing_error_passes_the_checksum(position: int, character: str) -> None:
    key = new_api_key("test").text
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


@given(text=st.text(max_size=200))
def test_any_text_as_a_credential_is_refused_and_not_an_error(text: str) -> None:
    assert sessions.claims_of(text) is None
    assert key_id_of(text) is None
