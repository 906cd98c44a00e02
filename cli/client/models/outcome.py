from enum import StrEnum


class Outcome(StrEnum):
    FAILED = "FAILED"
    INVALID = "INVALID"
    REGISTERED = "REGISTERED"

    def __str__(self) -> str:
        return str(self.value)
