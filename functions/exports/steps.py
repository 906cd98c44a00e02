"""The steps of the workflow that writes an export: start, write as often as it takes, finish; or fail.

Each may be killed anywhere and run again: the record, the draft and the object tell what was done. A step that finds
its export deleted clears away what was written, and says that there is nothing to do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from functions.exports.contents import Extent
from functions.exports.draft import Draft
from whimbrel import instants
from whimbrel.domain import codec
from whimbrel.domain.exports import Export, ExportId, ExportStatus, object_key
from whimbrel.ids import OrganizationId
from whimbrel.logs import log
from whimbrel.problems import NotFound
from whimbrel.store.tenant import Tenant

STEP_S = 600
"""A step writes for so long at most, …"""

MARGIN_S = 120
"""… and leaves so much of its Lambda's time for the rows in hand and the upload of the last part."""

PULSE_S = 10
"""How often the record is told how far the work is, and asked whether it is still wanted."""

NOT_WRITTEN = "It could not be written. Ask for it again; should that fail too, tell your operator this export's id."

Progress = dict[str, Any]
"""What the workflow hands from step to step: ``done``, and how many ``steps`` have written."""


class Unwanted(Exception):
    """The export has been deleted, or has failed, while it was written."""


def handler(event: dict[str, Any], context: Any) -> Progress:
    """Do the ``step`` of *event*: ``{step, organizationId, exportId, progress?, error?}``; return the progress."""
    tenant = Tenant(OrganizationId(event["organizationId"]))
    export_id = ExportId(event["exportId"])
    match event["step"]:
        case "start":
            return start(tenant, export_id)
        case "write":
            budget_s = min(STEP_S, context.get_remaining_time_in_millis() / 1000 - MARGIN_S)
            return write(tenant, export_id, event["progress"], budget_s)
        case "finish":
            return finish(tenant, export_id)
        case "fail":
            return fail(tenant, export_id, event["error"])
        case unknown:
            raise ValueError(f"There is no step {unknown}.")


def start(tenant: Tenant, export_id: ExportId) -> Progress:
    """Mark the export as at work, and begin its draft."""
    exports = tenant.things(Export)
    if exports.find(export_id) is None:
        return _clear(tenant, export_id)
    export = exports.change(export_id, Export.started)
    if export.status is not ExportStatus.RUNNING:
        return _clear(tenant, export_id)
    draft = Draft.find(tenant, export) or Draft.begin(tenant, export)
    return _progress(draft)


def write(tenant: Tenant, export_id: ExportId, progress: Progress, budget_s: float) -> Progress:
    """Write a file, or as much of one as fits in *budget_s* seconds.

    Raises:
        NotFound: what it is about has been deleted.
    """
    export = tenant.things(Export).find(export_id)
    if export is None or export.status is not ExportStatus.RUNNING:
        return _clear(tenant, export_id)
    draft = Draft.of(tenant, export)
    # One step further than the workflow knows: this one was done before, and its answer was lost.
    if draft.steps == progress["steps"]:
        codec.vectorise()
        try:
            draft.write_file(Extent(tenant, export), _pulse(tenant, export_id, time.monotonic() + budget_s))
        except Unwanted:
            return _clear(tenant, export_id)
        draft.save()
    return _progress(draft)


def finish(tenant: Tenant, export_id: ExportId) -> Progress:
    """Complete the archive, and then say so in the record: only this shows it to anybody."""
    exports = tenant.things(Export)
    export = exports.find(export_id)
    if export is not None and export.status is ExportStatus.RUNNING:
        draft = Draft.of(tenant, export)
        archive = tenant.objects.stat(draft.upload.key)
        if archive is None:
            draft.complete()
        size_bytes = archive.size_bytes if archive else draft.upload.tell()
        try:
            exports.change(export_id, lambda it: it.completed(instants.now(), size_bytes, draft.rows()))
        except NotFound:
            log.info("an export was deleted while it was finished", extra={"exportId": export_id})
    return _clear(tenant, export_id)


def fail(tenant: Tenant, export_id: ExportId, error: dict[str, Any]) -> Progress:
    """Note why the export failed: *error* is what Step Functions caught, ``{Error, Cause}``."""
    log.error("an export failed", extra={"exportId": export_id, "error": error})
    exports = tenant.things(Export)
    if exports.find(export_id) is not None:
        exports.change(export_id, lambda it: it.failed(_reason(error)))
    return _clear(tenant, export_id)


def _progress(draft: Draft) -> Progress:
    return {"done": not draft.todo, "steps": draft.steps}


def _pulse(tenant: Tenant, export_id: ExportId, deadline: float) -> Callable[[float], bool]:
    """Return what tells the record how far the work is, from time to time, and whether there is time to go on."""
    exports = tenant.things(Export)
    told = time.monotonic()

    def may_go_on(share: float) -> bool:
        nonlocal told
        now = time.monotonic()
        if now >= told + PULSE_S:
            told = now
            try:
                export = exports.change(export_id, lambda it: it.advanced(share))
            except NotFound as error:
                raise Unwanted from error
            if export.status is not ExportStatus.RUNNING:
                raise Unwanted
        return now < deadline

    return may_go_on


def _clear(tenant: Tenant, export_id: ExportId) -> Progress:
    """Remove what nobody will ask for: the draft, and the archive unless the export is ready."""
    export = tenant.things(Export).find(export_id)
    if export is None or export.status is not ExportStatus.READY:
        tenant.objects.delete(object_key(export_id))
    Draft.discard(tenant, export_id)
    return {"done": True, "steps": 0}


def _reason(error: dict[str, Any]) -> str:
    """Return the words for people: those of our own problems are, the others' are not."""
    if error.get("Error") != NotFound.__name__:
        return NOT_WRITTEN
    try:
        return json.loads(error["Cause"])["errorMessage"]
    except (KeyError, ValueError):
        return NOT_WRITTEN
