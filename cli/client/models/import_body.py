from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.import_format import ImportFormat
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.import_body_devices import ImportBodyDevices
    from ..models.import_columns_input import ImportColumnsInput


T = TypeVar("T", bound="ImportBody")


@_attrs_define
class ImportBody:
    """What the file is, and what is in it.

    Attributes:
        format_ (ImportFormat): How a file of readings is written.
        device_id (None | str | Unset): Whose readings they are, where the file does not say.
        columns (ImportColumnsInput | Unset): What the file calls our columns, where it has names of its own.
        devices (ImportBodyDevices | Unset): Which device is meant by what the file has for a `deviceId`.
    """

    format_: ImportFormat
    device_id: None | str | Unset = UNSET
    columns: ImportColumnsInput | Unset = UNSET
    devices: ImportBodyDevices | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        format_ = self.format_.value

        device_id: None | str | Unset
        if isinstance(self.device_id, Unset):
            device_id = UNSET
        else:
            device_id = self.device_id

        columns: dict[str, Any] | Unset = UNSET
        if not isinstance(self.columns, Unset):
            columns = self.columns.to_dict()

        devices: dict[str, Any] | Unset = UNSET
        if not isinstance(self.devices, Unset):
            devices = self.devices.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "format": format_,
            }
        )
        if device_id is not UNSET:
            field_dict["deviceId"] = device_id
        if columns is not UNSET:
            field_dict["columns"] = columns
        if devices is not UNSET:
            field_dict["devices"] = devices

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.import_body_devices import ImportBodyDevices  # noqa: PLC0415
        from ..models.import_columns_input import ImportColumnsInput  # noqa: PLC0415

        d = dict(src_dict)
        format_ = ImportFormat(d.pop("format"))

        def _parse_device_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        device_id = _parse_device_id(d.pop("deviceId", UNSET))

        _columns = d.pop("columns", UNSET)
        columns: ImportColumnsInput | Unset
        if isinstance(_columns, Unset):
            columns = UNSET
        else:
            columns = ImportColumnsInput.from_dict(_columns)

        _devices = d.pop("devices", UNSET)
        devices: ImportBodyDevices | Unset
        if isinstance(_devices, Unset):
            devices = UNSET
        else:
            devices = ImportBodyDevices.from_dict(_devices)

        import_body = cls(
            format_=format_,
            device_id=device_id,
            columns=columns,
            devices=devices,
        )

        return import_body
