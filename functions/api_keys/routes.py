"""``/api/v1/api-keys``: what machines call with."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.api_keys import rules
from functions.api_keys.models import ApiKeyCreate, ApiKeyPatch, ApiKeyRotate
from whimbrel.auth import Scope
from whimbrel.domain.api_keys import ApiKey, ApiKeyId, IssuedApiKey, OwnersOnly, OwnScopes
from whimbrel.domain.credentials import public_part, whole
from whimbrel.http.exchange import CurrentCaller, CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.repeats import Secret
from whimbrel.http.resource import Resource
from whimbrel.http.standard import changed, require_match
from whimbrel.pages import Page
from whimbrel.problems import MissingScope, NotFound, StaleVersion, Unavailable
from whimbrel.store.issuing import end, issue_api_key, revise, rotate, with_last_use

resource = Resource("/api/v1/api-keys", tag="API keys", sensitive=True)

KEY = Secret("key", public_part, whole)

ThisKey = Annotated[ApiKeyId, Path(alias="keyId")]


@resource.operation("GET", scope=Scope.ADMIN, problems=[Unavailable])
def list_api_keys(tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None) -> Page[ApiKey]:
    """List API keys, oldest first.

    Expired ones, too, until they are deleted. Their secrets are not kept, so they are not shown.
    """
    page = tenant.things(ApiKey).page(limit, cursor)
    return Page(items=with_last_use(page.items), next_cursor=page.next_cursor)


@resource.operation("POST", scope=Scope.ADMIN, status=201, problems=[MissingScope, OwnersOnly], secret=KEY)
def create_api_key(body: ApiKeyCreate, caller: CurrentCaller, tenant: CurrentTenant) -> IssuedApiKey:
    """Make an API key.

    Its `key` is shown in this answer and never again. A key has no scope that its maker has not.
    """
    key = ApiKey.new(**body.given(), created_by=caller.subject)
    rules.check_gift(caller, key)
    return issue_api_key(tenant, key)


@resource.operation("GET", "/{keyId}", scope=Scope.ADMIN, problems=[NotFound, Unavailable])
def get_api_key(key_id: ThisKey, tenant: CurrentTenant) -> ApiKey:
    """Get an API key: what it may do, and when it was last used."""
    [key] = with_last_use([tenant.things(ApiKey).get(key_id)])
    return key


@resource.operation(
    "PATCH",
    "/{keyId}",
    scope=Scope.ADMIN,
    problems=[NotFound, StaleVersion, MissingScope, OwnersOnly, OwnScopes, Unavailable],
)
def update_api_key(
    key_id: ThisKey, body: ApiKeyPatch, caller: CurrentCaller, tenant: CurrentTenant, if_match: IfMatch = None
) -> ApiKey:
    """Change an API key.

    Within a minute it takes effect everywhere. Nobody gives a key what they do not have, or changes the scopes of the
    key that they call with.
    """
    before = tenant.things(ApiKey).get(key_id)
    require_match(before, if_match)
    after = changed(tenant, before, body.given())
    rules.check_change(caller, before, after)
    [key] = with_last_use([revise(tenant, before, after)])
    return key


@resource.operation(
    "POST", "/{keyId}/rotate", scope=Scope.ADMIN, status=201, problems=[NotFound, MissingScope], secret=KEY
)
def rotate_api_key(key_id: ThisKey, body: ApiKeyRotate, caller: CurrentCaller, tenant: CurrentTenant) -> IssuedApiKey:
    """Give an API key a new secret.

    `key` is shown in this answer and never again. The secret before works for `overlapSeconds` longer, so that machines
    can change over; one of an earlier rotation ends at once.
    """
    caller.require_all(tenant.things(ApiKey).get(key_id).scopes)
    return rotate(tenant, key_id, timedelta(seconds=body.overlap_seconds))


@resource.operation("DELETE", "/{keyId}", scope=Scope.ADMIN, status=204, problems=[NotFound, StaleVersion])
def delete_api_key(key_id: ThisKey, tenant: CurrentTenant, if_match: IfMatch = None) -> None:
    """Revoke an API key.

    Within a minute it opens nothing any more.
    """
    key = tenant.things(ApiKey).get(key_id)
    require_match(key, if_match)
    end(tenant, key)
