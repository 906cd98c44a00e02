"""Who may have an operation, and whether now: scopes, what was revoked a moment ago, and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whimbrel.http.exchange import Exchange, caller, user
from whimbrel.problems import TooManyRequests
from whimbrel.settings import settings
from whimbrel.store.limits import Limits, Rate, headers
from whimbrel.store.tenant import Tenant

if TYPE_CHECKING:
    from whimbrel.auth import Caller
    from whimbrel.http.resource import Operation


def admitted(exchange: Exchange, operation: Operation) -> Caller | None:
    """Return who is calling, if they may; None where that need not be known to be of an organization.

    Raises:
        Unauthenticated, Forbidden: they may not. TooManyRequests: not now.
    """
    if operation.scope is None:
        return None
    if operation.outside:
        user()
        return None
    asking = caller()
    tenant = Tenant(asking.organization_id)
    if operation.fresh:
        # A few operations only: its models cost every start 10 ms.
        from whimbrel.http.fresh import as_of_now

        asking = exchange.caller = as_of_now(asking, tenant)
    _limit(exchange, tenant, asking)
    asking.require(operation.scope)
    return asking


def _limit(exchange: Exchange, tenant: Tenant, asking: Caller) -> None:
    configured = settings()
    own = asking.requests_per_second or int(configured.key_requests_per_second)
    limits = Limits(tenant.client, configured.registry_table, tenant.organization_id)
    allowance = limits.take_all(
        [
            (asking.credential_id or asking.subject, Rate.of(own)),
            ("organization", Rate.of(int(configured.organization_requests_per_second))),
        ]
    )
    exchange.headers |= headers(allowance)
    if not allowance.allowed:
        raise TooManyRequests("Slow down: try again after the seconds in Retry-After.")
