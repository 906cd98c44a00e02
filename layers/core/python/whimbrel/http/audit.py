"""One entry of the audit log for each call that changes something."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whimbrel import instants
from whimbrel.domain.audit import Actor, AuditEntryId
from whimbrel.logs import log
from whimbrel.problems import Problem
from whimbrel.store import changes
from whimbrel.store.audit import AuditLog

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from whimbrel.auth import Caller
    from whimbrel.http.exchange import Exchange
    from whimbrel.store.tenant import Tenant

MOST_OF_A_HEADER = 200
NO_CALL = dict.fromkeys(("method", "path", "sourceIp", "userAgent", "requestId"), "")


@dataclass(slots=True)
class Record:
    """The entry of one call in the making.

    ``begin`` before anything is changed; ``end`` with the answer's status, None if there is none.
    """

    log: AuditLog
    content: dict[str, Any]
    changes: changes.Changes = field(default_factory=changes.follow)
    has_begun: bool = False

    @classmethod
    def of(cls, tenant: Tenant, actor: Actor, action: str, exchange: Exchange | None = None) -> Record:
        """Return the record of what *actor* does, by the call *exchange* if it is one."""
        where = _call(exchange) if exchange else NO_CALL
        content: dict[str, Any] = {
            "id": AuditEntryId.new(),
            "at": instants.format_instant(instants.now()),
            "actor": actor.model_dump(mode="json", by_alias=True),
            "action": action,
            "status": None,
            "changes": [],
            "moreChanges": 0,
        }
        return cls(AuditLog.of(tenant), content | where)

    def begin(self) -> None:
        """Leave word that something is about to change."""
        self.log.intend(self.content)
        self.has_begun = True

    def end(self, status: int | None) -> None:
        """Add the entry, unless the call was refused before it changed anything. Never fails the call."""
        if not self.has_begun:
            return
        told = {"status": status, "changes": self.changes.told(), "moreChanges": self.changes.more}
        is_refused = status is not None and 400 <= status < 500  # noqa: PLR2004
        try:
            if is_refused and not self.changes.written:
                self.log.forget(self.content["id"])
            else:
                self.log.append(self.content | told)
        except Exception:  # noqa: BLE001 (the change is made; the entry follows from what was left here)
            log.exception("audit entry not added")
            self._leave(self.content | told)

    def _leave(self, content: dict[str, Any]) -> None:
        try:
            self.log.intend(content)
        except Exception:  # noqa: BLE001 (what was left at the beginning is there all the same)
            log.exception("audit entry not left")


def audited(record: Record, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the answer of *work*, recorded."""
    status = None
    try:
        answer = work()
        status = answer["statusCode"]
    finally:
        record.end(status)
    return answer


@contextmanager
def recorded(
    tenant: Tenant, actor: Actor, action: str, exchange: Exchange | None = None, status: int = 200
) -> Generator[None]:
    """Record what is done meanwhile, where the kit cannot know whose data it is; *status* is the answer's."""
    record = Record.of(tenant, actor, action, exchange)
    record.begin()
    ended = None
    try:
        yield
        ended = status
    except Problem as problem:
        ended = problem.status
        raise
    finally:
        record.end(ended)


def actor_of(caller: Caller) -> Actor:
    """Return a caller as the log knows it."""
    return Actor(kind=caller.kind, id=caller.subject, credential_id=caller.credential_id or None)


def _call(exchange: Exchange) -> dict[str, str]:
    return {
        "method": exchange.event["httpMethod"],
        "path": exchange.event["requestContext"]["path"],
        "sourceIp": exchange.source_ip,
        "userAgent": exchange.header("User-Agent")[:MOST_OF_A_HEADER],
        "requestId": exchange.request_id,
    }
