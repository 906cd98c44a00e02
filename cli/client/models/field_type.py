from enum import StrEnum


class FieldType(StrEnum):
    ARRAY = "ARRAY"
    BIGINT = "BIGINT"
    BOOLEAN = "BOOLEAN"
    DOUBLE = "DOUBLE"
    ENUM = "ENUM"
    TEXT = "TEXT"

    def __str__(self) -> str:
        return str(self.value)
