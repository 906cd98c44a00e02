from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.broker import Broker
    from ..models.topics import Topics


T = TypeVar("T", bound="Provisioned")


@_attrs_define
class Provisioned:
    """All that a device needs to connect; its private key never left it.

    Attributes:
        device_id (str):
        organization_id (str):
        certificate_pem (str):
        ca_chain_pem (str): To verify the broker by.
        not_after (datetime.datetime):
        mqtt (Broker): Where a device connects, by TLS 1.2 or later with its certificate, and as what.
        topics (Topics): Where a device may speak and listen.
    """

    device_id: str
    organization_id: str
    certificate_pem: str
    ca_chain_pem: str
    not_after: datetime.datetime
    mqtt: Broker
    topics: Topics
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        organization_id = self.organization_id

        certificate_pem = self.certificate_pem

        ca_chain_pem = self.ca_chain_pem

        not_after = self.not_after.isoformat()

        mqtt = self.mqtt.to_dict()

        topics = self.topics.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "deviceId": device_id,
                "organizationId": organization_id,
                "certificatePem": certificate_pem,
                "caChainPem": ca_chain_pem,
                "notAfter": not_after,
                "mqtt": mqtt,
                "topics": topics,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.broker import Broker  # noqa: PLC0415
        from ..models.topics import Topics  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("deviceId")

        organization_id = d.pop("organizationId")

        certificate_pem = d.pop("certificatePem")

        ca_chain_pem = d.pop("caChainPem")

        not_after = datetime.datetime.fromisoformat(d.pop("notAfter"))

        mqtt = Broker.from_dict(d.pop("mqtt"))

        topics = Topics.from_dict(d.pop("topics"))

        provisioned = cls(
            device_id=device_id,
            organization_id=organization_id,
            certificate_pem=certificate_pem,
            ca_chain_pem=ca_chain_pem,
            not_after=not_after,
            mqtt=mqtt,
            topics=topics,
        )

        provisioned.additional_properties = d
        return provisioned

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
