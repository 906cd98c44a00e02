"""``/api/v1/imports``: readings out of files."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.imports.models import ImportAnswer, ImportBody, ImportUpload
from whimbrel import instants
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Device
from whimbrel.domain.imports import CONTENT_TYPES, Import, ImportId, errors_key, file_key
from whimbrel.domain.jobs import UNFINISHED, Job, JobAnswer, JobKind, JobStatus
from whimbrel.http.exchange import CurrentCaller, CurrentExchange, CurrentTenant
from whimbrel.http.exchange import tenant as current_tenant
from whimbrel.http.jobs import told, wake
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.repeats import Secret
from whimbrel.http.resource import Resource
from whimbrel.http.standard import require_match
from whimbrel.pages import Page
from whimbrel.problems import Conflict, InvalidRequest, NotFound, StaleVersion, Unavailable
from whimbrel.store.tenant import Tenant

MAX_BYTES = 1024 * 1024 * 1024
UPLOAD_S = 900
DOWNLOAD_S = 900
ERRORS_KEPT = timedelta(days=2)
"""The bucket forgets after three days; by then a link must not be offered any more."""

resource = Resource("/api/v1/imports", tag="Imports")

ThisImport = Annotated[ImportId, Path(alias="importId")]


def _upload(tenant: Tenant, import_id: ImportId, content_type: str) -> ImportUpload:
    url, fields = tenant.objects.upload_form(
        file_key(import_id), content_type=content_type, max_bytes=MAX_BYTES, lifetime_s=UPLOAD_S
    )
    expires_at = instants.now() + timedelta(seconds=UPLOAD_S)
    return ImportUpload(url=url, fields=fields, max_bytes=MAX_BYTES, expires_at=expires_at)


def _which(upload: dict[str, Any]) -> dict[str, str]:
    """Return what a form is for, without the session that signed it."""
    fields = upload["fields"]
    return {"importId": fields["key"].split("/")[-2], "contentType": fields["Content-Type"]}


def _signed(which: dict[str, str]) -> dict[str, Any]:
    """Return a form for the same, signed anew: whoever repeats the call has its whole time to send the file."""
    made = _upload(current_tenant(), ImportId(which["importId"]), which["contentType"])
    return made.model_dump(mode="json", by_alias=True)


FORM = Secret("upload", _which, _signed)


class FileMissing(Conflict):
    """The file of an import has not been uploaded, or is gone."""

    title = "File missing"


@resource.operation("GET", scope=Scope.READINGS_READ)
def list_imports(tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None) -> Page[ImportAnswer]:
    """List imports, oldest first."""
    page = tenant.things(Import).page(limit, cursor)
    return Page(items=[_answer(tenant, asked) for asked in page.items], next_cursor=page.next_cursor)


@resource.operation("POST", scope=Scope.READINGS_WRITE, status=201, secret=FORM)
def create_import(
    body: ImportBody, tenant: CurrentTenant, caller: CurrentCaller, exchange: CurrentExchange
) -> ImportAnswer:
    """Prepare the import of a file of readings, as CSV or Parquet.

    Send the file to `upload.url` as a form of `upload.fields` and `file`, up to 1 GiB, and then start the import.
    The file has a reading a row: `deviceId`, `sensorId` (id, key or component/key), `timestamp` (RFC 3339 or
    milliseconds since 1970), `value`, and `metadata` (a JSON object) if you like. `columns` says what it calls these,
    `devices` what it calls devices, `deviceId` whose readings they are where it does not say. CSV is UTF-8, separated
    by commas, with headings. What an export wrote can be imported as it is.
    """
    missing = {device_id for device_id in (body.device_id, *body.devices.values()) if device_id}
    for device_id in sorted(missing):
        if tenant.things(Device).find(device_id) is None:
            field = "deviceId" if device_id == body.device_id else "devices"
            raise InvalidRequest.of(field, f"there is no device {device_id}", code="unknown-reference")
    asked = Import(id=ImportId.new(), requested_by=caller.subject, **body.given())
    tenant.things(Import).add(asked)
    exchange.headers["ETag"] = asked.etag
    return ImportAnswer.of(asked, None, upload=_upload(tenant, asked.id, CONTENT_TYPES[asked.format]))


@resource.operation(
    "POST",
    "/{importId}/start",
    scope=Scope.READINGS_WRITE,
    status=202,
    problems=[NotFound, FileMissing, StaleVersion, Unavailable],
)
def start_import(import_id: ThisImport, tenant: CurrentTenant, exchange: CurrentExchange) -> JobAnswer:
    """Start an import, once its file is uploaded.

    A job takes the rows in as if they were sent now; of the same sensor and time the last write wins. Rows that are
    refused are not kept in quarantine: `errorsUrl` of the import lists them. Starting twice starts once.
    """
    asked = tenant.things(Import).get(import_id)
    jobs = tenant.things(Job)
    job = jobs.find(asked.job_id)
    if job is None:
        stat = tenant.objects.stat(file_key(import_id))
        if stat is None:
            raise FileMissing("The file is not there: send it to the upload's url, then start the import.")
        started_at = instants.from_ms(exchange.received_ms)
        asked = tenant.things(Import).change(import_id, lambda it: it.started(started_at))
        job = jobs.ensure(
            Job(
                id=asked.job_id,
                task=JobKind.IMPORT,
                requested_by=asked.requested_by,
                parameters={
                    "importId": import_id,
                    "startedAt": instants.format_instant(asked.started_at or started_at),
                    "etag": stat.etag,
                    "sizeBytes": stat.size_bytes,
                },
            )
        )
    if job.status is JobStatus.PENDING:
        # Again too, if an earlier start did not come so far.
        wake(tenant, job)
    return told(job, exchange)


@resource.operation("GET", "/{importId}", scope=Scope.READINGS_READ, problems=[NotFound])
def get_import(import_id: ThisImport, tenant: CurrentTenant, exchange: CurrentExchange) -> ImportAnswer:
    """Get an import.

    When it has ended, each answer has a fresh `errorsUrl`, for two days, if there are rows that were not taken in.
    """
    asked = tenant.things(Import).get(import_id)
    exchange.headers["ETag"] = asked.etag
    return _answer(tenant, asked, with_link=True)


@resource.operation("DELETE", "/{importId}", scope=Scope.READINGS_WRITE, status=204, problems=[NotFound, StaleVersion])
def delete_import(import_id: ThisImport, tenant: CurrentTenant, if_match: IfMatch = None) -> None:
    """Delete an import, its file and its list of errors.

    Work on an unfinished one ends within a minute; the readings that it has taken in stay.
    """
    asked = tenant.things(Import).get(import_id)
    require_match(asked, if_match)
    jobs = tenant.things(Job)
    if jobs.find(asked.job_id):
        jobs.change(asked.job_id, lambda job: job.failed(instants.now(), "The import was deleted."))
    # Before the record: whoever repeats the call finds that as long as anything is left.
    for key in (file_key(import_id), errors_key(import_id)):
        tenant.objects.delete(key)
    tenant.things(Import).remove(asked)


def _answer(tenant: Tenant, asked: Import, *, with_link: bool = False) -> ImportAnswer:
    job = tenant.things(Job).find(asked.job_id) if asked.started_at else None
    if job is None:
        return ImportAnswer.of(asked, None)
    now = instants.now()
    seen = JobAnswer.of(job, now)
    is_listed = job.failures > 0 and job.status not in UNFINISHED | {JobStatus.FAILED}
    if not (with_link and is_listed and seen.completed_at and now - seen.completed_at < ERRORS_KEPT):
        return ImportAnswer.of(asked, seen)
    url = tenant.objects.download_url(
        errors_key(asked.id),
        file_name=f"import-{asked.id}-errors.csv",
        lifetime_s=DOWNLOAD_S,
        content_type="text/csv",
    )
    return ImportAnswer.of(asked, seen, errors_url=url)
