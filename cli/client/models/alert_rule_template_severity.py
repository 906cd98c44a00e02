from enum import StrEnum


class AlertRuleTemplateSeverity(StrEnum):
    CRITICAL = "CRITICAL"
    INFO = "INFO"
    WARNING = "WARNING"

    def __str__(self) -> str:
        return str(self.value)
