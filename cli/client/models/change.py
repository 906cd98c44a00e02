from enum import StrEnum


class Change(StrEnum):
    ADDITIVE = "ADDITIVE"
    BREAKING = "BREAKING"
    INITIAL = "INITIAL"
    NONE = "NONE"

    def __str__(self) -> str:
        return str(self.value)
