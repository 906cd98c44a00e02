"""What ``POST /readings`` does: each device's readings judged, all of them stored or kept in quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.readings.models import IngestionResult, Verdict
from whimbrel.domain import codec
from whimbrel.problems import FieldError, InvalidRequest
from whimbrel.store.intake import Judgement, quarantine
from whimbrel.strict_json import Repeated, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whimbrel.domain.intake import Intake
    from whimbrel.domain.readings import Rejection
    from whimbrel.http.exchange import Exchange
    from whimbrel.store.equipment import Equipment
    from whimbrel.store.tenant import Tenant

MAX_READINGS = 50_000
WORTH_NUMPY = 10_000
"""Readings of a request in columns from which on numpy is imported: who sends so many at once will send more."""
MOST_ERRORS_TOLD = 1_000
"""Of a batch that is refused whole."""

_FORMS = 'send an array of readings, {"deviceId": …, "readings": […]}, or {"deviceId": …, "series": {…}}'


def ingest(exchange: Exchange, tenant: Tenant) -> IngestionResult:
    """Judge and store a request's readings; what this returns as accepted is durable.

    With ``?atomic=true`` all of them are, or none is and none is kept in quarantine either.

    Raises:
        InvalidRequest: the body is no batch of readings, or ``atomic`` and a reading is refused.
        Unavailable: not all could be stored.
    """
    is_atomic = _truth(exchange, "atomic")
    judgement = _judged(parse(exchange.body), tenant.equipment(), exchange.received_ms)
    if is_atomic:
        _require_all(judgement)
    judgement.settle()
    if is_atomic:
        _require_all(judgement)
    judgement.store(tenant.readings_to_append())
    errors = [
        verdict
        for device_id, rejections in judgement.refused
        for verdict in _kept(judgement.equipment, device_id, rejections, exchange)
    ]
    errors.sort(key=lambda verdict: verdict.index)
    return IngestionResult(accepted=judgement.accepted, quarantined=len(errors), errors=errors)


@dataclass(frozen=True, slots=True)
class _Series:
    """The readings of one sensor in columns; ``first`` is the place of the first of them in the request."""

    first: int
    name: str
    timestamps: list[Any]
    values: list[Any]

    def rows(self) -> Iterator[tuple[int, object]]:
        """Yield the same readings one by one, as the simple form has them."""
        for index, (at, value) in enumerate(zip(self.timestamps, self.values, strict=True), self.first):
            yield index, {"sensorId": self.name, "timestamp": at, "value": value}


def _judged(body: Any, equipment: Equipment, received_ms: int) -> Judgement:
    if isinstance(body, Repeated):
        raise InvalidRequest.of(_shown(body.key), "it stands twice in one object", code="duplicate-key")
    if not isinstance(body, dict):
        judgement = Judgement(equipment, received_ms)
        judgement.take(_readings(body, "body"))
        return judgement
    unknown = body.keys() - {"deviceId", "readings", "series"}
    if unknown:
        raise InvalidRequest.of(_shown(min(unknown)), "there is no such field", code="extra-forbidden")
    device_id = body.get("deviceId")
    if device_id is not None and not isinstance(device_id, str):
        raise InvalidRequest.of("deviceId", "send the device's id")
    judgement = Judgement(equipment, received_ms, default=device_id)
    if "series" not in body:
        judgement.take(_readings(body.get("readings"), "readings"))
        return judgement
    if "readings" in body:
        raise InvalidRequest.of("series", "send either readings or series")
    if not device_id:
        raise InvalidRequest.of("deviceId", "send the id of the device that has these series", code="missing")
    _take_columns(judgement, device_id, _series(body["series"]))
    return judgement


def _take_columns(judgement: Judgement, device_id: str, columns: list[_Series]) -> None:
    if columns[-1].first + len(columns[-1].values) >= WORTH_NUMPY:
        codec.vectorise()

    def feed(intake: Intake) -> None:
        for each in columns:
            intake.take_series(each.first, each.name, each.timestamps, each.values)

    judgement.take_of(device_id, feed, (row for each in columns for row in each.rows()))


def _readings(body: Any, field: str) -> list[object]:
    if not isinstance(body, list):
        raise InvalidRequest.of(field, "send an array of readings" if field != "body" else _FORMS)
    _check_count(len(body), "readings")
    return body


def _series(body: Any) -> list[_Series]:
    """Return the columns of a request.

    Raises:
        InvalidRequest: there are none, too many readings, or columns of different lengths.
    """
    if not isinstance(body, dict) or not body:
        raise InvalidRequest.of("series", 'send {"<sensor>": {"timestamps": […], "values": […]}}')
    if isinstance(body, Repeated):
        raise InvalidRequest.of(f"series.{_shown(body.key)}", "it stands twice in one object", code="duplicate-key")
    columns: list[_Series] = []
    count = 0
    for name, column in body.items():
        path = f"series.{_shown(name)}"
        if not isinstance(column, dict) or isinstance(column, Repeated) or column.keys() != {"timestamps", "values"}:
            raise InvalidRequest.of(path, "send an object of timestamps and values, each once")
        timestamps, values = column["timestamps"], column["values"]
        for part, found in (("timestamps", timestamps), ("values", values)):
            if not isinstance(found, list):
                raise InvalidRequest.of(f"{path}.{part}", "send an array")
        if len(timestamps) != len(values):
            message = f"there are {len(values)} values for {len(timestamps)} timestamps; send one for each"
            raise InvalidRequest.of(f"{path}.values", message, code="length")
        columns.append(_Series(count, name, timestamps, values))
        count += len(values)
    _check_count(count, "series")
    return columns


def _check_count(count: int, field: str) -> None:
    if not 0 < count <= MAX_READINGS:
        raise InvalidRequest.of(field, f"send 1 to {MAX_READINGS} readings, not {count}", code="length")


def _shown(name: str) -> str:
    """Return a client's own name as far as it can be told back: half a surrogate pair cannot."""
    return name[:64].encode("utf-8", "replace").decode()


def _truth(exchange: Exchange, name: str) -> bool:
    given = (exchange.event.get("queryStringParameters") or {}).get(name, "false")
    if given not in {"true", "false"}:
        raise InvalidRequest.of(name, "it is true or false", code="bool-parsing")
    return given == "true"


def _require_all(judgement: Judgement) -> None:
    refused = sorted(
        (rejection for _, rejections in judgement.refused for rejection in rejections),
        key=lambda rejection: rejection.index,
    )
    if refused:
        told = refused[:MOST_ERRORS_TOLD]
        raise InvalidRequest(
            f"{len(refused)} readings would be refused, so none is stored; mend those in errors or leave them out.",
            errors=tuple(FieldError(f"[{each.index}]", each.reason.value, each.detail) for each in told),
            refused=[{"index": each.index, "reason": each.reason.value, "detail": each.detail} for each in told],
        )


def _kept(
    equipment: Equipment, device_id: str | None, rejections: list[Rejection], exchange: Exchange
) -> list[Verdict]:
    kept = quarantine(equipment, device_id, rejections, source="HTTP", accepted_ms=exchange.received_ms)
    return [
        Verdict(index=each.index, reason=each.reason, detail=each.detail, quarantine_id=identifier)
        for each, identifier in zip(rejections, kept, strict=True)
    ]
