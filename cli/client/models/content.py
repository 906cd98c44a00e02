from enum import StrEnum


class Content(StrEnum):
    ANNOTATIONS = "ANNOTATIONS"
    READINGS = "READINGS"

    def __str__(self) -> str:
        return str(self.value)
