"""The audit log: who changed what, each entry bound to the one before it by its hash.

An entry's hash is the SHA-256 of its own JSON (keys in order, no spaces, without the hash), in which the hash of the
entry before stands. So nobody can change, remove or insert one without changing all that follow; and what the last one
is, the log's *head* says, which is kept elsewhere under a MAC.
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field

from whimbrel.bodies import Instant, Wire
from whimbrel.ids import Id

if TYPE_CHECKING:
    from collections.abc import Iterable

NOTHING_BEFORE = "0" * 64


class AuditEntryId(Id):
    """An entry of the audit log: a call that changed something."""

    __slots__ = ()


class Actor(Wire):
    """Who did it: an API key, a person, a person's access token, a device, or the platform's operator."""

    kind: Literal["API_KEY", "USER", "ACCESS_TOKEN", "DEVICE", "OPERATOR"]
    id: str
    credential_id: str | None = None


class ChangedThing(Wire):
    """One thing that a call changed: the fields that differ, before (null: there was none) and after (null: gone)."""

    kind: Annotated[str, Field(examples=["device"])]
    id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditEntry(Wire):
    """One call. ``status`` is its answer's; null if the answer never came, and the change may be there or not."""

    sequence: Annotated[int, Field(ge=1, description="1 is the organization's first; none is left out.")]
    id: AuditEntryId
    at: Instant
    actor: Actor
    action: Annotated[str, Field(description="The operation, as OpenAPI names it.", examples=["update_device"])]
    method: str
    path: str
    status: int | None
    source_ip: str
    user_agent: str
    request_id: str
    changes: list[ChangedThing]
    more_changes: Annotated[int, Field(description="How many more things changed than `changes` tells.")] = 0
    previous_hash: str
    hash: str


def chained(content: dict[str, Any], sequence: int, previous_hash: str) -> dict[str, Any]:
    """Return the document of an entry: *content* in its place in the chain, with its hash."""
    document = {**content, "sequence": sequence, "previousHash": previous_hash}
    return {**document, "hash": _hash_of(document)}


class Head(NamedTuple):
    """What the last entry of a log is; 0 if there is none yet."""

    sequence: int = 0
    hash: str = NOTHING_BEFORE

    def seal(self, key: bytes, organization_id: str) -> str:
        """Return the MAC by which the head is known to be ours."""
        message = f"{organization_id}|{self.sequence}|{self.hash}".encode()
        return hmac.digest(key, message, sha256).hex()


class Verdict(NamedTuple):
    """Whether a log is whole: how many entries it has, and what is wrong with the first that is not right."""

    entries: int
    fault: str | None = None


def judged(documents: Iterable[dict[str, Any]], head: Head) -> Verdict:
    """Return the verdict on a log of *documents*, oldest first, of which *head* is said to be the last."""
    last = Head()
    for document in documents:
        expected = last.sequence + 1
        if document.get("sequence") != expected:
            return Verdict(last.sequence, f"entry {expected} is missing")
        if document.get("previousHash") != last.hash:
            return Verdict(last.sequence, f"entry {expected} does not follow the one before it")
        if document.get("hash") != _hash_of({name: document[name] for name in document if name != "hash"}):
            return Verdict(last.sequence, f"entry {expected} has been changed")
        last = Head(expected, document["hash"])
    if last != head:
        return Verdict(last.sequence, f"the head says {head.sequence} entries, and the log has {last.sequence}")
    return Verdict(last.sequence)


def _hash_of(document: dict[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
