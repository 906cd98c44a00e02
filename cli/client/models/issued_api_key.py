from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.issued_api_key_scopes_item import IssuedApiKeyScopesItem

T = TypeVar("T", bound="IssuedApiKey")


@_attrs_define
class IssuedApiKey:
    """An API key with its text, for the one answer that shows it.

    Attributes:
        id (str):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        name (str):
        prefix (str): How its text begins: the public part, to recognize it by.
        expires_at (datetime.datetime | None):
        last_used_at (datetime.datetime | None): To the hour.
        scopes (list[IssuedApiKeyScopesItem]):
        requests_per_second (int | None):
        created_by (str):
        previous_valid_until (datetime.datetime | None): Until when the secret before the last rotation works, too.
        key (str): The secret. Shown once; it cannot be had again.
    """

    id: str
    created_at: datetime.datetime
    updated_at: datetime.datetime
    name: str
    prefix: str
    expires_at: datetime.datetime | None
    last_used_at: datetime.datetime | None
    scopes: list[IssuedApiKeyScopesItem]
    requests_per_second: int | None
    created_by: str
    previous_valid_until: datetime.datetime | None
    key: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        name = self.name

        prefix = self.prefix

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        last_used_at: None | str
        if isinstance(self.last_used_at, datetime.datetime):
            last_used_at = self.last_used_at.isoformat()
        else:
            last_used_at = self.last_used_at

        scopes = []
        for scopes_item_data in self.scopes:
            scopes_item = scopes_item_data.value
            scopes.append(scopes_item)

        requests_per_second: int | None
        requests_per_second = self.requests_per_second

        created_by = self.created_by

        previous_valid_until: None | str
        if isinstance(self.previous_valid_until, datetime.datetime):
            previous_valid_until = self.previous_valid_until.isoformat()
        else:
            previous_valid_until = self.previous_valid_until

        key = self.key

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "name": name,
                "prefix": prefix,
                "expiresAt": expires_at,
                "lastUsedAt": last_used_at,
                "scopes": scopes,
                "requestsPerSecond": requests_per_second,
                "createdBy": created_by,
                "previousValidUntil": previous_valid_until,
                "key": key,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        name = d.pop("name")

        prefix = d.pop("prefix")

        def _parse_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        expires_at = _parse_expires_at(d.pop("expiresAt"))

        def _parse_last_used_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_used_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_used_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_used_at = _parse_last_used_at(d.pop("lastUsedAt"))

        scopes = []
        _scopes = d.pop("scopes")
        for scopes_item_data in _scopes:
            scopes_item = IssuedApiKeyScopesItem(scopes_item_data)

            scopes.append(scopes_item)

        def _parse_requests_per_second(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        requests_per_second = _parse_requests_per_second(d.pop("requestsPerSecond"))

        created_by = d.pop("createdBy")

        def _parse_previous_valid_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                previous_valid_until_type_0 = datetime.datetime.fromisoformat(data)

                return previous_valid_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        previous_valid_until = _parse_previous_valid_until(d.pop("previousValidUntil"))

        key = d.pop("key")

        issued_api_key = cls(
            id=id,
            created_at=created_at,
            updated_at=updated_at,
            name=name,
            prefix=prefix,
            expires_at=expires_at,
            last_used_at=last_used_at,
            scopes=scopes,
            requests_per_second=requests_per_second,
            created_by=created_by,
            previous_valid_until=previous_valid_until,
            key=key,
        )

        issued_api_key.additional_properties = d
        return issued_api_key

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
