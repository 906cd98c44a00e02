"""Tokens, claims, certificates and signing requests: the rules, without AWS."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain.provisioning import (
    LEASE_MS,
    OVERLAP,
    VALIDITY,
    Certificate,
    CertificateId,
    CertificateStatus,
    Claim,
    ClaimState,
    RegistrationTokenId,
    Token,
    TokenClaimed,
    TokenSpent,
)
from whimbrel.domain.signing import MAX_PEM_LENGTH, signing_request, valid_until
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.problems import InvalidRequest, Problem

DEVICE = DeviceId.new()
KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def builder(common_name: str = "", extension: Any = None) -> x509.CertificateSigningRequestBuilder:
    names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    return made.add_extension(extension, critical=False) if extension else made


def pem(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


def signed(key: Any = KEY, algorithm: Any = None, **parts: Any) -> bytes:
    plain = isinstance(key, ed25519.Ed25519PrivateKey)
    return builder(**parts).sign(key, None if plain else algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def code_of(der_or_text: bytes | str) -> str:
    text = der_or_text if isinstance(der_or_text, str) else pem(der_or_text)
    with pytest.raises(InvalidRequest) as refusal:
        signing_request(text, DEVICE)
    [error] = refusal.value.errors
    assert error.field == "csrPem"
    return error.code


@pytest.mark.parametrize("key", [KEY, ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65_537, 2_048)])
@pytest.mark.parametrize("common_name", ["", "warehouse-gateway-01", DEVICE], ids=["none", "name", "id"])
def test_a_sound_request_is_known_by_its_public_key(key: Any, common_name: str) -> None:
    request = signing_request("for pump 4:\n" + pem(signed(key, common_name=common_name)), DEVICE)
    again = signing_request(pem(signed(key, algorithm=hashes.SHA384())), DEVICE)

    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert request.key == again.key == digest.finalize().hex()
    assert request.pem.startswith("-----BEGIN CERTIFICATE REQUEST-----")


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65_537, 1_024),  # noqa: S505
        rsa.generate_private_key(3, 2_048),
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
)
def test_a_weak_or_unusual_key_is_refused(key: Any) -> None:
    assert code_of(signed(key)) == "weak-key"


def test_a_huge_key_is_refused_before_its_signature_is_checked() -> None:
    key = rsa.RSAPublicNumbers(65_537, 1 << 32_767 | 1).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    version, subject, attributes = b"\x02\x01\x00", sequence(b""), b"\xa0\x00"
    sha256_with_rsa = bytes.fromhex("300d06092a864886f70d01010b0500")

    assert (
        code_of(sequence(sequence(version + subject + spki + attributes) + sha256_with_rsa + b"\x03\x01\x00"))
        == "weak-key"
    )


def sequence(inside: bytes) -> bytes:
    size = len(inside)
    long_form = size.to_bytes((size.bit_length() + 7) // 8)
    return b"\x30" + (bytes([size]) if size < 0x80 else bytes([0x80 | len(long_form)]) + long_form) + inside


def test_an_exponent_of_one_is_refused() -> None:
    der = signed(rsa.generate_private_key(65_537, 2_048))
    assert der.count(b"\x02\x03\x01\x00\x01") == 1

    assert code_of(der.replace(b"\x02\x03\x01\x00\x01", b"\x02\x03\x00\x00\x01")) in {"malformed-csr", "weak-key"}
    assert code_of(der.replace(b"\x02\x03\x01\x00\x01", b"\x02\x03\x01\x00\x03")) == "weak-key"


def test_a_signature_by_another_key_is_refused() -> None:
    mine, theirs = signed(), signed(ec.generate_private_key(ec.SECP256R1()))
    public = [
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for key in (x509.load_der_x509_csr(der).public_key() for der in (mine, theirs))
    ]

    assert code_of(mine.replace(public[0], public[1])) == "bad-signature"


def test_a_weak_hash_is_refused() -> None:
    key = rsa.generate_private_key(65_537, 2_048)
    to_be_signed = x509.load_der_x509_csr(signed(key)).tbs_certrequest_bytes
    signature = key.sign(to_be_signed, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 (that it is weak is the point)
    sha1_with_rsa = bytes.fromhex("300d06092a864886f70d0101050500")
    bit_string = b"\x03\x82\x01\x01\x00" + signature

    assert code_of(sequence(to_be_signed + sha1_with_rsa + bit_string)) == "weak-signature"


def test_an_authority_is_refused_and_other_wishes_are_ignored() -> None:
    assert code_of(signed(extension=x509.BasicConstraints(ca=True, path_length=None))) == "certificate-authority"
    signing_request(pem(signed(extension=x509.BasicConstraints(ca=False, path_length=None))), DEVICE)
    signing_request(pem(signed(extension=x509.SubjectAlternativeName([x509.DNSName("example.org")]))), DEVICE)


def test_a_subject_that_names_another_device_is_refused() -> None:
    assert code_of(signed(common_name=DeviceId.new())) == "foreign-subject"


def test_a_request_has_a_limit() -> None:
    padded = pem(signed()) + " " * MAX_PEM_LENGTH

    assert code_of(padded) == "too-long"
    signing_request(padded[:MAX_PEM_LENGTH], DEVICE)


@given(st.text(max_size=200))
def test_no_text_but_a_request_is_one(text: str) -> None:
    assert code_of(text) == "malformed-csr"


SOUND = signed(common_name="pump", extension=x509.SubjectAlternativeName([x509.DNSName("example.org")]))


@given(st.integers(0, 9_999), st.integers(1, 255))
def test_damage_to_what_is_signed_is_refused_and_does_nothing_worse(at: int, flipped: int) -> None:
    to_be_signed = x509.load_der_x509_csr(SOUND).tbs_certrequest_bytes
    der = bytearray(SOUND)
    der[at % len(der)] ^= flipped

    # A signature can be spelled in more than one way.
    with suppress(InvalidRequest):
        signing_request(pem(bytes(der)), DEVICE)
        assert to_be_signed in der


@given(st.text(max_size=300))
def test_what_is_no_token_reads_as_one_that_nobody_has(text: str) -> None:
    first, second = Token.parse(text), Token.parse(text)

    assert first != second
    assert text not in {first.text, second.text}


@given(st.uuids(), st.uuids(), st.from_regex(r"[A-Za-z0-9_-]{32}", fullmatch=True))
def test_what_looks_like_a_token_is_read_as_it_stands(token_id: UUID, device_id: UUID, secret: str) -> None:
    assert Token.parse(f"{token_id}.{device_id}.{secret}") == (str(token_id), str(device_id), secret)


def test_a_token_is_read_as_it_was_written_and_every_part_counts() -> None:
    token = Token.new(DEVICE)
    others = [
        token._replace(id=RegistrationTokenId.new()),
        token._replace(device_id=DeviceId.new()),
        token._replace(secret=token.secret[::-1]),
    ]

    assert Token.parse(token.text) == token
    assert len({token.digest(b"k"), token.digest(b"j"), *(other.digest(b"k") for other in others)}) == 5


CLAIM = Claim(
    token_id=RegistrationTokenId.new(), device_id=DEVICE, organization_id=OrganizationId.new(), expires_ms=1_000_000
)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """Claims as the exchange makes them: by one of three keys, at any time, however far."""
    claim = CLAIM
    for _ in range(draw(st.integers(0, 3))):
        claim = claim.claimed(draw(st.sampled_from("abc")), draw(st.integers(0, 999_999)))
        if draw(st.booleans()):
            claim = claim.next_version(certificate_id="i", certificate_arn="arn", certificate_pem="pem")
            if draw(st.booleans()):
                return claim.next_version(state=ClaimState.USED)
    return claim.next_version(state=ClaimState.REVOKED) if draw(st.booleans()) else claim


@given(claims(), st.sampled_from("abc"), st.integers(0, 1_100_000))
def test_who_may_go_on_with_a_token(claim: Claim, key: str, now_ms: int) -> None:
    admitted: type[Problem] | None = None
    try:
        claim.admit(key, now_ms)
    except (TokenClaimed, TokenSpent) as refusal:
        admitted = type(refusal)

    wanted: type[Problem] | None
    match claim.state:
        case ClaimState.USED:
            wanted = None if key == claim.key else TokenSpent
        case ClaimState.REVOKED:
            wanted = TokenSpent
        case _ if now_ms >= claim.expires_ms:
            wanted = TokenSpent
        case _:
            wanted = TokenClaimed if key != claim.key and now_ms < claim.lease_ms else None
    assert admitted is wanted


@given(claims(), st.sampled_from("abc"), st.integers(0, 1_100_000))
def test_a_claim_keeps_what_was_issued_to_its_key_only(claim: Claim, key: str, now_ms: int) -> None:
    taken = claim.claimed(key, now_ms)

    assert taken.is_held_by(key, now_ms)
    assert taken.is_held_by(key, now_ms + LEASE_MS - 1)
    assert not taken.is_held_by(key, now_ms + LEASE_MS)
    assert taken.version == claim.version + 1
    assert taken.certificate_pem == (claim.certificate_pem if key == claim.key else "")
    assert replace(taken, certificate_pem="", certificate_arn="", certificate_id="") == replace(
        CLAIM, state=ClaimState.CLAIMED, version=taken.version, key=key, lease_ms=now_ms + LEASE_MS
    )


def a_certificate(not_after: datetime) -> Certificate:
    return Certificate(
        id=CertificateId.new(), device_id=DEVICE, principal="0" * 64, public_key_sha256="0" * 64, not_after=not_after
    )


@given(st.integers(-10, 400))
def test_renewal_shortens_and_never_prolongs(days: int) -> None:
    certificate = a_certificate(NOW + timedelta(days=days))

    renewed = certificate.superseded(NOW)

    assert renewed.not_after == min(certificate.not_after, NOW + OVERLAP)
    assert renewed.is_due(NOW)
    assert renewed.superseded(NOW) is renewed


def test_revoking_is_for_good() -> None:
    revoked = a_certificate(NOW + VALIDITY).revoked(NOW)

    assert (revoked.status, revoked.revoked_at) == (CertificateStatus.REVOKED, NOW)
    assert revoked.revoked(NOW + timedelta(1)) is revoked.superseded(NOW) is revoked


@pytest.mark.parametrize(("days", "wanted"), [(30, timedelta(days=30)), (9_000, VALIDITY)])
def test_a_certificate_ends_by_its_own_date_or_by_ours(days: int, wanted: timedelta) -> None:
    issued = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=days))
        .sign(KEY, hashes.SHA256())
    )

    assert valid_until(issued.public_bytes(Encoding.PEM).decode(), NOW) == NOW + wanted
