from enum import StrEnum


class WidgetType(StrEnum):
    ALERT_LIST = "ALERT_LIST"
    ANNOTATION_TIMELINE = "ANNOTATION_TIMELINE"
    AREA = "AREA"
    BAR = "BAR"
    CAMERA = "CAMERA"
    GAUGE = "GAUGE"
    LINE = "LINE"
    MAP = "MAP"
    STAT = "STAT"
    STATE_TIMELINE = "STATE_TIMELINE"
    TABLE = "TABLE"
    TEXT = "TEXT"

    def __str__(self) -> str:
        return str(self.value)
