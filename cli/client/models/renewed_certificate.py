from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.certificate import Certificate


T = TypeVar("T", bound="RenewedCertificate")


@_attrs_define
class RenewedCertificate:
    """The new certificate, and what a device needs beside it.

    Attributes:
        certificate (Certificate): A certificate by which a device is known to the broker; its identifier follows from
            device and principal.
        certificate_pem (str):
        ca_chain_pem (str): To verify the broker by.
    """

    certificate: Certificate
    certificate_pem: str
    ca_chain_pem: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        certificate = self.certificate.to_dict()

        certificate_pem = self.certificate_pem

        ca_chain_pem = self.ca_chain_pem

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "certificate": certificate,
                "certificatePem": certificate_pem,
                "caChainPem": ca_chain_pem,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.certificate import Certificate  # noqa: PLC0415

        d = dict(src_dict)
        certificate = Certificate.from_dict(d.pop("certificate"))

        certificate_pem = d.pop("certificatePem")

        ca_chain_pem = d.pop("caChainPem")

        renewed_certificate = cls(
            certificate=certificate,
            certificate_pem=certificate_pem,
            ca_chain_pem=ca_chain_pem,
        )

        renewed_certificate.additional_properties = d
        return renewed_certificate

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
