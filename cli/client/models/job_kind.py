from enum import StrEnum


class JobKind(StrEnum):
    DELETE_ORGANIZATION = "DELETE_ORGANIZATION"
    DELETE_READINGS = "DELETE_READINGS"
    DISCARD_QUARANTINE = "DISCARD_QUARANTINE"
    IMPORT = "IMPORT"
    PURGE_DEVICE = "PURGE_DEVICE"
    REPLAY_QUARANTINE = "REPLAY_QUARANTINE"

    def __str__(self) -> str:
        return str(self.value)
