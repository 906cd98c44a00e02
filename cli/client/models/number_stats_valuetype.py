from enum import StrEnum


class NumberStatsValuetype(StrEnum):
    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"

    def __str__(self) -> str:
        return str(self.value)
