from enum import StrEnum


class ValueConditionInputOperator(StrEnum):
    CONTAINS = "CONTAINS"
    EQ = "EQ"
    GT = "GT"
    GTE = "GTE"
    IS_FALSE = "IS_FALSE"
    IS_TRUE = "IS_TRUE"
    LT = "LT"
    LTE = "LTE"
    NEQ = "NEQ"

    def __str__(self) -> str:
        return str(self.value)
