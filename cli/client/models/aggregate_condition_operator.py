from enum import StrEnum


class AggregateConditionOperator(StrEnum):
    EQ = "EQ"
    GT = "GT"
    GTE = "GTE"
    LT = "LT"
    LTE = "LTE"
    NEQ = "NEQ"

    def __str__(self) -> str:
        return str(self.value)
