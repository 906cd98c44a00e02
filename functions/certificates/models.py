"""What renewing a certificate says and hears."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from whimbrel.bodies import Body, Wire
from whimbrel.domain.provisioning import Certificate
from whimbrel.domain.signing import MAX_PEM_LENGTH


class RenewCertificate(Body):
    """A request for another certificate, by a key that never left the device."""

    csr_pem: Annotated[
        str,
        Field(max_length=MAX_PEM_LENGTH, description="PKCS #10 in PEM: P-256, P-384, or RSA of 2,048 to 4,096 bits."),
    ]


class RenewedCertificate(Wire):
    """The new certificate, and what a device needs beside it."""

    certificate: Certificate
    certificate_pem: str
    ca_chain_pem: Annotated[str, Field(description="To verify the broker by.")]
