"""The auth table's part for API keys and access tokens: who a credential stands for. It holds no tenant's data.

| access pattern | key |
| --- | --- |
| an API key or access token by the identifier inside it | ``KEY#<key id>`` |

An item is ``pk, digest, grant, version`` and, where they apply, ``previous, previous_until, last_used, ttl``.
``grant`` is the JSON of what the credential gives. ``digest`` is ``<version of the platform's secret>:<HMAC of the
text>``, and so is ``previous``: the text before a rotation, good until ``previous_until``. A credential that was ended
leaves its ``pk`` for a day, so that nobody who was still at work on it brings it back.
"""

from __future__ import annotations

import hmac
import json
import random
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from whimbrel.auth import Scope, known_scopes
from whimbrel.aws.clients import client
from whimbrel.aws.secret import versioned_key
from whimbrel.domain.credentials import canonical, digest, key_id, key_id_of
from whimbrel.ids import OrganizationId
from whimbrel.logs import log
from whimbrel.problems import AlreadyExists, NotFound, Unavailable
from whimbrel.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

    from whimbrel.aws.secret import VersionedKey

USE_NOTED_EVERY_S = 3_600
_ENDED_KEPT_S = 86_400
_MOST_AT_ONCE = 100  # of BatchGetItem
_ATTEMPTS = 8
_NOBODY = {"digest": {"S": ":" + "0" * 64}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What an API key or access token gives. A token has a ``user_id``, whose role bounds the scopes.

    ``id`` is the identifier of its entry in the organization's registry. ``expires_at_s`` is None for one without end.
    """

    id: str
    organization_id: OrganizationId
    scopes: frozenset[Scope]
    expires_at_s: int | None = None
    requests_per_second: int | None = None
    user_id: str = ""

    def document(self) -> str:
        """Return the JSON that is stored of it."""
        return json.dumps(
            {
                "id": self.id,
                "org": self.organization_id,
                "scopes": sorted(self.scopes),
                "expires": self.expires_at_s,
                "requestsPerSecond": self.requests_per_second,
                "user": self.user_id,
            }
        )

    @classmethod
    def of_document(cls, document: str) -> Credential:
        """Return what was stored."""
        stored = json.loads(document)
        return cls(
            id=stored["id"],
            organization_id=OrganizationId(stored["org"]),
            scopes=known_scopes(stored["scopes"]),
            expires_at_s=stored["expires"],
            requests_per_second=stored["requestsPerSecond"],
            user_id=stored["user"],
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """API keys and access tokens of all organizations. ``pepper`` gives the key of their digests, by its version."""

    client: DynamoDBClient
    table: str
    pepper: Callable[[str], VersionedKey | None]

    def add(self, text: str, credential: Credential) -> None:
        """Make the credential *text* work.

        Raises:
            AlreadyExists: one of this name is there, or was ended meanwhile. The same text again does no harm.
        """
        stored = self._digest(text)
        item = self._key(key_id_of(text) or "") | {
            "digest": {"S": stored},
            "grant": {"S": credential.document()},
            "version": {"N": "1"},
        }
        there = self._written("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)")
        if there is not None and there.get("digest", {}).get("S") != stored:
            raise AlreadyExists("This credential was ended before it was complete; make another.")

    def revise(self, public: str, credential: Credential, version: int) -> None:
        """Change what the credential called *public* gives, unless a later *version* has done so already.

        Raises:
            NotFound: it has been ended.
        """
        there = self._written(
            "update_item",
            Key=self._key(key_id(public)),
            UpdateExpression="SET #grant = :grant, #version = :version",
            ConditionExpression="attribute_exists(digest) AND #version <= :version",
            ExpressionAttributeNames={"#grant": "grant", "#version": "version"},
            ExpressionAttributeValues={":grant": {"S": credential.document()}, ":version": {"N": str(version)}},
        )
        if there is not None and "digest" not in there:
            raise _ended()

    def rotate(self, text: str, previous_until_s: int) -> None:
        """Let *text* take the place of the text of the same name, which works until *previous_until_s*.

        Raises:
            NotFound: the credential has been ended. The same text again does no harm.
        """
        stored = self._digest(text)
        there = self._written(
            "update_item",
            Key=self._key(key_id_of(text) or ""),
            UpdateExpression="SET previous = digest, previous_until = :until, digest = :digest",
            ConditionExpression="attribute_exists(digest) AND digest <> :digest",
            ExpressionAttributeValues={":digest": {"S": stored}, ":until": {"N": str(previous_until_s)}},
        )
        if there is not None and "digest" not in there:
            raise _ended()

    def end(self, public: str) -> None:
        """End the credential called *public*; doing it twice does no harm."""
        gone_after = str(int(time.time()) + _ENDED_KEPT_S)
        self.client.put_item(TableName=self.table, Item=self._key(key_id(public)) | {"ttl": {"N": gone_after}})

    def authenticate(self, text: str) -> Credential | None:
        """Return what the credential *text* gives; None for one that is malformed, unknown, wrong, ended or expired.

        Unknown and wrong ones take the same steps, so that time does not tell them apart. That it was used is noted
        once an hour. ``expires_at_s`` of the text before a rotation is the end of the overlap.
        """
        text = canonical(text)
        identifier = key_id_of(text)
        if identifier is None:
            return None
        found = self.client.get_item(TableName=self.table, Key=self._key(identifier), ConsistentRead=True).get("Item")
        item: dict[str, Any] = found if found and "digest" in found else _NOBODY
        is_current = self._is(text, item["digest"]["S"])
        if not is_current and not ("previous" in item and self._is(text, item["previous"]["S"])):
            return None
        credential = Credential.of_document(item["grant"]["S"])
        if not is_current:
            until_s = int(item["previous_until"]["N"])
            credential = replace(credential, expires_at_s=min(until_s, credential.expires_at_s or until_s))
        now_s = int(time.time())
        if credential.expires_at_s is not None and credential.expires_at_s <= now_s:
            return None
        self._note_use(item, text if is_current else None, now_s)
        return credential

    def last_used(self, publics: Iterable[str]) -> dict[str, int]:
        """Return when each of the credentials called *publics* was last used, in seconds since 1970; none for never.

        Raises:
            Unavailable: the table is busy.
        """
        names = {f"KEY#{key_id(public)}": public for public in publics}
        waiting = [{"pk": {"S": name}} for name in names]
        used: dict[str, int] = {}
        for attempt in range(_ATTEMPTS):
            batch, waiting = waiting[:_MOST_AT_ONCE], waiting[_MOST_AT_ONCE:]
            if not batch:
                return used
            answer = self.client.batch_get_item(
                RequestItems={self.table: {"Keys": batch, "ProjectionExpression": "pk, last_used"}}
            )
            for item in answer["Responses"].get(self.table, []):
                if "last_used" in item:
                    used[names[item["pk"]["S"]]] = int(item["last_used"]["N"])
            unread: list[Any] = list(answer.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", []))
            waiting += unread
            if unread:
                time.sleep(min(0.5, 0.02 * 2**attempt) * random.random())  # noqa: S311 (jitter)
        if not waiting:
            return used
        raise Unavailable("The store is busy; send this again in a moment.")

    def _note_use(self, item: dict[str, Any], text: str | None, now_s: int) -> None:
        """Note the use of a credential, and its digest under the current pepper if *text* is given. It may fail."""
        changes: dict[str, Any] = {}
        before = item.get("last_used")
        if before is None or now_s - int(before["N"]) >= USE_NOTED_EVERY_S:
            changes["last_used"] = {"N": str(now_s)}
        pepper = self.pepper(_version_of(item["digest"]["S"]))
        if text and pepper and pepper.is_superseded:
            changes["digest"] = {"S": self._digest(text)}
        if not changes:
            return
        try:
            # Only one of several at a time, and never on what was ended or rotated since.
            self._written(
                "update_item",
                Key={"pk": item["pk"]},
                UpdateExpression="SET " + ", ".join(f"{name} = :{name}_" for name in changes),
                ConditionExpression="digest = :digest AND "
                + ("last_used = :before" if before else "attribute_not_exists(last_used)"),
                ExpressionAttributeValues={f":{name}_": value for name, value in changes.items()}
                | {":digest": item["digest"]}
                | ({":before": before} if before else {}),
            )
        except (BotoCoreError, ClientError):
            log.warning("use of a credential not noted", exc_info=True)

    def _written(self, operation: str, **request: Any) -> dict[str, Any] | None:
        """Write one item; None, or what is there if the condition did not hold."""
        request |= {"TableName": self.table, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            getattr(self.client, operation)(**request)
        except self.client.exceptions.ConditionalCheckFailedException as error:
            return dict(error.response.get("Item", {}))
        return None

    def _digest(self, text: str) -> str:
        pepper = self.pepper("")
        if pepper is None:
            raise AssertionError("the platform's secret has no current version")
        return f"{pepper.version}:{digest(pepper.key, text)}"

    def _is(self, text: str, stored: str) -> bool:
        pepper = self.pepper(_version_of(stored))
        return pepper is not None and hmac.compare_digest(digest(pepper.key, text), stored.rpartition(":")[2])

    @staticmethod
    def _key(identifier: str) -> dict[str, Any]:
        return {"pk": {"S": f"KEY#{identifier}"}}


def credentials() -> Credentials:
    """Return the credentials of this deployment."""
    return Credentials(client("dynamodb"), settings().auth_table, partial(versioned_key, "credentials"))


def _version_of(stored: str) -> str:
    return stored.rpartition(":")[0]


def _ended() -> NotFound:
    return NotFound("This credential has been deleted meanwhile.")
