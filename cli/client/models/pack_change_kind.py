from enum import StrEnum


class PackChangeKind(StrEnum):
    ANNOTATION_CLASS = "annotation_class"
    DEVICE_PROFILE = "device_profile"
    SENSOR_PROFILE = "sensor_profile"

    def __str__(self) -> str:
        return str(self.value)
