"""Certificate signing requests: which ones deserve a certificate.

Who a device is follows from the thing its certificate is attached to, not from the subject: IoT Core keeps the
request's subject, and nothing here reads it. It is only refused where it names another device.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple, NoReturn

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from whimbrel.domain.provisioning import VALIDITY
from whimbrel.ids import DeviceId, Id
from whimbrel.problems import InvalidRequest

MAX_PEM_LENGTH = 8_192
RSA_BITS = range(2_048, 4_097)
"""More would let a stranger choose how long a signature takes to check."""
RSA_EXPONENT = 65_537
CURVES = (ec.SECP256R1, ec.SECP384R1)
HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)

MALFORMED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a request raises; the last three are no ValueErrors."""


class SigningRequest(NamedTuple):
    """A request that deserves a certificate, and the SHA-256 of its public key (DER, in hex)."""

    pem: str
    key: str


def signing_request(pem: str, device_id: DeviceId) -> SigningRequest:
    """Return the request that *pem* is.

    Raises:
        InvalidRequest: it is none; its signature does not prove possession of the key; the key or the hash is weak;
            it asks for an authority's certificate; its subject names another device than *device_id*.
    """
    if len(pem) > MAX_PEM_LENGTH:
        _refuse(f"it exceeds {MAX_PEM_LENGTH} characters", "too-long")
    try:
        csr = x509.load_pem_x509_csr(pem.encode())
        key = csr.public_key()
        _check_key(key)
        if not isinstance(csr.signature_hash_algorithm, HASHES):
            _refuse("sign it with SHA-256, SHA-384 or SHA-512", "weak-signature")
        if not csr.is_signature_valid:
            _refuse("its signature is not by the key inside", "bad-signature")
        _check_claims(csr, device_id)
    except MALFORMED as error:
        raise InvalidRequest.of("csrPem", "it is not a PKCS #10 request in PEM", code="malformed-csr") from error
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    # Spelled by us: whatever surrounded the request in the text goes no further.
    return SigningRequest(csr.public_bytes(Encoding.PEM).decode(), sha256(spki).hexdigest())


def valid_until(certificate_pem: str, issued_at: datetime) -> datetime:
    """Return when a certificate ends: by its own date, or by ours if that is sooner."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    # Our own year, cut to the second as the certificate's date is.
    return min(certificate.not_valid_after_utc, issued_at.replace(microsecond=0) + VALIDITY)


def _check_key(key: object) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size not in RSA_BITS:
            _refuse("an RSA key must have 2,048 to 4,096 bits", "weak-key")
        if key.public_numbers().e != RSA_EXPONENT:
            _refuse("an RSA key must have the exponent 65537", "weak-key")
    elif not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES)):
        _refuse("use a key on P-256 or P-384, or RSA", "weak-key")


def _check_claims(csr: x509.CertificateSigningRequest, device_id: DeviceId) -> None:
    for extension in csr.extensions:
        if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
            _refuse("a device is not a certificate authority", "certificate-authority")
    for attribute in csr.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
        if Id.is_valid(str(attribute.value)) and attribute.value != device_id:
            _refuse("its subject names another device", "foreign-subject")


def _refuse(message: str, code: str) -> NoReturn:
    raise InvalidRequest.of("csrPem", message, code=code)
