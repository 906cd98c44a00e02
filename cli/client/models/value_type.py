from enum import StrEnum


class ValueType(StrEnum):
    BIGINT = "BIGINT"
    BOOLEAN = "BOOLEAN"
    DOUBLE = "DOUBLE"
    TEXT = "TEXT"

    def __str__(self) -> str:
        return str(self.value)
