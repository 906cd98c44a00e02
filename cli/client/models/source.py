from enum import StrEnum


class Source(StrEnum):
    HTTP = "HTTP"
    MQTT = "MQTT"

    def __str__(self) -> str:
        return str(self.value)
