from enum import StrEnum


class BatchQueryFill(StrEnum):
    LINEAR = "linear"
    NONE = "none"
    NULL = "null"
    PREVIOUS = "previous"

    def __str__(self) -> str:
        return str(self.value)
