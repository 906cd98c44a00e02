from enum import StrEnum


class AlertRuleTemplateLatedatapolicy(StrEnum):
    IGNORE = "ignore"
    NOTIFY = "notify"
    RECORD = "record"

    def __str__(self) -> str:
        return str(self.value)
