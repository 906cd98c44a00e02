from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.actor import Actor
    from ..models.changed_thing import ChangedThing


T = TypeVar("T", bound="AuditEntry")


@_attrs_define
class AuditEntry:
    """One call. ``status`` is its answer's; null if the answer never came, and the change may be there or not.

    Attributes:
        sequence (int): 1 is the organization's first; none is left out.
        id (str):
        at (datetime.datetime):
        actor (Actor): Who did it: an API key, a person, a person's access token, a device, or the platform's operator.
        action (str): The operation, as OpenAPI names it.
        method (str):
        path (str):
        status (int | None):
        source_ip (str):
        user_agent (str):
        request_id (str):
        changes (list[ChangedThing]):
        more_changes (int): How many more things changed than `changes` tells. Default: 0.
        previous_hash (str):
        hash_ (str):
    """

    sequence: int
    id: str
    at: datetime.datetime
    actor: Actor
    action: str
    method: str
    path: str
    status: int | None
    source_ip: str
    user_agent: str
    request_id: str
    changes: list[ChangedThing]
    previous_hash: str
    hash_: str
    more_changes: int = 0
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        sequence = self.sequence

        id = self.id

        at = self.at.isoformat()

        actor = self.actor.to_dict()

        action = self.action

        method = self.method

        path = self.path

        status: int | None
        status = self.status

        source_ip = self.source_ip

        user_agent = self.user_agent

        request_id = self.request_id

        changes = []
        for changes_item_data in self.changes:
            changes_item = changes_item_data.to_dict()
            changes.append(changes_item)

        more_changes = self.more_changes

        previous_hash = self.previous_hash

        hash_ = self.hash_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "sequence": sequence,
                "id": id,
                "at": at,
                "actor": actor,
                "action": action,
                "method": method,
                "path": path,
                "status": status,
                "sourceIp": source_ip,
                "userAgent": user_agent,
                "requestId": request_id,
                "changes": changes,
                "moreChanges": more_changes,
                "previousHash": previous_hash,
                "hash": hash_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.actor import Actor  # noqa: PLC0415
        from ..models.changed_thing import ChangedThing  # noqa: PLC0415

        d = dict(src_dict)
        sequence = d.pop("sequence")

        id = d.pop("id")

        at = datetime.datetime.fromisoformat(d.pop("at"))

        actor = Actor.from_dict(d.pop("actor"))

        action = d.pop("action")

        method = d.pop("method")

        path = d.pop("path")

        def _parse_status(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        status = _parse_status(d.pop("status"))

        source_ip = d.pop("sourceIp")

        user_agent = d.pop("userAgent")

        request_id = d.pop("requestId")

        changes = []
        _changes = d.pop("changes")
        for changes_item_data in _changes:
            changes_item = ChangedThing.from_dict(changes_item_data)

            changes.append(changes_item)

        more_changes = d.pop("moreChanges")

        previous_hash = d.pop("previousHash")

        hash_ = d.pop("hash")

        audit_entry = cls(
            sequence=sequence,
            id=id,
            at=at,
            actor=actor,
            action=action,
            method=method,
            path=path,
            status=status,
            source_ip=source_ip,
            user_agent=user_agent,
            request_id=request_id,
            changes=changes,
            more_changes=more_changes,
            previous_hash=previous_hash,
            hash_=hash_,
        )

        audit_entry.additional_properties = d
        return audit_entry

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
