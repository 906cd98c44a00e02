from enum import StrEnum


class AnnotationFieldType(StrEnum):
    BOOLEAN = "BOOLEAN"
    DATETIME = "DATETIME"
    ENUM = "ENUM"
    INTEGER = "INTEGER"
    NUMBER = "NUMBER"
    STRING = "STRING"

    def __str__(self) -> str:
        return str(self.value)
