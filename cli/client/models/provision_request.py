from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ProvisionRequest")


@_attrs_define
class ProvisionRequest:
    """A token, and a request for the certificate it is exchanged for.

    Attributes:
        token (str):
        csr_pem (str): PKCS #10 in PEM: P-256, P-384, or RSA of 2,048 to 4,096 bits.
    """

    token: str
    csr_pem: str

    def to_dict(self) -> dict[str, Any]:
        token = self.token

        csr_pem = self.csr_pem

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "token": token,
                "csrPem": csr_pem,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        token = d.pop("token")

        csr_pem = d.pop("csrPem")

        provision_request = cls(
            token=token,
            csr_pem=csr_pem,
        )

        return provision_request
