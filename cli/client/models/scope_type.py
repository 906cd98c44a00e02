from enum import StrEnum


class ScopeType(StrEnum):
    COMPONENT = "COMPONENT"
    DEVICE = "DEVICE"
    SENSOR = "SENSOR"
    SITE = "SITE"

    def __str__(self) -> str:
        return str(self.value)
