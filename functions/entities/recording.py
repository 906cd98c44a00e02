"""Values in: judged as all readings are, and all of a request stored, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from functions.entities.naming import is_uuid
from whimbrel.domain.readings import Reason
from whimbrel.problems import FieldError, InvalidRequest
from whimbrel.store.intake import Judgement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.entities.models import Given
    from functions.entities.naming import Named
    from whimbrel.store.equipment import Equipment
    from whimbrel.store.tenant import Tenant

MOST_ERRORS_TOLD = 1_000
FAILED = "failed_index"
"""What a refusal calls the operation of a batch that it is about."""
_OF_THE_NAME = {Reason.UNKNOWN_SENSOR, Reason.UNKNOWN_COMPONENT, Reason.MISSING_PROFILE}


@dataclass(slots=True)
class Recording:
    """The values of one request: `add` those of each entity, `check` them, `store` them."""

    equipment: Equipment
    received_ms: int
    _given: list[tuple[Given, int | None]] = field(default_factory=list)
    _readings: list[dict[str, Any]] = field(default_factory=list)
    _judgement: Judgement | None = None

    def add(self, entity: Named, values: Iterable[Given], operation: int | None = None) -> None:
        """Add values of an entity, which are those of an *operation* of a batch if they are of one.

        Raises:
            InvalidRequest: an attribute is named by an identifier, and there is none.
        """
        for given in values:
            known = entity.attribute(given.attribute)
            if known is None and is_uuid(given.attribute):
                message = f"the entity has no attribute {given.attribute}"
                raise InvalidRequest.of(given.attribute_path, message, code="unknown-reference")
            reading: dict[str, Any] = {
                "deviceId": entity.device.id,
                "sensorId": known.id if known else entity.reading_name(given.attribute),
                "value": given.value,
            }
            if given.updated_at is not None:
                reading["timestamp"] = given.updated_at
            self._given.append((given, operation))
            self._readings.append(reading)

    def check(self) -> None:
        """Judge all values; nothing is stored.

        Raises:
            InvalidRequest: one is refused, and so are all.
        """
        self._judgement = Judgement(self.equipment, self.received_ms)
        self._judgement.take(self._readings)
        self._require_all(self._judgement)

    def store(self, tenant: Tenant) -> int:
        """Store all values, durably, and return how many there are.

        Raises:
            InvalidRequest: somebody has made an attribute of another type meanwhile.
            Unavailable: not all could be stored; to send them again does no harm.
        """
        judgement = self._judgement
        if judgement is None or not self._given:
            return 0
        judgement.settle()
        self._require_all(judgement)
        judgement.store(tenant.readings_to_append())
        return len(self._given)

    def _require_all(self, judgement: Judgement) -> None:
        refused = sorted(
            (rejection for _, rejections in judgement.refused for rejection in rejections),
            key=lambda rejection: rejection.index,
        )
        if refused:
            errors = tuple(
                FieldError(_path(self._given[each.index][0], each.reason), each.reason.value, each.detail)
                for each in refused[:MOST_ERRORS_TOLD]
            )
            message = f"No value is stored. {errors[0].field}: {errors[0].message}"
            operation = self._given[refused[0].index][1]
            raise InvalidRequest(message, errors=errors, **({} if operation is None else {FAILED: operation}))


def _path(given: Given, reason: Reason) -> str:
    if reason is Reason.BAD_TIMESTAMP:
        return given.updated_at_path
    return given.attribute_path if reason in _OF_THE_NAME else given.value_path
