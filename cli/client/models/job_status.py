from enum import StrEnum


class JobStatus(StrEnum):
    FAILED = "FAILED"
    PARTIAL = "PARTIAL"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"

    def __str__(self) -> str:
        return str(self.value)
