from enum import StrEnum


class AnnotationSource(StrEnum):
    ANALYTICS = "ANALYTICS"
    EXTERNAL = "EXTERNAL"
    MANUAL = "MANUAL"
    ML_INFERENCE = "ML_INFERENCE"
    REFERENCE = "REFERENCE"
    RULE = "RULE"

    def __str__(self) -> str:
        return str(self.value)
