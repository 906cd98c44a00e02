from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="RenewCertificate")


@_attrs_define
class RenewCertificate:
    """A request for another certificate, by a key that never left the device.

    Attributes:
        csr_pem (str): PKCS #10 in PEM: P-256, P-384, or RSA of 2,048 to 4,096 bits.
    """

    csr_pem: str

    def to_dict(self) -> dict[str, Any]:
        csr_pem = self.csr_pem

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "csrPem": csr_pem,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        csr_pem = d.pop("csrPem")

        renew_certificate = cls(
            csr_pem=csr_pem,
        )

        return renew_certificate
