"""``/api/v1/packs``: profiles, annotation classes and templates that are installed together."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.packs import rules
from functions.packs.models import PackDetails, PackOutcome, PackSummary
from whimbrel.auth import Scope
from whimbrel.bodies import Key
from whimbrel.domain.packs import PackConflict, PackManifest
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import InUse
from whimbrel.pages import Page
from whimbrel.problems import NotFound, Unavailable

resource = Resource("/api/v1/packs", tag="Packs")

ThisPack = Annotated[Key, Path(alias="key")]


@resource.operation("GET", scope=Scope.DEVICES_READ)
def list_packs(tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None) -> Page[PackSummary]:
    """List packs, those of the product and those that were uploaded, by key."""
    cursors = tenant.cursors("packs")
    after = cursors.open(cursor) if cursor else ""
    left = [summary for summary in rules.summaries(tenant) if summary.key > after]
    items = left[:limit]
    return Page(items=items, next_cursor=cursors.seal(items[-1].key) if len(left) > limit else None)


@resource.operation("GET", "/{key}", scope=Scope.DEVICES_READ, problems=[NotFound])
def get_pack(key: ThisPack, tenant: CurrentTenant) -> PackDetails:
    """Get a pack: what its newest version holds, and what it has made here."""
    return rules.details(tenant, key)


@resource.operation("POST", scope=Scope.DEVICES_WRITE, status=201, problems=[PackConflict, Unavailable])
def upload_pack(body: PackManifest, tenant: CurrentTenant) -> PackDetails:
    """Upload a pack, or its next version, to be installed or upgraded.

    What its parts refer to has to be in it. The same manifest again is harmless; another one needs a higher version.
    """
    rules.upload(tenant, body)
    return rules.details(tenant, body.key)


@resource.operation("POST", "/{key}/install", scope=Scope.DEVICES_WRITE, problems=[NotFound, PackConflict, Unavailable])
def install_pack(key: ThisPack, tenant: CurrentTenant) -> PackOutcome:
    """Install a pack, all of it or nothing; again, it changes nothing.

    Its profiles are published as any others: `changes` says what each is to what was there, and what it is called.
    Its annotation classes are made. Its jobs, dashboards and alert rules are templates, kept with the pack.
    """
    return rules.install(tenant, key)


@resource.operation("POST", "/{key}/upgrade", scope=Scope.DEVICES_WRITE, problems=[NotFound, PackConflict, Unavailable])
def upgrade_pack(key: ThisPack, tenant: CurrentTenant) -> PackOutcome:
    """Bring an installed pack to its newest version, all of it or nothing; again, it changes nothing.

    Devices and components keep the versions that they are bound to. What the new version leaves out stays.
    """
    return rules.upgrade(tenant, key)


@resource.operation(
    "DELETE",
    "/{key}",
    scope=Scope.DEVICES_WRITE,
    status=204,
    problems=[NotFound, InUse, PackConflict, Unavailable],
)
def delete_pack(key: ThisPack, tenant: CurrentTenant) -> None:
    """Delete a pack and all that it has made, if nothing uses it; one that ships with the product can come back."""
    rules.remove(tenant, key)
