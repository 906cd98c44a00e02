from enum import StrEnum


class DeviceStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    MAINTENANCE = "MAINTENANCE"
    OFFLINE = "OFFLINE"
    PENDING = "PENDING"

    def __str__(self) -> str:
        return str(self.value)
