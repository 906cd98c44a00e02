"""``/api/v1/exports``: readings and annotations as an archive to download."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.exports.models import ExportAnswer, ExportBody
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.aws import workflows
from whimbrel.domain.exports import Export, ExportId, ExportStatus, object_key
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import check_references, require_match
from whimbrel.pages import Page
from whimbrel.problems import NotFound, StaleVersion, Unavailable
from whimbrel.settings import settings

DOWNLOAD_S = 900

resource = Resource("/api/v1/exports", tag="Exports")

ThisExport = Annotated[ExportId, Path(alias="exportId")]


@resource.operation("GET", scope=Scope.EXPORTS_READ)
def list_exports(tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None) -> Page[ExportAnswer]:
    """List exports, oldest first."""
    page = tenant.things(Export).page(limit, cursor)
    now = instants.now()
    return Page(items=[ExportAnswer.of(export.seen_at(now)) for export in page.items], next_cursor=page.next_cursor)


@resource.operation("POST", scope=Scope.EXPORTS_WRITE, status=201, problems=[Unavailable])
def create_export(
    body: ExportBody, tenant: CurrentTenant, caller: CurrentCaller, exchange: CurrentExchange
) -> ExportAnswer:
    """Ask for an export.

    It covers a site, device, component or sensor and all below it, in `from <= t < to`. It is made in the background:
    get it until its status is `READY`. The archive holds a file for each of `includes`, and `manifest.json`, which
    describes the columns and has the row counts and SHA-256 of the files (`readings-2` and so on hold what was too
    much for one). Readings that arrive while it is written may be in it or not.
    """
    export = Export(id=ExportId.new(), requested_by=caller.subject, **body.given())
    check_references(export, tenant)
    exports = tenant.things(Export)
    exports.add(export)
    try:
        workflows.start(
            settings().export_workflow_arn,
            export.id,
            {"organizationId": tenant.organization_id, "exportId": export.id},
        )
    except Unavailable:
        # Should it have started after all, it finds no record and ends.
        exports.remove(export)
        raise
    exchange.headers["ETag"] = export.etag
    return ExportAnswer.of(export)


@resource.operation("GET", "/{exportId}", scope=Scope.EXPORTS_READ, problems=[NotFound])
def get_export(export_id: ThisExport, tenant: CurrentTenant, exchange: CurrentExchange) -> ExportAnswer:
    """Get an export.

    While it is `RUNNING`, `progress` tells how far it is. Once it is `READY`, each answer has a fresh `downloadUrl`,
    until `expiresAt`. A `FAILED` one tells why in `error`.
    """
    export = tenant.things(Export).get(export_id)
    exchange.headers["ETag"] = export.etag
    seen = export.seen_at(instants.now())
    if seen.status is not ExportStatus.READY:
        return ExportAnswer.of(seen)
    key = object_key(export_id)
    url = tenant.objects.download_url(key, file_name=f"export-{export_id}.zip", lifetime_s=DOWNLOAD_S)
    return ExportAnswer.of(seen, url)


@resource.operation("DELETE", "/{exportId}", scope=Scope.EXPORTS_WRITE, status=204, problems=[NotFound, StaleVersion])
def delete_export(export_id: ThisExport, tenant: CurrentTenant, if_match: IfMatch = None) -> None:
    """Delete an export and what it wrote.

    The work on an unfinished one ends within seconds.
    """
    exports = tenant.things(Export)
    export = exports.get(export_id)
    require_match(export, if_match)
    # Before the record: whoever repeats the call finds that as long as anything is left.
    tenant.objects.delete(object_key(export_id))
    # The steps look for the record: without it they stop, and clear away what they have uploaded.
    try:
        exports.remove(export)
    except StaleVersion:
        if if_match:
            raise
        # Its progress was noted meanwhile; that happens every ten seconds at most.
        exports.remove(exports.get(export_id))
