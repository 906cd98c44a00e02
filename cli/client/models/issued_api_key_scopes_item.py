from enum import StrEnum


class IssuedApiKeyScopesItem(StrEnum):
    ACCESSREAD = "access:read"
    ADMIN = "admin"
    ANALYTICSREAD = "analytics:read"
    ANALYTICSWRITE = "analytics:write"
    DEVICESREAD = "devices:read"
    DEVICESWRITE = "devices:write"
    EXPORTSREAD = "exports:read"
    EXPORTSWRITE = "exports:write"
    PROVISIONINGREAD = "provisioning:read"
    PROVISIONINGWRITE = "provisioning:write"
    READINGSREAD = "readings:read"
    READINGSWRITE = "readings:write"
    VALUE_12 = "*"

    def __str__(self) -> str:
        return str(self.value)
