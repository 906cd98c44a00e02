from enum import StrEnum


class AlertRuleTemplateInputLatedatapolicy(StrEnum):
    IGNORE = "ignore"
    NOTIFY = "notify"
    RECORD = "record"

    def __str__(self) -> str:
        return str(self.value)
