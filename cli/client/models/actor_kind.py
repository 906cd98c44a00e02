from enum import StrEnum


class ActorKind(StrEnum):
    ACCESS_TOKEN = "ACCESS_TOKEN"
    API_KEY = "API_KEY"
    DEVICE = "DEVICE"
    OPERATOR = "OPERATOR"
    USER = "USER"

    def __str__(self) -> str:
        return str(self.value)
