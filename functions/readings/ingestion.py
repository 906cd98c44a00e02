"""What ``POST /readings`` does: each device's readings judged, all of them stored or kept in quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.readings.models import IngestionResult, Verdict
from whimbrel.aws.compaction import request_compaction
from whimbrel.domain.readings import Reason, Rejection
from whimbrel.logs import log
from whimbrel.problems import InvalidRequest, Unavailable
from whimbrel.store.intake import gather, judge, quarantine
from whimbrel.strict_json import parse

if TYPE_CHECKING:
    from whimbrel.domain.series import Frame
    from whimbrel.http.exchange import Exchange
    from whimbrel.store.equipment import Equipment
    from whimbrel.store.tenant import Tenant

MAX_READINGS = 50_000


def ingest(exchange: Exchange, tenant: Tenant) -> IngestionResult:
    """Judge and store a request's readings; what this returns as accepted is durable."""
    device_id, readings = _readings(parse(exchange.body))
    by_device: dict[object, list[tuple[int, object]]] = {}
    for index, raw in enumerate(readings):
        named = raw.get("deviceId", device_id) if isinstance(raw, dict) else device_id
        by_device.setdefault(named if isinstance(named, str) else None, []).append((index, raw))
    equipment = tenant.equipment()
    frames: dict[str, Frame] = {}
    accepted = 0
    refused: list[tuple[str | None, list[Rejection]]] = []
    for named, rows in by_device.items():
        device = equipment.device(named) if isinstance(named, str) else None
        if device is None:
            refused.append((str(named) if named else None, _without_device(named, rows)))
            continue
        frame, rejections, count = judge(equipment, device, rows, exchange.received_ms)
        accepted += count
        if frame:
            gather(frames, device.id, frame)
        if rejections:
            refused.append((device.id, rejections))
    store = tenant.readings(request_compaction(tenant.organization_id))
    failures = store.append(frames)
    if failures:
        log.error("readings not stored", exc_info=next(iter(failures.values())))
        raise Unavailable("Not all readings could be stored; send the request again, it does no harm.")
    errors = [verdict for device, rejections in refused for verdict in _kept(equipment, device, rejections, exchange)]
    errors.sort(key=lambda verdict: verdict.index)
    return IngestionResult(accepted=accepted, quarantined=len(errors), errors=errors)


def _readings(body: Any) -> tuple[str | None, list[object]]:
    device_id: str | None = None
    if isinstance(body, dict):
        unknown = body.keys() - {"deviceId", "readings"}
        if unknown:
            raise InvalidRequest.of(min(unknown), "there is no such field", code="extra-forbidden")
        device_id, body = body.get("deviceId"), body.get("readings")
        if device_id is not None and not isinstance(device_id, str):
            raise InvalidRequest.of("deviceId", "send the device's id")
        if not isinstance(body, list):
            raise InvalidRequest.of("readings", "send an array of readings")
    if not isinstance(body, list):
        raise InvalidRequest.of("body", 'send an array of readings, or {"deviceId": …, "readings": […]}')
    if not 0 < len(body) <= MAX_READINGS:
        raise InvalidRequest.of("readings", f"send 1 to {MAX_READINGS} readings, not {len(body)}", code="length")
    return device_id, body


def _without_device(named: object, rows: list[tuple[int, object]]) -> list[Rejection]:
    if named is None:
        return [Rejection(index, Reason.MISSING_FIELD, "deviceId is missing", raw) for index, raw in rows]
    detail = f"there is no device {str(named)[:60]!r}"
    return [Rejection(index, Reason.UNKNOWN_SENSOR, detail, raw) for index, raw in rows]


def _kept(
    equipment: Equipment, device_id: str | None, rejections: list[Rejection], exchange: Exchange
) -> list[Verdict]:
    kept = quarantine(equipment, device_id, rejections, source="HTTP", accepted_ms=exchange.received_ms)
    return [
        Verdict(index=each.index, reason=each.reason, detail=each.detail, quarantine_id=identifier)
        for each, identifier in zip(rejections, kept, strict=True)
    ]
