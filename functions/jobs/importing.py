"""An import: the rows of an uploaded file, judged like readings that are sent, as of the moment it was started.

The position is noted after each piece of the file; a piece that is read again stores the same readings under the same
version, and writes the same part of the list of errors.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from functions.jobs.advance import Advance, NotStored
from functions.jobs.files import File, pieces
from whimbrel.domain import codec
from whimbrel.domain.imports import (
    Import,
    ImportId,
    Layout,
    Piece,
    Reader,
    RowError,
    errors_key,
    file_key,
    rows_by_device,
)
from whimbrel.domain.jobs import MAX_ERRORS, Job, JobError, JobFailed
from whimbrel.domain.readings import Reason
from whimbrel.domain.series import Frame
from whimbrel.instants import parse_ms
from whimbrel.store.equipment import Equipment
from whimbrel.store.intake import gather, judge
from whimbrel.store.readings import ReadingStore
from whimbrel.store.tenant import Tenant

KNOWN_FOR_S = 30
"""How long what is known of a device is believed, as at ingestion."""


def import_readings(tenant: Tenant, job: Job) -> Iterator[Advance]:
    """Take in a file: ``{importId, startedAt, etag, sizeBytes}``."""
    codec.vectorise()
    import_id = ImportId(job.parameters["importId"])
    asked = tenant.things(Import).get(import_id)
    position = job.position
    if not position.get("read"):
        for advance in _taken_in(tenant, job, asked):
            position = advance.position
            yield advance
    parts = position.get("parts", [])
    if parts and not position.get("joined"):
        _join_errors(tenant, import_id, parts)
        yield Advance(position=position | {"joined": True})
    for part in parts:
        tenant.objects.delete(errors_key(import_id, part))
    # The readings are in the store now, and the file is the client's: nobody needs this copy.
    tenant.objects.delete(file_key(import_id))


def _taken_in(tenant: Tenant, job: Job, asked: Import) -> Iterator[Advance]:
    key = file_key(asked.id)
    if not job.parameters["sizeBytes"]:
        raise JobFailed("The file is empty.")
    file = File(tenant.objects, key, job.parameters["etag"], job.parameters["sizeBytes"])
    equipment = tenant.equipment()
    equipment.max_age_s = KNOWN_FOR_S
    store = tenant.readings_to_append()
    accepted_ms = parse_ms(job.parameters["startedAt"])
    position: dict[str, Any] = job.position
    rows: int = position.get("row", 0)
    for layout, piece in pieces(file, asked, position):
        accepted, errors = _stored(store, equipment, asked, layout, piece, accepted_ms)
        errors.sort()
        parts: list[int] = position.get("parts", [])
        if errors:
            parts = [*parts, rows]
            tenant.objects.put(errors_key(asked.id, rows), _error_lines(errors))
        rows += piece.rows
        position = {**piece.next, "parts": parts}
        yield Advance(
            position=position,
            counted={"rows": piece.rows, "accepted": accepted, "refused": len(errors)},
            errors=tuple(
                JobError(item=f"row {each.row}", code=each.code, detail=each.detail) for each in errors[:MAX_ERRORS]
            ),
            failures=len(errors),
            share=piece.share,
        )
    if not rows:
        raise JobFailed("The file has no rows.")
    yield Advance(position={"read": True, "parts": position.get("parts", [])}, share=1.0)


def _stored(
    store: ReadingStore, equipment: Equipment, asked: Import, layout: Layout, piece: Piece, accepted_ms: int
) -> tuple[int, list[RowError]]:
    """Judge and store a piece; return how many rows are accepted, and the others."""
    by_device, errors = rows_by_device(piece, layout, asked)
    errors += piece.errors
    frames: dict[str, Frame] = {}
    names: dict[str, str] = {}
    accepted = 0
    for named, positions in by_device.items():
        device = equipment.device(asked.devices.get(named, named))
        if device is None:
            detail = f"there is no device {named[:60]!r}"
            errors += [RowError(piece.numbers[at], Reason.UNKNOWN_SENSOR, detail) for at in positions]
            continue
        reader = Reader.of(layout, device, named, text=piece.text)
        readings = reader.readings(piece, positions)
        errors += reader.errors
        if reader.new_sensors:
            equipment.make(device, reader.new_sensors.values())
        frame, refused, count = judge(equipment, device, readings, accepted_ms)
        errors += [RowError(each.index, each.reason, each.detail) for each in refused]
        accepted += count
        if frame:
            gather(frames, device.id, frame)
            known = (device.sensors.get(column.sensor_id) for column in frame)
            names.update((sensor.id, f"{sensor.component}/{sensor.key}") for sensor in known if sensor)
    failures = store.append(frames, names)
    if failures:
        raise NotStored from next(iter(failures.values()))
    return accepted, errors


def _error_lines(errors: Sequence[RowError]) -> bytes:
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows((each.row, str(each.code), each.detail) for each in errors)
    return lines.getvalue().encode("utf-8", "replace")


def _join_errors(tenant: Tenant, import_id: ImportId, parts: Sequence[int]) -> None:
    """Make one object of the parts of the list of errors."""
    upload = tenant.objects.begin_upload(errors_key(import_id), "text/csv")
    try:
        upload.write(b"row,reason,detail\r\n")
        for part in parts:
            upload.write(tenant.objects.get(errors_key(import_id, part)) or b"")
        upload.complete()
    except BaseException:
        upload.abort()
        raise
