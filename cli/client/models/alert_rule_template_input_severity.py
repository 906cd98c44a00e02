from enum import StrEnum


class AlertRuleTemplateInputSeverity(StrEnum):
    CRITICAL = "CRITICAL"
    INFO = "INFO"
    WARNING = "WARNING"

    def __str__(self) -> str:
        return str(self.value)
