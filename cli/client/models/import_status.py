from enum import StrEnum


class ImportStatus(StrEnum):
    FAILED = "FAILED"
    PARTIAL = "PARTIAL"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    WAITING = "WAITING"

    def __str__(self) -> str:
        return str(self.value)
