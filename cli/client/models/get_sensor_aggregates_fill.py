from enum import StrEnum


class GetSensorAggregatesFill(StrEnum):
    LINEAR = "linear"
    NONE = "none"
    NULL = "null"
    PREVIOUS = "previous"

    def __str__(self) -> str:
        return str(self.value)
