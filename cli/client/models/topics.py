from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Topics")


@_attrs_define
class Topics:
    """Where a device may speak and listen.

    Attributes:
        readings (str):
        readings_basic_ingest (str): The same, without a retained or fanned out message: cheaper.
        commands (str):
        commands_response (str):
        health (str):
        status (str):
        config_reported (str):
    """

    readings: str
    readings_basic_ingest: str
    commands: str
    commands_response: str
    health: str
    status: str
    config_reported: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        readings = self.readings

        readings_basic_ingest = self.readings_basic_ingest

        commands = self.commands

        commands_response = self.commands_response

        health = self.health

        status = self.status

        config_reported = self.config_reported

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "readings": readings,
                "readingsBasicIngest": readings_basic_ingest,
                "commands": commands,
                "commandsResponse": commands_response,
                "health": health,
                "status": status,
                "configReported": config_reported,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        readings = d.pop("readings")

        readings_basic_ingest = d.pop("readingsBasicIngest")

        commands = d.pop("commands")

        commands_response = d.pop("commandsResponse")

        health = d.pop("health")

        status = d.pop("status")

        config_reported = d.pop("configReported")

        topics = cls(
            readings=readings,
            readings_basic_ingest=readings_basic_ingest,
            commands=commands,
            commands_response=commands_response,
            health=health,
            status=status,
            config_reported=config_reported,
        )

        topics.additional_properties = d
        return topics

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
