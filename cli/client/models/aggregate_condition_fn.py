from enum import StrEnum


class AggregateConditionFn(StrEnum):
    AVG = "avg"
    COUNT = "count"
    MAX = "max"
    MIN = "min"

    def __str__(self) -> str:
        return str(self.value)
