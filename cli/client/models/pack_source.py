from enum import StrEnum


class PackSource(StrEnum):
    SHIPPED = "SHIPPED"
    UPLOADED = "UPLOADED"

    def __str__(self) -> str:
        return str(self.value)
