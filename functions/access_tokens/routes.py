"""``/api/v1/access-tokens``: what people's scripts call with."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.access_tokens.models import AccessTokenCreate
from whimbrel.auth import Scope
from whimbrel.domain.api_keys import AccessToken, AccessTokenId, IssuedAccessToken
from whimbrel.domain.credentials import public_part, whole
from whimbrel.http.exchange import CurrentCaller, CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.repeats import Secret
from whimbrel.http.resource import Resource
from whimbrel.http.standard import require_match
from whimbrel.ids import Id
from whimbrel.pages import Page
from whimbrel.problems import MissingScope, NotFound, StaleVersion, Unavailable
from whimbrel.store.issuing import end, issue_access_token, with_last_use

resource = Resource("/api/v1/access-tokens", tag="Access tokens", sensitive=True)

TOKEN = Secret("token", public_part, whole)


@resource.operation("GET", scope=Scope.SESSION, problems=[Unavailable])
def list_access_tokens(
    caller: CurrentCaller, tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None
) -> Page[AccessToken]:
    """List your own access tokens, oldest first.

    Those for this organization. Their secrets are not kept, so they are not shown.
    """
    page = tenant.things(AccessToken).page(limit, cursor, parent=Id(caller.subject))
    return Page(items=with_last_use(page.items), next_cursor=page.next_cursor)


@resource.operation("POST", scope=Scope.SESSION, status=201, problems=[MissingScope], secret=TOKEN)
def create_access_token(body: AccessTokenCreate, caller: CurrentCaller, tenant: CurrentTenant) -> IssuedAccessToken:
    """Make an access token for your scripts.

    Its `token` is shown in this answer and never again. It acts as you, in this organization, with the role that you
    have at the time; never above it, and no longer than you are a member.
    """
    caller.require_all(body.scopes or ())
    return issue_access_token(tenant, AccessToken.new(**body.given(), user_id=caller.subject))


@resource.operation("DELETE", "/{tokenId}", scope=Scope.SESSION, status=204, problems=[NotFound, StaleVersion])
def delete_access_token(
    token_id: Annotated[AccessTokenId, Path(alias="tokenId")],
    caller: CurrentCaller,
    tenant: CurrentTenant,
    if_match: IfMatch = None,
) -> None:
    """Revoke one of your access tokens.

    Within a minute it opens nothing any more.
    """
    tokens = tenant.things(AccessToken)
    token = tokens.get(token_id)
    if token.user_id != caller.subject:
        raise tokens.not_found(token_id)
    require_match(token, if_match)
    end(tenant, token)
