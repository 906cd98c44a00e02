from enum import StrEnum


class MeKind(StrEnum):
    ACCESS_TOKEN = "ACCESS_TOKEN"
    API_KEY = "API_KEY"
    USER = "USER"

    def __str__(self) -> str:
        return str(self.value)
