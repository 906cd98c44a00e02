from enum import StrEnum


class ImportFormat(StrEnum):
    CSV = "CSV"
    PARQUET = "PARQUET"

    def __str__(self) -> str:
        return str(self.value)
