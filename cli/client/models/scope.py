from enum import StrEnum


class Scope(StrEnum):
    ACCESSREAD = "access:read"
    ADMIN = "admin"
    ANALYTICSREAD = "analytics:read"
    ANALYTICSWRITE = "analytics:write"
    ANY = "any"
    DEVICESREAD = "devices:read"
    DEVICESWRITE = "devices:write"
    EXPORTSREAD = "exports:read"
    EXPORTSWRITE = "exports:write"
    PROVISIONINGREAD = "provisioning:read"
    PROVISIONINGWRITE = "provisioning:write"
    READINGSREAD = "readings:read"
    READINGSWRITE = "readings:write"
    SESSION = "session"
    VALUE_12 = "*"

    def __str__(self) -> str:
        return str(self.value)
