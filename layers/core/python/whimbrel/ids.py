"""Identifiers: lower-case UUIDv7 (RFC 9562), a class per kind, so that two kinds cannot be mixed up unnoticed."""

from __future__ import annotations

import re
import uuid
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from whimbrel import chance

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_MATCHES = re.compile(PATTERN[:-1] + r"\Z").match


class Id(str):
    """An identifier; subclasses say of what. Sorts by the time it was made."""

    __slots__ = ()

    @classmethod
    def new(cls) -> Self:
        """Return a new identifier: 48 bits of milliseconds, 74 random bits."""
        return cls(_uuid7(chance.now_ms(), chance.bits(74)))

    @classmethod
    def named(cls, parent: Id, *names: str) -> Self:
        """Return *the* identifier of what *names* mean under *parent*.

        The same names give the same identifier, whoever asks: what is made by its name, such as a sensor that a device
        first reports, needs neither a look-up nor a lock. It carries the parent's time; the other bits are a digest.
        """
        digest = sha256("\0".join((cls.__name__, parent, *names)).encode()).digest()
        return cls(_uuid7(int(parent[:8] + parent[9:13], 16), int.from_bytes(digest[:10]) >> 6))

    @classmethod
    def is_valid(cls, text: str) -> bool:
        """Tell whether *text* has the form of an identifier."""
        return _MATCHES(text) is not None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(pattern=PATTERN),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )


class OrganizationId(Id):
    """A tenant."""

    __slots__ = ()


class DeviceId(Id):
    """A device; also its thing name and MQTT client id."""

    __slots__ = ()


class ComponentId(Id):
    """A component of a device."""

    __slots__ = ()


class SensorId(Id):
    """A sensor: one series of readings."""

    __slots__ = ()


def _uuid7(milliseconds: int, random: int) -> str:
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))
