"""Calls that are safe to repeat: ``Idempotency-Key`` on POST.

A client that names its call may send it again, whatever became of the first: it gets the answer of the first, or the
work that the first left undone is completed. The work runs under a seed (`whimbrel.chance`) of what the client alone
and the platform alone know, so that a second run makes the same identifiers and secrets, and recognizes what is there.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from whimbrel import chance, strict_json
from whimbrel.aws.secret import derived_key
from whimbrel.logs import log
from whimbrel.problems import InvalidRequest
from whimbrel.settings import settings
from whimbrel.store.repeats import Begun, Ended, Repeats

if TYPE_CHECKING:
    from collections.abc import Callable

    from whimbrel.auth import Caller
    from whimbrel.http.exchange import Exchange
    from whimbrel.store.tenant import Tenant

HEADER = "Idempotency-Key"
KEPT_HEADERS = ("ETag", "Location")
_KEY = re.compile(r"[!-~]{1,255}\Z")

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Secret:
    """The field of an answer that is not to be kept: what of it may be, and how the whole is made of that again."""

    field: str
    public: Callable[[Any], Any]
    whole: Callable[[Any], Any]


def repeatable(
    exchange: Exchange, tenant: Tenant, caller: Caller, secret: Secret | None, work: Callable[[], Answer]
) -> Answer:
    """Return the answer of *work*, or of the call that this one repeats.

    Raises:
        InvalidRequest: the key is none. IdempotencyKeyReused, StillRunning: see `Repeats.begin`.
    """
    key = exchange.header(HEADER)
    if not key:
        return work()
    if not _KEY.match(key):
        raise InvalidRequest.of(HEADER, "it must be 1 to 255 printable ASCII characters, such as a UUID")
    event = exchange.event
    named = _digest(caller.subject, caller.credential_id, event["httpMethod"], event["path"], key)
    query = sorted((event.get("multiValueQueryStringParameters") or {}).items())
    request = _digest(repr(query), exchange.body)
    repeats = Repeats(tenant.client, settings().registry_table, tenant.organization_id)
    begun = repeats.begin(named, request)
    seed = hmac.digest(derived_key("repeats"), f"{tenant.organization_id} {named} {key} {begun.at_ms}".encode(), sha256)
    exchange.begun_ms = begun.at_ms
    with chance.seeded(seed, begun.at_ms):
        if isinstance(begun, Ended):
            exchange.headers |= {**begun.headers, "Idempotency-Replayed": "true"}
            return {
                "statusCode": begun.status,
                "multiValueHeaders": {"Content-Type": ["application/json"]},
                "body": _mapped(begun.body, secret, secret.whole) if secret else begun.body,
                "isBase64Encoded": False,
            }
        try:
            answer = work()
        except BaseException:
            repeats.give_up(named, begun)
            raise
        try:
            _keep(repeats, named, begun, answer, exchange, secret)
        except Exception:  # noqa: BLE001 (the work is done; whoever repeats the call finds it done)
            log.exception("answer not kept")
        return answer


def _keep(
    repeats: Repeats, named: str, begun: Begun, answer: Answer, exchange: Exchange, secret: Secret | None
) -> None:
    status, body = answer["statusCode"], answer["body"] or ""
    if status >= 500 or not exchange.is_complete:  # noqa: PLR2004
        repeats.give_up(named, begun)
    elif status >= 400:  # noqa: PLR2004
        repeats.forget(named, begun)
    else:
        kept = {name: exchange.headers[name] for name in KEPT_HEADERS if name in exchange.headers}
        repeats.end(named, begun, status, kept, _mapped(body, secret, secret.public) if secret else body)


def _mapped(body: str, secret: Secret, change: Callable[[Any], Any]) -> str:
    """Return a JSON *body* with *change* made to each field that is secret."""

    def mapped(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: change(each) if name == secret.field and each is not None else mapped(each)
                for name, each in value.items()
            }
        return [mapped(each) for each in value] if isinstance(value, list) else value

    return strict_json.dumps(mapped(strict_json.loads(body)))


def _digest(*parts: str | bytes) -> str:
    joined = b"\0".join(part.encode() if isinstance(part, str) else part for part in parts)
    return sha256(joined).hexdigest()
